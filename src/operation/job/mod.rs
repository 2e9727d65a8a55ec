//! Operations on jobs: who builds, edits, deletes and sees them, and the form that a run fills in.
//!
//! Promises: rights come from grants alone; whoever is only permitted to run a job is told its name and form, and of a
//! job that it may not run the same as of none; each edit counts the job's version up; a definition that no run could
//! follow changes nothing. What can be wrong with a definition, the snapshot checks, as it does with the files.

mod choices;
mod edit;
mod form;
mod references;

pub(super) use self::choices::list as choices;
pub(super) use self::edit::{add, edit, remove};
pub use self::form::form as job_form;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::{Job, JobKind, JobOperation, RecordKind, RecordRef};
use crate::operation::asked::choice;
use crate::operation::look::part;
use crate::operation::record::{self, Secrets};
use crate::operation::{Caller, Code, Fields, JobFilter, Page, Problem, version};
use crate::rights::{Account, Actor, JobRights, JobSight};
use crate::snapshot::Snapshot;

/// Lists the jobs that a caller sees, by platform, name and id.
pub(super) fn list(
    snapshot: &Snapshot,
    caller: &Caller,
    filter: &JobFilter,
    page: Page,
) -> Result<Value, Problem> {
    let kind = filter.kind.as_deref().map(|word| choice("kind", word, JobKind::ALL)).transpose()?;
    let operation = filter.operation.as_deref();
    let operation = operation.map(|word| choice("operation", word, JobOperation::ALL)).transpose()?;
    let asked = |job: &&Job| {
        filter.platform.as_deref().is_none_or(|platform| *job.platform == *platform)
            && kind.is_none_or(|kind| job.kind == kind)
            && operation.is_none_or(|operation| job.operation == operation)
    };
    let mut rights: HashMap<&str, JobRights<'_>> = HashMap::new();
    let mut rows: Vec<(&Job, JobSight, bool)> = Vec::new();
    for job in snapshot.jobs().filter(asked) {
        let rights =
            rights.entry(&job.platform).or_insert_with(|| caller.job_rights(snapshot, &job.platform));
        let may_run = rights.may_run(job);
        if let Some(sight) = rights.sight(job).filter(|_| may_run || !filter.runnable) {
            rows.push((job, sight, may_run));
        }
    }
    rows.sort_by_key(|(job, ..)| (&job.platform, &job.name, &job.id));
    Ok(part(&rows, page, |(job, sight, may_run)| Value::Object(row(job, *sight, *may_run))))
}

/// Shows a job: all of it to those who administer its kind, its name and what it is for to those who run it.
pub(super) fn show(snapshot: &Snapshot, caller: &Caller, called: &str) -> Result<Value, Problem> {
    let (job, rights) = find(snapshot, caller, called)?;
    let sight = rights.sight(job).unwrap_or(JobSight::Form);
    let mut told = row(job, sight, rights.may_run(job));
    if sight == JobSight::Whole {
        told.extend(record::job(job, Secrets::Mask));
        told.insert("edition".to_owned(), json!(job.version));
        told.insert("stop-on-error".to_owned(), json!(job.stop_on_error));
        told.insert("editable".to_owned(), json!(rights.may_edit(job.kind)));
        told.insert("removable".to_owned(), json!(rights.may_delete(job.kind)));
        // Of every record `version` is what an edit was made for; the job's own number counts its editions.
        told.insert("version".to_owned(), json!(version(snapshot, &record_of(job))));
    }
    Ok(Value::Object(told))
}

/// Gives the form of a job that the caller sees.
pub(super) fn show_form(snapshot: &Snapshot, caller: &Caller, called: &str) -> Result<Value, Problem> {
    let (job, _) = find(snapshot, caller, called)?;
    Ok(form::form(&platform(snapshot, job)?, job))
}

fn row(job: &Job, sight: JobSight, may_run: bool) -> Fields {
    let mut told = Fields::new();
    let mut put = |key: &str, value: Value| told.insert(key.to_owned(), value);
    put("id", json!(job.id.as_str()));
    put("name", json!(job.name.as_str()));
    put("notes", json!(job.notes.as_str()));
    put("kind", json!(job.kind.word()));
    put("platform", json!(&*job.platform));
    put("approval", json!(job.approval));
    put("runnable", json!(may_run));
    if sight == JobSight::Whole {
        put("operation", json!(job.operation.word()));
        put("edition", json!(job.version));
    }
    told
}

/// Finds a job that the caller sees, with what it may do with it.
fn find<'s>(
    snapshot: &'s Snapshot,
    caller: &Caller,
    called: &str,
) -> Result<(&'s Job, JobRights<'s>), Problem> {
    let hidden = || Problem::not_found("job", called);
    let job = snapshot.job(called).ok_or_else(hidden)?;
    let rights = caller.job_rights(snapshot, &job.platform);
    if rights.may_see(job) { Ok((job, rights)) } else { Err(hidden()) }
}

/// Has the platform of a job act as the job's runs do.
fn platform<'s>(snapshot: &'s Snapshot, job: &Job) -> Result<Actor<'s>, Problem> {
    acting(snapshot, &job.platform)
}

fn acting<'s>(snapshot: &'s Snapshot, platform: &str) -> Result<Actor<'s>, Problem> {
    let gone = || {
        let message = format!("there is no provider or organization `{}`", platform.escape_debug());
        Problem::new(Code::Invalid, message).of_field("platform")
    };
    let account = Account::find(snapshot, platform).ok_or_else(gone)?;
    Actor::granted(snapshot, account).map_err(|_| gone())
}

fn record_of(job: &Job) -> RecordRef {
    RecordRef::new(RecordKind::Job, &job.id)
}
