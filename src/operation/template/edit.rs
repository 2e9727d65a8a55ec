//! Adding, changing and removing templates.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{TEXT_MAX, Template, Visibility, check_id};
use crate::operation::account::written;
use crate::operation::asked::{choice, invalid, keeps_its_name, new_record, only, required, taken, text};
use crate::operation::changes::{changes, keys};
use crate::operation::engine::{Applied, home};
use crate::operation::record;
use crate::operation::template::{DEFAULT, find_own, owner, show, users};
use crate::operation::{Code, Fields, Problem};
use crate::rights::{Account, Actor, Kind};

/// Keys of a template that are not its equipment.
const KEYS: &[&str] = &["id", "name", "owner", "visibility"];

/// Adds a template without equipment; without an owner it is the actor's.
pub(in crate::operation) fn add(
    draft: &mut Draft,
    actor: &Actor<'_>,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let mut fields = new_record(asked)?;
    only(&fields, KEYS)?;
    let snapshot = actor.snapshot();
    let id = required(&fields, "id", check_id)?.to_owned();
    let owned = match text(&fields, "owner")? {
        Some(named) => {
            let found = Account::find(snapshot, named).filter(|account| actor.see_account(*account).is_ok());
            found.ok_or_else(|| Problem::not_found("account", named).of_field("owner"))?
        }
        None => actor.account(),
    };
    let visibility = match text(&fields, "visibility")? {
        Some(word) => choice("visibility", word, Visibility::ALL)?,
        None => narrowest(owned.kind()),
    };
    let denied = |denial| Problem::denied(denial, "account", owned.id());
    let permit = actor.add_template(owned, visibility, &id).map_err(denied)?;
    let name = name(&fields)?.ok_or_else(|| invalid("name", "is missing"))?;
    is_free(actor, owned.id(), name, None)?;
    if id == DEFAULT || snapshot.template(&id).is_some() {
        return Err(taken("id", &id));
    }
    if owned.kind() == Kind::Administrator {
        fields.remove("owner");
    } else {
        fields.insert("owner".to_owned(), json!(owned.id()));
    }
    fields.insert("visibility".to_owned(), json!(visibility.word()));
    let (provider, organization) = home(snapshot, owned.id());
    draft.add(&permit, &draft.place(provider, organization), &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(id)))
}

/// Changes a template's name or visibility; the administrator may give it to another owner.
pub(in crate::operation) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    id: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let template = find_own(actor, id)?;
    only(asked, KEYS)?;
    let changes = changes(&record::template(template), asked, &[("owner", json!("administrator"))]);
    let visibility = text(&changes, "visibility")?;
    let visibility = visibility.map(|word| choice("visibility", word, Visibility::ALL)).transpose()?;
    let keys = keys(&changes);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let permit = actor.edit_template(template, &keys, visibility);
    let permit = permit.map_err(|denial| Problem::denied(denial, "template", id))?;
    keeps_its_name(&changes, "id")?;
    if changes.get("name").is_some_and(Value::is_null) {
        return Err(invalid("name", "is missing; a template needs one"));
    }
    let mut next = template.clone();
    next.visibility = match (visibility, changes.get("visibility")) {
        (Some(visibility), _) => visibility,
        (None, Some(_)) => Visibility::default(),
        (None, None) => template.visibility,
    };
    if changes.contains_key("owner") {
        let named = text(&changes, "owner")?.filter(|named| *named != "administrator");
        next.owner = named.map(Into::into);
    }
    let Some(owned) = owner(actor.snapshot(), Some(&next)) else {
        return Err(
            Problem::not_found("account", next.owner.as_deref().unwrap_or_default()).of_field("owner")
        );
    };
    let named = name(&changes)?.unwrap_or(&template.name);
    is_free(actor, owned.id(), named, Some(id))?;
    stays_in_sight(actor, template, &next)?;
    if !changes.is_empty() {
        draft.change(&permit, &written(actor, &permit)?, &changes)?;
    }
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(id.to_owned())))
}

