//! What the last reading of the files brought, for whoever asks later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::document::Fault;

/// What a reading brought, for whoever asked for it.
#[derive(Debug, Clone)]
pub enum Report {
    /// A new snapshot stands.
    Published {
        /// Its number.
        serial: u64,
        /// How many devices it has.
        devices: usize,
        /// What somebody should look at.
        warnings: Vec<Fault>,
    },
    /// The files are faulty; the last good snapshot stands.
    Refused {
        /// Its number.
        serial: u64,
        /// All that is wrong.
        faults: Vec<Fault>,
    },
    /// Nothing changed.
    Unchanged {
        /// The number of the current snapshot.
        serial: u64,
    },
}

/// The last reading, shared between the thread that reads and whoever tells people.
#[derive(Debug, Clone, Default)]
pub struct Last(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    reading: Option<Reading>,
    stale_since: Option<SystemTime>,
}

/// One reading of the files.
#[derive(Debug, Clone)]
pub struct Reading {
    /// When it ended.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What it brought.
    pub report: Report,
}

impl Last {
    /// Puts a reading in place of the one before.
    pub(super) fn set(&self, reading: Reading) {
        let mut kept = self.kept();
        match &reading.report {
            Report::Published { .. } | Report::Unchanged { .. } => kept.stale_since = None,
            Report::Refused { .. } => {
                kept.stale_since.get_or_insert(reading.at);
            }
        }
        kept.reading = Some(reading);
    }

    /// Gives the last reading; `None` before the first since the start.
    pub fn get(&self) -> Option<Reading> {
        self.kept().reading.clone()
    }

    /// Tells since when what is served is not what the files say, because they are faulty or doubtful.
    pub fn stale_since(&self) -> Option<SystemTime> {
        self.kept().stale_since
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
