//! Taking back all that a run did, as long as nothing else has touched the records.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::audit::Entry;

use crate::jobs::runs::decide::kind;
use crate::jobs::runs::engine::within;
use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::note::{denied, entry};
use crate::jobs::runs::record::{Act, Run, RunId, RunState, Who};
use crate::jobs::runs::results::Undo;
use crate::jobs::runs::store::{LIVE, StoreError, UNDO, UNDOING, UNDONE};
use crate::jobs::runs::{Runs, written};
use crate::operation::{Caller, Code, Edit, Many, ManyOutcome, Problem, Status, perform_many};
use crate::reload::Desk;
use crate::rights::{Denial, Rule};
use crate::snapshot::Snapshot;

/// Most records that are named where they were touched.
const NAMED: usize = 10;

/// That a run is being taken back: on the disk before it is, so that the audit log decides whether it was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Undoing {
    /// Number of the audit log's last line before.
    pub(super) after: u64,
    pub(super) act: Act,
    pub(super) entry: Entry,
}

/// What takes a run back.
#[derive(Default)]
struct Way {
    edits: Vec<(u64, Edit)>,
    /// Records that something else has touched since.
    touched: Vec<String>,
    more: usize,
}

impl Runs {
    /// Takes back all that a run did, as one change: every record is as it was before, or none.
    ///
    /// It may be done once, by whoever administers jobs of its kind on the platform, and by the runner for as long as
    /// they may run the job; until `[jobs] undo-days` have passed; and only while every record that the run touched is
    /// exactly as the run left it.
    ///
    /// # Errors
    /// The caller may not, which the audit log is told; the run did nothing, is undone already, or can be no more; records
    /// were touched since, which are named; the change cannot be made.
    pub fn undo(&self, desk: &mut Desk<'_>, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        let run = self.look(desk.base(), caller, id)?;
        may_undo(desk.base(), caller, &run).inspect_err(|problem| {
            self.refuse(caller, "run-undo", desk.base().job(&run.job), problem);
        })?;
        let (kept, _lock) = self.locked(id, |kept| kept.run.state.is_end(), "has not ended")?;
        let conflict = |message: &str| Problem::new(Code::Conflict, message);
        if desk.is_unfinished() || self.store.has(id, UNDOING) {
            return Err(conflict("the run is being brought in order after a crash; try again in a moment"));
        }
        if self.store.has(id, UNDONE) {
            return Err(conflict("the run is undone already"));
        }
        if kept.run.counts.done == 0 {
            return Err(conflict("the run changed nothing; there is nothing to undo"));
        }
        if !self.store.has(id, UNDO) {
            return Err(conflict("the run cannot be undone any more, as its `[jobs] undo-days` have passed"));
        }
        let way = self.way(desk.base(), &kept)?;
        if !way.touched.is_empty() {
            return Err(touched(&way));
        }
        let act = Act { by: Who::of(caller), at: written(self.now()) };
        let entry = Entry { before: told(&run), ..entry(&act.by, Some(caller), "run-undo", &undone(&run)) };
        let after = self.store.last_noted()?;
        let undoing = Undoing { after, act, entry };
        self.take_back(desk, caller, &kept, &way, &undoing)?;
        self.undone(&kept, &undoing)?;
        self.store.remove(id, UNDOING)?;
        self.store.remove(id, LIVE)?;
        self.run(id)
    }

