//! What can be chosen for a field of a job: nothing outside the job's platform.

use serde_json::{Value, json};

use crate::catalog::{Firmware, Model};
use crate::model::{Cell, FieldKind, FieldSource, Job, JobOperation, Level};
use crate::operation::job::{find, platform};
use crate::operation::look::part;
use crate::operation::{Caller, Page, Problem};
use crate::rights::{Account, Actor};
use crate::snapshot::{Choice, FieldLimits, Phone, Snapshot, model_called};

/// A value that can be chosen, and what it is called for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) value: Value,
    pub(super) title: String,
}

/// Lists what can be chosen for a field of a job that the caller sees, with a text in it where one is asked for.
pub(in crate::operation) fn list(
    snapshot: &Snapshot,
    caller: &Caller,
    called: &str,
    field: &str,
    text: Option<&str>,
    page: Page,
) -> Result<Value, Problem> {
    let (job, _) = find(snapshot, caller, called)?;
    let unknown = || Problem::not_found("field", field).of_field("field");
    let known = job.operation.field(field).filter(|known| job.takes(known)).ok_or_else(unknown)?;
    let limits = match job.field(field) {
        Some(told) => FieldLimits::of_job(known, told).map_err(|_| unknown())?,
        None => FieldLimits::new(known),
    };
    let mut found = choices(&platform(snapshot, job)?, job, &limits).unwrap_or_default();
    if let Some(text) = text.map(str::to_lowercase) {
        let has = |chosen: &Chosen| {
            let value = chosen.value.as_str().unwrap_or_default();
            chosen.title.to_lowercase().contains(&text) || value.to_lowercase().contains(&text)
        };
        found.retain(has);
    }
    Ok(part(&found, page, |chosen| json!({ "value": chosen.value, "title": chosen.title })))
}

/// Lists what can be chosen for a field; none where anything can that the field takes.
pub(super) fn choices(actor: &Actor<'_>, job: &Job, limits: &FieldLimits) -> Option<Vec<Chosen>> {
    let there = in_scope(actor, job, &limits.field.name, limits.field.kind);
    if limits.choices.is_empty() {
        return there;
    }
    let of_job = limits.choices.iter().filter_map(|choice| {
        let Choice::Value(text, value) = choice else {
            return Some(Chosen { value: Value::Null, title: "—".to_owned() });
        };
        let Some(there) = &there else {
            return Some(Chosen { value: written(value), title: text.clone() });
        };
        // What the job lists and its platform has not any more, nobody is offered.
        let known = there.iter().find(|known| is_it(limits.field.kind, actor, &known.value, text));
        known.map(|known| Chosen { value: json!(text), title: known.title.clone() })
    });
    Some(of_job.collect())
}

/// Tells whether a text names what a value is.
fn is_it(kind: FieldKind, actor: &Actor<'_>, value: &Value, text: &str) -> bool {
    let catalog = &actor.snapshot().world().catalog;
    let known = value.as_str().unwrap_or_default();
    match kind {
        FieldKind::Device => {
            let phone = actor.snapshot().phone_by_id(known);
            let mac = text.parse().ok();
            phone.is_some_and(|phone| {
                known == text
                    || phone.device.serial.expose() == text
                    || phone.device.name == text
                    || mac.is_some() && phone.device.mac == mac
            })
        }
        FieldKind::Model => model_called(catalog, None, text).is_ok_and(|model| *model.id == *known),
        FieldKind::Vendor => catalog.vendor_called(text).is_some_and(|vendor| *vendor.id == *known),
        _ => known == text,
    }
}

fn written(value: &crate::model::FieldValue) -> Value {
    use crate::model::FieldValue;
    match value {
        FieldValue::Flag(flag) => json!(flag),
        FieldValue::Generate => json!("generate"),
        FieldValue::Number(number) => json!(number),
        FieldValue::Text(text) => json!(text),
        FieldValue::Texts(texts) => json!(texts),
    }
}

