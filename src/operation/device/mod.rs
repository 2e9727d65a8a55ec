//! Operations on devices.
//!
//! Promises: a device that the actor does not see is told of like one that does not exist; its serial and URL are shown
//! only to whoever may edit it, its passwords to nobody but once to whoever had them made.

mod add;
mod edit;
mod fields;
mod inventory;
mod list;
mod options;
mod show;

pub(super) use self::add::add;
pub(super) use self::edit::{clear, edit, password, remove, rotate, set_status};
pub use self::fields::whole_mac;
pub use self::inventory::Inventory;
pub(super) use self::list::list;
pub(super) use self::options::options;

use serde_json::Value;

use crate::model::{Mac, RecordKind, RecordRef};
use crate::operation::{Code, Problem};
use crate::rights::Actor;
use crate::snapshot::Phone;

/// Shows a device.
pub(super) fn look(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    Ok(show::whole(actor, &find(actor, called)?))
}

/// Finds a device that the actor sees by its id, serial or MAC address, or by its name where only one has it.
pub(super) fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<Phone<'s>, Problem> {
    let snapshot = actor.snapshot();
    let sees = |phone: &Phone<'s>| actor.see_device(phone).is_ok();
    let mac = || called.parse::<Mac>().ok().and_then(|mac| snapshot.phone_by_mac(mac));
    let own = snapshot.phone_by_serial(called).or_else(mac).or_else(|| snapshot.phone_by_id(called));
    if let Some(phone) = own.filter(sees) {
        return Ok(phone);
    }
    let mut named: Vec<Phone<'s>> =
        snapshot.phones().filter(|phone| phone.device.name == called && sees(phone)).collect();
    if named.len() > 1 {
        let ids: Vec<String> = named.iter().map(|phone| phone.device.serial.public_id()).collect();
        let message = format!(
            "{} devices are called `{}`; name one by its id: {}",
            named.len(),
            called.escape_debug(),
            ids.join(", ")
        );
        return Err(Problem::new(Code::Conflict, message));
    }
    named.pop().ok_or_else(|| Problem::not_found("device", called))
}

/// Names a device's record.
fn record_of(phone: &Phone<'_>) -> RecordRef {
    RecordRef::new(RecordKind::Device, phone.device.serial.expose())
}
