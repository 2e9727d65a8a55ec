//! How far a run is.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::jobs::runs::record::{Run, RunState};

/// What is being done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Batches are being written.
    Applying,
    /// It has ended.
    Ended,
    /// Its rows are being read and compared with the job.
    Reading,
    /// Every row is being tried out; nothing has changed yet.
    Validating,
    /// It has not begun.
    Waiting,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Progress {
    /// Where the run stands.
    pub state: RunState,
    /// What is being done.
    pub phase: Phase,
    /// How many rows it has.
    pub rows: u64,
    /// How many of them are validated.
    pub validated: u64,
    /// How many of them have come to something.
    pub applied: u64,
}

/// Counts along, for whoever wants to know meanwhile.
#[derive(Debug, Default)]
pub(super) struct Meter {
    phase: AtomicU8,
    pub(super) validated: AtomicU64,
    pub(super) applied: AtomicU64,
}

impl Meter {
    pub(super) fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::Waiting => 0,
            Phase::Reading => 1,
            Phase::Validating => 2,
            Phase::Applying => 3,
            Phase::Ended => 4,
        };
        self.phase.store(number, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Reading,
            2 => Phase::Validating,
            3 => Phase::Applying,
            _ => Phase::Ended,
        }
    }
}

impl Progress {
    /// Tells how far a run is that nobody in this process works on.
    pub(super) fn of(run: &Run) -> Self {
        let applied = run.counts.rows - run.counts.pending;
        let (phase, validated) = match run.state {
            RunState::Scheduled | RunState::Waiting => (Phase::Waiting, 0),
            RunState::Running => (Phase::Applying, applied),
            _ => (Phase::Ended, applied),
        };
        Self { state: run.state, phase, rows: run.counts.rows, validated, applied }
    }
}
