//! What the last reading of the files brought, for whoever asks later.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::reload::Report;

/// The last reading, shared between the thread that reads and whoever tells people.
#[derive(Debug, Clone, Default)]
pub struct Last(Arc<Mutex<Option<Reading>>>);

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
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    /// Gives the last reading; `None` before the first since the start.
    pub fn get(&self) -> Option<Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
