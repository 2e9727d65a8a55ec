//! What can be chosen for a new device.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalog::{Catalog, Firmware, Model};
use crate::model::{Extension, Level, Organization, Oui, Template, User};
use crate::operation::device::fields::unknown_model;
use crate::operation::{Fields, Problem};
use crate::rights::{Account, Actor, Kind};

/// Most accounts and extensions of a kind that are listed; `extensions` with `assignable` lists all, page by page.
const MOST: usize = 1000;

/// Tells whether a device can be added at all, and what can be chosen for it.
pub(in crate::operation) fn options(actor: &Actor<'_>, model: Option<&str>) -> Result<Value, Problem> {
    let catalog = &actor.snapshot().world().catalog;
    let models: Vec<Value> = match model {
        Some(id) => {
            let model = catalog.model(id).ok_or_else(|| unknown_model(catalog, id))?;
            vec![whole_model(actor, model)]
        }
        None => {
            let mut models: Vec<&Model> = catalog.models().collect();
            models.sort_unstable_by(|a, b| a.id.cmp(&b.id));
            models.into_iter().map(|model| brief_model(catalog, model)).collect()
        }
    };
    let (possible, rule, why) = match actor.can_add() {
        Ok(rule) => (true, rule, None),
        Err(denial) => (false, denial.rule, Some(denial.why)),
    };
    let snapshot = actor.snapshot();
    let is_free = actor.level() == Level::Modify && actor.account().kind() != Kind::Extension;
    let mut told = Fields::new();
    told.insert("possible".to_owned(), json!(possible));
    told.insert("rule".to_owned(), json!(rule.word()));
    told.insert("why".to_owned(), json!(why));
    told.insert("assignment".to_owned(), json!(if is_free { "optional" } else { "required" }));
    told.insert("models".to_owned(), json!(models));
    if possible {
        // Most are on a line already, which one look-up tells.
        let free = snapshot.extensions().filter(|extension| snapshot.assigned(&extension.number).is_none());
        let free = free.filter(|extension| actor.assignable(extension).is_ok());
        let extensions: Vec<&Extension> = free.collect();
        let users: BTreeSet<&str> = extensions.iter().map(|extension| &*extension.user).collect();
        let users: Vec<&User> = users.into_iter().filter_map(|id| snapshot.user(id)).collect();
        put(
            &mut told,
            "organizations",
            &organizations(actor, &users, is_free),
            |organization| json!({ "id": organization.id.as_str(), "name": organization.name.as_str() }),
        );
        put(
            &mut told,
            "users",
            &users,
            |user| json!({ "id": user.id.as_str(), "name": user.name.as_str(), "organization": &*user.organization }),
        );
        put(&mut told, "extensions", &extensions, |extension| {
            json!({
                "number": extension.number.as_str(),
                "display-name": extension.display_name.as_str(),
                "user": &*extension.user,
            })
        });
    }
    Ok(Value::Object(told))
}

/// Puts a list into what is told, and how long it would be whole.
fn put<T>(told: &mut Fields, key: &str, list: &[T], show: impl FnMut(&T) -> Value) {
    told.insert(key.to_owned(), list.iter().take(MOST).map(show).collect());
    told.insert(format!("{key}-total"), json!(list.len()));
}

/// Lists the organizations that a device can be assigned to: those of the extensions that can be chosen, and all that
/// the actor sees where it need not choose an extension.
fn organizations<'s>(actor: &Actor<'s>, users: &[&User], is_free: bool) -> Vec<&'s Organization> {
    let snapshot = actor.snapshot();
    if is_free {
        let seen =
            |organization: &&Organization| actor.see_account(Account::Organization(organization)).is_ok();
        return snapshot.organizations().filter(seen).collect();
    }
    let ids: BTreeSet<&str> = users.iter().map(|user| &*user.organization).collect();
    ids.into_iter().filter_map(|id| snapshot.organization(id)).collect()
}

fn brief_model(catalog: &Catalog, model: &Model) -> Value {
    let vendor = catalog.vendor(model.vendor);
    json!({ "id": &*model.id, "name": model.name, "vendor": &*vendor.id, "lines": model.lines })
}

fn whole_model(actor: &Actor<'_>, model: &Model) -> Value {
    let catalog = &actor.snapshot().world().catalog;
    let vendor = catalog.vendor(model.vendor);
    let default = model.firmwares.get(model.default_firmware).map(|firmware| &*firmware.id);
    let firmware = |firmware: &Firmware| {
        json!({
            "id": &*firmware.id,
            "label": firmware.label,
            "default": Some(&*firmware.id) == default,
            "protocols": firmware.protocols.iter().map(|protocol| protocol.word()).collect::<Vec<_>>(),
            "update-interval": firmware.interval.default_value(),
            "update-interval-unit": firmware.interval.unit.word(),
            "update-interval-from": firmware.interval.min,
            "update-interval-to": firmware.interval.max,
            "application-version": firmware.application_version,
            "templates": templates(actor, model, firmware),
        })
    };
    json!({
        "id": &*model.id,
        "name": model.name,
        "vendor": &*vendor.id,
        "lines": model.lines,
        "web-interface": model.web_interface,
        "mac-prefix": vendor.ouis.first().map(Oui::to_string),
        "mac-prefixes": vendor.ouis.iter().map(Oui::to_string).collect::<Vec<_>>(),
        "firmwares": model.firmwares.iter().map(firmware).collect::<Vec<_>>(),
    })
}

/// Lists the templates that the actor may use for a model and firmware: those that it sees and that fit.
fn templates(actor: &Actor<'_>, model: &Model, firmware: &Firmware) -> Vec<Value> {
    let usable = |template: Option<&Template>| actor.use_template(template, &model.id, &firmware.id).is_ok();
    let default = usable(None).then(|| json!({ "id": "default", "name": "Server Default" }));
    let own =
        actor.snapshot().templates().filter(|template| template.id != "default" && usable(Some(template)));
    let own = own.map(|template| json!({ "id": template.id.as_str(), "name": template.name.as_str() }));
    default.into_iter().chain(own).collect()
}
