//! The fields of a device as somebody asks for them: made whole, and checked before anything is written.
//!
//! What is wrong with a value by itself is told here where it could otherwise tell of others' devices, and where the
//! field could not be named; the rest is told by whoever reads the record.

use serde_json::{Value, json};

use crate::catalog::{Catalog, Firmware, Model};
use crate::document::{nearest, one_of};
use crate::generate;
use crate::model::{Mac, Oui, Protocol};
use crate::operation::{Code, Fields, Problem};
use crate::rights::Denial;
use crate::snapshot::Snapshot;

/// The word that stands for what is to be made.
const GENERATE: &str = "generate";

/// What a device's keys say where its record leaves them out.
pub(super) fn defaults() -> [(&'static str, Value); 12] {
    [
        ("application-version", json!("")),
        ("firmware", json!("")),
        ("lines", json!([])),
        ("mac", json!("")),
        ("mac-based", json!(false)),
        ("notes", json!("")),
        ("organization", json!("")),
        ("owner", json!("administrator")),
        ("raw", json!({})),
        ("settings", json!({})),
        ("status", json!("enabled")),
        ("template", json!("default")),
    ]
}

/// A device's fields, made whole, and what was generated for them.
pub(super) struct Asked {
    pub(super) fields: Fields,
    /// Passwords that were made, to be shown once.
    pub(super) made: Fields,
}

/// Makes asked-for fields whole: MAC addresses are written in one way, lines without free ones at the end, what is to be
/// generated is generated; an empty text takes a key away.
pub(super) fn complete(snapshot: &Snapshot, kept: &Fields, asked: &Fields) -> Result<Asked, Problem> {
    for key in ["created", "updated"] {
        if asked.contains_key(key) {
            let message = format!("`{key}` is written by the server; leave it out");
            return Err(Problem::new(Code::Invalid, message).of_field(key));
        }
    }
    let catalog = &snapshot.world().catalog;
    let word = |key: &str| text_of(asked, key).or_else(|| text_of(kept, key)).unwrap_or_default();
    let model = catalog.model(word("model"));
    let firmware = model.and_then(|model| model.firmware(word("firmware")));
    let mut fields = asked.clone();
    for key in ["application-version", "firmware", "host", "mac", "notes", "organization", "protocol"] {
        if text_of(&fields, key) == Some("") {
            fields.insert(key.to_owned(), Value::Null);
        }
    }
    if let Some(text) = text_of(&fields, "mac") {
        let mac = whole_mac(catalog, model, text)?;
        fields.insert("mac".to_owned(), json!(mac.to_string()));
    }
    if let Some(lines) = fields.get_mut("lines").and_then(Value::as_array_mut) {
        lines.iter_mut().filter(|line| line.is_null()).for_each(|line| *line = json!(""));
        while lines.last().is_some_and(|line| line == "") {
            lines.pop();
        }
    }
    let made = generate_secrets(&mut fields, firmware)?;
    Ok(Asked { fields, made })
}

fn generate_secrets(fields: &mut Fields, firmware: Option<&Firmware>) -> Result<Fields, Problem> {
    let mut made = Fields::new();
    for key in ["admin-password", "encryption-key", "update-password"] {
        if text_of(fields, key) == Some(GENERATE) {
            let password = if key == "admin-password" { password_for(firmware) } else { password() }?;
            made.insert(key.to_owned(), json!(password));
            fields.insert(key.to_owned(), json!(password));
        }
    }
    let settings = fields.get_mut("settings").and_then(Value::as_object_mut);
    for (key, value) in settings.into_iter().flatten() {
        if matches!(key.as_str(), "admin-password" | "user-password") && value == GENERATE {
            *value = json!(password_for(firmware)?);
            made.insert(key.clone(), value.clone());
        }
    }
    Ok(made)
}

/// Reads a MAC address; of six digits those that a manufacturer's addresses all begin with are put before them.
///
/// # Errors
/// It is none, or half of one where the manufacturer has several beginnings.
pub fn whole_mac(catalog: &Catalog, model: Option<&Model>, text: &str) -> Result<Mac, Problem> {
    let invalid = |message: String| Problem::new(Code::Invalid, message).of_field("mac");
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    let is_half = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(model) = model.filter(|_| is_half) else {
        return text.parse().map_err(|error| invalid(format!("`mac` {error}")));
    };
    let vendor = catalog.vendor(model.vendor);
    match vendor.ouis.as_slice() {
        [only] if only.octets().len() == Oui::SHORTEST => {
            format!("{}{digits}", only.to_string().replace(':', ""))
                .parse()
                .map_err(|error| invalid(format!("`mac` {error}")))
        }
        [] => Err(invalid("`mac` is half an address; write all of it".to_owned())),
        several => {
            let known: Vec<String> = several.iter().map(Oui::to_string).collect();
            let known = one_of(&known.iter().map(String::as_str).collect::<Vec<_>>());
            Err(invalid(format!(
                "`mac` is half an address; {}'s begin with {known}: write all of it",
                vendor.name
            )))
        }
    }
}

/// Checks what follows from a whole record's model: firmware, protocol, lines, application version, MAC address.
pub(super) fn check_equipment(snapshot: &Snapshot, record: &Fields) -> Result<(), Problem> {
    let catalog = &snapshot.world().catalog;
    let word = |key| text_of(record, key).unwrap_or_default();
    let invalid = |field: &str, message: String| Err(Problem::new(Code::Invalid, message).of_field(field));
    let Some(model) = catalog.model(word("model")) else {
        return Err(match word("model") {
            "" => Problem::new(Code::Invalid, "`model` is missing; name its model, like `aastra/51i`")
                .of_field("model"),
            id => unknown_model(catalog, id),
        });
    };
    let Some(firmware) = model.firmware(word("firmware")) else {
        let known: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
        let (id, known) = (word("firmware").escape_debug(), one_of(&known));
        return invalid("firmware", format!("model `{}` has no firmware `{id}`; write {known}", model.id));
    };
    let asked = word("protocol");
    if !asked.is_empty() && !firmware.protocols.iter().any(|protocol| protocol.word() == asked) {
        let known: Vec<&str> = firmware.protocols.iter().map(|protocol| protocol.word()).collect();
        let (id, asked, known) = (&firmware.id, asked.escape_debug(), one_of(&known));
        return invalid("protocol", format!("firmware `{id}` does not offer `{asked}`; write {known}"));
    }
    let lines = record.get("lines").and_then(Value::as_array).map_or(0, Vec::len);
    if lines > usize::from(model.lines) {
        let (id, has) = (&model.id, model.lines);
        let cure = "take an extension off, or choose another model";
        return invalid("lines", format!("model `{id}` has {has} lines, not {lines}; {cure}"));
    }
    if firmware.application_version && word("application-version").is_empty() {
        let cure = "give it as `application-version`, like `P0S3-08-11-00`";
        return invalid(
            "application-version",
            format!("model `{}` needs an application version; {cure}", model.id),
        );
    }
    let mac_based = record.get("mac-based") == Some(&Value::Bool(true));
    if mac_based && word("mac").is_empty() {
        return invalid("mac", "MAC-based provisioning needs the MAC address; give it as `mac`".to_owned());
    }
    if mac_based && asked == Protocol::Tftp.word() {
        let cure = "leave it out; over TFTP the phone is known by its MAC address anyway";
        return invalid("mac-based", format!("MAC-based provisioning is for HTTP and HTTPS; {cure}"));
    }
    Ok(())
}

/// Checks that no other device has a MAC address; whose it is, nobody is told.
pub(super) fn check_mac(snapshot: &Snapshot, serial: &str, fields: &Fields) -> Result<(), Problem> {
    let mac = text_of(fields, "mac").and_then(|text| text.parse().ok());
    let other = mac.and_then(|mac: Mac| snapshot.phone_by_mac(mac));
    if other.is_some_and(|other| other.device.serial.expose() != serial) {
        let message = "a device has this MAC address already; give another, or remove that device";
        return Err(Problem::new(Code::Conflict, message).of_field("mac"));
    }
    Ok(())
}

/// Checks that nobody has a serial; whose it is, nobody is told.
pub(super) fn check_serial(snapshot: &Snapshot, serial: &str) -> Result<(), Problem> {
    if snapshot.by_serial(serial.as_bytes()).found.is_some() { Err(taken()) } else { Ok(()) }
}

/// Says that somebody has a serial.
pub(super) fn taken() -> Problem {
    let message = "this serial is taken already; give another, or leave it out and one is made";
    Problem::new(Code::Conflict, message).of_field("serial")
}

/// Says that the catalog has no such model, and which is near.
pub(super) fn unknown_model(catalog: &Catalog, id: &str) -> Problem {
    let near = nearest(id, catalog.models().map(|model| &*model.id));
    let cure = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`bellhop catalog` lists them".to_owned(),
    };
    Problem::new(Code::Invalid, format!("there is no model `{}`; {cure}", id.escape_debug()))
        .of_field("model")
}

