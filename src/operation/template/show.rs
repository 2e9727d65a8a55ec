//! Templates as somebody may see them.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::catalog::FileScope;
use crate::model::{Equipment, RecordKind, RecordRef, Template, Visibility};
use crate::operation::look::part;
use crate::operation::record;
use crate::operation::template::{DEFAULT, DEFAULT_NAME, find};
use crate::operation::told::hide;
use crate::operation::{Page, Problem, version};
use crate::rights::Actor;
use crate::snapshot::Snapshot;

/// Lists the templates that the actor sees: the default one first, then by owner and name.
pub(in crate::operation) fn list(actor: &Actor<'_>, page: Page) -> Result<Value, Problem> {
    let snapshot = actor.snapshot();
    let sees = |template: &&Template| template.id != DEFAULT && actor.see_template(template).is_ok();
    let mut seen: Vec<&Template> = snapshot.templates().filter(sees).collect();
    seen.sort_by_key(|template| (template.owner.as_deref(), &template.name, &template.id));
    let mut devices: HashMap<&str, usize> = HashMap::new();
    let is_listed: HashMap<&str, ()> = seen.iter().map(|template| (template.id.as_str(), ())).collect();
    for phone in snapshot.phones().filter(|phone| is_listed.contains_key(&*phone.device.template)) {
        if actor.see_device(&phone).is_ok() {
            *devices.entry(&phone.device.template).or_default() += 1;
        }
    }
    let rows: Vec<Option<&Template>> = std::iter::once(None).chain(seen.into_iter().map(Some)).collect();
    Ok(part(&rows, page, |template| match template {
        Some(template) => row(actor, template, devices.get(template.id.as_str()).copied()),
        None => default_row(actor),
    }))
}

fn row(actor: &Actor<'_>, template: &Template, devices: Option<usize>) -> Value {
    let mut row = json!({
        "id": template.id.as_str(),
        "name": template.name.as_str(),
        "owner": template.owner.as_deref().unwrap_or("administrator"),
        "visibility": template.visibility.word(),
        "equipment": template.equipment.len(),
        "devices": devices.unwrap_or_default(),
        "editable": actor.edit_template(template, &["equipment"], None).is_ok(),
    });
    row.as_object_mut().into_iter().for_each(|row| hide(actor, row));
    row
}

fn default_row(actor: &Actor<'_>) -> Value {
    let record = actor.snapshot().template(DEFAULT);
    json!({
        "id": DEFAULT,
        "name": record.map_or(DEFAULT_NAME, |record| record.name.as_str()),
        "owner": "administrator",
        "visibility": Visibility::Organization.word(),
        "equipment": record.map_or(0, |record| record.equipment.len()),
        "devices": null,
        "editable": actor.import_default().is_ok(),
    })
}

/// Shows a template, with its bodies and the names of the files that use the default ones.
pub(in crate::operation) fn show(actor: &Actor<'_>, id: &str) -> Result<Value, Problem> {
    let snapshot = actor.snapshot();
    let found = find(actor, id)?;
    let mut shown = match found {
        Some(template) => Value::Object(record::template(template)),
        None => json!({ "id": DEFAULT, "name": DEFAULT_NAME, "owner": "administrator", "equipment": [] }),
    };
    let is_default = id == DEFAULT;
    shown.as_object_mut().into_iter().for_each(|shown| hide(actor, shown));
    if is_default {
        shown["visibility"] = json!(Visibility::Organization.word());
    }
    let equipment = found.map_or(&[][..], |template| &template.equipment[..]);
    for (at, own) in equipment.iter().enumerate() {
        shown["equipment"][at]["defaults"] = json!(defaults(snapshot, own));
    }
    let users = snapshot.phones().filter(|phone| !is_default && *phone.device.template == *id);
    let users = users.filter(|phone| actor.see_device(phone).is_ok()).count();
    shown["devices"] = if is_default { Value::Null } else { json!(users) };
    shown["editable"] = match found.filter(|_| !is_default) {
        Some(template) => json!(actor.edit_template(template, &["equipment"], None).is_ok()),
        None => json!(actor.import_default().is_ok()),
    };
    shown["version"] = json!(version(snapshot, &RecordRef::new(RecordKind::Template, id)));
    Ok(shown)
}

/// Names the files of a model and firmware that have no body here.
fn defaults(snapshot: &Snapshot, own: &Equipment) -> Vec<String> {
    let model = snapshot.world().catalog.model(&own.model);
    let firmware = model.and_then(|model| model.firmware(&own.firmware));
    let files = firmware.into_iter().flat_map(|firmware| &firmware.files);
    let of_phones = files.filter(|file| file.scope == FileScope::Phone);
    let without = of_phones.filter(|file| !own.files.iter().any(|given| *given.name == *file.name));
    without.map(|file| file.name.clone()).collect()
}
