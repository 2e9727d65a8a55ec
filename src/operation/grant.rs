//! Operations on grants, which are the administrator's: who may do what with the jobs of a platform.
//!
//! Promises: whoever is not the administrator is told of a grant like of none; a grant goes with the login or group that
//! holds it, and a job that is removed is on no list any more; what one switch makes needless is kept.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{Grant, Holder, Job, JobKind, RecordKind, RecordRef, check_id};
use crate::operation::account::{change, find as find_account, written};
use crate::operation::asked::{invalid, keeps_its_name, new_record, required, taken, text};
use crate::operation::changes::changes;
use crate::operation::engine::{Applied, Changed};
use crate::operation::look::part;
use crate::operation::record;
use crate::operation::{Code, Fields, Page, Problem, group, login, version};
use crate::rights::{Actor, Kind, Permit, Remove};

/// Whose grants to list: of a login and its groups, or of a group; of everybody where neither is named.
pub(super) struct Of<'q> {
    pub(super) login: Option<&'q str>,
    pub(super) group: Option<&'q str>,
}

/// Lists grants, by platform and then id.
pub(super) fn list(
    actor: &Actor<'_>,
    of: &Of<'_>,
    platform: Option<&str>,
    page: Page,
) -> Result<Value, Problem> {
    actor.see_grants().map_err(|denial| Problem::denied(denial, "grant", ""))?;
    let named = |key: &'static str| move |problem: Problem| problem.of_field(key);
    let login = of.login.map(|id| login::find(actor, id).map_err(named("login"))).transpose()?;
    let group = of.group.map(|id| group::find(actor, id).map_err(named("group"))).transpose()?;
    let platform = platform.map(|id| find_platform(actor, id)).transpose()?;
    let wanted = |grant: &&Grant| {
        login.is_none_or(|login| is_for(actor, grant, &login.id))
            && group.is_none_or(|group| matches!(&grant.holder, Holder::Group(id) if **id == *group.id))
            && platform.is_none_or(|platform| *grant.platform == *platform)
    };
    let mut grants: Vec<&Grant> = actor.snapshot().grants().filter(wanted).collect();
    grants.sort_by_key(|grant| (&grant.platform, &grant.id));
    Ok(part(&grants, page, |grant| told(grant)))
}

/// Shows a grant.
pub(super) fn show(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    let grant = find(actor, called)?;
    let mut fields = record::grant(grant);
    let record = RecordRef::new(RecordKind::Grant, &grant.id);
    for switch in SWITCHES {
        fields.entry(*switch).or_insert(Value::Bool(false));
    }
    for list in LISTS {
        fields.entry(*list).or_insert_with(|| json!([]));
    }
    fields.insert("version".to_owned(), json!(version(actor.snapshot(), &record)));
    Ok(Value::Object(fields))
}

fn told(grant: &Grant) -> Value {
    Value::Object(record::grant(grant))
}

/// Gives the grants that a login or a group itself holds, by platform.
pub(super) fn held(actor: &Actor<'_>, holder: &RecordRef) -> Value {
    let is_held = |grant: &&Grant| is_held_by(grant, holder);
    let mut grants: Vec<&Grant> = actor.snapshot().grants().filter(is_held).collect();
    grants.sort_by_key(|grant| (&grant.platform, &grant.id));
    grants.into_iter().map(told).collect()
}

fn is_held_by(grant: &Grant, holder: &RecordRef) -> bool {
    match &grant.holder {
        Holder::Login(id) => holder.kind == RecordKind::Login && **id == *holder.key,
        Holder::Group(id) => holder.kind == RecordKind::Group && **id == *holder.key,
    }
}

/// Tells whether a grant is for a login: its own, or of a group that it is in.
fn is_for(actor: &Actor<'_>, grant: &Grant, login: &str) -> bool {
    match &grant.holder {
        Holder::Login(id) => **id == *login,
        Holder::Group(id) => {
            let group = actor.snapshot().group(id);
            group.is_some_and(|group| group.logins.iter().any(|member| **member == *login))
        }
    }
}

