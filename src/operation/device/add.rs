//! Adding a device.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{RecordKind, RecordRef};
use crate::operation::asked::new_record;
use crate::operation::changes::changes;
use crate::operation::device::fields::{self, Asked, complete, defaults, refused, text_of};
use crate::operation::device::show::{date, whole};
use crate::operation::engine::{Applied, home};
use crate::operation::record::{self, Secrets};
use crate::operation::{Code, Fields, Problem};
use crate::rights::{Actor, Kind, NewDevice};
use crate::snapshot::Phone;

/// Adds a device; one that is there already with the same serial and the same fields is no change.
///
/// Without a serial, or with the word `generate` in its place, one of 130 bits is made. The owner is the acting account
/// where none is named, and an extension adds a device for itself.
pub(in crate::operation) fn add(
    draft: &mut Draft,
    actor: &Actor<'_>,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let snapshot = actor.snapshot();
    let named =
        text_of(asked, "serial").filter(|serial| !matches!(*serial, "" | "generate")).map(str::to_owned);
    if let Some(phone) = named.as_deref().and_then(|serial| snapshot.phone_by_serial(serial)) {
        return again(actor, &phone, asked);
    }
    actor.can_add().map_err(|denial| Problem::denied(denial, "device", ""))?;
    let serial = named.map_or_else(fields::serial, Ok)?;
    let Asked { fields, made } = complete(snapshot, &Fields::new(), asked)?;
    let mut fields = new_record(&fields)?;
    fields.insert("serial".to_owned(), json!(serial));
    own(actor, &mut fields);
    fields::check_serial(snapshot, &serial)?;
    fields::check_equipment(snapshot, &fields)?;
    let chosen = fields::lines(&fields);
    let permit = actor.add_device(&NewDevice {
        serial: &serial,
        owner: text_of(&fields, "owner"),
        organization: text_of(&fields, "organization"),
        lines: &chosen,
        template: text_of(&fields, "template"),
        model: text_of(&fields, "model").unwrap_or_default(),
        firmware: &fields::firmware(snapshot, &fields),
    });
    let permit = permit.map_err(|denial| refused(denial, &fields))?;
    fields::check_mac(snapshot, &serial, &fields)?;
    let (provider, organization) = home(snapshot, whose(&fields));
    let now = json!(date(SystemTime::now()));
    let mut written = fields.clone();
    written.insert("created".to_owned(), now.clone());
    written.insert("updated".to_owned(), now);
    if text_of(&written, "owner") == Some("administrator") {
        written.remove("owner");
    }
    let into = draft.place(provider, organization);
    draft.add(&permit, &into, &written)?;
    let record = RecordRef::new(RecordKind::Device, &serial);
    let mut told = made.clone();
    told.insert("serial".to_owned(), json!(serial));
    Ok(Applied::added(record, permit.rule(), move |actor| shown(actor, &serial, made)).making(told))
}

/// Says who owns the device, and what an extension's own device has on its line, where nobody said it.
fn own(actor: &Actor<'_>, fields: &mut Fields) {
    let account = actor.account();
    fields.entry("owner").or_insert_with(|| json!(account.id()));
    if account.kind() == Kind::Extension {
        fields.entry("lines").or_insert_with(|| json!([account.id()]));
    }
}

/// Names the account whose document the record goes to: that of its first line, its organization, or its owner.
fn whose(fields: &Fields) -> &str {
    let line = fields::lines(fields).into_iter().flatten().next();
    line.or(text_of(fields, "organization")).or(text_of(fields, "owner")).unwrap_or("administrator")
}

/// Compares a device that is there already with what is asked for.
fn again(actor: &Actor<'_>, phone: &Phone<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let serial = phone.device.serial.expose().to_owned();
    let Ok(rule) = actor.see_device(phone) else {
        return Err(fields::taken());
    };
    let record = record::device(phone.device, Secrets::Write);
    let mut asked = asked.clone();
    // What was generated once is not generated again.
    for key in ["admin-password", "encryption-key", "update-password"] {
        if text_of(&asked, key) == Some("generate") && record.contains_key(key) {
            asked.remove(key);
        }
    }
    let kept = record.get("settings").and_then(Value::as_object);
    if let Some(settings) = asked.get_mut("settings").and_then(Value::as_object_mut) {
        let is_made = |key: &String| kept.is_some_and(|kept| kept.contains_key(key));
        settings.retain(|key, value| value != "generate" || !is_made(key));
    }
    let Asked { fields: asked, .. } = complete(actor.snapshot(), &record, &asked)?;
    let differ = changes(&record, &asked, &defaults());
    if differ.is_empty() {
        let record = RecordRef::new(RecordKind::Device, &serial);
        return Ok(Applied::changed(record, rule, move |actor| shown(actor, &serial, Fields::new())));
    }
    let keys: Vec<String> = differ.keys().map(|key| format!("`{key}`")).collect();
    let message = format!(
        "a device with this serial is there already, and differs in {}; edit it, or give another serial",
        keys.join(", ")
    );
    Err(Problem::new(Code::Conflict, message).of_field("serial"))
}

/// Shows the device as it is now, with what was made for it and its serial: whoever adds a device sees it once.
pub(super) fn shown(actor: &Actor<'_>, serial: &str, made: Fields) -> Value {
    let Some(phone) = actor.snapshot().phone_by_serial(serial) else {
        return Value::Null;
    };
    let mut told = whole(actor, &phone);
    if let Some(told) = told.as_object_mut() {
        told.extend(made);
    }
    told
}
