//! A batch of rows: tried out, put on the disk with how it is taken back, and made.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use crate::audit::Entry;
use crate::jobs::runs::engine::{Active, Step, Work, runner, within};
use crate::jobs::runs::given::{Planned, What};
use crate::jobs::runs::kept::{Intent, Kept, Lengths, Then};
use crate::jobs::runs::note::{self, entry};
use crate::jobs::runs::progress::Phase;
use crate::jobs::runs::record::{Act, RowResult, RowStatus, RunState};
use crate::jobs::runs::results::{Lines, edits, push, results};
use crate::jobs::runs::store::{ANSWERS, CANCEL, DIGESTS, LIVE, ROWS, StoreError, UNDO};
use crate::jobs::runs::{Runs, written};
use crate::operation::{Code, Edit, Many, ManyOutcome, Problem, Status, perform_many};
use crate::reload::Desk;

impl Runs {
    /// Validates all rows, or makes the next batch.
    pub(super) fn go_on(
        &self,
        desk: &mut Desk<'_>,
        mut work: Work,
        active: &Active,
    ) -> Result<Step, Problem> {
        if desk.is_unfinished() {
            let message =
                "the change before is not in the audit log yet; look at the state folder and try again";
            return Err(Problem::new(Code::Failed, message));
        }
        if let Some(intent) = work.kept.intent.clone() {
            // The batch could not be written, as it seemed; the desk is in order again, so that the audit log knows.
            if self.store.has_changed(&work.kept.run.id, intent.after)? {
                work.kept.stand();
                return self.after_batch(work, active);
            }
            let why = intent.failed.unwrap_or_else(|| Problem::new(Code::Failed, "the batch failed"));
            return self.failed(work, &why);
        }
        if let Some(act) = self.wish(&work.kept, active)? {
            return self.cancelled(work, act);
        }
        if !work.is_validated && self.needs_validation(&work) {
            return self.validate(desk, work, active);
        }
        work.is_validated = true;
        self.batch(desk, work, active)
    }

    /// Tells whether rows have to be tried out before the first batch: where it would not find all that is wrong.
    fn needs_validation(&self, work: &Work) -> bool {
        let rest = work.planned.get(work.kept.settled..).unwrap_or_default();
        let is_one = work.kept.run.batch.is_none_or(|batch| batch as usize >= rest.len());
        let is_refused = || rest.iter().any(|planned| matches!(planned.what, What::Refused(_)));
        !is_one || work.kept.run.stop_on_error && is_refused()
    }

    /// Tries out every row together with all others; nothing changes.
    fn validate(&self, desk: &mut Desk<'_>, mut work: Work, active: &Active) -> Result<Step, Problem> {
        active.meter.enter(Phase::Validating);
        let settled = work.kept.settled;
        let rest = work.planned.get(settled..).unwrap_or_default();
        let edits = edits(rest);
        let outcome = self.many(desk, &work.kept, active, &edits, Trial::Dry, &mut |_| Ok(()));
        let outcome = outcome?;
        if outcome.cancelled {
            let act = self.wish(&work.kept, active)?.unwrap_or_else(|| self.own_wish(&work.kept));
            return self.cancelled(work, act);
        }
        let mut refused: HashMap<u64, Problem> = HashMap::new();
        refused.extend(outcome.rows.into_iter().filter_map(|row| Some((row.row, row.problem?))));
        for planned in work.planned.iter_mut().skip(settled) {
            if let Some(problem) = refused.remove(&planned.row) {
                planned.what = What::Refused(problem);
            }
        }
        work.is_validated = true;
        let is_refused = work.planned.iter().skip(settled).any(|row| matches!(row.what, What::Refused(_)));
        if is_refused && work.kept.run.stop_on_error {
            return self.stopped(work);
        }
        Ok(Step::More(Box::new(work)))
    }

