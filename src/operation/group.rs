//! Operations on groups of logins, which are the administrator's.
//!
//! Promises: whoever is not the administrator is told of a group like of none; a group that is removed takes its grants
//! along, and a login that is removed leaves its groups.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{Group, RecordKind, RecordRef, check_id};
use crate::operation::account::{change, written};
use crate::operation::asked::{keeps_its_name, new_record, required, taken};
use crate::operation::changes::changes;
use crate::operation::engine::{Applied, Changed};
use crate::operation::grant;
use crate::operation::login;
use crate::operation::look::part;
use crate::operation::record;
use crate::operation::{Fields, Page, Problem, version};
use crate::rights::{Actor, Permit, Remove};

/// Lists groups, by id.
pub(super) fn list(actor: &Actor<'_>, page: Page) -> Result<Value, Problem> {
    actor.see_grants().map_err(|denial| Problem::denied(denial, "group", ""))?;
    let mut groups: Vec<&Group> = actor.snapshot().groups().collect();
    groups.sort_by_key(|group| &group.id);
    Ok(part(&groups, page, |group| Value::Object(record::group(group))))
}

/// Shows a group with its grants.
pub(super) fn show(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    let group = find(actor, called)?;
    let mut fields = record::group(group);
    let name = RecordRef::new(RecordKind::Group, &group.id);
    fields.entry("logins").or_insert_with(|| json!([]));
    fields.insert("grants".to_owned(), grant::held(actor, &name));
    fields.insert("version".to_owned(), json!(version(actor.snapshot(), &name)));
    Ok(Value::Object(fields))
}

/// Adds a group.
pub(super) fn add(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let fields = new_record(asked)?;
    let id = required(&fields, "id", check_id)?.to_owned();
    let permit = actor.add_group(&id).map_err(|denial| Problem::denied(denial, "group", &id))?;
    if actor.snapshot().group(&id).is_some() {
        return Err(taken("id", &id));
    }
    draft.add(&permit, &draft.place(None, None), &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(id)))
}

/// Changes a group: what its fields say already is no change.
pub(super) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let group = find(actor, called)?;
    let changes = changes(&record::group(group), asked, &[("logins", json!([])), ("name", json!(""))]);
    keeps_its_name(&changes, "id")?;
    changed(draft, actor, group, &changes)
}

/// Removes a group with its grants.
pub(super) fn remove(draft: &mut Draft, actor: &Actor<'_>, called: &str) -> Result<Applied, Problem> {
    let group = find(actor, called)?;
    let permit = actor.remove_group(group).map_err(|denial| Problem::denied(denial, "group", called))?;
    let mut applied = Applied::removed(permit.record().clone(), permit.rule());
    applied.changes.extend(grant::remove_held(draft, actor, &permit)?);
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(applied)
}

/// Puts a login into a group; one that is in it already stays.
pub(super) fn join(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    login: &str,
) -> Result<Applied, Problem> {
    let group = find(actor, called)?;
    let login = login::find(actor, login).map_err(|problem| problem.of_field("login"))?;
    let mut logins = members(group);
    if !logins.contains(&&*login.id) {
        logins.push(&login.id);
    }
    changed(draft, actor, group, &logins_changed(group, &logins))
}

/// Takes a login out of a group; one that is not in it stays out.
pub(super) fn leave(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    login: &str,
) -> Result<Applied, Problem> {
    let group = find(actor, called)?;
    let login = login::find(actor, login).map_err(|problem| problem.of_field("login"))?;
    let left: Vec<&str> = members(group).into_iter().filter(|id| *id != login.id).collect();
    changed(draft, actor, group, &logins_changed(group, &left))
}

/// Takes a login that is removed out of every group that it is in.
pub(super) fn forget_login(
    draft: &mut Draft,
    actor: &Actor<'_>,
    removal: &Permit<Remove>,
) -> Result<Vec<Changed>, Problem> {
    let mut forgotten = Vec::new();
    for group in actor.snapshot().groups() {
        if let Some(permit) = actor.leave_group(removal, group) {
            let left = members(group).into_iter().filter(|id| **id != *removal.record().key);
            change(draft, actor, &permit, &logins_changed(group, &left.collect::<Vec<_>>()))?;
            let record = permit.record().clone();
            forgotten.push(Changed { before: Some(record.clone()), after: Some(record) });
        }
    }
    Ok(forgotten)
}

fn members(group: &Group) -> Vec<&str> {
    group.logins.iter().map(|id| &**id).collect()
}

/// Gives the change that leaves a group with these logins.
fn logins_changed(group: &Group, logins: &[&str]) -> Fields {
    let asked = Fields::from_iter([("logins".to_owned(), json!(logins))]);
    changes(&record::group(group), &asked, &[("logins", json!([]))])
}

fn changed(
    draft: &mut Draft,
    actor: &Actor<'_>,
    group: &Group,
    changes: &Fields,
) -> Result<Applied, Problem> {
    let permit = actor.edit_group(group).map_err(|denial| Problem::denied(denial, "group", &group.id))?;
    change(draft, actor, &permit, changes)?;
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(group.id.to_string())))
}

/// Finds a group, which the administrator alone sees.
pub(super) fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<&'s Group, Problem> {
    let found = actor.snapshot().group(called).filter(|_| actor.see_grants().is_ok());
    found.ok_or_else(|| Problem::not_found("group", called))
}

/// Shows the group as it is then.
fn shown(id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| show(actor, &id).unwrap_or_default()
}
