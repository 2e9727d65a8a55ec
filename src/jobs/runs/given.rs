//! What a run is given, as the edits that come of it.

use std::collections::HashMap;
use std::fmt::Write;

use crate::jobs::runs::Runs;
use crate::jobs::runs::digest;
use crate::jobs::runs::kept::Form;
use crate::jobs::runs::record::{RunId, RunState};
use crate::jobs::runs::store::{DIGESTS, StoreError};
use crate::jobs::{Cell, Format, Planner, Row, RowFault, read_rows};
use crate::model::Job;
use crate::operation::{Code, Edit, Problem};
use crate::snapshot::Snapshot;

/// What a run is given, as it is kept.
pub(super) struct Given {
    pub(super) bytes: Vec<u8>,
    pub(super) form: Form,
}

/// Rows, and what somebody should look at.
pub(super) struct Read {
    pub(super) rows: Vec<Row>,
    pub(super) warnings: Vec<String>,
}

/// A row, and what is to be done about it.
pub(super) struct Planned {
    pub(super) row: u64,
    pub(super) what: What,
    /// Its keyed digest, where it generates something.
    pub(super) digest: Option<String>,
}

/// What is to be done about a row.
pub(super) enum What {
    /// These edits, and what the runner should know of them.
    Edits(Vec<Edit>, Option<String>),
    /// Nothing: it cannot be done.
    Refused(Problem),
    /// Nothing: an earlier run has generated what it asks for.
    Repeated(RunId),
}

/// Reads the rows of what a run is given.
pub(super) fn read(snapshot: &Snapshot, job: &Job, given: &Given) -> Result<Read, Problem> {
    let format = match given.form {
        Form::Csv => Format::Csv,
        // Values are a table with one row.
        Form::JsonLines | Form::Values => Format::JsonLines,
    };
    let read = read_rows(job, &given.bytes, Some(format)).map_err(|faults| told(given.form, &faults))?;
    let most = snapshot.config().jobs.most_rows;
    if read.rows.len() as u64 > u64::from(most) {
        let message =
            format!("{} rows are more than `[jobs] most-rows` allows, {most}; split them", read.rows.len());
        return Err(Problem::new(Code::Invalid, message).of_field("rows"));
    }
    Ok(Read { rows: read.rows, warnings: read.warnings })
}

/// Says what is wrong with what a run is given.
fn told(form: Form, faults: &[RowFault]) -> Problem {
    if let (Form::Values, Some(fault)) = (form, faults.first()) {
        let problem = Problem::new(Code::Invalid, fault.message.clone());
        return match &fault.column {
            Some(field) => problem.of_field(field),
            None => problem,
        };
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Problem::new(Code::Invalid, lines.join("\n")).of_field("rows")
}

/// Plans each row: the edits that come of it, or why there are none.
pub(super) fn planned(
    runs: &Runs,
    snapshot: &Snapshot,
    job: &Job,
    rows: &[Row],
    again: bool,
) -> Result<Vec<Planned>, Problem> {
    let mut key = None;
    let planner = Planner::new(snapshot, job)?;
    let mut planned = Vec::with_capacity(rows.len());
    for row in rows {
        let (what, digest) = match planner.plan(row) {
            Err(problem) => (What::Refused(problem), None),
            Ok(plan) => {
                let digest = if plan.generates {
                    let key = match key {
                        Some(key) => key,
                        None => *key.insert(runs.store.key()?),
                    };
                    digest::of_row(&key, &job.id, &text(job, row))
                } else {
                    None
                };
                (What::Edits(plan.edits, plan.note), digest)
            }
        };
        planned.push(Planned { row: row.number, what, digest });
    }
    if !again && planned.iter().any(|planned| planned.digest.is_some()) {
        let earlier = runs.generated(&job.id)?;
        for planned in &mut planned {
            if let Some(run) = planned.digest.as_ref().and_then(|digest| earlier.get(digest)) {
                planned.what = What::Repeated(run.clone());
                planned.digest = None;
            }
        }
    }
    Ok(planned)
}

impl Runs {
    /// Gives the rows that runs of a job have generated something for, by their digests, and are not undone.
    fn generated(&self, job: &str) -> Result<HashMap<String, RunId>, StoreError> {
        let mut found = HashMap::new();
        for id in self.store.ids()? {
            if !self.store.has(&id, DIGESTS) {
                continue;
            }
            let (Some(run), Some(kept)) = (self.store.run(&id)?, self.store.header(&id)?) else { continue };
            if run.job != job || !run.state.is_end() || run.state == RunState::Undone {
                continue;
            }
            self.store.lines(&id, DIGESTS, kept.lengths.digests, |digest: String| {
                found.insert(digest, id.clone());
                true
            })?;
        }
        Ok(found)
    }
}

/// Writes all that makes two rows the same: the job's edition and what is said of each field.
fn text(job: &Job, row: &Row) -> String {
    let mut text = format!("{}\n", job.version);
    for (field, cell) in &row.cells {
        // A string takes whatever is written.
        match cell {
            Cell::Leave => continue,
            Cell::Clear => writeln!(text, "{field:?} clear").ok(),
            Cell::Value(value) => writeln!(text, "{field:?} {value:?}").ok(),
        };
    }
    text
}
