//! Lists of devices, with what the actor may do with each.

use serde_json::{Value, json};

use crate::operation::device::show::{Told, date};
use crate::operation::look::part;
use crate::operation::{Code, Filter, Page, Problem};
use crate::rights::{Account, Actor};
use crate::snapshot::Phone;

/// Lists the devices that the actor, and the account of the filter's context, see, by name and then id.
pub(in crate::operation) fn list(actor: &Actor<'_>, filter: &Filter, page: Page) -> Result<Value, Problem> {
    Ok(part(&seen(actor, filter)?, page, |phone| row(actor, phone)))
}

/// Gives the devices of a filter, by name and then id.
pub(super) fn seen<'s>(actor: &Actor<'s>, filter: &Filter) -> Result<Vec<Phone<'s>>, Problem> {
    actor.sees_page().map_err(|denial| Problem::denied(denial, "device", ""))?;
    let context = filter.context.as_deref().map(|id| context(actor, id)).transpose()?;
    let wanted = Wanted::new(filter)?;
    let seen = |phone: &Phone<'_>| {
        let in_context = context.as_ref().is_none_or(|context| context.see_device(phone).is_ok());
        in_context && actor.see_device(phone).is_ok() && wanted.takes(actor, phone)
    };
    let mut phones: Vec<Phone<'_>> = actor.snapshot().phones().filter(seen).collect();
    phones.sort_by(|one, other| {
        let id = |phone: &Phone<'_>| phone.device.serial.public_id();
        one.device.name.cmp(&other.device.name).then_with(|| id(one).cmp(&id(other)))
    });
    Ok(phones)
}

/// Finds the account in whose sight the list is, which is the actor or one below it.
fn context<'s>(actor: &Actor<'s>, id: &str) -> Result<Actor<'s>, Problem> {
    let account = Account::find(actor.snapshot(), id)
        .filter(|account| account.id() == actor.account().id() || actor.see_account(*account).is_ok());
    let account = account.ok_or_else(|| Problem::not_found("account", id).of_field("context"))?;
    Ok(actor.context(account))
}

fn row(actor: &Actor<'_>, phone: &Phone<'_>) -> Value {
    let (device, told) = (phone.device, Told { actor, phone });
    let state = actor.device_state(phone);
    json!({
        "id": device.serial.public_id(),
        "name": device.name.as_str(),
        "model": &*phone.model.id,
        "firmware": &*phone.firmware.id,
        "mac": device.mac.map(|mac| mac.to_string()),
        "status": if device.enabled { "enabled" } else { "disabled" },
        "protocol": phone.protocol().word(),
        "template": told.template(),
        "owner": told.owner(),
        "organization": told.organization(),
        "lines": told.lines(),
        "last-fetched": phone.last_fetched().map(date),
        "state": told.state(&state),
        "removable": state.removable,
        "clearable": state.clearable,
        "rule": state.rule.word(),
        "why": state.why,
    })
}

/// What a filter asks for, read.
struct Wanted<'f> {
    filter: &'f Filter,
    enabled: Option<bool>,
    text: Option<String>,
}

impl<'f> Wanted<'f> {
    fn new(filter: &'f Filter) -> Result<Self, Problem> {
        let enabled = match filter.status.as_deref() {
            None => None,
            Some("enabled") => Some(true),
            Some("disabled") => Some(false),
            Some(other) => {
                let message =
                    format!("`status` does not know `{}`; write enabled or disabled", other.escape_debug());
                return Err(Problem::new(Code::Invalid, message).of_field("status"));
            }
        };
        Ok(Self { filter, enabled, text: filter.text.as_deref().map(str::to_lowercase) })
    }

    /// Tells whether a device is asked for, by nothing but what the actor is shown of it.
    fn takes(&self, actor: &Actor<'_>, phone: &Phone<'_>) -> bool {
        let (filter, told) = (self.filter, Told { actor, phone });
        let asked = |wanted: Option<&str>, has: &dyn Fn(&str) -> bool| wanted.is_none_or(has);
        self.enabled.is_none_or(|enabled| enabled == phone.device.enabled)
            && asked(filter.model.as_deref(), &|id| *phone.model.id == *id || *phone.vendor().id == *id)
            && asked(filter.owner.as_deref(), &|id| told.owner() == Some(id))
            && asked(filter.organization.as_deref(), &|id| told.organization() == Some(id))
            && asked(filter.extension.as_deref(), &|number| told.lines().contains(&number))
            && asked(self.text.as_deref(), &|text| holds(&told, text))
    }
}

/// Tells whether a text in lower case stands in what people know a device by.
fn holds(told: &Told<'_, '_>, text: &str) -> bool {
    let device = told.phone.device;
    let has = |field: &str| field.to_lowercase().contains(text);
    let has_mac = |mac: crate::model::Mac| has(&mac.to_string()) || has(&mac.plain());
    has(&device.name)
        || has(&device.notes)
        || device.mac.is_some_and(has_mac)
        || told.lines().iter().any(|line| has(line))
}
