//! What a template would give, and whether it gives anything.

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::operation::asked::invalid;
use crate::operation::template::equipment::may_have_body;
use crate::operation::template::{DEFAULT, FileOf, find};
use crate::operation::{Code, Problem, device};
use crate::render::{Subject, preview as rendered, preview_of};
use crate::rights::Actor;
use crate::snapshot::Phone;

/// Most faults that are told one by one.
const TOLD: usize = 100;

/// Gives what a device's file would be with a template, secrets masked; `body` is tried in place of the file's own.
pub(in crate::operation) fn preview(
    actor: &Actor<'_>,
    id: &str,
    called: &str,
    file: Option<&str>,
    body: Option<&str>,
) -> Result<Value, Problem> {
    let snapshot = actor.snapshot();
    let template = find(actor, id)?;
    let phone = device::find(actor, called).map_err(|problem| problem.of_field("device"))?;
    let at = place(&phone, file)?;
    let file = &phone.firmware.files[usize::from(at)];
    let tried = match body {
        Some(body) => {
            let permit = match template.filter(|_| id != DEFAULT) {
                Some(template) => actor.edit_template(template, &["equipment"], None),
                None => actor.import_default(),
            };
            permit.map_err(|denial| Problem::denied(denial, "template", id))?;
            let (model, firmware) = (&*phone.model.id, &*phone.firmware.id);
            may_have_body(actor, &FileOf { template: id, model, firmware, file: &file.name }, Some(body))?;
            snapshot.compile_body(id, phone.model, phone.firmware, file, body).ok()
        }
        None => None,
    };
    let body = tried.as_ref().or_else(|| snapshot.body_of(id, &phone, at));
    let bytes = preview_of(snapshot, &Subject::Phone(phone, at), body).map_err(|error| {
        Problem::new(Code::Invalid, format!("{error}: {}; mend the template", error.source)).of_field("file")
    })?;
    Ok(json!({
        "template": id,
        "device": phone.device.name.as_str(),
        "file": phone.file_name(file),
        "body": String::from_utf8_lossy(&bytes),
    }))
}

/// Gives the place of a file that is called as the catalog or as the phone calls it; of the main one without a name.
fn place(phone: &Phone<'_>, called: Option<&str>) -> Result<u16, Problem> {
    let mut files = (0..).zip(&phone.firmware.files);
    let found = match called {
        Some(name) => files.find(|(_, file)| file.name == name || phone.file_name(file) == name),
        None => files.find(|(_, file)| file.main),
    };
    found.map(|(at, _)| at).ok_or_else(|| {
        let names: Vec<String> = phone.firmware.files.iter().map(|file| phone.file_name(file)).collect();
        invalid("file", &format!("is none of the device's; it has {}", names.join(", ")))
    })
}

/// Tells which files do not render of the devices that use a template, as far as the actor sees those devices.
pub(in crate::operation) fn check(actor: &Actor<'_>, id: &str) -> Result<Value, Problem> {
    let snapshot = actor.snapshot();
    let template = find(actor, id)?;
    let is_for = |phone: &Phone<'_>| {
        let mut equipment = template.iter().flat_map(|template| &template.equipment);
        equipment.any(|own| *own.model == *phone.model.id && *own.firmware == *phone.firmware.id)
    };
    let uses = |phone: &Phone<'_>| {
        if id == DEFAULT { is_for(phone) } else { *phone.device.template == *id }
    };
    let phones: Vec<Phone<'_>> =
        snapshot.phones().filter(|phone| uses(phone) && actor.see_device(phone).is_ok()).collect();
    let failing = |phone: &Phone<'_>| {
        let places = (0..).zip(&phone.firmware.files);
        let failed = places.filter_map(|(at, file)| {
            let error = rendered(snapshot, &Subject::Phone(*phone, at), true).err()?;
            Some(json!({
                "device": phone.device.name.as_str(),
                "id": phone.device.serial.public_id(),
                "file": phone.file_name(file),
                "message": error.source.to_string(),
            }))
        });
        failed.collect::<Vec<_>>()
    };
    let faults: Vec<Value> = phones.par_iter().flat_map_iter(failing).collect();
    let more = faults.len().saturating_sub(TOLD);
    let told: Vec<Value> = faults.into_iter().take(TOLD).collect();
    Ok(json!({ "template": id, "devices": phones.len(), "faults": told, "more": more }))
}
