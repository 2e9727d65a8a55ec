//! The metrics of runs of jobs.

use metrics::{Counter, Gauge, counter, gauge};

use crate::telemetry::names;

/// Every end of a run, by its word.
const ENDS: &[&str] = &["cancelled", "done", "failed", "refused", "rejected", "stopped", "undone"];

/// Runs that are under way, and those that ended.
#[derive(Clone)]
pub struct Runs {
    /// Runs that are under way.
    pub under_way: Gauge,
    ended: Vec<Counter>,
}

impl Runs {
    pub(super) fn new() -> Self {
        let ended = |state: &&'static str| counter!(names::RUNS_ENDED, "state" => *state);
        Self { under_way: gauge!(names::RUNS), ended: ENDS.iter().map(ended).collect() }
    }

    /// Tells how many runs came to an end so far, by the end's word.
    pub fn ended(&self, state: &str, count: u64) {
        let at = ENDS.iter().position(|known| *known == state);
        if let Some(counter) = at.and_then(|at| self.ended.get(at)) {
            counter.absolute(count);
        }
    }
}
