//! Changing and removing devices.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{RecordKind, RecordRef};
use crate::operation::changes::{changes, keys};
use crate::operation::device::add::shown;
use crate::operation::device::fields::{self, Asked, complete, defaults, refused, text_of};
use crate::operation::device::show::date;
use crate::operation::device::{find, record_of};
use crate::operation::engine::Applied;
use crate::operation::record::{self, Secrets};
use crate::operation::{Fields, Problem};
use crate::rights::{Actor, Change, DeviceChange, Permit};
use crate::snapshot::{KnownBy, Phone};

/// Changes a device: those of its fields that say something else than before, alone.
pub(in crate::operation) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    change(draft, actor, &find(actor, called)?, asked)
}

/// Enables or disables a device.
pub(in crate::operation) fn set_status(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    status: &str,
) -> Result<Applied, Problem> {
    let asked = Fields::from_iter([("status".to_owned(), json!(status))]);
    change(draft, actor, &find(actor, called)?, &asked)
}

/// Gives a device a new serial of 130 bits; the answer shows it.
pub(in crate::operation) fn rotate(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
) -> Result<Applied, Problem> {
    let phone = find(actor, called)?;
    let asked = Fields::from_iter([("serial".to_owned(), json!("generate"))]);
    let applied = change(draft, actor, &phone, &asked)?;
    Ok(match phone.known_by() {
        KnownBy::Serial => applied,
        KnownBy::Credentials | KnownBy::Mac => {
            applied.warning("the device's URL holds its MAC address, so that it stays as it is")
        }
    })
}

/// Makes the password of a device's administrator anew; the answer shows it, once.
pub(in crate::operation) fn password(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
) -> Result<Applied, Problem> {
    let asked = Fields::from_iter([("admin-password".to_owned(), json!("generate"))]);
    change(draft, actor, &find(actor, called)?, &asked)
}

/// Removes a device.
pub(in crate::operation) fn remove(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
) -> Result<Applied, Problem> {
    let phone = find(actor, called)?;
    let permit = actor.remove_device(&phone).map_err(|denial| Problem::denied(denial, "device", called))?;
    draft.remove(&permit, phone.written_at().0)?;
    Ok(Applied::removed(record_of(&phone), permit.rule()))
}

/// Takes a device's extensions off its lines, and its organization.
pub(in crate::operation) fn clear(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
) -> Result<Applied, Problem> {
    let phone = find(actor, called)?;
    let permit = actor.clear_device(&phone).map_err(|denial| Problem::denied(denial, "device", called))?;
    let asked = Fields::from_iter(["lines", "organization"].map(|key| (key.to_owned(), Value::Null)));
    let record = record::device(phone.device, Secrets::Write);
    let changes = changes(&record, &asked, &defaults());
    write(draft, &phone, &permit, changes, Fields::new())
}

fn change(
    draft: &mut Draft,
    actor: &Actor<'_>,
    phone: &Phone<'_>,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let snapshot = actor.snapshot();
    let record = record::device(phone.device, Secrets::Write);
    let Asked { fields: mut asked, made } = complete(snapshot, &record, asked)?;
    if text_of(&asked, "serial") == Some("generate") {
        asked.insert("serial".to_owned(), json!(fields::serial()?));
    }
    let mut changes = changes(&record, &asked, &defaults());
    let mut next = record;
    for (key, value) in &changes {
        if value.is_null() {
            next.remove(key)
        } else {
            next.insert(key.clone(), value.clone())
        };
    }
    let permit = permit(actor, phone, &changes, &next)?;
    if changes.is_empty() {
        return write(draft, phone, &permit, changes, Fields::new());
    }
    fields::check_equipment(snapshot, &next)?;
    let serial = text_of(&next, "serial").unwrap_or_default().to_owned();
    if changes.contains_key("serial") {
        fields::check_serial(snapshot, &serial)?;
    }
    if changes.contains_key("mac") {
        fields::check_mac(snapshot, phone.device.serial.expose(), &next)?;
    }
    // A password may stand among the settings as well; both places are cleared.
    for key in ["admin-user", "admin-password"] {
        if changes.get(key) == Some(&Value::Null) && permit.lets("settings") {
            let settings = changes.entry("settings").or_insert_with(|| json!({}));
            if let Some(settings) = settings.as_object_mut() {
                settings.insert(key.to_owned(), Value::Null);
            }
        }
    }
    write(draft, phone, &permit, changes, made)
}

/// Asks for the right to change these keys; `next` is the record as it shall be.
fn permit(
    actor: &Actor<'_>,
    phone: &Phone<'_>,
    changes: &Fields,
    next: &Fields,
) -> Result<Permit<Change>, Problem> {
    let keys = keys(changes);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let has = |key: &str| changes.contains_key(key);
    let lines = fields::lines(next);
    let firmware = fields::firmware(actor.snapshot(), next);
    let model = text_of(next, "model").unwrap_or_default();
    let change = DeviceChange {
        keys: &keys,
        owner: has("owner").then(|| text_of(next, "owner").unwrap_or("administrator")),
        organization: has("organization").then(|| text_of(next, "organization")),
        lines: has("lines").then_some(lines.as_slice()),
        template: (has("template") || has("model") || has("firmware"))
            .then(|| text_of(next, "template").unwrap_or("default")),
        equipment: Some((model, &firmware)),
    };
    actor.edit_device(phone, &change).map_err(|denial| refused(denial, next))
}

/// Drafts a change of a device; one that changes nothing touches nothing.
fn write(
    draft: &mut Draft,
    phone: &Phone<'_>,
    permit: &Permit<Change>,
    mut changes: Fields,
    made: Fields,
) -> Result<Applied, Problem> {
    let (before, rule) = (record_of(phone), permit.rule());
    let serial = text_of(&changes, "serial").unwrap_or(&before.key).to_owned();
    let mut told = made.clone();
    told.extend(changes.get("serial").map(|serial| ("serial".to_owned(), serial.clone())));
    if !changes.is_empty() {
        changes.insert("updated".to_owned(), json!(date(SystemTime::now())));
        draft.change(permit, phone.written_at().0, &changes)?;
    }
    let after = RecordRef::new(RecordKind::Device, &serial);
    Ok(Applied::renamed(before, after, rule, move |actor| shown(actor, &serial, made)).making(told))
}
