//! Devices: added, changed, deleted.

use serde_json::{Value, json};

use crate::catalog::Vendor;
use crate::document::one_of;
use crate::jobs::plan::{Given, Plan, Planner, Said, missing, wrong};
use crate::model::{FieldValue, Mac};
use crate::operation::{Code, Edit, Fields, Problem, whole_mac};
use crate::rights::Account;
use crate::snapshot::{Phone, model_called, vendor_called};

/// The word that has something made.
const GENERATE: &str = "generate";

impl<'s> Planner<'s> {
    /// Adds a device; one that the platform has already, with the same MAC address or serial and all else as the row says,
    /// is no edit.
    pub(super) fn create(&self, given: &Given<'_>) -> Result<Plan, Problem> {
        let snapshot = self.actor.snapshot();
        let mut fields = self.fields_of(given, None)?;
        fields.retain(|_, value| !value.is_null());
        for table in ["network", "raw", "settings"] {
            if let Some(table) = fields.get_mut(table).and_then(Value::as_object_mut) {
                table.retain(|_, value| !value.is_null());
            }
        }
        let has_serial = given.text("serial").is_some();
        let mac = given.text("mac").map(|text| self.mac(&fields, text)).transpose()?;
        if let Some(mac) = mac {
            fields.insert("mac".to_owned(), json!(mac.to_string()));
            let own = snapshot.phone_by_mac(mac).filter(|phone| self.actor.see_device(phone).is_ok());
            if let Some(phone) = own.filter(|_| !has_serial) {
                // Whether it is as the row says, the edit finds out.
                fields.insert("serial".to_owned(), json!(phone.device.serial.expose()));
            }
        }
        let plan = Plan::of(Edit::DeviceAdd { fields });
        Ok(Plan { generates: mac.is_none() && !has_serial, ..plan })
    }

    /// Changes a device as the row says.
    pub(super) fn change(&self, given: &Given<'_>) -> Result<Plan, Problem> {
        let (phone, by) = self.device(given)?;
        let mut fields = self.fields_of(given, Some(&phone))?;
        // What named the device is no change of it.
        fields.remove(by);
        if let Some(text) = given.text("mac").filter(|_| fields.contains_key("mac")) {
            let mut next = fields.clone();
            next.entry("model").or_insert_with(|| json!(&*phone.device.model));
            fields.insert("mac".to_owned(), json!(self.mac(&next, text)?.to_string()));
        }
        if fields.is_empty() {
            return Ok(Plan::nothing("the row says nothing to change"));
        }
        let device = phone.device.serial.public_id();
        let only = |key: &str| fields.get(key).and_then(Value::as_str).filter(|_| fields.len() == 1);
        let edit = match (only("status"), only("admin-password")) {
            (Some("enabled"), _) => Edit::DeviceEnable { device },
            (Some("disabled"), _) => Edit::DeviceDisable { device },
            (_, Some(GENERATE)) => Edit::DevicePassword { device },
            _ => Edit::DeviceEdit { device, fields },
        };
        Ok(Plan { generates: given.generates(), ..Plan::of(edit) })
    }

    /// Deletes a device; one that is not there is as the row wants it.
    pub(super) fn delete(&self, given: &Given<'_>) -> Result<Plan, Problem> {
        match self.with_device(given, |device| Edit::DeviceRemove { device }) {
            Err(problem) if problem.code == Code::NotFound => Ok(Plan::nothing(problem.message)),
            planned => planned,
        }
    }

    /// Does something to a device that takes nothing but what it is called.
    pub(super) fn with_device(
        &self,
        given: &Given<'_>,
        edit: impl FnOnce(String) -> Edit,
    ) -> Result<Plan, Problem> {
        let (phone, _) = self.device(given)?;
        Ok(Plan::of(edit(phone.device.serial.public_id())))
    }

