//! Exporting and importing templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{FileScope, Model};
use crate::edit::Draft;
use crate::model::{Equipment, TemplateFile};
use crate::operation::asked::invalid;
use crate::operation::engine::Applied;
use crate::operation::template::equipment::{Changing, may_have_body};
use crate::operation::template::{DEFAULT, FileOf, find, kind};
use crate::operation::{Code, Problem};
use crate::rights::Actor;
use crate::snapshot::Snapshot;

/// The version of the format that is written, and read.
const VERSION: u32 = 1;

/// A template on its way from one place to another: bodies by model, firmware and file.
///
/// Whose it was and who saw it is left behind.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Exported {
    /// The version of the format.
    version: u32,
    /// What it was called; for people.
    #[serde(default)]
    name: String,
    /// What it is for.
    equipment: Vec<ExportedEquipment>,
}

/// The bodies of one model and firmware; files that are not listed use the default one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ExportedEquipment {
    model: String,
    firmware: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// Gives a template as it can be imported, or the part of it that is for one model.
///
/// Of `default` a model's texts are given whole, as one starts from them; without a model, what was imported.
pub(in crate::operation) fn export(
    actor: &Actor<'_>,
    id: &str,
    model: Option<&str>,
) -> Result<Value, Problem> {
    let snapshot = actor.snapshot();
    let found = find(actor, id)?;
    let name = found.map_or(super::DEFAULT_NAME, |template| template.name.as_str()).to_owned();
    let known = model.map(|id| model_of(snapshot, id)).transpose()?;
    let equipment = match known.filter(|_| id == DEFAULT) {
        Some(model) => shipped(snapshot, model),
        None => {
            let own = found.map_or(&[][..], |template| &template.equipment[..]);
            let wanted = own.iter().filter(|own| model.is_none_or(|model| *own.model == *model));
            wanted.map(exported).collect()
        }
    };
    serde_json::to_value(Exported { version: VERSION, name, equipment })
        .map_err(|_| Problem::new(Code::Failed, "the template cannot be written as JSON"))
}

fn exported(own: &Equipment) -> ExportedEquipment {
    let files = own.files.iter().map(|file| (file.name.to_string(), file.body.to_string()));
    ExportedEquipment {
        model: own.model.to_string(),
        firmware: own.firmware.to_string(),
        files: files.collect(),
    }
}

fn model_of<'s>(snapshot: &'s Snapshot, id: &str) -> Result<&'s Model, Problem> {
    let catalog = &snapshot.world().catalog;
    catalog.model(id).ok_or_else(|| {
        let near = crate::document::nearest(id, catalog.models().map(|known| &*known.id));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        invalid("model", &format!("`{}` is not in the catalog{near}", id.escape_debug()))
    })
}

/// Gives the texts that phones of a model get by default: what was imported, else the catalog's own.
fn shipped(snapshot: &Snapshot, model: &Model) -> Vec<ExportedEquipment> {
    let imported = snapshot.template(DEFAULT);
    let of_firmware = model.firmwares.iter().map(|firmware| {
        let mut equipment = imported.iter().flat_map(|template| &template.equipment);
        let own = equipment.find(|own| *own.model == *model.id && *own.firmware == *firmware.id);
        let files = firmware.files.iter().filter(|file| file.scope == FileScope::Phone);
        let files = files.filter_map(|file| {
            let given = own.and_then(|own| own.files.iter().find(|given| *given.name == *file.name));
            let body = match given {
                Some(given) => given.body.to_string(),
                None => snapshot.world().catalog.engine().source(&file.template)?,
            };
            Some((file.name.clone(), body))
        });
        let (model, firmware) = (model.id.to_string(), firmware.id.to_string());
        ExportedEquipment { model, firmware, files: files.collect() }
    });
    of_firmware.collect()
}

/// Puts an exported template's equipment into a template: what is for the same model and firmware is replaced, all
/// else stays.
pub(in crate::operation) fn import(
    draft: &mut Draft,
    actor: &Actor<'_>,
    id: &str,
    exported: &Value,
) -> Result<Applied, Problem> {
    let mut changing = Changing::new(actor, id)?;
    let Exported { version, equipment, name: _ } = Exported::deserialize(exported)
        .map_err(|error| invalid("exported", &format!("is not what an export gives: {error}")))?;
    if version != VERSION {
        return Err(invalid("exported", &format!("is of version {version}; this server reads {VERSION}")));
    }
    for own in equipment {
        kind(actor.snapshot(), &own.model, &own.firmware)?;
        for (file, body) in &own.files {
            let of = FileOf { template: id, model: &own.model, firmware: &own.firmware, file };
            may_have_body(actor, &of, Some(body))?;
        }
        let place = changing.place(&own.model, &own.firmware);
        let files = own
            .files
            .into_iter()
            .map(|(name, body)| TemplateFile { name: name.into(), body: Arc::from(body) });
        let own =
            Equipment { model: own.model.into(), firmware: own.firmware.into(), files: files.collect() };
        match place {
            Some(at) => changing.equipment[at] = own,
            None => changing.equipment.push(own),
        }
    }
    changing.write(draft, actor)
}
