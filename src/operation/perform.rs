//! Many edits as one change.
//!
//! Each edit is decided, drafted and tried out on what the edits before it made, or together with those before it where
//! that comes to the same; what comes of all of them is committed in one step. Whatever is refused leaves everything as it was, and a line in the audit log.

use serde_json::Value;
use tracing::error;

use crate::audit::{Entry, Log};
use crate::edit::{Draft, Noted, WriteError};
use crate::model::{RecordKind, RecordRef, Serial};
use crate::operation::apply::apply;
use crate::operation::batch::{self, Batch};
use crate::operation::engine::{Applied, Changed};
use crate::operation::look::acting;
use crate::operation::record::{self, Secrets};
use crate::operation::{Caller, Code, Diff, Edit, Fields, Outcome, Problem, Request, Through};
use crate::operation::{device, diff, faults, told, version};
use crate::reload::{CommitError, Desk};
use crate::rights::{Account, Actor, Rule};
use crate::snapshot::Snapshot;

/// Most edits of a request.
const MOST: usize = 1000;

/// Does the edits of a request as the account of `caller`: all of them, or none.
///
/// With a dry run nothing is written, not even to the audit log.
///
/// # Errors
/// What is wrong with the first edit that cannot be done; nothing is changed then.
pub fn perform(desk: &mut Desk<'_>, caller: &Caller, request: &Request) -> Result<Outcome, Problem> {
    let done = attempt(desk, caller, request);
    if let Err(problem) = &done
        && !request.dry_run
        && matches!(problem.code, Code::Forbidden | Code::NotFound)
    {
        let edit = request.edits.get(problem.edit.unwrap_or_default());
        let entry = refusal(desk.base(), caller, edit, problem);
        let noted = Log::open(&desk.base().config().state).and_then(|log| log.append(&entry));
        if let Err(error) = noted {
            error!(error = &error as &dyn std::error::Error, "a refusal is not in the audit log");
        }
    }
    done
}

/// What the edits of a request have brought so far.
#[derive(Default)]
struct Done {
    results: Vec<Value>,
    changes: Vec<Changed>,
    entries: Vec<Entry>,
    warnings: Vec<String>,
    /// Whether any record is not as it was.
    changed: bool,
    /// What is drafted.
    noted: Vec<Noted>,
    /// Before which edit, counted from the first, none go together: those that did not have spoiled each other.
    alone: usize,
}

fn attempt(desk: &mut Desk<'_>, caller: &Caller, request: &Request) -> Result<Outcome, Problem> {
    if request.edits.len() > MOST {
        let message =
            format!("{} edits are too many for one request; make it {MOST} at most", request.edits.len());
        return Err(Problem::new(Code::Invalid, message).of_field("edits"));
    }
    usable(desk)?;
    let mut draft = desk.draft();
    let mut done = Done::default();
    let mut at = 0;
    while let Some(edit) = request.edits.get(at) {
        let if_match = request.if_match.as_deref().filter(|_| at == 0);
        // A version is one record's.
        let next = if request.if_match.is_none() { &request.edits[at..] } else { &[] };
        let did = several(desk, &mut draft, caller, next, &mut done).and_then(|did| {
            if did > 0 {
                Ok(did)
            } else {
                one(desk, &mut draft, caller, edit, if_match, &mut done).map(|()| 1)
            }
        });
        at += did.map_err(|problem| Problem { edit: Some(at), ..problem })?;
    }
    let Done { results, changes, entries, mut warnings, changed, .. } = done;
    let after = acting(desk.snapshot(), caller).ok();
    warnings
        .extend(after.iter().flat_map(|actor| faults::warnings(actor, desk.warnings(), &draft, &changes)));
    let mut diff = None;
    if request.dry_run {
        let before = acting(desk.base(), caller)?;
        let files = after.as_ref().map(|after| told::files(&before, after, &draft, &changes));
        let (rendered, more) =
            after.map(|after| diff::rendered(&before, &after, &desk.touched(), &changes)).unwrap_or_default();
        if more > 0 {
            warnings.push(format!("{more} more devices are touched"));
        }
        diff = Some(Diff { files: files.unwrap_or_default(), rendered });
    }
    let mut snapshot = None;
    if changed && !request.dry_run {
        let lines = |serial| {
            let entries = entries.into_iter().map(|entry| entry.snapshot(serial).text());
            entries.collect::<Vec<_>>().join("\n")
        };
        let serial = desk.commit(&draft, lines).map_err(|error| not_committed(error, caller))?;
        snapshot = desk.is_served().then_some(serial);
    }
    Ok(Outcome { results, snapshot, changed, warnings, diff })
}

