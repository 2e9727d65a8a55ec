//! What comes of runs by themselves: when they may begin, and what of them is dropped when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tracing::error;

use crate::config::Config;
use crate::jobs::runs::engine::is_due;
use crate::jobs::runs::note::entry;
use crate::jobs::runs::record::{Act, Run, RunId, RunState, Who};
use crate::jobs::runs::store::{ANSWERS, INPUT, ONLY, StoreError, UNDO, UNDOING};
use crate::jobs::runs::{Runs, written};
use crate::operation::{Problem, Through};

/// How many runs came to which end in this process.
#[derive(Debug, Default)]
pub struct Endings([AtomicU64; RunState::ALL.len()]);

impl Endings {
    pub(super) fn count(&self, state: RunState) {
        let place = RunState::ALL.iter().position(|(_, known)| *known == state);
        if let Some(count) = place.and_then(|at| self.0.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives each end with how many runs came to it.
    pub fn all(&self) -> impl Iterator<Item = (RunState, u64)> {
        let counts = RunState::ALL.iter().zip(&self.0);
        let counts = counts.map(|((_, state), count)| (*state, count.load(Ordering::Relaxed)));
        counts.filter(|(state, _)| state.is_end())
    }
}

impl Runs {
    /// Gives the runs that may begin now, or that a crash interrupted and nobody goes on with, the oldest first.
    ///
    /// # Errors
    /// The runs cannot be read.
    pub fn ready(&self) -> Result<Vec<RunId>, Problem> {
        let now = self.now();
        let mut ready = Vec::new();
        for id in self.store.live()? {
            let Some(kept) = self.store.header(&id)? else { continue };
            let may_begin = match kept.run.state {
                RunState::Running => self.working(&id).is_some() || self.store.lock(&id)?.is_some(),
                RunState::Scheduled => is_due(&kept.run, now),
                _ => false,
            };
            ready.extend(may_begin.then_some(id));
        }
        Ok(ready)
    }

    /// Tells whether a crash left anything that [`Runs::recover`] brings in order.
    ///
    /// # Errors
    /// The runs cannot be read.
    pub fn is_disordered(&self) -> Result<bool, Problem> {
        for id in self.store.live()? {
            let rests = self.working(&id).is_some()
                || self.store.header(&id)?.is_some_and(|kept| {
                    let waits = matches!(kept.run.state, RunState::Scheduled | RunState::Waiting);
                    waits && !self.store.is_unnoted(&id)
                });
            if !rests {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells how long it is until the next run may begin that is scheduled; nothing where there is none.
    ///
    /// # Errors
    /// The runs cannot be read.
    pub fn until_next(&self) -> Result<Option<Duration>, Problem> {
        let now = self.now();
        let mut next = None;
        for id in self.store.live()? {
            let Some(kept) = self.store.header(&id)? else { continue };
            if kept.run.state == RunState::Scheduled
                && let Ok(due) = humantime::parse_rfc3339(&kept.run.due)
            {
                let wait = due.duration_since(now).unwrap_or_default();
                next = Some(next.map_or(wait, |next: Duration| next.min(wait)));
            }
        }
        Ok(next)
    }

    /// Rejects runs that nobody approved in time, and drops what holds secrets of runs whose `undo-days` have passed.
    ///
    /// # Errors
    /// The runs cannot be listed; what is wrong with a single one is logged.
    pub fn tidy(&self, config: &Config) -> Result<(), Problem> {
        let days = Duration::from_secs(u64::from(config.jobs.undo_days) * 86_400);
        for id in self.store.ids()? {
            let tidied = self.tidy_one(&id, config.jobs.approval, days);
            if let Err(error) = tidied {
                error!(error = &error as &dyn std::error::Error, run = %id, "a run cannot be tidied");
            }
        }
        Ok(())
    }

    fn tidy_one(&self, id: &RunId, approval: Duration, days: Duration) -> Result<(), StoreError> {
        const SECRET: &[&str] = &[ANSWERS, INPUT, ONLY, UNDO];
        if SECRET.iter().all(|name| !self.store.has(id, name)) || self.working(id).is_some() {
            return Ok(());
        }
        let Some(_lock) = self.store.lock(id)? else { return Ok(()) };
        let Some(mut kept) = self.store.header(id)? else { return Ok(()) };
        let now = self.now();
        let is_over = |since: &str, time| is_past(since, time, now);
        if kept.run.state == RunState::Waiting && is_over(&kept.run.ordered, approval) {
            let by = server();
            kept.run.state = RunState::Rejected;
            kept.run.why = Some("nobody approved it in time".to_owned());
            kept.run.rejected = Some(Act { by: by.clone(), at: written(now) });
            let entry = entry(&by, None, "run-reject", &kept.run);
            return self.end(&mut kept, entry);
        }
        let is_dropped = |run: &Run| run.ended.as_deref().is_some_and(|ended| is_over(ended, days));
        if is_dropped(&kept.run) && !self.store.has(id, UNDOING) {
            for name in SECRET {
                self.store.remove(id, name)?;
            }
        }
        Ok(())
    }

    /// Gives how many runs came to which end in this process.
    pub fn endings(&self) -> &Endings {
        &self.endings
    }

    /// Gives how many runs this process is working on.
    pub fn under_way(&self) -> usize {
        self.active().len()
    }
}

/// Names the server, where it decides by itself.
fn server() -> Who {
    Who { account: "administrator".to_owned(), login: None, through: Through::Shell }
}

fn is_past(since: &str, time: Duration, now: SystemTime) -> bool {
    let since = humantime::parse_rfc3339(since).ok();
    since.and_then(|since| since.checked_add(time)).is_some_and(|end| end < now)
}
