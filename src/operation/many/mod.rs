//! Rows of edits as one change: a hundred thousand of them, or none.
//!
//! Promises: every row is judged before anything is written; what stands is written as one change; a row that is
//! refused says why, and refuses the whole unless it may be left out. Rows are judged beside each other, not one after
//! the other: a row that waits for what another one does is judged again when that stands. Read next: `work`.

mod exchange;
mod rival;
mod tell;
mod trace;
mod words;
mod work;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tracing::error;

use crate::audit::Log;
use crate::operation::look::acting;
use crate::operation::many::work::Work;
use crate::operation::perform::{not_committed, refusal, usable};
use crate::operation::{Caller, Code, Diff, Edit, Fields, Problem, Version};
use crate::operation::{diff, told};
use crate::reload::Desk;

/// Most refusals of one change that the audit log is told of.
const REFUSALS: usize = 100;

/// Most records that are told of in a comparison of files.
const COMPARED: usize = 200;

/// How rows are done.
pub struct Many<'m> {
    /// Whether to tell what would come of them, and change nothing.
    pub dry_run: bool,
    /// Whether rows that are refused are left out; else one of them refuses all.
    pub skip_refused: bool,
    /// Whether to compare the files before and after, and what phones get.
    pub diff: bool,
    /// Asked often whether to stop; the rows are then as they were.
    pub cancelled: &'m dyn Fn() -> bool,
    /// Told how many rows have been judged.
    pub progress: &'m dyn Fn(usize),
    /// Called with the outcome when every row is judged, right before the change is written; what it refuses is not
    /// made. A dry run does not call it, nor does a change that would change nothing.
    pub note: &'m mut dyn FnMut(&ManyOutcome) -> Result<(), Problem>,
}

/// What became of rows.
#[derive(Debug, Clone, Default)]
pub struct ManyOutcome {
    /// Each row, in the order in which they came first.
    pub rows: Vec<RowOutcome>,
    /// The serial of the snapshot that holds the change; absent where no server runs, or nothing was changed.
    pub snapshot: Option<u64>,
    /// Whether the rows that stand change anything.
    pub changed: bool,
    /// What somebody should look at.
    pub warnings: Vec<String>,
    /// What would change, or did, where it was asked for.
    pub diff: Option<Diff>,
    /// Whether the change was made.
    pub committed: bool,
    /// Whether somebody stopped it before it was made.
    pub cancelled: bool,
}

/// What became of a row.
#[derive(Clone)]
pub struct RowOutcome {
    /// Its number.
    pub row: u64,
    /// What became of it, or would.
    pub status: Status,
    /// Why it was refused.
    pub problem: Option<Problem>,
    /// The record that it is about first: `device 2f9c0d1e4b5a6978`.
    pub record: Option<String>,
    /// The keys that change as they were, secrets masked; those of other records that it touches under their names.
    pub before: Map<String, Value>,
    /// The keys that change as they are then, secrets masked.
    pub after: Map<String, Value>,
    /// What was generated, shown once: secret.
    pub answer: Value,
    /// The edits that undo it, in their order: secret.
    pub inverse: Vec<Edit>,
    /// The versions of the records that it touched as they are then: keys of devices are secret.
    pub after_version: Vec<Version>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It changes something; made only if the whole was.
    Done,
    /// Everything is as it says already.
    Unchanged,
    /// It cannot be done.
    Refused,
}

impl fmt::Debug for RowOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was generated, and what undoes it, are secrets.
        f.debug_struct("RowOutcome")
            .field("row", &self.row)
            .field("status", &self.status)
            .field("problem", &self.problem)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// Does rows of edits as one change: all of them, or those that can be done, or none.
///
/// Edits with the same number are one row, which stands or falls as a whole. Rows do not see what others do, except
/// that one that is refused is judged again once others stand, three times at most, and that rows may exchange MAC
/// addresses and lines. Two rows about one record are both refused.
///
/// # Errors
/// The files are faulty, the caller's account is gone, `note` refuses, or the change cannot be written; nothing is
/// changed then. What is wrong with rows is in the outcome.
pub fn perform_many(
    desk: &mut Desk<'_>,
    caller: &Caller,
    edits: &[(u64, Edit)],
    options: Many<'_>,
) -> Result<ManyOutcome, Problem> {
    let Many { dry_run, skip_refused, diff, cancelled, progress, note } = options;
    usable(desk)?;
    // A dry run before this one has left its trial there, and rows are judged on what is.
    desk.clear();
    acting(desk.base(), caller)?;
    let mut work = Work::new(desk, caller, edits);
    if !work.judge(desk, cancelled, progress)? {
        return Ok(ManyOutcome { cancelled: true, ..ManyOutcome::default() });
    }
    let mut outcome = work.outcome(desk)?;
    if diff {
        outcome.diff = Some(compare(desk, caller, &work, &mut outcome.warnings)?);
    }
    let refused = outcome.rows.iter().any(|row| row.status == Status::Refused);
    if dry_run {
        return Ok(outcome);
    }
    if refused {
        audit_refusals(desk, caller, edits, &outcome);
    }
    if !outcome.changed || refused && !skip_refused {
        return Ok(outcome);
    }
    if cancelled() {
        return Ok(ManyOutcome { cancelled: true, ..outcome });
    }
    note(&outcome)?;
    let serial = desk.commit(work.draft(), |_| work.lines()).map_err(|error| not_committed(error, caller))?;
    outcome.snapshot = desk.is_served().then_some(serial);
    outcome.committed = true;
    Ok(outcome)
}

/// Compares the files, and what phones get, before and after.
fn compare(
    desk: &Desk<'_>,
    caller: &Caller,
    work: &Work<'_>,
    warnings: &mut Vec<String>,
) -> Result<Diff, Problem> {
    let before = acting(desk.base(), caller)?;
    let after = acting(desk.snapshot(), caller)?;
    let changes = work.changes();
    let (rendered, more) = diff::rendered(&before, &after, &desk.touched(), &changes);
    if more > 0 {
        warnings.push(format!("{more} more devices are touched"));
    }
    let told = &changes[..changes.len().min(COMPARED)];
    if changes.len() > told.len() {
        warnings.push(format!("{} more records change", changes.len() - told.len()));
    }
    Ok(Diff { files: told::files(&before, &after, work.draft(), told), rendered })
}

/// Tells the audit log of rows that the caller may not do.
fn audit_refusals(desk: &Desk<'_>, caller: &Caller, edits: &[(u64, Edit)], outcome: &ManyOutcome) {
    let refused = outcome.rows.iter().filter_map(|row| Some((row.row, row.problem.as_ref()?)));
    let refused = refused.filter(|(_, problem)| matches!(problem.code, Code::Forbidden | Code::NotFound));
    let entry = |(row, problem): (u64, &Problem)| {
        let own = edits.iter().filter(|(number, _)| *number == row).nth(problem.edit.unwrap_or_default());
        refusal(desk.base(), caller, own.map(|(_, edit)| edit), problem)
    };
    let entries: Vec<_> = refused.take(REFUSALS).map(entry).collect();
    if entries.is_empty() {
        return;
    }
    let noted = Log::open(&desk.base().config().state).and_then(|log| log.append_all(&entries));
    if let Err(error) = noted {
        error!(error = &error as &dyn std::error::Error, "refusals are not in the audit log");
    }
}

/// Gives the values that the fields of a change claim for a record alone.
fn text<'f>(fields: &'f Fields, key: &str) -> Option<&'f str> {
    fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
