//! Devices as their records say it, for those who take them elsewhere and bring them back.

use serde_json::{Value, json};

use crate::operation::device::list::seen;
use crate::operation::device::show::Told;
use crate::operation::look::acting;
use crate::operation::record::{self, Secrets};
use crate::operation::{Caller, Fields, Filter, Problem};
use crate::rights::{Actor, Editable};
use crate::snapshot::{Phone, Snapshot};

/// The devices of a filter as an account sees them.
///
/// Promises: of each device what its record itself says and the account may see, in the words of the fleet's files, so that
/// an edit with the same fields changes nothing; passwords are masked, and so is a line with an extension that is hidden.
pub struct Inventory<'s> {
    actor: Actor<'s>,
    phones: Vec<Phone<'s>>,
}

impl<'s> Inventory<'s> {
    /// Looks the devices up, by name and then id.
    ///
    /// # Errors
    /// The account may not look, or the filter makes no sense.
    pub fn new(snapshot: &'s Snapshot, caller: &Caller, filter: &Filter) -> Result<Self, Problem> {
        let actor = acting(snapshot, caller)?;
        let phones = seen(&actor, filter)?;
        Ok(Self { actor, phones })
    }

    /// Goes through the devices; `device` is the id of each.
    pub fn devices(&self) -> impl Iterator<Item = Fields> {
        self.phones.iter().map(|phone| fields(&self.actor, phone))
    }
}

fn fields(actor: &Actor<'_>, phone: &Phone<'_>) -> Fields {
    let (device, told) = (phone.device, Told { actor, phone });
    let mut fields = record::device(device, Secrets::Mask);
    for key in ["created", "serial", "updated"] {
        fields.remove(key);
    }
    // What its lines have it belong to is no key of its own.
    if device.organization.as_deref() != told.organization() {
        fields.remove("organization");
    }
    let mut put = |key: &str, value: Option<&str>| match value {
        Some(value) => drop(fields.insert(key.to_owned(), json!(value))),
        None => drop(fields.remove(key)),
    };
    put("device", Some(&device.serial.public_id()));
    put("owner", told.owner());
    put("template", told.template());
    if actor.device_state(phone).editable > Editable::No {
        put("serial", Some(device.serial.expose()));
    }
    if fields.contains_key("lines") {
        fields.insert("lines".to_owned(), told.lines().into_iter().map(Value::from).collect());
    }
    fields
}