    /// Gives what the row says as fields of a device's record; null takes a key away.
    fn fields_of(&self, given: &Given<'_>, phone: Option<&Phone<'s>>) -> Result<Fields, Problem> {
        let mut fields = Fields::new();
        let model = self.model(given, phone)?;
        let lines =
            phone.map(|phone| phone.device.lines.iter().map(|line| line.as_deref().unwrap_or_default()));
        let before: Vec<String> = lines.into_iter().flatten().map(str::to_owned).collect();
        let mut lines = before.clone();
        for (field, said) in self.changed(given) {
            let value = json(said);
            match field.name.split_once('.') {
                Some(("network", "address")) if value.is_null() => {
                    fields.insert("network".to_owned(), Value::Null);
                }
                Some(("raw", name)) => self.put_raw(name, value, phone.is_none(), &mut fields),
                Some((outer, key)) => {
                    table(&mut fields, outer).map(|table| table.insert(key.to_owned(), value));
                }
                None if field.name.starts_with("line-") => {
                    self.put_line(&field.name, said, &mut lines, given)?;
                }
                None if field.name == "vendor" => (),
                None if field.name == "model" => {
                    fields.insert("model".to_owned(), model.clone().map_or(value, Value::from));
                }
                None => {
                    self.names(&field.name, &value)?;
                    fields.insert(field.name.to_string(), value);
                }
            }
        }
        let known = model.as_deref().or(phone.map(|phone| &*phone.device.model)).unwrap_or_default();
        if lines != before {
            self.fit(known, &lines)?;
            fields.insert("lines".to_owned(), json!(lines));
        }
        let known = self.actor.snapshot().world().catalog.model(known);
        if let (Some(model), Some(id)) = (known, fields.get("firmware").and_then(Value::as_str))
            && model.firmware(id).is_none()
        {
            let firmwares: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
            let (told, firmwares) = (id.escape_debug(), one_of(&firmwares));
            return Err(wrong(
                "firmware",
                &format!("`{told}` is none of model `{}`; write {firmwares}", model.id),
            ));
        }
        Ok(fields)
    }

    /// Puts a vendor parameter into the table of all; one of a vendor of the catalog, `raw.yealink.name`, is for its phones
    /// alone.
    fn put_raw(&self, name: &str, value: Value, is_new: bool, fields: &mut Fields) {
        let catalog = &self.actor.snapshot().world().catalog;
        let vendor = name.split_once('.').filter(|(vendor, _)| catalog.vendor_by_id(vendor).is_some());
        let raw = table(fields, "raw");
        match vendor {
            // A new record has nothing to take away.
            Some(_) if is_new && value.is_null() => None,
            Some((vendor, name)) => raw.and_then(|raw| table(raw, vendor)).map(|own| (own, name)),
            None => raw.map(|raw| (raw, name)),
        }
        .map(|(table, name)| table.insert(name.to_owned(), value));
    }

    /// Finds the model that the row names by its vendor and name.
    fn model(&self, given: &Given<'_>, phone: Option<&Phone<'s>>) -> Result<Option<String>, Problem> {
        let vendor = given.text("vendor").unwrap_or_default();
        if let Some(name) = given.text("model") {
            let key = (vendor.to_owned(), name.to_owned());
            let mut known = self.models.borrow_mut();
            return known.entry(key).or_insert_with(|| self.named_model(vendor, name)).clone().map(Some);
        }
        if vendor.is_empty() {
            return Ok(None);
        }
        let vendor = self.vendor(vendor)?;
        if phone.is_some_and(|phone| phone.vendor().id == vendor.id) {
            return Ok(None);
        }
        Err(wrong("vendor", "says nothing without a model; give `model`, too"))
    }

    /// Finds the model of a name, of a vendor where that is said.
    fn named_model(&self, vendor: &str, name: &str) -> Result<String, Problem> {
        let catalog = &self.actor.snapshot().world().catalog;
        let vendor = if vendor.is_empty() { None } else { Some(self.vendor(vendor)?) };
        let model = model_called(catalog, vendor, name);
        let model = model.map_err(|why| Problem::new(Code::Invalid, why).of_field("model"))?;
        Ok(model.id.to_string())
    }