/// Adds a grant; where no id is given, one is made of who holds it and the platform.
pub(super) fn add(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let denied = |denial| Problem::denied(denial, "grant", "");
    actor.see_grants().map_err(denied)?;
    let mut fields = new_record(asked)?;
    let holder = match (text(&fields, "login")?, text(&fields, "group")?) {
        (Some(id), None) => {
            let login = login::find(actor, id).map_err(|problem| problem.of_field("login"))?;
            RecordRef::new(RecordKind::Login, &login.id)
        }
        (None, Some(id)) => {
            let group = group::find(actor, id).map_err(|problem| problem.of_field("group"))?;
            RecordRef::new(RecordKind::Group, &group.id)
        }
        (Some(_), Some(_)) => {
            return Err(invalid("group", "and `login` are both there; write one grant for each of them"));
        }
        (None, None) => return Err(invalid("login", "is missing; say which `login` or `group` holds it")),
    };
    let platform = text(&fields, "platform")?;
    let platform =
        platform.ok_or_else(|| invalid("platform", "is missing; name a provider or organization"))?;
    let platform = find_platform(actor, platform)?.to_owned();
    let is_twin = |grant: &&Grant| is_held_by(grant, &holder) && *grant.platform == *platform;
    if let Some(twin) = actor.snapshot().grants().find(is_twin) {
        let (kind, key) = (holder.kind.word(), &holder.key);
        let message =
            format!("grant `{}` is for {kind} `{key}` and `{platform}` already; edit that one", twin.id);
        return Err(Problem::new(Code::Conflict, message).of_field("platform"));
    }
    if text(&fields, "id")?.is_none() {
        let id = free_id(actor, &holder.key, &platform);
        fields.insert("id".to_owned(), Value::String(id));
    }
    let id = required(&fields, "id", check_id)?.to_owned();
    if actor.snapshot().grant(&id).is_some() {
        return Err(taken("id", &id));
    }
    are_jobs(actor, &fields, &platform, |_| false)?;
    let permit = actor.add_grant(&id).map_err(denied)?;
    draft.add(&permit, &draft.place(None, None), &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(id)))
}

/// Makes an id of a holder and a platform that no grant has.
fn free_id(actor: &Actor<'_>, holder: &str, platform: &str) -> String {
    let cut = |text: &str| text.chars().take(28).collect::<String>();
    let id = format!("{}.{}", cut(holder), cut(platform));
    let numbered = (2..).map(|number: u32| format!("{id}.{number}"));
    let mut ids = std::iter::once(id.clone()).chain(numbered);
    ids.find(|id| actor.snapshot().grant(id).is_none()).unwrap_or(id)
}

/// Changes a grant: what its fields say already is no change; who holds it and its platform stay.
pub(super) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let grant = find(actor, called)?;
    let changes = changes(&record::grant(grant), asked, &defaults());
    for key in ["id", "login", "group", "platform"] {
        keeps_its_name(&changes, key)?;
    }
    let is_listed =
        |id: &str| grant.bulk_jobs.iter().chain(&grant.on_demand_jobs).any(|listed| **listed == *id);
    are_jobs(actor, &changes, &grant.platform, is_listed)?;
    changed(draft, actor, grant, &changes)
}

/// Takes a grant back.
pub(super) fn remove(draft: &mut Draft, actor: &Actor<'_>, called: &str) -> Result<Applied, Problem> {
    let grant = find(actor, called)?;
    let permit = actor.remove_grant(grant).map_err(|denial| Problem::denied(denial, "grant", called))?;
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(Applied::removed(permit.record().clone(), permit.rule()))
}

/// Puts a job on the list of its kind; one that is there already stays.
pub(super) fn permit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    job: &str,
) -> Result<Applied, Problem> {
    let grant = find(actor, called)?;
    let job = find_job(actor, &grant.platform, job).map_err(|problem| problem.of_field("job"))?;
    let (key, list) = match job.kind {
        JobKind::Bulk => ("bulk-jobs", &grant.bulk_jobs),
        JobKind::OnDemand => ("on-demand-jobs", &grant.on_demand_jobs),
    };
    let mut list: Vec<&str> = list.iter().map(|id| &**id).collect();
    if !list.contains(&job.id.as_str()) {
        list.push(&job.id);
    }
    let asked = Fields::from_iter([(key.to_owned(), json!(list))]);
    changed(draft, actor, grant, &changes(&record::grant(grant), &asked, &defaults()))
}

/// Takes a job off the lists; one that is on none stays off, and one that is no job any more can be taken off, too.
pub(super) fn revoke(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    job: &str,
) -> Result<Applied, Problem> {
    let grant = find(actor, called)?;
    let is_listed = grant.bulk_jobs.iter().chain(&grant.on_demand_jobs).any(|id| **id == *job);
    if !is_listed && actor.snapshot().job(job).is_none() {
        return Err(Problem::not_found("job", job).of_field("job"));
    }
    changed(draft, actor, grant, &without(grant, job))
}

