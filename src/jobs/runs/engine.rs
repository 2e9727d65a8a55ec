//! A run under way: begun with the rights that its runner has then, validated, and done batch by batch.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::jobs::runs::given::{Given, Planned, Read, planned, read};
use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::note::{denied, entry, not_found};
use crate::jobs::runs::progress::{Meter, Phase};
use crate::jobs::runs::record::{Act, Run, RunId, RunState};
use crate::jobs::runs::store::{CANCEL, INPUT, ONLY};
use crate::jobs::runs::{Runs, written};
use crate::model::Job;
use crate::operation::{Caller, Code, Problem, RunRef};
use crate::reload::Desk;
use crate::snapshot::Snapshot;

/// What this process does with a run.
#[derive(Default)]
pub(super) struct Active {
    pub(super) meter: Meter,
    pub(super) is_cancelled: AtomicBool,
    work: Mutex<Option<Work>>,
}

/// A run that has begun.
pub(super) struct Work {
    pub(super) kept: Kept,
    pub(super) planned: Vec<Planned>,
    /// Whether every row was tried out together with all others.
    pub(super) is_validated: bool,
    _lock: File,
}

/// How far a step brought a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Advance {
    /// It has ended.
    Ended(Run),
    /// There is more to do.
    More(Run),
}

impl Runs {
    /// Does a run to its end; one that is scheduled must be due.
    ///
    /// What it generated is told by [`Runs::collect`].
    ///
    /// # Errors
    /// It is not due, or somebody else works on it; the files are faulty; its record cannot be kept. What its rows
    /// come to is no error: the run tells it.
    pub fn execute(&self, desk: &mut Desk<'_>, id: &RunId) -> Result<Run, Problem> {
        loop {
            if let Advance::Ended(run) = self.advance(desk, id)? {
                return Ok(run);
            }
        }
    }

    /// Does the next step of a run: begins it, validates its rows, or makes a batch of them.
    ///
    /// Between two steps others may have the desk. A run that a crash interrupted is gone on with behind its last batch.
    ///
    /// # Errors
    /// As with [`Runs::execute`].
    pub fn advance(&self, desk: &mut Desk<'_>, id: &RunId) -> Result<Advance, Problem> {
        if desk.faults().is_empty() {
            self.step(desk, id)
        } else {
            let cure = "`bellhop status` and `bellhop check` say why; mend that first";
            Err(Problem::new(Code::Faulty, format!("the records' files are not served as they are; {cure}")))
        }
    }

    fn step(&self, desk: &mut Desk<'_>, id: &RunId) -> Result<Advance, Problem> {
        let active = Arc::clone(self.active().entry(id.clone()).or_default());
        let mut place = active.work.lock().unwrap_or_else(PoisonError::into_inner);
        let stepped = match place.take() {
            None => self.begin(desk, id, &active),
            Some(work) => self.go_on(desk, work, &active),
        };
        match stepped {
            Ok(Step::More(work)) => {
                let run = work.kept.run.clone();
                *place = Some(*work);
                Ok(Advance::More(run))
            }
            Ok(Step::Ended(run)) => {
                active.meter.enter(Phase::Ended);
                self.active().remove(id);
                Ok(Advance::Ended(*run))
            }
            Err(problem) => {
                self.active().remove(id);
                Err(problem)
            }
        }
    }

    /// Begins a run, or goes on with one that a crash interrupted.
    fn begin(&self, desk: &mut Desk<'_>, id: &RunId, active: &Active) -> Result<Step, Problem> {
        let now = self.now();
        let may_begin = |kept: &Kept| match kept.run.state {
            RunState::Running => true,
            RunState::Scheduled => is_due(&kept.run, now),
            _ => false,
        };
        let (mut kept, lock) = self.locked(id, may_begin, "cannot begin now")?;
        active.meter.enter(Phase::Reading);
        self.settle(&mut kept)?;
        if let Some(act) = self.store.json::<Act>(id, CANCEL)? {
            return self.ended_by(kept, &act);
        }
        let (job, Read { rows, warnings }) = match self.still(desk.base(), &kept) {
            Ok(read) => read,
            Err(Unable { state, problem }) => return self.refused_to_begin(kept, state, &problem),
        };
        if kept.run.state == RunState::Scheduled {
            kept.run.state = RunState::Running;
            kept.run.started = Some(written(now));
            kept.run.warnings.extend(warnings);
            self.store.turn(&kept, &entry(&kept.run.runner, None, "run-start", &kept.run))?;
        }
        let planned = planned(self, desk.base(), job, &rows, kept.run.again)?;
        let settled = kept.run.counts.rows - kept.run.counts.pending;
        active.meter.applied.store(settled, Ordering::Relaxed);
        Ok(Step::More(Box::new(Work { kept, planned, is_validated: false, _lock: lock })))
    }

