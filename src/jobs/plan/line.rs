//! Extensions and accounts: their secrets and levels.

use serde_json::{Value, json};

use crate::jobs::plan::{Given, Plan, Planner, Said, missing, wrong};
use crate::model::{Extension, FieldValue};
use crate::operation::{Edit, Fields, Problem};
use crate::rights::Account;

impl<'s> Planner<'s> {
    /// Sets the SIP secret of an extension, and what its user types at the phone that it is on.
    pub(super) fn set_secret(&self, given: &Given<'_>) -> Result<Plan, Problem> {
        let key = "extension";
        let number = given.text(key).ok_or_else(|| wrong(key, "is missing; give the extension's number"))?;
        let extension = self.extension(key, number)?;
        let value = |name: &str| match given.said.get(name)? {
            Said::Clear => Some(Value::Null),
            Said::Value(FieldValue::Generate) => Some(json!("generate")),
            Said::Value(FieldValue::Text(text)) => Some(json!(text)),
            Said::Value(_) => None,
        };
        let fields = |table: &str, key: &str, value: Value| {
            Fields::from_iter([(table.to_owned(), json!({ (key): value }))])
        };
        let mut plan = Plan { generates: given.generates(), ..Plan::default() };
        if let Some(secret) = value("secret") {
            let extension = extension.number.to_string();
            plan.edits.push(Edit::ExtensionEdit { extension, fields: fields("sip", "password", secret) });
        }
        if let Some(passcode) = value("passcode") {
            let phone = self.actor.snapshot().assigned(&extension.number).map(|(phone, _)| phone);
            let phone = phone.filter(|phone| self.actor.see_device(phone).is_ok());
            let why = "is of the phone that the extension is on, and it is on none; assign it first";
            let phone = phone.ok_or_else(|| wrong("passcode", why))?;
            let device = phone.device.serial.public_id();
            let fields = fields("settings", "user-password", passcode);
            plan.edits.push(Edit::DeviceEdit { device, fields });
        }
        if plan.edits.is_empty() {
            return Ok(Plan::nothing("the row says nothing to change"));
        }
        Ok(plan)
    }

    /// Sets the level of an account or extension; without one, an extension has its user's.
    pub(super) fn set_level(&self, given: &Given<'_>) -> Result<Plan, Problem> {
        let key = "account";
        let id = given.text(key).ok_or_else(|| wrong(key, "is missing; give an account's id or a number"))?;
        let found = Account::find(self.actor.snapshot(), id);
        let found = found.filter(|account| self.actor.see_account(*account).is_ok());
        let found =
            found.ok_or_else(|| missing(key, "account or extension", &format!("`{}`", id.escape_debug())))?;
        let level = match (given.said.get("level"), found) {
            (Some(Said::Value(FieldValue::Text(word))), _) => Some(word.clone()),
            (_, Account::Extension(_)) => None,
            _ => return Err(wrong("level", "is only cleared for an extension, which has its user's then")),
        };
        Ok(Plan::of(Edit::LevelSet { account: id.to_owned(), level }))
    }

    /// Finds an extension of the platform.
    pub(super) fn extension(&self, name: &str, number: &str) -> Result<&'s Extension, Problem> {
        let found = self.actor.snapshot().extension(number);
        let found = found.filter(|extension| self.actor.see_extension(extension).is_ok());
        found.ok_or_else(|| missing(name, "extension", &format!("`{}`", number.escape_debug())))
    }
}