/// Refuses to edit files that are faulty.
pub(super) fn usable(desk: &Desk<'_>) -> Result<(), Problem> {
    if desk.faults().is_empty() {
        return Ok(());
    }
    let cure = "`bellhop status` and `bellhop check` say why; mend that first";
    Err(Problem::new(Code::Faulty, format!("the records' files are not served as they are; {cure}")))
}

/// Does as many edits as go together on what those before them made; tells how many, none where they do not.
fn several(
    desk: &mut Desk<'_>,
    draft: &mut Draft,
    caller: &Caller,
    edits: &[Edit],
    done: &mut Done,
) -> Result<usize, Problem> {
    if done.results.len() < done.alone {
        return Ok(0);
    }
    let Some(Batch { applied, noted }) = batch::decide(desk, draft, caller, edits)? else { return Ok(0) };
    let before = desk.share();
    let stands = draft.replay(&noted.iter().collect::<Vec<_>>()).is_ok() && desk.try_out(draft).is_ok();
    if !stands {
        // One of them cannot stand beside the others: whichever comes later, as nobody knows yet.
        done.alone = done.results.len() + applied.len();
        *draft = desk.draft();
        draft.replay(&done.noted.iter().collect::<Vec<_>>()).map_err(|(_, error)| error)?;
        let restored = desk.try_out(draft);
        restored.map_err(|_| Problem::new(Code::Failed, "the request could not be begun anew; repeat it"))?;
        return Ok(0);
    }
    done.noted.extend(noted);
    let many = applied.len();
    for (edit, applied) in edits.iter().zip(applied) {
        done.take_in(&before, desk.snapshot(), caller, edit, applied);
    }
    Ok(many)
}

/// Does one edit on what those before it made.
fn one(
    desk: &mut Desk<'_>,
    draft: &mut Draft,
    caller: &Caller,
    edit: &Edit,
    if_match: Option<&str>,
    done: &mut Done,
) -> Result<(), Problem> {
    let before = desk.share();
    let mut aside = draft.aside();
    let applied = apply(&mut aside, &acting(&before, caller)?, caller, edit)?;
    if let Some(wanted) = if_match {
        is_version(&before, &applied.changes, wanted)?;
    }
    let noted = aside.into_noted();
    draft.replay(&noted.iter().collect::<Vec<_>>()).map_err(|(_, error)| error)?;
    if let Err(faults) = desk.try_out(draft) {
        return Err(faults::problem(&acting(desk.snapshot(), caller)?, &faults));
    }
    done.noted.extend(noted);
    done.take_in(&before, desk.snapshot(), caller, edit, applied);
    Ok(())
}

impl Done {
    /// Takes in what an edit brought, from one snapshot to the next.
    fn take_in(
        &mut self,
        before: &Snapshot,
        after: &Snapshot,
        caller: &Caller,
        edit: &Edit,
        applied: Applied,
    ) {
        let fields = |snapshot: &Snapshot, record: Option<&RecordRef>| {
            record.and_then(|record| record::of(snapshot, record, Secrets::Write))
        };
        let Applied { rule, changes, answer, warnings, made: _ } = applied;
        for change in &changes {
            let (old, new) = (fields(before, change.before.as_ref()), fields(after, change.after.as_ref()));
            if old != new {
                self.changed = true;
                let record = change.after.as_ref().or(change.before.as_ref());
                let entry = entry(caller, edit, rule, record, new.as_ref().or(old.as_ref()));
                self.entries.push(entry.changed(&old.unwrap_or_default(), &new.unwrap_or_default()));
            }
        }
        let told = acting(after, caller).map(|actor| answer(&actor));
        self.results.push(told.unwrap_or_default());
        self.changes.extend(changes);
        self.warnings.extend(warnings);
    }
}

