//! Adding, changing and removing accounts, and setting levels.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{Level, check_id};
use crate::operation::account::show::KINDS;
use crate::operation::account::{dependants, find, show};
use crate::operation::asked::{choice, invalid, keeps_its_name, level, new_record, required, taken, text};
use crate::operation::changes::{changes, keys};
use crate::operation::engine::{Applied, home};
use crate::operation::record::{self, Secrets};
use crate::operation::{Fields, Problem};
use crate::rights::{Account, Actor, Change, Kind, Permit};

/// Adds a provider, organization or user.
///
/// Where the parent is not named it is the actor, if accounts of that kind are right below it.
pub(in crate::operation) fn add(
    draft: &mut Draft,
    actor: &Actor<'_>,
    kind: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let kind = choice("kind", kind, KINDS)?;
    let mut fields = new_record(asked)?;
    let parent = match kind {
        Kind::Organization => below(actor, &mut fields, Kind::Provider)?,
        Kind::User => below(actor, &mut fields, Kind::Organization)?,
        _ => Account::Administrator,
    };
    let id = required(&fields, "id", check_id)?.to_owned();
    let permit = actor.add_account(kind, parent, &id);
    let permit = permit.map_err(|denial| Problem::denied(denial, "account", parent.id()))?;
    let begins_on = level(text(&fields, "provisioning")?)?;
    actor.new_level(begins_on).map_err(|denial| Problem::denied(denial, "account", &id))?;
    if Account::find(actor.snapshot(), &id).is_some() {
        return Err(taken("id", &id));
    }
    let (provider, organization) = match kind {
        Kind::Provider => (Some(id.as_str()), None),
        Kind::Organization => (home(actor.snapshot(), parent.id()).0, Some(id.as_str())),
        _ => home(actor.snapshot(), parent.id()),
    };
    draft.add(&permit, &draft.place(provider, organization), &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(id)))
}

/// Finds the account that a new one is to be below.
fn below<'s>(actor: &Actor<'s>, fields: &mut Fields, kind: Kind) -> Result<Account<'s>, Problem> {
    let key = kind.word();
    if text(fields, key)?.is_none() {
        if actor.account().kind() != kind {
            return Err(invalid(key, "is missing; say which one it is below"));
        }
        fields.insert(key.to_owned(), json!(actor.account().id()));
    }
    let id = text(fields, key)?.unwrap_or_default();
    let found = find(actor, id).ok().filter(|account| account.kind() == kind);
    found.ok_or_else(|| Problem::not_found(key, id).of_field(key))
}

/// Changes an account: what its fields say already is no change.
pub(in crate::operation) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let account = find(actor, called)?;
    let denied = |denial| Problem::denied(denial, "account", called);
    let known = account.record().filter(|_| account.kind() != Kind::Extension);
    let Some(record) = known else {
        let why = if account.kind() == Kind::Extension { "is an extension" } else { "has no record" };
        return Err(invalid("account", &format!("{why}; there is nothing to edit here")));
    };
    let fields = record::of(actor.snapshot(), &record, Secrets::Write).unwrap_or_default();
    let changes = changes(&fields, asked, &defaults());
    let keys = keys(&changes);
    let keys: Vec<&str> = keys.iter().map(|key| key.split('.').next().unwrap_or(key)).collect();
    let permit = actor.edit_account(account, &keys).map_err(denied)?;
    keeps_its_name(&changes, "id")?;
    let mut moved = Vec::new();
    for kind in [Kind::Provider, Kind::Organization] {
        if let Some(to) = changes.get(kind.word()) {
            moved = move_below(draft, actor, account, kind, to)?;
        }
    }
    if changes.contains_key("provisioning") {
        let new = level(text(&changes, "provisioning")?)?;
        actor.set_level(account, new).map_err(denied)?;
    }
    change(draft, actor, &permit, &changes)?;
    let mut applied = Applied::changed(record, permit.rule(), shown(account.id().to_owned()));
    for (device, name) in moved {
        applied = applied.warning(format!("device `{name}` lost its lines of the user that moved"));
        applied.changes.push(device);
    }
    Ok(applied)
}

/// Checks that an account can be below another one; gives the devices that lose their lines by it.
fn move_below(
    draft: &mut Draft,
    actor: &Actor<'_>,
    account: Account<'_>,
    kind: Kind,
    to: &Value,
) -> Result<Vec<(crate::operation::engine::Changed, String)>, Problem> {
    let key = kind.word();
    let id = to.as_str().unwrap_or_default();
    let parent = find(actor, id).ok().filter(|account| account.kind() == kind);
    let parent = parent.ok_or_else(|| Problem::not_found(key, id).of_field(key))?;
    dependants::stay_valid(actor, account, parent).map_err(|problem| problem.of_field(key))?;
    if kind == Kind::Organization { dependants::clear_lines(draft, actor, account) } else { Ok(Vec::new()) }
}

/// Removes an account that nothing hangs on.
pub(in crate::operation) fn remove(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
) -> Result<Applied, Problem> {
    let account = find(actor, called)?;
    if account.kind() == Kind::Extension {
        return Err(invalid("account", "is an extension; remove it as one, so that its line is cleared"));
    }
    let permit =
        actor.remove_account(account).map_err(|denial| Problem::denied(denial, "account", called))?;
    dependants::are_none(actor, account)?;
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(Applied::removed(permit.record().clone(), permit.rule()))
}

/// Sets the level of an account or extension; null has an extension inherit its user's.
pub(in crate::operation) fn set_level(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    word: Option<&str>,
) -> Result<Applied, Problem> {
    let account = find(actor, called)?;
    let level = level(word)?;
    let permit =
        actor.set_level(account, level).map_err(|denial| Problem::denied(denial, "account", called))?;
    let level = if account.kind() == Kind::Extension { level } else { Some(level.unwrap_or_default()) };
    let asked = Fields::from_iter([("provisioning".to_owned(), json!(level.map(Level::word)))]);
    let fields = record::of(actor.snapshot(), permit.record(), Secrets::Write).unwrap_or_default();
    change(draft, actor, &permit, &changes(&fields, &asked, &[]))?;
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(account.id().to_owned())))
}

/// Drafts a change; one that changes nothing touches nothing.
pub(in crate::operation) fn change(
    draft: &mut Draft,
    actor: &Actor<'_>,
    permit: &Permit<Change>,
    changes: &Fields,
) -> Result<(), Problem> {
    if changes.is_empty() {
        return Ok(());
    }
    let at = written(actor, permit)?;
    Ok(draft.change(permit, &at, changes)?)
}

/// Gives the document that a permit's record is in.
pub(in crate::operation) fn written<A: crate::rights::Act>(
    actor: &Actor<'_>,
    permit: &Permit<A>,
) -> Result<std::path::PathBuf, Problem> {
    let at = actor.snapshot().written_at(permit.record()).map(|(path, _)| path.to_owned());
    at.ok_or_else(|| Problem::not_found(permit.record().kind.word(), &permit.record().key))
}

/// Shows the account as it is then.
fn shown(id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| show(actor, &id).unwrap_or_default()
}

/// What an account's keys say where its record leaves them out.
fn defaults() -> [(&'static str, Value); 5] {
    [
        ("provisioning", json!("none")),
        ("raw", json!({})),
        ("roles-management", json!(true)),
        ("settings", json!({})),
        ("sip-management", json!(true)),
    ]
}
