//! What a job names of other records: that it is there, inside the job's platform.
//!
//! Such records come and go, and the files of a fleet stay good when they do; a run that then finds nothing says so.
//! Whoever builds or edits a job is told at once.

use serde_json::Value;

use crate::model::{Cell, FieldKind, FieldRole, JobOperation, Mac, Serial};
use crate::operation::{Code, Fields, Problem};
use crate::rights::{Account, Actor};

/// Checks what the fields of a job fix, default to or offer; `platform` acts as the job's runs do.
pub(super) fn check(platform: &Actor<'_>, operation: JobOperation, job: &Fields) -> Result<(), Problem> {
    let told = job.get("fields").and_then(Value::as_object);
    for (name, told) in told.into_iter().flatten() {
        let Some(field) = operation.field(name) else { continue };
        let choices = told.get("choices").and_then(Value::as_array).into_iter().flatten();
        let given = ["fixed", "default"].into_iter().filter_map(|key| told.get(key)).chain(choices);
        for value in given {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let Cell::Value(called) = Cell::read(&text) else { continue };
            // What a device is to have is another matter than what it is called.
            let names = field.role == FieldRole::OtherKey
                || !matches!(field.kind, FieldKind::Mac | FieldKind::Serial);
            if names && field.read(&called).is_ok() && !is_there(platform, field.kind, &called) {
                let kind = match field.kind {
                    FieldKind::Account => "account or extension",
                    FieldKind::Mac | FieldKind::Serial => "device",
                    kind => kind.word(),
                };
                // A serial is a secret, and is not said again.
                let is_serial = called.parse::<Serial>().is_ok_and(|serial| serial.weakness().is_none());
                let told = if is_serial {
                    "with this serial".to_owned()
                } else {
                    format!("`{}`", called.escape_debug())
                };
                let what = format!("field `{name}`: there is no {kind} {told} of the job's platform");
                let message = format!("{what}, as far as you may see");
                return Err(Problem::new(Code::Invalid, message).of_field(&format!("fields.{name}")));
            }
        }
    }
    Ok(())
}

fn is_there(actor: &Actor<'_>, kind: FieldKind, called: &str) -> bool {
    let snapshot = actor.snapshot();
    let sees = |account: Account<'_>| actor.see_account(account).is_ok();
    match kind {
        FieldKind::Account => Account::find(snapshot, called).is_some_and(sees),
        FieldKind::Device | FieldKind::Mac | FieldKind::Serial => {
            let by_mac = || called.parse::<Mac>().ok().and_then(|mac| snapshot.phone_by_mac(mac));
            let own =
                snapshot.phone_by_serial(called).or_else(by_mac).or_else(|| snapshot.phone_by_id(called));
            let is_named = || {
                let mut named = snapshot.phones().filter(|phone| phone.device.name == called);
                named.any(|phone| actor.see_device(&phone).is_ok())
            };
            own.is_some_and(|phone| actor.see_device(&phone).is_ok()) || is_named()
        }
        FieldKind::Extension => {
            snapshot.extension(called).is_some_and(|extension| actor.see_extension(extension).is_ok())
        }
        FieldKind::Organization => {
            snapshot.organization(called).is_some_and(|found| sees(Account::Organization(found)))
        }
        FieldKind::Template => {
            let found = snapshot.template(called);
            called == "default" || found.is_some_and(|template| actor.see_template(template).is_ok())
        }
        _ => true,
    }
}