    /// Finds the edits that take a run back, the last row's first, and what something else has touched since.
    fn way(&self, snapshot: &Snapshot, kept: &Kept) -> Result<Way, Problem> {
        let mut rows: Vec<Undo> = Vec::new();
        self.store.lines(&kept.run.id, UNDO, kept.lengths.undo, |undo: Undo| {
            rows.push(undo);
            true
        })?;
        let (mut way, mut seen) = (Way::default(), HashSet::new());
        for undo in rows.into_iter().rev() {
            // Of a record that two rows touched, the later one knows how it was left.
            let is_touched = undo.versions.iter().any(|version| {
                seen.insert((version.kind.clone(), version.key.clone())) && !version.stands(snapshot)
            });
            if is_touched && way.touched.len() < NAMED {
                way.touched.push(undo.record.unwrap_or_else(|| format!("the record of row {}", undo.row)));
            } else if is_touched {
                way.more += 1;
            }
            way.edits.extend(undo.edits.into_iter().map(|edit| (undo.row, edit)));
        }
        Ok(way)
    }

    fn take_back(
        &self,
        desk: &mut Desk<'_>,
        caller: &Caller,
        kept: &Kept,
        way: &Way,
        undoing: &Undoing,
    ) -> Result<(), Problem> {
        let id = &kept.run.id;
        let mut note = |_: &ManyOutcome| {
            self.store.write(id, LIVE, b"")?;
            self.store.write(id, UNDOING, &serde_json::to_vec(undoing).unwrap_or_default())?;
            Ok(())
        };
        let options = Many {
            dry_run: false,
            skip_refused: false,
            diff: false,
            cancelled: &|| false,
            progress: &|_| (),
            note: &mut note,
        };
        let mut caller = within(caller.clone(), &kept.run);
        caller.run.iter_mut().for_each(|run| run.undoes = true);
        let outcome = perform_many(desk, &caller, &way.edits, options);
        let outcome = outcome.inspect_err(|_| {
            if !desk.is_unfinished() {
                self.store.remove(id, UNDOING).ok();
            }
        })?;
        let is_made = outcome.committed;
        let refused = outcome.rows.into_iter().find(|row| row.status == Status::Refused);
        if let Some(row) = refused {
            let why = row.problem.map(|problem| problem.message).unwrap_or_default();
            let message = format!("row {} cannot be taken back, so that nothing was: {why}", row.row);
            return Err(Problem::new(Code::Conflict, message));
        }
        if !is_made {
            return Err(Problem::new(Code::Failed, "the run could not be taken back; nothing was changed"));
        }
        Ok(())
    }

    /// Keeps that a run was taken back, and notes it.
    pub(super) fn undone(&self, kept: &Kept, undoing: &Undoing) -> Result<(), StoreError> {
        let act = serde_json::to_vec(&undoing.act).unwrap_or_default();
        self.store.write_noted(&kept.run.id, UNDONE, &act, &undoing.entry)?;
        self.endings.count(RunState::Undone);
        Ok(())
    }
}

fn may_undo(snapshot: &Snapshot, caller: &Caller, run: &Run) -> Result<(), Problem> {
    let rights = caller.job_rights(snapshot, &run.platform);
    if rights.administers(kind(run)) {
        return Ok(());
    }
    let job = snapshot.job(&run.job).filter(|_| run.runner.is(caller));
    match job.map(|job| rights.run_job(job)) {
        Some(Ok(_)) => Ok(()),
        Some(Err(denial)) => Err(denied(denial, "job", &run.job)),
        None => {
            let why = "a run is undone by whoever ordered it, and by those who administer jobs of its kind";
            let denial = Denial { rule: Rule::Jobs, hidden: false, field: None, why: why.to_owned() };
            Err(denied(denial, "run", run.id.as_str()))
        }
    }
}

fn touched(way: &Way) -> Problem {
    let named = way.touched.join(", ");
    let more = if way.more > 0 { format!(" and {} more", way.more) } else { String::new() };
    let message =
        format!("something else has touched what the run did since: {named}{more}; undo those by hand");
    Problem::new(Code::Conflict, message)
}

/// Gives a run as it is once it was taken back.
fn undone(run: &Run) -> Run {
    Run { state: RunState::Undone, ..run.clone() }
}

fn told(run: &Run) -> crate::operation::Fields {
    crate::jobs::runs::note::told(serde_json::json!({ "state": run.state.word() }))
}
