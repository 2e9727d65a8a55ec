//! Who sees which runs, and what of them.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jobs::runs::Runs;
use crate::jobs::runs::decide::kind;
use crate::jobs::runs::kept::Lengths;
use crate::jobs::runs::note::not_found;
use crate::jobs::runs::progress::Progress;
use crate::jobs::runs::record::{RowResult, RowStatus, Run, RunId, RunState};
use crate::jobs::runs::store::{ANSWERS, ROWS};
use crate::operation::{Caller, Code, Page, Problem};
use crate::rights::Account;
use crate::snapshot::Snapshot;

/// Which runs to list; what is not set does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunFilter {
    /// Of this job.
    pub job: Option<String>,
    /// Of this platform.
    pub platform: Option<String>,
    /// In this state.
    pub state: Option<RunState>,
    /// Ordered by this login, or by this account.
    pub runner: Option<String>,
    /// Ordered at this time or later (RFC 3339, UTC).
    pub since: Option<String>,
    /// Ordered before this time (RFC 3339, UTC).
    pub until: Option<String>,
    /// With this text in the job's id or name, the notes, or why it ended as it did; in any case.
    pub text: Option<String>,
}

impl Runs {
    /// Shows a run.
    ///
    /// Whoever ordered it sees it for as long as they hold any right on its platform; whoever administers jobs of its
    /// kind there, and the administrator, see it in any case.
    ///
    /// # Errors
    /// There is none of that name, as far as the caller may see.
    pub fn look(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Run, Problem> {
        let run = self.store.run(id)?.filter(|run| sees(snapshot, caller, run));
        run.ok_or_else(|| not_found("run", id.as_str()))
    }

    /// Lists the runs that the caller sees, the newest first: `{"rows": […], "total": N}`.
    ///
    /// # Errors
    /// The runs cannot be read.
    pub fn list(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        filter: &RunFilter,
        page: Page,
    ) -> Result<Value, Problem> {
        let (mut rows, mut total) = (Vec::new(), 0_usize);
        for id in self.store.ids()?.iter().rev() {
            let Some(run) = self.store.run(id)? else { continue };
            if !filter.takes(&run) || !sees(snapshot, caller, &run) {
                continue;
            }
            if total >= page.offset && rows.len() < page.limit {
                rows.push(run);
            }
            total += 1;
        }
        Ok(json!({ "rows": rows, "total": total }))
    }

    /// Gives what became of the rows of a run, in the order of the input; of one status alone where one is named.
    ///
    /// Rows that nothing has become of yet are not there before the run has ended.
    ///
    /// # Errors
    /// As with [`Runs::look`].
    pub fn rows(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        id: &RunId,
        status: Option<RowStatus>,
        page: Page,
    ) -> Result<(Vec<RowResult>, usize), Problem> {
        self.look(snapshot, caller, id)?;
        let lengths = self.store.header(id)?.map(|kept| kept.lengths);
        let Lengths { rows: length, .. } = lengths.unwrap_or_default();
        let (mut rows, mut total) = (Vec::new(), 0_usize);
        self.store.lines(id, ROWS, length, |row: RowResult| {
            if status.is_none_or(|status| row.status == status) {
                if total >= page.offset && rows.len() < page.limit {
                    rows.push(row);
                }
                total += 1;
            }
            true
        })?;
        Ok((rows, total))
    }

    /// Tells how far a run is.
    ///
    /// # Errors
    /// As with [`Runs::look`].
    pub fn progress(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Progress, Problem> {
        let run = self.look(snapshot, caller, id)?;
        let mut progress = Progress::of(&run);
        if let Some(active) = self.working(id).filter(|_| !run.state.is_end()) {
            progress.phase = active.meter.phase();
            progress.validated = active.meter.validated.load(Ordering::Relaxed);
            progress.applied = active.meter.applied.load(Ordering::Relaxed);
        }
        Ok(progress)
    }

    /// Gives what a run generated, row by row, to whoever ordered it, once: nobody can read it again.
    ///
    /// Each is `{"row": N, "answer": […]}`. It waits in a file for its owner's eyes only until it is collected or
    /// `[jobs] undo-days` have passed.
    ///
    /// # Errors
    /// The run is another's, or cannot be read.
    pub fn collect(&self, snapshot: &Snapshot, caller: &Caller, id: &RunId) -> Result<Vec<Value>, Problem> {
        let run = self.look(snapshot, caller, id)?;
        if !run.runner.is(caller) {
            let message = "what a run generated is told to whoever ordered it";
            return Err(Problem::new(Code::Forbidden, message));
        }
        if !run.state.is_end() {
            return Ok(Vec::new());
        }
        let (kept, _lock) = self.locked(id, |_| true, "")?;
        let mut answers = Vec::new();
        self.store.lines(id, ANSWERS, kept.lengths.answers, |answer: Value| {
            answers.push(answer);
            true
        })?;
        // It is gone before it is told: told twice would be worse than not at all.
        self.store.remove(id, ANSWERS)?;
        Ok(answers)
    }
}

/// Tells whether somebody sees a run.
fn sees(snapshot: &Snapshot, caller: &Caller, run: &Run) -> bool {
    if matches!(Account::find(snapshot, &caller.account), Some(Account::Administrator)) {
        return true;
    }
    let rights = caller.job_rights(snapshot, &run.platform);
    rights.administers(kind(run)) || run.runner.is(caller) && rights.is_any()
}

impl RunFilter {
    fn takes(&self, run: &Run) -> bool {
        let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
        let runner =
            |wanted: &String| run.runner.login.as_ref() == Some(wanted) || run.runner.account == *wanted;
        let text = |wanted: &String| {
            let wanted = wanted.to_lowercase();
            let has = |text: &str| text.to_lowercase().contains(&wanted);
            has(&run.job) || has(&run.job_name) || has(&run.notes) || run.why.as_deref().is_some_and(has)
        };
        is(&self.job, &run.job)
            && is(&self.platform, &run.platform)
            && self.state.is_none_or(|state| state == run.state)
            && self.runner.as_ref().is_none_or(runner)
            && self.since.as_ref().is_none_or(|since| run.ordered >= *since)
            && self.until.as_ref().is_none_or(|until| run.ordered < *until)
            && self.text.as_ref().is_none_or(text)
    }
}
