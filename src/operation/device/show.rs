//! A device as somebody may see it.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::model::{Protocol, SettingId};
use crate::operation::device::record_of;
use crate::operation::record::{self, MASK, Secrets};
use crate::operation::version;
use crate::rights::{Account, Actor, DeviceState, Editable};
use crate::snapshot::Phone;

/// A device, and what an actor may be told of it: nothing of accounts that are not its to see.
#[derive(Clone, Copy)]
pub(super) struct Told<'a, 's> {
    pub(super) actor: &'a Actor<'s>,
    pub(super) phone: &'a Phone<'s>,
}

impl<'a, 's: 'a> Told<'a, 's> {
    /// Gives the account that owns it.
    pub(super) fn owner(&self) -> Option<&'s str> {
        let owner = self.phone.device.owner.as_deref().unwrap_or("administrator");
        self.is_told(owner).then_some(owner)
    }

    /// Gives the organization that it is assigned to, by itself or by its lines.
    pub(super) fn organization(&self) -> Option<&'s str> {
        let organization = self.phone.accounts().organization?;
        self.is_told(&organization.id).then_some(organization.id.as_str())
    }

    /// Gives the extensions on its lines from the first; an empty text stands for a free line.
    pub(super) fn lines(&self) -> Vec<&'s str> {
        let line = |line: &'s Option<compact_str::CompactString>| {
            let number = line.as_deref().unwrap_or_default();
            let hidden = |number| {
                self.actor.snapshot().extension(number).filter(|it| self.actor.see_extension(it).is_err())
            };
            if hidden(number).is_some() { MASK } else { number }
        };
        self.phone.device.lines.iter().map(line).collect()
    }

    /// Gives the template that its files come from.
    pub(super) fn template(&self) -> Option<&'s str> {
        let id = &*self.phone.device.template;
        let hidden =
            self.actor.snapshot().template(id).is_some_and(|it| self.actor.see_template(it).is_err());
        (!hidden || id == "default").then_some(id)
    }

    /// Gives the word for what the actor may do with it.
    pub(super) fn state(&self, state: &DeviceState) -> &'static str {
        if state.editable == Editable::No { "read-only" } else { "editable" }
    }

    /// Tells whether the actor may know an account.
    fn is_told(&self, id: &str) -> bool {
        Account::find(self.actor.snapshot(), id).is_some_and(|account| self.actor.knows(account))
    }
}

/// Shows a whole device: its record in the words of the fleet's files, and what follows from it.
pub(super) fn whole(actor: &Actor<'_>, phone: &Phone<'_>) -> Value {
    let (device, told) = (phone.device, Told { actor, phone });
    let state = actor.device_state(phone);
    let mut fields = record::device(device, Secrets::Mask);
    for key in ["serial", "admin-password", "encryption-key", "update-password"] {
        fields.remove(key);
    }
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put("id", json!(device.serial.public_id()));
    put("version", json!(version(actor.snapshot(), &record_of(phone))));
    put("vendor", json!(&*phone.vendor().id));
    put("firmware", json!(&*phone.firmware.id));
    put("mac-based", json!(device.mac_based));
    put("protocol", json!(phone.protocol().word()));
    put("update-interval", json!(phone.update_interval()));
    put("update-interval-unit", json!(phone.firmware.interval.unit.word()));
    put("known-by", json!(phone.known_by().word()));
    put("notes", json!(device.notes.as_str()));
    put("owner", json!(told.owner()));
    put("organization", json!(told.organization()));
    put("template", json!(told.template()));
    put("lines", json!(told.lines()));
    put("extensions", extensions(&told));
    put("admin-password-mode", json!(password_mode(phone)));
    put("files", phone.firmware.files.iter().map(|file| json!(phone.file_name(file))).collect());
    put("last-fetched", json!(phone.last_fetched().map(date)));
    put("state", json!(told.state(&state)));
    put("editable", json!(actor.editable_keys(phone)));
    put("removable", json!(state.removable));
    put("clearable", json!(state.clearable));
    put("rule", json!(state.rule.word()));
    put("why", json!(state.why));
    if state.editable > Editable::No {
        fields.insert("serial".to_owned(), json!(device.serial.expose()));
        fields.insert("urls".to_owned(), urls(actor, phone));
    }
    Value::Object(fields)
}

/// Lists the extensions on its lines with the names that they show.
fn extensions(told: &Told<'_, '_>) -> Value {
    let seen = told.phone.lines().filter(|line| told.actor.see_extension(line.extension).is_ok());
    let extension = |line: crate::snapshot::Line<'_>| {
        json!({
            "line": line.number,
            "number": line.extension.number.as_str(),
            "display-name": line.extension.display_name.as_str(),
            "user": line.user.map(|user| user.id.as_str()),
        })
    };
    seen.map(extension).collect()
}

/// Tells where the password of its administrator comes from: `own` record, an account or the server above it
/// (`inherited`), or from nowhere (`none`).
fn password_mode(phone: &Phone<'_>) -> &'static str {
    let id = SettingId::ADMIN_PASSWORD;
    if phone.device.settings.get(id).is_some() {
        "own"
    } else if phone.accounts().settings().any(|settings| settings.get(id).is_some()) {
        "inherited"
    } else {
        "none"
    }
}

/// Lists the URLs that it asks for its own files by.
fn urls(actor: &Actor<'_>, phone: &Phone<'_>) -> Value {
    let rules = &actor.snapshot().world().rules;
    let protocol = phone.protocol();
    let host = phone.device.host.as_deref().unwrap_or(&rules.provisioning.host);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = match (protocol, rules.port(protocol)) {
        (Protocol::Http, 80) | (Protocol::Https, 443) | (Protocol::Tftp, 69) => String::new(),
        (_, port) => format!(":{port}"),
    };
    // Over TFTP a phone with an address is found by it, at the top.
    let is_at_top = protocol == Protocol::Tftp && phone.device.mac.is_some();
    let own = if is_at_top { String::new() } else { phone.url_segment() };
    let url = |file: &crate::catalog::File| {
        let name = phone.file_name(file);
        let parts = [rules.provisioning.path_prefix.as_str(), &own, &name];
        let path: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        json!(format!("{protocol}://{host}{port}/{}", path.join("/")))
    };
    let files = phone.firmware.files.iter().filter(|file| file.scope == crate::catalog::FileScope::Phone);
    files.map(url).collect()
}

/// Writes a point in time as RFC 3339 does, to the second.
pub(super) fn date(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