/// Lists what a field that names something can name.
fn in_scope(actor: &Actor<'_>, job: &Job, name: &str, kind: FieldKind) -> Option<Vec<Chosen>> {
    let snapshot = actor.snapshot();
    let chosen = |value: &str, title: String| Chosen { value: json!(value), title };
    let mut found: Vec<Chosen> = match kind {
        FieldKind::Account => accounts(actor, job),
        FieldKind::Device => {
            let seen = snapshot.phones().filter(|phone| actor.see_device(phone).is_ok());
            seen.map(|phone| chosen(&phone.device.serial.public_id(), device(&phone))).collect()
        }
        FieldKind::Extension => {
            let to_assign = name.starts_with("line-");
            let can = |extension: &&crate::model::Extension| {
                // Most are on a line already, which one look-up tells.
                let is_free = || snapshot.assigned(&extension.number).is_none();
                match to_assign {
                    true => is_free() && actor.assignable(extension).is_ok(),
                    false => actor.see_extension(extension).is_ok(),
                }
            };
            let titled = |extension: &crate::model::Extension| {
                chosen(&extension.number, titled(&extension.number, &extension.display_name))
            };
            snapshot.extensions().filter(can).map(titled).collect()
        }
        FieldKind::Firmware => {
            let model = fixed_model(actor, job)?;
            let one = |firmware: &Firmware| chosen(&firmware.id, firmware.label.clone());
            return Some(model.firmwares.iter().map(one).collect());
        }
        FieldKind::Level => {
            let levels = [Level::None, Level::View, Level::Modify].into_iter();
            let may = levels.filter(|level| *level <= actor.level());
            return Some(may.map(|level| chosen(level.word(), level.word().to_owned())).collect());
        }
        FieldKind::Model => {
            let catalog = &snapshot.world().catalog;
            let titled = |model: &Model| format!("{} {}", catalog.vendor(model.vendor).name, model.name);
            catalog.models().map(|model| chosen(&model.id, titled(model))).collect()
        }
        FieldKind::Organization => {
            let seen =
                |found: &&crate::model::Organization| actor.see_account(Account::Organization(found)).is_ok();
            let found = snapshot.organizations().filter(seen);
            found.map(|found| chosen(&found.id, titled(&found.id, &found.name))).collect()
        }
        FieldKind::Template => templates(actor, job),
        FieldKind::Vendor => {
            let vendors = snapshot.world().catalog.vendors().iter();
            vendors.map(|vendor| chosen(&vendor.id, vendor.name.clone())).collect()
        }
        _ => return None,
    };
    found.sort_by(|a, b| (&a.title, a.value.as_str()).cmp(&(&b.title, b.value.as_str())));
    Some(found)
}

/// Lists the accounts and extensions that can own a device, or whose level the job can set.
fn accounts(actor: &Actor<'_>, job: &Job) -> Vec<Chosen> {
    let snapshot = actor.snapshot();
    let sets_levels = job.operation == JobOperation::LevelSet;
    let can = |account: Account<'_>| {
        actor.see_account(account).is_ok() && (!sets_levels || !actor.settable_levels(account).is_empty())
    };
    let mut found = Vec::new();
    let mut put = |account: Account<'_>, name: &str| {
        if can(account) {
            found.push(Chosen { value: json!(account.id()), title: titled(account.id(), name) });
        }
    };
    snapshot.providers().for_each(|one| put(Account::Provider(one), &one.name));
    snapshot.organizations().for_each(|one| put(Account::Organization(one), &one.name));
    snapshot.users().for_each(|one| put(Account::User(one), &one.name));
    snapshot.extensions().for_each(|one| put(Account::Extension(one), &one.display_name));
    found
}

/// Lists the templates that devices of the platform may have; of the job's own model, where it fixes one.
fn templates(actor: &Actor<'_>, job: &Job) -> Vec<Chosen> {
    let model = fixed_model(actor, job);
    let firmware = model.and_then(|model| model.firmware(fixed(job, "firmware").unwrap_or_default()));
    let fits = |template: &&crate::model::Template| match (model, firmware) {
        (Some(model), Some(firmware)) => actor.use_template(Some(template), &model.id, &firmware.id).is_ok(),
        _ => template
            .equipment
            .iter()
            .any(|kind| actor.use_template(Some(template), &kind.model, &kind.firmware).is_ok()),
    };
    let own = actor.snapshot().templates().filter(|template| template.id != "default").filter(fits);
    let own = own
        .map(|template| Chosen { value: json!(&*template.id), title: titled(&template.id, &template.name) });
    let default = Chosen { value: json!("default"), title: "Server Default".to_owned() };
    std::iter::once(default).chain(own).collect()
}

fn fixed_model<'s>(actor: &Actor<'s>, job: &Job) -> Option<&'s Model> {
    let catalog = &actor.snapshot().world().catalog;
    let vendor = fixed(job, "vendor").and_then(|name| catalog.vendor_called(name));
    model_called(catalog, vendor, fixed(job, "model")?).ok()
}

/// Gives what a job always sets a field to.
fn fixed<'j>(job: &'j Job, name: &str) -> Option<&'j str> {
    match &job.field(name)?.from {
        FieldSource::Fixed(text) if matches!(Cell::read(text), Cell::Value(_)) => Some(text),
        FieldSource::Asked | FieldSource::Default(_) | FieldSource::Fixed(_) => None,
    }
}

fn device(phone: &Phone<'_>) -> String {
    let mac = phone.device.mac.map(|mac| format!(", {mac}")).unwrap_or_default();
    format!("{} ({}{mac})", phone.device.name, phone.model.name)
}

fn titled(id: &str, name: &str) -> String {
    if name.is_empty() || name == id { id.to_owned() } else { format!("{id} – {name}") }
}
