//! Templates.

use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Named, NoQuery, Paging, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{
    EquipmentNew, Exported, FileEdit, FilePreview, Removal, Template, TemplateChange, TemplateEdit,
    TemplateNew, Templates, Trial,
};
use crate::operation::{Edit, Fields, Query};

/// List the templates that the actor sees
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates",
    params(Paging),
    responses((status = 200, description = "a part of the list", body = Templates)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Paging>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Templates { page }).await
}

/// Add a template, without equipment
#[utoipa::path(post, path = "/api/v1/templates", tag = "templates",
    params(Trying),
    request_body = TemplateNew,
    responses((status = 201, description = "it is made", body = TemplateChange), (status = 200, description = "it was there alike, or would be made", body = TemplateChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<TemplateNew>) -> Answer {
    asking.add(Edit::TemplateAdd { fields: record.fields }, how).await
}

/// Show a template, with its bodies
#[utoipa::path(get, path = "/api/v1/templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "its id")),
    responses((status = 200, description = "the template", body = Template)))]
pub(super) async fn show(asking: Asking, Named(template): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Template { template }).await
}

/// Change a template's name or visibility
#[utoipa::path(patch, path = "/api/v1/templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = TemplateEdit,
    responses((status = 200, description = "what came of it", body = TemplateChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(template): Named<String>,
    how: How,
    record: Record<TemplateEdit>,
) -> Answer {
    asking.edit(Edit::TemplateEdit { template, fields: record.fields }, how).await
}

/// Remove a template that no device uses
#[utoipa::path(delete, path = "/api/v1/templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(template): Named<String>, how: How) -> Answer {
    asking.edit(Edit::TemplateRemove { template }, how).await
}

/// Make a template one for a model and firmware, too
#[utoipa::path(post, path = "/api/v1/templates/{template}/equipment", tag = "templates",
    params(("template" = String, Path, description = "its id"), Trying),
    request_body = EquipmentNew,
    responses((status = 201, description = "it is made", body = TemplateChange), (status = 200, description = "it was there alike, or would be made", body = TemplateChange)))]
pub(super) async fn equip(
    asking: Asking,
    Named(template): Named<String>,
    how: How,
    record: Record<EquipmentNew>,
) -> Answer {
    let (model, firmware) = equipment(&record.fields);
    asking.add(Edit::TemplateEquip { template, model, firmware }, how).await
}

/// Which equipment, and how it is taken out.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Equipped {
    /// The model.
    #[param(min_length = 1, max_length = 130)]
    model: String,
    /// The firmware.
    #[param(min_length = 1, max_length = 64)]
    firmware: String,
    /// Whether to tell what would come of it, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Take a model and firmware out of a template
#[utoipa::path(delete, path = "/api/v1/templates/{template}/equipment", tag = "templates",
    params(("template" = String, Path, description = "its id"), Equipped),
    responses((status = 200, description = "what came of it", body = TemplateChange)))]
pub(super) async fn unequip(
    asking: Asking,
    Named(template): Named<String>,
    Asked(asked): Asked<Equipped>,
) -> Answer {
    let Equipped { model, firmware, dry_run } = asked;
    let how = How { if_match: None, dry_run };
    asking.edit(Edit::TemplateUnequip { template, model, firmware }, how).await
}

/// Give a file a body of its own, or have it use the default one
#[utoipa::path(put, path = "/api/v1/templates/{template}/files", tag = "templates",
    params(("template" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = FileEdit,
    responses((status = 200, description = "what came of it", body = TemplateChange)))]
pub(super) async fn set_file(
    asking: Asking,
    Named(template): Named<String>,
    how: How,
    record: Record<FileEdit>,
) -> Answer {
    let (model, firmware) = equipment(&record.fields);
    let (file, body) = (text(&record.fields, "file"), record.fields.get("body"));
    let body = body.and_then(|body| Some(body.as_str()?.to_owned()));
    asking.edit(Edit::TemplateFile { template, model, firmware, file, body }, how).await
}

/// What is previewed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Previewed {
    /// The device, by its id, serial, MAC address or unique name.
    #[param(min_length = 1, max_length = 255)]
    device: String,
    /// The file; the main one when not set.
    #[param(min_length = 1, max_length = 255)]
    file: Option<String>,
}

/// Show what a device's file would be with a template, secrets masked
#[utoipa::path(get, path = "/api/v1/templates/{template}/preview", tag = "templates",
    params(("template" = String, Path, description = "its id"), Previewed),
    responses((status = 200, description = "the file", body = FilePreview)))]
pub(super) async fn preview(
    asking: Asking,
    Named(template): Named<String>,
    Asked(asked): Asked<Previewed>,
) -> Answer {
    asking.show(Query::TemplatePreview { template, device: asked.device, file: asked.file, body: None }).await
}

/// Tell whether every device that uses a template renders
#[utoipa::path(get, path = "/api/v1/templates/{template}/check", tag = "templates",
    params(("template" = String, Path, description = "its id")),
    responses((status = 200, description = "what was found", body = Trial)))]
pub(super) async fn check(asking: Asking, Named(template): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::TemplateCheck { template }).await
}

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Exporting {
    /// Of this model alone.
    #[param(min_length = 1, max_length = 255)]
    model: Option<String>,
}

/// Give a template as it can be imported
///
/// `default` gives the catalog's own texts.
#[utoipa::path(get, path = "/api/v1/templates/{template}/export", tag = "templates",
    params(("template" = String, Path, description = "its id"), Exporting),
    responses((status = 200, description = "the template", body = Exported)))]
pub(super) async fn export(
    asking: Asking,
    Named(template): Named<String>,
    Asked(asked): Asked<Exporting>,
) -> Answer {
    asking.show(Query::TemplateExport { template, model: asked.model }).await
}

/// Put an exported template's equipment into a template
///
/// Into `default`, the administrator alone.
#[utoipa::path(post, path = "/api/v1/templates/{template}/import", tag = "templates",
    params(("template" = String, Path, description = "its id"), Trying),
    request_body = Exported,
    responses((status = 200, description = "what came of it", body = TemplateChange)))]
pub(super) async fn import(
    asking: Asking,
    Named(template): Named<String>,
    how: How,
    record: Record<Exported>,
) -> Answer {
    let exported = Value::Object(record.fields);
    asking.edit(Edit::TemplateImport { template, exported }, how).await
}

/// Gives the model and firmware that a body names.
fn equipment(fields: &Fields) -> (String, String) {
    (text(fields, "model"), text(fields, "firmware"))
}

/// Gives a text that the schema asks for.
fn text(fields: &Fields, key: &str) -> String {
    fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