/// Says why a change that was found good could not be made.
pub(super) fn not_committed(error: CommitError, caller: &Caller) -> Problem {
    let failed = |message: &str| Problem::new(Code::Failed, message);
    match error {
        CommitError::Faulty(_) => {
            let message =
                "the records' files have become faulty meanwhile; `bellhop check` says what is wrong";
            Problem::new(Code::Faulty, message)
        }
        CommitError::Spoiled => failed("an edit of this request failed half-way; repeat the request"),
        CommitError::Audit(_) | CommitError::Write(WriteError::Audit(_)) => failed(
            "the change could not be noted in the audit log, so that it was not made; look at the state folder",
        ),
        CommitError::Write(WriteError::Changed(_)) => {
            let message = "somebody else changed the same file meanwhile; look again and repeat the change";
            Problem::new(Code::Conflict, message)
        }
        CommitError::Write(WriteError::Busy { .. }) => {
            failed("the records' files are in use by another program; try again")
        }
        // The operator can do something about it, and may know where the files lie.
        CommitError::Write(WriteError::Write { path, source }) if caller.through == Through::Shell => {
            let error = WriteError::Write { path, source };
            let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})"));
            failed(&format!("{error}{}", cause.unwrap_or_default()))
        }
        CommitError::Write(error) => {
            error!(error = &error as &dyn std::error::Error, "a change could not be written");
            failed("the change could not be written; the log of the server says why")
        }
    }
}

/// Checks that the record of an edit is the one that it was made for.
fn is_version(snapshot: &Snapshot, changes: &[Changed], wanted: &str) -> Result<(), Problem> {
    let record = changes.first().and_then(|change| change.before.as_ref());
    let is = record.and_then(|record| version(snapshot, record));
    if is.is_some() && (wanted == "*" || is.as_deref() == Some(wanted.trim_matches('"'))) {
        return Ok(());
    }
    let message = "the record is not as it was when you looked at it; look again and repeat the change";
    Err(Problem::new(Code::Changed, message))
}

/// Tells the audit log of a record that an edit changed.
pub(super) fn entry(
    caller: &Caller,
    edit: &Edit,
    rule: Rule,
    record: Option<&RecordRef>,
    fields: Option<&Fields>,
) -> Entry {
    let begun = begun(caller, &word(edit)).rule(rule.word());
    let Some(record) = record else {
        return begun;
    };
    let name = |key: &str| fields.and_then(|fields| fields.get(key)?.as_str()).unwrap_or_default();
    let name = if record.kind == RecordKind::Extension { name("display-name") } else { name("name") };
    let id = match record.key.parse() {
        Ok(serial) if record.kind == RecordKind::Device => Serial::public_id(&serial),
        _ => record.key.to_string(),
    };
    begun.on(record.kind, &id, name)
}

/// Tells the audit log of what was refused; a device that was called by its serial is named by its id.
pub(super) fn refusal(snapshot: &Snapshot, caller: &Caller, edit: Option<&Edit>, problem: &Problem) -> Entry {
    let code = serde_json::to_value(problem.code).unwrap_or_default();
    let (mut why, mut entry) = (problem.message.clone(), begun(caller, &edit.map(word).unwrap_or_default()));
    if let Some(called) = edit.and_then(device_of) {
        if let Ok(phone) = device::find(&Actor::new(snapshot, Account::Administrator), called) {
            entry = entry.on(RecordKind::Device, &phone.device.serial.public_id(), &phone.device.name);
        }
        if let Some(phone) = snapshot.phone_by_serial(called) {
            why = why.replace(called, &phone.device.serial.public_id());
        }
    }
    let entry = entry.refused(code.as_str().unwrap_or_default(), &why);
    match &problem.rule {
        Some(rule) => entry.rule(rule),
        None => entry,
    }
}

/// Gives what the device of an edit is called.
fn device_of(edit: &Edit) -> Option<&str> {
    match edit {
        Edit::DeviceClear { device }
        | Edit::DeviceDisable { device }
        | Edit::DeviceEdit { device, .. }
        | Edit::DeviceEnable { device }
        | Edit::DevicePassword { device }
        | Edit::DeviceRemove { device }
        | Edit::DeviceRotate { device } => Some(device),
        _ => None,
    }
}

fn begun(caller: &Caller, operation: &str) -> Entry {
    let through = match caller.through {
        Through::Session => "session",
        Through::Shell => "shell",
        Through::Token => "token",
    };
    let entry = Entry::new(&caller.account, through, operation).by(caller.login.as_deref(), caller.peer);
    match &caller.run {
        Some(run) => entry.in_run(&run.job, &run.run),
        None => entry,
    }
}

/// Gives the word for what an edit does, as it stands in a request.
fn word(edit: &Edit) -> String {
    let value = serde_json::to_value(edit).unwrap_or_default();
    value.get("operation").and_then(Value::as_str).unwrap_or_default().to_owned()
}
