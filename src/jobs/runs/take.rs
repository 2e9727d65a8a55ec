//! Taking an order, or one to try again what an earlier run did not do.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::jobs::runs::given::{Given, Read, read};
use crate::jobs::runs::kept::{Form, Kept, Lengths};
use crate::jobs::runs::note::{denied, entry, not_found};
use crate::jobs::runs::order::{Input, Order};
use crate::jobs::runs::record::{Counts, RowResult, Run, RunId, RunState, Who};
use crate::jobs::runs::schedule::{self, Due};
use crate::jobs::runs::store::{INPUT, LIVE, ONLY, ROWS};
use crate::jobs::runs::{Runs, written};
use crate::jobs::{Format, plan};

use crate::model::{Job, JobKind};
use crate::operation::{Caller, Code, Problem};
use crate::snapshot::Snapshot;

/// Most rows of one change.
const LARGEST_BATCH: u32 = 100_000;

/// Most characters that a runner says of a run.
const LONGEST_NOTES: usize = 1000;

/// The start of a run that begins at once, whatever the job says.
const NOW: &str = "now";

/// A run that is about to be ordered.
struct Taken<'o> {
    order: &'o Order,
    given: Given,
    /// The run that it tries again, and those of its rows.
    retry: Option<(&'o RunId, Vec<u64>)>,
    rows: u64,
}

impl Runs {
    /// Takes an order: the run is scheduled, or waits for its approval; [`Runs::ready`] tells when it may begin.
    ///
    /// # Errors
    /// The caller may not run the job, which is noted in the audit log, or what it is given makes no sense.
    pub fn order(&self, snapshot: &Snapshot, caller: &Caller, order: &Order) -> Result<Run, Problem> {
        let job = self.runnable(snapshot, caller, &order.job, "run-order")?;
        let given = given(job, &order.input)?;
        let Read { rows, .. } = read(snapshot, job, &given)?;
        if let (JobKind::OnDemand, Some(row)) = (job.kind, rows.first()) {
            // Whoever fills in a form is told at once what is wrong with it.
            plan(snapshot, job, row)?;
        }
        self.take(caller, job, &Taken { order, rows: rows.len() as u64, given, retry: None })
    }

    /// Tells whether the caller may order a run of a job, before anything is known of what it is given.
    ///
    /// # Errors
    /// It may not, which is noted in the audit log.
    pub fn may_order(&self, snapshot: &Snapshot, caller: &Caller, job: &str) -> Result<(), Problem> {
        self.runnable(snapshot, caller, job, "run-order").map(|_| ())
    }

    /// Orders a new run of the rows of an earlier one that were refused, failed, or were never reached.
    ///
    /// It is a run of the job as it is now, and the caller's own; it needs an approval of its own where the job does.
    ///
    /// # Errors
    /// There is nothing to try again, or its input is not kept any more; else as with [`Runs::order`].
    pub fn retry(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        let earlier = self.look(snapshot, caller, id)?;
        let job = self.runnable(snapshot, caller, &earlier.job, "run-retry")?;
        let conflict = |message: &str| Problem::new(Code::Conflict, message);
        if matches!(earlier.state, RunState::Undone | RunState::Rejected) || !earlier.state.is_end() {
            let state = earlier.state.word();
            return Err(conflict(&format!("the run is {state}; only what has ended can be tried again")));
        }
        let kept = self.store.header(id)?.ok_or_else(|| not_found("run", id.as_str()))?;
        let Some(bytes) = self.store.read(id, INPUT)? else {
            return Err(conflict("what the run was given is not kept any more; order it anew"));
        };
        let given = Given { bytes, form: kept.form };
        let numbers = self.to_retry(&kept, read(snapshot, job, &given)?)?;
        if numbers.is_empty() {
            return Err(conflict("every row of the run was done; there is nothing to try again"));
        }
        let order = Order {
            again: earlier.again,
            batch: earlier.batch,
            stop_on_error: Some(earlier.stop_on_error),
            start_at: Some(NOW.to_owned()),
            // What it holds is read from the earlier run.
            ..Order::new(&earlier.job, Input::Kept)
        };
        let rows = numbers.len() as u64;
        self.take(caller, job, &Taken { order: &order, given, retry: Some((id, numbers)), rows })
    }