/// Removes the grants of a login or a group that is removed.
pub(super) fn remove_held(
    draft: &mut Draft,
    actor: &Actor<'_>,
    removal: &Permit<Remove>,
) -> Result<Vec<Changed>, Problem> {
    let mut removed = Vec::new();
    for grant in actor.snapshot().grants() {
        if let Some(permit) = actor.lose_grant(removal, grant) {
            let at = written(actor, &permit)?;
            draft.remove(&permit, &at)?;
            removed.push(Changed { before: Some(permit.record().clone()), after: None });
        }
    }
    Ok(removed)
}

/// Takes a job that is removed out of the lists of every grant.
pub(super) fn forget_job(
    draft: &mut Draft,
    actor: &Actor<'_>,
    removal: &Permit<Remove>,
) -> Result<Vec<Changed>, Problem> {
    let mut forgotten = Vec::new();
    for grant in actor.snapshot().grants() {
        if let Some(permit) = actor.forget_job(removal, grant) {
            change(draft, actor, &permit, &without(grant, &removal.record().key))?;
            let record = permit.record().clone();
            forgotten.push(Changed { before: Some(record.clone()), after: Some(record) });
        }
    }
    Ok(forgotten)
}

/// Gives the change that takes a job off the lists of a grant.
fn without(grant: &Grant, job: &str) -> Fields {
    let mut asked = Fields::new();
    for (key, list) in [("bulk-jobs", &grant.bulk_jobs), ("on-demand-jobs", &grant.on_demand_jobs)] {
        let left: Vec<&str> = list.iter().map(|id| &**id).filter(|id| *id != job).collect();
        asked.insert(key.to_owned(), json!(left));
    }
    changes(&record::grant(grant), &asked, &defaults())
}

fn changed(
    draft: &mut Draft,
    actor: &Actor<'_>,
    grant: &Grant,
    changes: &Fields,
) -> Result<Applied, Problem> {
    let permit = actor.edit_grant(grant).map_err(|denial| Problem::denied(denial, "grant", &grant.id))?;
    change(draft, actor, &permit, changes)?;
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(grant.id.to_string())))
}

/// Refuses names on a new list that are no job of its kind and platform; those that are known already stay.
fn are_jobs(
    actor: &Actor<'_>,
    fields: &Fields,
    platform: &str,
    is_known: impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    for (key, kind) in [("bulk-jobs", JobKind::Bulk), ("on-demand-jobs", JobKind::OnDemand)] {
        let listed = fields.get(key).and_then(Value::as_array).into_iter().flatten();
        for id in listed.filter_map(Value::as_str).filter(|id| !is_known(id)) {
            let job = find_job(actor, platform, id).map_err(|problem| problem.of_field(key))?;
            if job.kind != kind {
                let (is, takes) = (job.kind.word(), kind.word());
                return Err(invalid(key, &format!("takes {takes} jobs, and `{id}` is an {is} one")));
            }
        }
    }
    Ok(())
}

fn find_job<'s>(actor: &Actor<'s>, platform: &str, called: &str) -> Result<&'s Job, Problem> {
    let job = actor.snapshot().job(called).ok_or_else(|| Problem::not_found("job", called))?;
    if *job.platform == *platform {
        return Ok(job);
    }
    let of = &job.platform;
    let message = format!("job `{}` is of `{of}`, and the grant is for `{platform}`; choose another", job.id);
    Err(Problem::new(Code::Invalid, message))
}

/// Finds a provider or organization.
fn find_platform<'s>(actor: &Actor<'s>, called: &str) -> Result<&'s str, Problem> {
    let found = find_account(actor, called).map_err(|problem| problem.of_field("platform"))?;
    if matches!(found.kind(), Kind::Provider | Kind::Organization) {
        return Ok(found.id());
    }
    Err(invalid("platform", &format!("is a provider or an organization, and `{}` is neither", found.id())))
}

/// Finds a grant, which the administrator alone sees.
fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<&'s Grant, Problem> {
    let found = actor.snapshot().grant(called).filter(|_| actor.see_grants().is_ok());
    found.ok_or_else(|| Problem::not_found("grant", called))
}

/// Shows the grant as it is then.
fn shown(id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| show(actor, &id).unwrap_or_default()
}

const SWITCHES: &[&str] = &["bulk-admin", "on-demand-admin", "provisioning", "provisioning-administrator"];

const LISTS: &[&str] = &["bulk-jobs", "on-demand-jobs"];

/// What a grant's keys say where its record leaves them out.
fn defaults() -> Vec<(&'static str, Value)> {
    let switches = SWITCHES.iter().map(|key| (*key, Value::Bool(false)));
    switches.chain(LISTS.iter().map(|key| (*key, json!([])))).collect()
}
