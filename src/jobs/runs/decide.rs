//! A second person's decision, and the wish to end a run.

use std::sync::atomic::Ordering;

use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::note::{denied, entry, not_found};
use crate::jobs::runs::record::{Act, Run, RunId, RunState, Who};
use crate::jobs::runs::store::CANCEL;
use crate::jobs::runs::{Runs, written};
use crate::model::JobKind;
use crate::operation::{Caller, Code, Problem};
use crate::rights::{Denial, Rule};
use crate::snapshot::Snapshot;

impl Runs {
    /// Approves a run that waits: it begins when it is due, or at once where that is past.
    ///
    /// # Errors
    /// The caller ordered it, or does not administer jobs of its kind on the platform; or it does not wait.
    pub fn approve(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        self.judge(snapshot, caller, id, RunState::Scheduled, "run-approve")
    }

    /// Rejects a run that waits.
    ///
    /// # Errors
    /// As with [`Runs::approve`].
    pub fn reject(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        self.judge(snapshot, caller, id, RunState::Rejected, "run-reject")
    }

    fn judge(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        id: &RunId,
        state: RunState,
        operation: &str,
    ) -> Result<Run, Problem> {
        let run = self.look(snapshot, caller, id)?;
        self.may_judge(snapshot, caller, &run).inspect_err(|problem| {
            self.refuse(caller, operation, snapshot.job(&run.job), problem);
        })?;
        let mut kept =
            self.locked(id, |kept| kept.run.state == RunState::Waiting, "does not wait for an approval")?;
        let act = Act { by: Who::of(caller), at: written(self.now()) };
        kept.0.run.state = state;
        let who = act.by.clone();
        if state == RunState::Rejected {
            kept.0.run.rejected = Some(act);
            self.end(&mut kept.0, entry(&who, Some(caller), operation, &run))?;
        } else {
            kept.0.run.approved = Some(act);
            self.store.turn(&kept.0, &entry(&who, Some(caller), operation, &kept.0.run))?;
        }
        Ok(kept.0.run)
    }

    fn may_judge(&self, snapshot: &Snapshot, caller: &Caller, run: &Run) -> Result<(), Problem> {
        let denial = |why: &str| {
            denied(
                Denial { rule: Rule::Jobs, hidden: false, field: None, why: why.to_owned() },
                "run",
                run.id.as_str(),
            )
        };
        if run.runner.is(caller) {
            return Err(denial("you ordered the run yourself; a second person has to decide"));
        }
        if !caller.job_rights(snapshot, &run.platform).administers(kind(run)) {
            return Err(denial("runs are approved and rejected by those who administer jobs of their kind"));
        }
        Ok(())
    }

    /// Ends a run before all of it is done: one that has not begun at once, one under way before its next batch, or
    /// between two rows as long as they are being validated. What it has done stays.
    ///
    /// # Errors
    /// It is another's and the caller does not administer jobs of its kind, or it has ended.
    pub fn cancel(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        let run = self.look(snapshot, caller, id)?;
        if run.state.is_end() {
            return Err(ended(&run));
        }
        let act = Act { by: Who::of(caller), at: written(self.now()) };
        if run.state != RunState::Running
            && let Some(lock) = self.store.lock(id)?
        {
            let mut kept = self.store.header(id)?.ok_or_else(|| not_found("run", id.as_str()))?;
            if matches!(kept.run.state, RunState::Scheduled | RunState::Waiting) {
                kept.run.state = RunState::Cancelled;
                let entry = entry(&act.by, Some(caller), "run-cancel", &kept.run);
                kept.run.cancelled = Some(act);
                self.end(&mut kept, entry)?;
                return Ok(kept.run);
            }
            drop(lock);
        }
        // Whoever works on it, in this process or another one, or goes on with it after a crash, finds the wish.
        self.store.write(id, CANCEL, &serde_json::to_vec(&act).unwrap_or_default())?;
        if let Some(active) = self.working(id) {
            active.is_cancelled.store(true, Ordering::Relaxed);
        }
        self.run(id)
    }

    /// Locks a run that stands as it must, and reads its header.
    pub(super) fn locked(
        &self,
        id: &RunId,
        stands: impl FnOnce(&Kept) -> bool,
        otherwise: &str,
    ) -> Result<(Kept, std::fs::File), Problem> {
        let busy = || Problem::new(Code::Conflict, "the run is being worked on; try again in a moment");
        let lock = self.store.lock(id)?.ok_or_else(busy)?;
        self.store.note(id)?;
        let kept = self.store.header(id)?.ok_or_else(|| not_found("run", id.as_str()))?;
        if stands(&kept) {
            return Ok((kept, lock));
        }
        let message = format!("the run {otherwise}; it is {}", self.run(id)?.state.word());
        Err(Problem::new(Code::Conflict, message))
    }

    pub(super) fn run(&self, id: &RunId) -> Result<Run, Problem> {
        self.store.run(id)?.ok_or_else(|| not_found("run", id.as_str()))
    }
}

/// Gives the kind of job that a run is of.
pub(super) fn kind(run: &Run) -> JobKind {
    if run.kind == JobKind::Bulk.word() { JobKind::Bulk } else { JobKind::OnDemand }
}

fn ended(run: &Run) -> Problem {
    Problem::new(Code::Conflict, format!("the run has ended; it is {}", run.state.word()))
}