    /// Gives the rows of a run that were not done, those among them that nothing was said of.
    fn to_retry(&self, kept: &Kept, read: Read) -> Result<Vec<u64>, Problem> {
        let id = &kept.run.id;
        let mut numbers: BTreeSet<u64> = match self.store.json::<Vec<u64>>(id, ONLY)? {
            Some(only) => only.into_iter().collect(),
            None => read.rows.into_iter().map(|row| row.number).collect(),
        };
        self.store.lines(id, ROWS, kept.lengths.rows, |row: RowResult| {
            if !row.status.is_to_retry() {
                numbers.remove(&row.row);
            }
            true
        })?;
        Ok(numbers.into_iter().collect())
    }

    /// Finds a job that the caller may run.
    pub(super) fn runnable<'s>(
        &self,
        snapshot: &'s Snapshot,
        caller: &Caller,
        called: &str,
        operation: &str,
    ) -> Result<&'s Job, Problem> {
        let job = snapshot.job(called);
        let decided = job.ok_or_else(|| not_found("job", called)).and_then(|job| {
            let rights = caller.job_rights(snapshot, &job.platform);
            rights.run_job(job).map(|_| job).map_err(|denial| denied(denial, "job", called))
        });
        decided.inspect_err(|problem| self.refuse(caller, operation, job, problem))
    }

    fn take(&self, caller: &Caller, job: &Job, taken: &Taken<'_>) -> Result<Run, Problem> {
        let Taken { order, given, retry, rows } = taken;
        let now = self.now();
        let (start_at, due) = due(job, order, now)?;
        let batch = order.batch.or(job.batch).filter(|_| job.kind == JobKind::Bulk);
        if batch.is_some_and(|batch| !(1..=LARGEST_BATCH).contains(&batch)) {
            let message =
                format!("a batch has 1 to {LARGEST_BATCH} rows; leave it out to have one of all rows");
            return Err(Problem::new(Code::Invalid, message).of_field("batch"));
        }
        if order.notes.chars().count() > LONGEST_NOTES {
            let message = format!("the notes are longer than {LONGEST_NOTES} characters; shorten them");
            return Err(Problem::new(Code::Invalid, message).of_field("notes"));
        }
        let run = Run {
            id: self.new_id(now)?,
            state: if job.approval { RunState::Waiting } else { RunState::Scheduled },
            job: job.id.to_string(),
            job_name: job.name.to_string(),
            job_version: job.version,
            kind: job.kind.word().to_owned(),
            operation: job.operation.word().to_owned(),
            platform: job.platform.to_string(),
            runner: Who::of(caller),
            notes: order.notes.clone(),
            ordered: written(now),
            due: written(due.as_ref().map_or(now, |due| due.at)),
            time_zone: due.as_ref().map(|due| due.zone.clone()),
            start_at,
            approval: job.approval,
            approved: None,
            rejected: None,
            cancelled: None,
            undone: None,
            started: None,
            ended: None,
            batch,
            stop_on_error: order.stop_on_error.unwrap_or(job.stop_on_error),
            again: order.again,
            retry_of: retry.as_ref().map(|(id, _)| (*id).clone()),
            counts: Counts { rows: *rows, pending: *rows, ..Counts::default() },
            batches: 0,
            snapshot: None,
            warnings: due.and_then(|due| due.remark).into_iter().collect(),
            why: None,
        };
        let kept = Kept { run, form: given.form, settled: 0, lengths: Lengths::default(), intent: None };
        self.keep(caller, &kept, taken).inspect_err(|_| self.store.forget(&kept.run.id))?;
        Ok(kept.run)
    }

    fn keep(&self, caller: &Caller, kept: &Kept, taken: &Taken<'_>) -> Result<(), Problem> {
        let run = &kept.run;
        self.store.write(&run.id, LIVE, b"")?;
        self.store.write(&run.id, INPUT, &taken.given.bytes)?;
        if let Some((_, numbers)) = &taken.retry {
            self.store.write(&run.id, ONLY, &serde_json::to_vec(numbers).unwrap_or_default())?;
        }
        let mut entry = entry(&run.runner, Some(caller), "run-order", run);
        entry.after.insert("rows".to_owned(), run.counts.rows.into());
        entry.after.insert("version".to_owned(), run.job_version.into());
        if let Some(earlier) = &run.retry_of {
            entry.after.insert("retry-of".to_owned(), earlier.as_str().into());
        }
        self.store.turn(kept, &entry)?;
        if self.store.is_unnoted(&run.id) {
            let message = "the order could not be noted in the audit log, so that it was not taken; look at the state folder";
            return Err(Problem::new(Code::Failed, message));
        }
        Ok(())
    }

    /// Makes the folder of a run of a name that no other has.
    fn new_id(&self, now: SystemTime) -> Result<RunId, Problem> {
        let failed = || Problem::new(Code::Failed, "the system gives no random numbers, or no time");
        let millisecond = now.duration_since(UNIX_EPOCH).map_err(|_| failed())?.subsec_millis();
        let at = humantime::format_rfc3339_seconds(now).to_string();
        let at: String = at.chars().filter(char::is_ascii_digit).collect();
        let (date, time) = at.split_at_checked(8).ok_or_else(failed)?;
        for _ in 0..8 {
            let random = getrandom::u32().map_err(|_| failed())? & 0xfff;
            let id = format!("{date}-{time}-{millisecond:03x}{random:03x}").parse();
            let id: RunId = id.map_err(|_| failed())?;
            if self.store.make(&id)? {
                return Ok(id);
            }
        }
        Err(failed())
    }
}

