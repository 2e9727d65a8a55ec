//! Operations on templates: own texts for the files of models and firmwares.
//!
//! Promises: a template that the actor does not see is told of like one that does not exist; nothing that devices use
//! is taken from under them; a text that does not compile, or does not render for a device that did, changes nothing.

mod edit;
mod equipment;
mod exchange;
mod show;
mod trial;

pub(super) use self::edit::{add, edit, remove};
pub(super) use self::equipment::{FileOf, equip, set_file, unequip};
pub(super) use self::exchange::{export, import};
pub(super) use self::show::{list, show};
pub(super) use self::trial::{check, preview};

use crate::catalog::{Firmware, Model};
use crate::document::nearest;
use crate::model::Template;
use crate::operation::Problem;
use crate::operation::asked::invalid;
use crate::rights::{Account, Actor};
use crate::snapshot::{Phone, Snapshot};

/// The template that the catalog is, with what was imported into it.
const DEFAULT: &str = "default";

/// What the default template is called.
const DEFAULT_NAME: &str = "Server Default";

/// Finds a template that the actor sees; `default` has no record before something is imported.
fn find<'s>(actor: &Actor<'s>, id: &str) -> Result<Option<&'s Template>, Problem> {
    let found = actor.snapshot().template(id).filter(|template| actor.see_template(template).is_ok());
    if found.is_none() && id != DEFAULT {
        return Err(Problem::not_found("template", id));
    }
    Ok(found)
}

/// Finds a template that has a record.
fn find_own<'s>(actor: &Actor<'s>, id: &str) -> Result<&'s Template, Problem> {
    let found = find(actor, id)?.filter(|_| id != DEFAULT);
    found.ok_or_else(|| invalid("template", "is the default one, which is what it is; choose another one"))
}

/// Goes through the devices that name a template.
fn users<'s>(snapshot: &'s Snapshot, id: &str) -> impl Iterator<Item = Phone<'s>> + use<'s> {
    let id = id.to_owned();
    snapshot.phones().filter(move |phone| *phone.device.template == *id)
}

/// Gives the owner of a template.
fn owner<'s>(snapshot: &'s Snapshot, template: Option<&Template>) -> Option<Account<'s>> {
    match template.and_then(|template| template.owner.as_deref()) {
        Some(id) => Account::find(snapshot, id),
        None => Some(Account::Administrator),
    }
}

/// Finds a model and firmware of the catalog.
fn kind<'s>(
    snapshot: &'s Snapshot,
    model: &str,
    firmware: &str,
) -> Result<(&'s Model, &'s Firmware), Problem> {
    let catalog = &snapshot.world().catalog;
    let did_you_mean =
        |near: Option<&str>| near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let Some(found) = catalog.model(model) else {
        let near = did_you_mean(nearest(model, catalog.models().map(|known| &*known.id)));
        return Err(invalid("model", &format!("`{}` is not in the catalog{near}", model.escape_debug())));
    };
    let known = || found.firmwares.iter().map(|known| &*known.id);
    match found.firmwares.iter().find(|known| *known.id == *firmware) {
        Some(firmware) => Ok((found, firmware)),
        None => {
            let list = crate::document::one_of(&known().collect::<Vec<_>>());
            Err(invalid(
                "firmware",
                &format!("`{}` is none of `{model}`; write {list}", firmware.escape_debug()),
            ))
        }
    }
}