    fn vendor(&self, name: &str) -> Result<&'s Vendor, Problem> {
        let catalog = &self.actor.snapshot().world().catalog;
        vendor_called(catalog, name).map_err(|why| Problem::new(Code::Invalid, why).of_field("vendor"))
    }

    /// Puts an extension on a line.
    fn put_line(
        &self,
        name: &str,
        said: &Said,
        lines: &mut Vec<String>,
        given: &Given<'_>,
    ) -> Result<(), Problem> {
        let number = match said {
            Said::Value(FieldValue::Text(number)) => number.as_str(),
            Said::Clear | Said::Value(_) => "",
        };
        if !number.is_empty() {
            self.extension(name, number)?;
            let is_twin = |other: &&str| *other != name && given.text(other) == Some(number);
            let others = given.said.keys().copied().filter(|other| other.starts_with("line-"));
            if let Some(other) = others.into_iter().find(is_twin) {
                return Err(wrong(name, &format!("has the same extension as `{other}`; put it on one line")));
            }
        }
        let line: usize = name.trim_start_matches("line-").parse().unwrap_or(1);
        if lines.len() < line {
            lines.resize(line, String::new());
        }
        number.clone_into(&mut lines[line - 1]);
        Ok(())
    }

    /// Checks that a model has the lines that something is put on.
    fn fit(&self, model: &str, lines: &[String]) -> Result<(), Problem> {
        let catalog = &self.actor.snapshot().world().catalog;
        let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
        match catalog.model(model) {
            Some(model) if last > usize::from(model.lines) => {
                let (id, has) = (&model.id, model.lines);
                let why = format!("is more than model `{id}` has, which is {has}; leave it out");
                Err(wrong(&format!("line-{last}"), &why))
            }
            _ => Ok(()),
        }
    }

    /// Checks that what a field names is there, as far as the platform reaches.
    fn names(&self, field: &str, value: &Value) -> Result<(), Problem> {
        let (snapshot, Some(id)) = (self.actor.snapshot(), value.as_str()) else { return Ok(()) };
        let sees = |account: Account<'_>| self.actor.see_account(account).is_ok();
        let is_there = match field {
            "organization" => snapshot.organization(id).is_some_and(|it| sees(Account::Organization(it))),
            // The accounts above the platform are no secret to it, and a device may be theirs.
            "owner" => Account::find(snapshot, id).is_some_and(|it| {
                sees(it) || self.actor.account().upwards(snapshot).any(|above| above.is(it))
            }),
            "template" if id != "default" => {
                snapshot.template(id).is_some_and(|it| self.actor.see_template(it).is_ok())
            }
            _ => true,
        };
        let kind = if field == "owner" { "account or extension" } else { field };
        if is_there { Ok(()) } else { Err(missing(field, kind, &format!("`{}`", id.escape_debug()))) }
    }

    fn mac(&self, fields: &Fields, text: &str) -> Result<Mac, Problem> {
        let catalog = &self.actor.snapshot().world().catalog;
        let model = fields.get("model").and_then(Value::as_str).and_then(|id| catalog.model(id));
        whole_mac(catalog, model, text)
    }
}

/// Gives a table among fields, which is made where it is not there.
fn table<'f>(fields: &'f mut Fields, key: &str) -> Option<&'f mut Fields> {
    fields.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

/// Writes a value as a record has it.
fn json(said: &Said) -> Value {
    match said {
        Said::Clear => Value::Null,
        Said::Value(FieldValue::Flag(flag)) => json!(flag),
        Said::Value(FieldValue::Generate) => json!(GENERATE),
        Said::Value(FieldValue::Number(number)) => json!(number),
        Said::Value(FieldValue::Text(text)) => json!(text),
        Said::Value(FieldValue::Texts(texts)) => json!(texts),
    }
}