/// Gives what a run is given, as it is kept.
pub(super) fn given(job: &Job, input: &Input) -> Result<Given, Problem> {
    let invalid = |message: &str| Err(Problem::new(Code::Invalid, message).of_field("rows"));
    let form = |format: Format| match format {
        Format::Csv => Form::Csv,
        Format::JsonLines => Form::JsonLines,
    };
    match (job.kind, input) {
        (JobKind::OnDemand, Input::Values(fields)) => {
            let bytes = serde_json::to_vec(fields).unwrap_or_default();
            Ok(Given { bytes, form: Form::Values })
        }
        (JobKind::OnDemand, Input::Kept | Input::Rows { .. }) => invalid(
            "an on-demand job runs once, with values by the names of its fields; give those instead of rows",
        ),
        (JobKind::Bulk, Input::Rows { bytes, format }) => {
            Ok(Given { bytes: bytes.clone(), form: form(*format) })
        }
        (JobKind::Bulk, Input::Kept) => match &job.rows {
            Some(rows) => {
                let text = rows.expose();
                let is_json = text.trim_start().starts_with('{');
                let form = if is_json { Form::JsonLines } else { Form::Csv };
                Ok(Given { bytes: text.as_bytes().to_vec(), form })
            }
            None => invalid("no rows are kept with the job; bring some as CSV or JSON lines"),
        },
        (JobKind::Bulk, Input::Values(_)) => {
            invalid("a bulk job runs over rows; bring some as CSV or JSON lines")
        }
    }
}

/// Finds when a run begins; without a time it is at once.
fn due(job: &Job, order: &Order, now: SystemTime) -> Result<(Option<String>, Option<Due>), Problem> {
    let local = order.start_at.as_deref().or(job.start_at.as_deref()).filter(|local| *local != NOW);
    let Some(local) = local else {
        return match &order.time_zone {
            Some(_) if order.start_at.is_none() => {
                let message = "a time zone says nothing without a time; give `start-at`, too";
                Err(Problem::new(Code::Invalid, message).of_field("time-zone"))
            }
            _ => Ok((None, None)),
        };
    };
    let zone = order.time_zone.as_deref().or(job.time_zone.as_deref());
    let due = schedule::due(local, zone, now)?;
    Ok((Some(local.to_owned()), Some(due)))
}
