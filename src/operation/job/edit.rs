//! Building, editing and deleting jobs.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{JobKind, JobOperation, check_id};
use crate::operation::account::{change, written};
use crate::operation::asked::{choice, invalid, new_record, required, taken, text};
use crate::operation::changes::changes;
use crate::operation::engine::{Applied, home};
use crate::operation::grant;
use crate::operation::job::{acting, find, references, show};
use crate::operation::record::{self, Secrets};
use crate::operation::{Caller, Code, Fields, Problem};
use crate::rights::Actor;

/// Builds a job.
pub(in crate::operation) fn add(
    draft: &mut Draft,
    actor: &Actor<'_>,
    caller: &Caller,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let snapshot = actor.snapshot();
    let fields = new_record(asked)?;
    is_not_counted(&fields)?;
    let id = required(&fields, "id", check_id)?.to_owned();
    let platform = required(&fields, "platform", check_id)?.to_owned();
    let word =
        text(&fields, "kind")?.ok_or_else(|| invalid("kind", "is missing; write on-demand or bulk"))?;
    let kind = choice("kind", word, JobKind::ALL)?;
    let word =
        text(&fields, "operation")?.ok_or_else(|| invalid("operation", "is missing; say what it does"))?;
    let operation = choice("operation", word, JobOperation::ALL)?;
    let permit = caller.job_rights(snapshot, &platform).add_job(kind, &id).map_err(|denial| {
        Problem::denied(denial, "provider or organization", &platform).of_field("platform")
    })?;
    if snapshot.job(&id).is_some() {
        return Err(taken("id", &id));
    }
    references::check(&acting(snapshot, &platform)?, operation, &fields)?;
    let (provider, organization) = home(snapshot, &platform);
    draft.add(&permit, &draft.place(provider, organization), &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(caller, id)))
}

/// Edits a job: what its fields say already is no change; anything else counts its version up.
pub(in crate::operation) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    caller: &Caller,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let snapshot = actor.snapshot();
    let (job, rights) = find(snapshot, caller, called)?;
    let permit = rights.edit_job(job).map_err(|denial| Problem::denied(denial, "job", called))?;
    is_not_counted(asked)?;
    let mut changes = changes(&record::job(job, Secrets::Write), asked, &defaults());
    for (key, cure) in [
        ("id", "names the job and stays; build another one instead"),
        ("kind", "stays, as grants list jobs by it; build another job instead"),
        ("platform", "stays, as grants are for jobs of one platform; build another job there"),
    ] {
        if changes.contains_key(key) {
            return Err(invalid(key, cure));
        }
    }
    let operation = match text(&changes, "operation")? {
        Some(word) => choice("operation", word, JobOperation::ALL)?,
        None => job.operation,
    };
    references::check(&acting(snapshot, &job.platform)?, operation, &changes)?;
    if !changes.is_empty() {
        let next = job.version.checked_add(1);
        let next = next.ok_or_else(|| Problem::new(Code::Conflict, "the job has been edited too often"))?;
        changes.insert("version".to_owned(), json!(next));
    }
    change(draft, actor, &permit, &changes)?;
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(caller, job.id.to_string())))
}

/// Deletes a job, and takes it off the lists of grants.
pub(in crate::operation) fn remove(
    draft: &mut Draft,
    actor: &Actor<'_>,
    caller: &Caller,
    called: &str,
) -> Result<Applied, Problem> {
    let (job, rights) = find(actor.snapshot(), caller, called)?;
    let permit = rights.remove_job(job).map_err(|denial| Problem::denied(denial, "job", called))?;
    let mut applied = Applied::removed(permit.record().clone(), permit.rule());
    applied.changes.extend(grant::forget_job(draft, actor, &permit)?);
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(applied)
}

fn is_not_counted(asked: &Fields) -> Result<(), Problem> {
    let counted = ["edition", "version"].into_iter().find(|key| asked.contains_key(*key));
    counted.map_or(Ok(()), |key| Err(invalid(key, "is counted by the server; leave it out")))
}

/// Shows the job as it is then, as far as the caller may see it.
fn shown(caller: &Caller, id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    let caller = caller.clone();
    move |actor| show(actor.snapshot(), &caller, &id).unwrap_or_default()
}

/// What a job's keys say where its record leaves them out.
fn defaults() -> [(&'static str, Value); 6] {
    [
        ("approval", json!(false)),
        ("columns", json!({})),
        ("fields", json!({})),
        ("name", json!("")),
        ("notes", json!("")),
        ("stop-on-error", json!(true)),
    ]
}