/// Removes a template that no device uses.
pub(in crate::operation) fn remove(
    draft: &mut Draft,
    actor: &Actor<'_>,
    id: &str,
) -> Result<Applied, Problem> {
    let template = find_own(actor, id)?;
    let permit = actor.remove_template(template);
    let permit = permit.map_err(|denial| Problem::denied(denial, "template", id))?;
    let used = users(actor.snapshot(), id).count();
    if used > 0 {
        return Err(in_use(&format!("template `{id}`"), used));
    }
    draft.remove(&permit, &written(actor, &permit)?)?;
    Ok(Applied::removed(permit.record().clone(), permit.rule()))
}

/// Says that devices use something.
pub(super) fn in_use(what: &str, devices: usize) -> Problem {
    let (use_it, them) = if devices == 1 { ("device uses", "it") } else { ("devices use", "them") };
    let message = format!("{devices} {use_it} {what}; give {them} another template first");
    Problem::new(Code::Conflict, message)
}

/// Shows the template as it is then.
pub(super) fn shown(id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| show(actor, &id).unwrap_or_default()
}

/// Gives the least visibility that a kind of owner can choose.
fn narrowest(owner: Kind) -> Visibility {
    match owner {
        Kind::Administrator => Visibility::Administrator,
        Kind::Provider => Visibility::Provider,
        Kind::Organization | Kind::User | Kind::Extension => Visibility::Organization,
    }
}

fn name(fields: &Fields) -> Result<Option<&str>, Problem> {
    let name = text(fields, "name")?;
    if name.is_some_and(|name| name.chars().count() > TEXT_MAX || name.contains(char::is_control)) {
        return Err(invalid("name", &format!("is longer than {TEXT_MAX} characters, or more than a line")));
    }
    Ok(name)
}

/// Checks that no other template of an owner has a name.
fn is_free(actor: &Actor<'_>, owner: &str, name: &str, but: Option<&str>) -> Result<(), Problem> {
    let is_same = |other: &Template| {
        other.owner.as_deref().unwrap_or("administrator") == owner
            && other.name.eq_ignore_ascii_case(name)
            && but != Some(other.id.as_str())
    };
    if actor.snapshot().templates().any(is_same) {
        return Err(taken("name", name));
    }
    Ok(())
}

/// Checks that the owners of all devices that use a template see it as it would be, if they did before.
fn stays_in_sight(actor: &Actor<'_>, before: &Template, after: &Template) -> Result<(), Problem> {
    if (before.visibility, &before.owner) == (after.visibility, &after.owner) {
        return Ok(());
    }
    let snapshot = actor.snapshot();
    let holder = |id: Option<&str>| match id {
        Some(id) => Account::find(snapshot, id),
        None => Some(Account::Administrator),
    };
    let sees = |template: &Template, holder: Account<'_>| {
        let mut account = holder;
        while let Account::User(_) | Account::Extension(_) = account {
            match account.parent(snapshot) {
                Some(above) => account = above,
                None => break,
            }
        }
        let owner = template.owner.as_deref().unwrap_or("administrator");
        account.id() == owner
            || match account {
                Account::Provider(_) => {
                    owner == "administrator" && template.visibility >= Visibility::Provider
                }
                Account::Organization(organization) => {
                    let from_above = owner == "administrator" || *organization.provider == *owner;
                    from_above && template.visibility == Visibility::Organization
                }
                // The administrator's devices are for whoever they are assigned to.
                _ => true,
            }
    };
    let lose = users(snapshot, &before.id).filter(|phone| {
        holder(phone.device.owner.as_deref())
            .is_some_and(|holder| sees(before, holder) && !sees(after, holder))
    });
    match lose.count() {
        0 => Ok(()),
        devices => {
            let key = if before.owner == after.owner { "visibility" } else { "owner" };
            let what = format!("template `{}` and would lose sight of it", before.id);
            Err(in_use(&what, devices).of_field(key))
        }
    }
}
