//! The device that a row is about.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::jobs::plan::{Given, Planner, missing, wrong};
use crate::model::{FieldRole, Mac, Serial};
use crate::operation::{Code, Problem};
use crate::snapshot::{Phone, Snapshot};

/// Devices by their names: made when a row first names one so, since a search for each row would take the square of
/// the time.
#[derive(Default)]
pub(super) struct Names<'s>(OnceCell<HashMap<&'s str, Vec<Phone<'s>>>>);

impl<'s> Names<'s> {
    fn called(&self, snapshot: &'s Snapshot, name: &str) -> &[Phone<'s>] {
        let known = self.0.get_or_init(|| {
            let mut known: HashMap<&str, Vec<Phone<'s>>> = HashMap::new();
            for phone in snapshot.phones() {
                known.entry(&phone.device.name).or_default().push(phone);
            }
            known
        });
        known.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

impl<'s> Planner<'s> {
    /// Finds the device that a row is about: by the key, or else by serial or MAC address; and which of them named it.
    pub(super) fn device(&self, given: &Given<'_>) -> Result<(Phone<'s>, &'static str), Problem> {
        let mut found: Option<(Phone<'s>, &'static str)> = None;
        for name in ["device", "serial", "mac"] {
            let Some(called) = given.text(name) else { continue };
            if found.is_some() && !self.is_key(name) {
                break;
            }
            let phone = self.called(name, called)?;
            if let Some((first, by)) = &found
                && first.device.serial != phone.device.serial
            {
                return Err(wrong(name, &format!("names another device than `{by}`; leave one of them out")));
            }
            found = found.or(Some((phone, name)));
        }
        let key = self.job.operation.key().unwrap_or("device");
        let way = "is missing; name the device by its id, serial, MAC address or name";
        found.ok_or_else(|| wrong(key, way))
    }

    /// Tells whether a field does nothing but name the device: whatever it is for, where the job does not name it.
    pub(super) fn is_key(&self, name: &str) -> bool {
        let field = self.fields.get(name).map(|taken| taken.limits.field.role);
        field.is_some_and(|role| {
            self.job.field(name).is_none() || matches!(role, FieldRole::Key | FieldRole::OtherKey)
        })
    }

    /// Finds a device of the platform by what a field says.
    fn called(&self, name: &'static str, called: &str) -> Result<Phone<'s>, Problem> {
        let snapshot = self.actor.snapshot();
        let sees = |phone: &Phone<'s>| self.actor.see_device(phone).is_ok();
        let by_mac = || called.parse::<Mac>().ok().and_then(|mac| snapshot.phone_by_mac(mac));
        let found = match name {
            "mac" => by_mac(),
            "serial" => snapshot.phone_by_serial(called),
            _ => snapshot.phone_by_serial(called).or_else(by_mac).or_else(|| snapshot.phone_by_id(called)),
        };
        if let Some(phone) = found.filter(sees) {
            return Ok(phone);
        }
        let named = if name == "device" { self.names.called(snapshot, called) } else { &[] };
        let named: Vec<&Phone<'s>> = named.iter().filter(|phone| sees(phone)).collect();
        match named.as_slice() {
            [only] => Ok(**only),
            // A serial is a secret, and is not said again.
            [] if name == "serial" || is_serial(called) => Err(missing(name, "device", "with this serial")),
            [] => Err(missing(name, "device", &format!("`{}`", called.escape_debug()))),
            several => {
                let ids: Vec<String> = several.iter().map(|phone| phone.device.serial.public_id()).collect();
                let (count, called, ids) = (ids.len(), called.escape_debug(), ids.join(", "));
                let message = format!("{count} devices are called `{called}`; name one by its id: {ids}");
                Err(Problem::new(Code::Conflict, message).of_field(name))
            }
        }
    }
}

/// Tells whether a text could be the serial of a device: nobody guesses it, and it is no name with blanks.
fn is_serial(text: &str) -> bool {
    text.parse::<Serial>().is_ok_and(|serial| serial.weakness().is_none())
}
