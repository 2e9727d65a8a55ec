//! When devices last fetched a file.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When each device of a fleet file last fetched something; all snapshots that hold the file as it is share it.
#[derive(Debug, Default)]
pub(super) struct Fetched(Box<[AtomicU32]>);

impl Fetched {
    /// Takes what is known, in seconds since 1970 and in the order of the file; 0 stands for never.
    pub(super) fn new(seconds: impl Iterator<Item = u32>) -> Self {
        Self(seconds.map(AtomicU32::new).collect())
    }

    pub(super) fn seconds(&self, device: u32) -> u32 {
        self.0.get(device as usize).map_or(0, |seconds| seconds.load(Ordering::Relaxed))
    }

    pub(super) fn note(&self, device: u32, at: SystemTime) {
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if let Some(place) = self.0.get(device as usize) {
            place.store(u32::try_from(seconds).unwrap_or(u32::MAX), Ordering::Relaxed);
        }
    }
}

/// Gives the point in time that so many seconds since 1970 stand for, unless they stand for never.
pub(super) fn time(seconds: u32) -> Option<SystemTime> {
    (seconds > 0).then(|| UNIX_EPOCH + Duration::from_secs(seconds.into()))
}