/// Makes a serial.
pub(super) fn serial() -> Result<String, Problem> {
    generate::serial().map_err(no_random)
}

/// Makes a password that a phone takes.
pub(super) fn password_for(firmware: Option<&Firmware>) -> Result<String, Problem> {
    generate::phone_password(firmware).map_err(no_random)
}

fn password() -> Result<String, Problem> {
    generate::password().map_err(no_random)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn no_random(error: generate::NoRandom) -> Problem {
    Problem::new(Code::Failed, format!("{error}; try again, or look at the machine's log"))
}

/// Gives the text of a field.
pub(super) fn text_of<'f>(fields: &'f Fields, key: &str) -> Option<&'f str> {
    fields.get(key).and_then(Value::as_str)
}

/// Lists the extensions on the lines that fields ask for.
pub(super) fn lines(fields: &Fields) -> Vec<Option<&str>> {
    let lines = fields.get("lines").and_then(Value::as_array).into_iter().flatten();
    lines.map(|line| line.as_str().filter(|number| !number.is_empty())).collect()
}

/// Gives the firmware that fields name, or that of their model which is used where none is named.
pub(super) fn firmware(snapshot: &Snapshot, fields: &Fields) -> String {
    let model = snapshot.world().catalog.model(text_of(fields, "model").unwrap_or_default());
    let firmware = model.and_then(|model| model.firmware(text_of(fields, "firmware").unwrap_or_default()));
    firmware.map(|firmware| firmware.id.to_string()).unwrap_or_default()
}

/// Says what a decision said of fields; what a field names and the actor may not see is told like what does not exist.
pub(super) fn refused(denial: Denial, fields: &Fields) -> Problem {
    let Some(field) = denial.field.filter(|_| denial.hidden) else {
        return Problem::denied(denial, "device", "");
    };
    let value = fields.get(field);
    let texts = value.and_then(Value::as_array).map_or_else(|| value.into_iter().collect(), Vec::from_iter);
    let named: Vec<_> = texts.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
    let named: Vec<_> = named.iter().map(|text| format!("`{}`", text.escape_debug())).collect();
    let there = if named.len() > 1 { "one is missing of" } else { "there is no" };
    let message = format!("`{field}`: {there} {}, as far as you may see", named.join(", "));
    Problem::new(Code::Invalid, message).of_field(field)
}