    /// Makes the next batch.
    fn batch(&self, desk: &mut Desk<'_>, mut work: Work, active: &Active) -> Result<Step, Problem> {
        active.meter.enter(if work.kept.run.batch.is_none() { Phase::Validating } else { Phase::Applying });
        let from = work.kept.settled;
        let size = work.kept.run.batch.map_or(usize::MAX, |batch| batch as usize);
        let to = from.saturating_add(size).min(work.planned.len());
        let rows = work.planned.get(from..to).unwrap_or_default();
        let edits = edits(rows);
        let mut noted = None;
        let kept = work.kept.clone();
        let trial = if kept.run.stop_on_error { Trial::All } else { Trial::Some };
        let mut note = |outcome: &ManyOutcome| {
            active.meter.enter(Phase::Applying);
            noted = Some(self.intend(&kept, rows, outcome)?);
            Ok(())
        };
        let outcome = self.many(desk, &kept, active, &edits, trial, &mut note);
        let outcome = match (outcome, noted) {
            (Ok(outcome), Some(intended)) if outcome.committed => {
                work.kept = intended;
                work.kept.stand();
                work.kept.run.snapshot = outcome.snapshot.or(work.kept.run.snapshot);
                self.warn(&mut work.kept, &outcome);
                return self.after_batch(work, active);
            }
            (Err(problem), Some(mut intended)) => {
                // Whether it stands is seen when the desk is in order again, in this step or after another one.
                if let Some(intent) = &mut intended.intent {
                    intent.failed = Some(problem);
                }
                work.kept = intended;
                self.store.save(&work.kept)?;
                return Ok(Step::More(Box::new(work)));
            }
            (Err(problem), None) => return self.failed(work, &problem),
            (Ok(outcome), _) => outcome,
        };
        if outcome.cancelled {
            let act = self.wish(&work.kept, active)?.unwrap_or_else(|| self.own_wish(&work.kept));
            return self.cancelled(work, act);
        }
        if work.kept.run.stop_on_error && outcome.rows.iter().any(|row| row.status == Status::Refused) {
            let refused = outcome.rows.into_iter().filter_map(|row| Some((row.row, row.problem?)));
            let mut refused: HashMap<u64, Problem> = refused.collect();
            for planned in work.planned.iter_mut().skip(from) {
                if let Some(problem) = refused.remove(&planned.row) {
                    planned.what = What::Refused(problem);
                }
            }
            return self.stopped(work);
        }
        // Nothing was written: every row is as it should be, or was left out.
        self.warn(&mut work.kept, &outcome);
        let rows = work.planned.get(from..to).unwrap_or_default();
        let (results, lines) = results(rows, &outcome);
        self.add(&mut work.kept, &results, &lines)?;
        self.after_batch(work, active)
    }

    /// Ends the run after its last batch, or keeps how far it is.
    fn after_batch(&self, mut work: Work, active: &Active) -> Result<Step, Problem> {
        let counts = &work.kept.run.counts;
        active.meter.applied.store(counts.rows - counts.pending, Ordering::Relaxed);
        if work.kept.settled < work.planned.len() {
            self.store.save(&work.kept)?;
            return Ok(Step::More(Box::new(work)));
        }
        let is_nothing = counts.done == 0 && counts.unchanged == 0;
        let state = if is_nothing { RunState::Refused } else { RunState::Done };
        work.kept.run.why = is_nothing.then(|| "every row was refused".to_owned());
        self.close(work, state, |_| RowStatus::Pending)
    }

    /// Ends a run at rows that are refused; nothing of their batch was done.
    fn stopped(&self, mut work: Work) -> Result<Step, Problem> {
        let is_begun = work.kept.run.batches > 0;
        let refused =
            work.planned.iter().skip(work.kept.settled).filter(|row| matches!(row.what, What::Refused(_)));
        let refused = refused.count();
        let rows = if refused == 1 { "a row is".to_owned() } else { format!("{refused} rows are") };
        let what = if is_begun { "what came after them was not done" } else { "nothing was changed" };
        work.kept.run.why = Some(format!("{rows} refused, so that {what}"));
        self.close(work, if is_begun { RunState::Stopped } else { RunState::Refused }, |_| RowStatus::Pending)
    }

    /// Ends a run whose batch could not be written; the rows of that batch have failed.
    fn failed(&self, mut work: Work, problem: &Problem) -> Result<Step, Problem> {
        self.revert(&mut work.kept)?;
        let size = work.kept.run.batch.map_or(usize::MAX, |batch| batch as usize);
        let to = work.kept.settled.saturating_add(size);
        let state = if work.kept.run.batches > 0 { RunState::Stopped } else { RunState::Failed };
        work.kept.run.why = Some(problem.message.clone());
        self.close(work, state, |at| if at < to { RowStatus::Failed } else { RowStatus::Pending })
    }

    fn cancelled(&self, mut work: Work, act: Act) -> Result<Step, Problem> {
        work.kept.run.cancelled = Some(act);
        self.close(work, RunState::Cancelled, |_| RowStatus::Pending)
    }

    /// Writes what became of the rows that nothing was said of yet, and ends the run.
    fn close(
        &self,
        mut work: Work,
        state: RunState,
        status: impl Fn(usize) -> RowStatus,
    ) -> Result<Step, Problem> {
        let (mut results, mut lines) = (Vec::new(), Lines::default());
        for (at, planned) in work.planned.iter().enumerate().skip(work.kept.settled) {
            let result = match &planned.what {
                What::Refused(problem) => {
                    RowResult::new(planned.row, RowStatus::Refused).because(problem.clone())
                }
                What::Edits(..) | What::Repeated(_) => RowResult::new(planned.row, status(at)),
            };
            push(&mut lines.rows, &result);
            results.push(result.status);
        }
        self.add(&mut work.kept, &results, &lines)?;
        work.kept.run.state = state;
        let who = work.kept.run.cancelled.as_ref().map_or(&work.kept.run.runner, |act| &act.by);
        let operation = if state == RunState::Cancelled { "run-cancel" } else { "run-end" };
        let entry = entry(who, None, operation, &work.kept.run);
        self.end(&mut work.kept, entry)?;
        Ok(Step::Ended(Box::new(work.kept.run)))
    }

