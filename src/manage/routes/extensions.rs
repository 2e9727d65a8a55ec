//! Extensions: SIP lines.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{Extension, ExtensionChange, ExtensionEdit, ExtensionNew, Extensions, Removal};
use crate::operation::{Edit, Query};

/// Which extensions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Below this account.
    #[param(min_length = 1, max_length = 255)]
    below: Option<String>,
    /// Those that the actor may put on a line, alone.
    #[serde(default)]
    assignable: bool,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List the extensions that the actor sees
#[utoipa::path(get, path = "/api/v1/extensions", tag = "extensions",
    params(Listing),
    responses((status = 200, description = "a part of the list", body = Extensions)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Extensions { below: asked.below, assignable: asked.assignable, page }).await
}

/// Add an extension
#[utoipa::path(post, path = "/api/v1/extensions", tag = "extensions",
    params(Trying),
    request_body = ExtensionNew,
    responses((status = 201, description = "it is made", body = ExtensionChange), (status = 200, description = "it was there alike, or would be made", body = ExtensionChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<ExtensionNew>) -> Answer {
    asking.add(Edit::ExtensionAdd { fields: record.fields }, how).await
}

/// Show an extension
#[utoipa::path(get, path = "/api/v1/extensions/{extension}", tag = "extensions",
    params(("extension" = String, Path, description = "its number")),
    responses((status = 200, description = "the extension", body = Extension)))]
pub(super) async fn show(asking: Asking, Named(extension): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Extension { extension }).await
}

/// Change an extension
#[utoipa::path(patch, path = "/api/v1/extensions/{extension}", tag = "extensions",
    params(("extension" = String, Path, description = "its number"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = ExtensionEdit,
    responses((status = 200, description = "what came of it", body = ExtensionChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(extension): Named<String>,
    how: How,
    record: Record<ExtensionEdit>,
) -> Answer {
    asking.edit(Edit::ExtensionEdit { extension, fields: record.fields }, how).await
}

/// Remove an extension
///
/// A line that it is on is cleared.
#[utoipa::path(delete, path = "/api/v1/extensions/{extension}", tag = "extensions",
    params(("extension" = String, Path, description = "its number"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(extension): Named<String>, how: How) -> Answer {
    asking.edit(Edit::ExtensionRemove { extension }, how).await
}