    /// Makes sure that a run may still begin: the job is as it was, its runner may run it, and its input is there.
    fn still<'s>(&self, snapshot: &'s Snapshot, kept: &Kept) -> Result<(&'s Job, Read), Unable> {
        let run = &kept.run;
        let refused = |problem| Unable { state: RunState::Refused, problem };
        let failed = |problem| Unable { state: RunState::Failed, problem };
        let job = snapshot.job(&run.job).ok_or_else(|| refused(not_found("job", &run.job)))?;
        if job.version != run.job_version || *job.platform != *run.platform {
            let (was, is) = (run.job_version, job.version);
            let message = format!(
                "the job was changed since the run was ordered (version {was}, now {is}); order it anew"
            );
            return Err(refused(Problem::new(Code::Changed, message)));
        }
        let rights = runner(run).job_rights(snapshot, &run.platform);
        rights.run_job(job).map_err(|denial| refused(denied(denial, "job", &run.job)))?;
        let input = self.store.read(&run.id, INPUT).map_err(|error| failed(error.into()))?;
        let gone = || failed(Problem::new(Code::Failed, "what the run was given is gone; order it anew"));
        let given = Given { bytes: input.ok_or_else(gone)?, form: kept.form };
        let mut read = read(snapshot, job, &given).map_err(refused)?;
        let only = self.store.json::<Vec<u64>>(&run.id, ONLY).map_err(|error| failed(error.into()))?;
        if let Some(only) = only {
            read.rows.retain(|row| only.binary_search(&row.number).is_ok());
        }
        if read.rows.len() as u64 != run.counts.rows {
            return Err(gone());
        }
        Ok((job, read))
    }

    /// Ends a run that may not begin, or not go on, any more.
    fn refused_to_begin(&self, mut kept: Kept, state: RunState, problem: &Problem) -> Result<Step, Problem> {
        if problem.code == Code::Failed && self.store.has(&kept.run.id, INPUT) {
            // The disk is at fault, and may be better soon.
            return Err(problem.clone());
        }
        // What the batches before made stays, and is told.
        kept.run.state = if kept.run.batches > 0 { RunState::Stopped } else { state };
        kept.run.why = Some(problem.message.clone());
        let entry = entry(&kept.run.runner, None, "run-end", &kept.run);
        self.end(&mut kept, entry)?;
        Ok(Step::Ended(Box::new(kept.run)))
    }

    /// Ends a run that somebody cancelled before this process began with it.
    fn ended_by(&self, mut kept: Kept, act: &Act) -> Result<Step, Problem> {
        kept.run.state = RunState::Cancelled;
        kept.run.cancelled = Some(act.clone());
        let entry = entry(&act.by, None, "run-cancel", &kept.run);
        self.end(&mut kept, entry)?;
        Ok(Step::Ended(Box::new(kept.run)))
    }
}

/// Why a run may not begin, and how it ends by that.
struct Unable {
    state: RunState,
    problem: Problem,
}

/// What a step leaves.
pub(super) enum Step {
    Ended(Box<Run>),
    More(Box<Work>),
}

/// Tells whether a run that is scheduled may begin.
pub(super) fn is_due(run: &Run, now: SystemTime) -> bool {
    humantime::parse_rfc3339(&run.due).is_ok_and(|due| due <= now)
}

/// Gives whoever ordered a run as they are now.
pub(super) fn runner(run: &Run) -> Caller {
    let who = &run.runner;
    Caller {
        account: who.account.clone(),
        login: who.login.clone(),
        through: who.through,
        peer: None,
        run: None,
    }
}

/// Has a caller act in a run: with the rights of its grant, inside its platform.
pub(super) fn within(caller: Caller, run: &Run) -> Caller {
    let (job, platform) = (run.job.clone(), run.platform.clone());
    let place = RunRef { job, run: run.id.to_string(), platform, undoes: false };
    Caller { run: Some(place), ..caller }
}

/// Has a caller act as in a run of a job that is not ordered.
pub(super) fn within_job(caller: Caller, job: &Job, run: &str) -> Caller {
    let (id, platform) = (job.id.to_string(), job.platform.to_string());
    Caller { run: Some(RunRef { job: id, run: run.to_owned(), platform, undoes: false }), ..caller }
}