    /// Ends a run: its record is never changed again, and the audit log knows its digest.
    pub(super) fn end(&self, kept: &mut Kept, mut entry: Entry) -> Result<(), StoreError> {
        let id = kept.run.id.clone();
        kept.intent = None;
        kept.run.ended = Some(written(self.now()));
        self.store.cut(&id, ROWS, kept.lengths.rows)?;
        let digest = self.store.digest_with(kept)?;
        note::end(&mut entry, &kept.run, &digest);
        self.store.turn(kept, &entry)?;
        self.endings.count(kept.run.state);
        self.store.remove(&id, CANCEL)?;
        if !self.store.is_unnoted(&id) {
            self.store.remove(&id, LIVE)?;
        }
        Ok(())
    }

    /// Puts a batch on the disk that is about to be made; gives the header that says so.
    fn intend(&self, kept: &Kept, rows: &[Planned], outcome: &ManyOutcome) -> Result<Kept, Problem> {
        let (results, lines) = results(rows, outcome);
        let mut then = kept.clone();
        self.add(&mut then, &results, &lines)?;
        let after = self.store.last_noted()?;
        let then = Then {
            settled: then.settled,
            lengths: then.lengths,
            counts: then.run.counts,
            batches: kept.run.batches + 1,
        };
        let intended = Kept { intent: Some(Intent { after, then, failed: None }), ..kept.clone() };
        self.store.save(&intended)?;
        Ok(intended)
    }

    /// Adds what became of rows to the files of their run, and to its counts; the header is not written.
    fn add(&self, kept: &mut Kept, results: &[RowStatus], lines: &Lines) -> Result<(), StoreError> {
        let (id, lengths) = (&kept.run.id, kept.lengths);
        kept.lengths = Lengths {
            // What they are needed for comes first, so that a record never tells of what cannot be taken back.
            undo: self.store.grow(id, UNDO, lengths.undo, &lines.undo)?,
            answers: self.store.grow(id, ANSWERS, lengths.answers, &lines.answers)?,
            digests: self.store.grow(id, DIGESTS, lengths.digests, &lines.digests)?,
            rows: self.store.grow(id, ROWS, lengths.rows, &lines.rows)?,
        };
        kept.settled += results.len();
        results.iter().for_each(|status| kept.run.counts.settle(*status));
        Ok(())
    }

    /// Finds who wants the run to end.
    fn wish(&self, kept: &Kept, active: &Active) -> Result<Option<Act>, Problem> {
        let wish = self.store.json::<Act>(&kept.run.id, CANCEL)?;
        active.is_cancelled.store(wish.is_some(), Ordering::Relaxed);
        Ok(wish)
    }

    /// Has whoever ordered a run be the one who wants it to end.
    fn own_wish(&self, kept: &Kept) -> Act {
        Act { by: kept.run.runner.clone(), at: written(self.now()) }
    }

    fn warn(&self, kept: &mut Kept, outcome: &ManyOutcome) {
        for warning in &outcome.warnings {
            if kept.run.warnings.len() < MOST_WARNINGS && !kept.run.warnings.contains(warning) {
                kept.run.warnings.push(warning.clone());
            }
        }
    }

    fn many(
        &self,
        desk: &mut Desk<'_>,
        kept: &Kept,
        active: &Active,
        edits: &[(u64, Edit)],
        trial: Trial,
        note: &mut dyn FnMut(&ManyOutcome) -> Result<(), Problem>,
    ) -> Result<ManyOutcome, Problem> {
        let caller = within(runner(&kept.run), &kept.run);
        let settled = kept.run.counts.rows - kept.run.counts.pending;
        let progress = |judged: usize| {
            let most = settled + judged as u64;
            active.meter.validated.fetch_max(most, Ordering::Relaxed);
        };
        let cancelled = || active.is_cancelled.load(Ordering::Relaxed);
        let options = Many {
            dry_run: matches!(trial, Trial::Dry),
            skip_refused: matches!(trial, Trial::Dry | Trial::Some),
            diff: false,
            cancelled: &cancelled,
            progress: &progress,
            note,
        };
        perform_many(desk, &caller, edits, options)
    }
}

/// What is made of rows.
#[derive(Clone, Copy)]
enum Trial {
    /// All of them, or none.
    All,
    /// Nothing.
    Dry,
    /// Those that can be done.
    Some,
}

/// Most warnings that a record keeps.
const MOST_WARNINGS: usize = 100;
