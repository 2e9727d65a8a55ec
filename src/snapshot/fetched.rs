//! When devices last fetched a file, and from where.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Subnet;

/// When each device of a fleet file last fetched something; all snapshots that hold the file as it is share it.
#[derive(Debug, Default)]
pub(super) struct Fetched(Box<[Last]>);

/// What is known of a device: seconds since 1970 and a packed network, 0 for never and nowhere.
#[derive(Debug, Default)]
pub(super) struct Last {
    network: AtomicU64,
    seconds: AtomicU32,
}

/// Where a device fetched from before it did so from another network, and how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The network before.
    pub from: Subnet,
    /// How long ago it fetched something there.
    pub after: Duration,
}

impl Fetched {
    /// Takes what is known, in the order of the file.
    pub(super) fn new(known: impl Iterator<Item = Last>) -> Self {
        Self(known.collect())
    }

    pub(super) fn last(&self, device: u32) -> Last {
        self.0.get(device as usize).map(Last::copy).unwrap_or_default()
    }

    /// Notes that a device fetches something; tells if it did so from another network before.
    pub(super) fn note(&self, device: u32, at: SystemTime, network: Subnet) -> Option<Moved> {
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let last = self.0.get(device as usize)?;
        let before = last.seconds.load(Ordering::Relaxed);
        last.seconds.store(seconds, Ordering::Relaxed);
        let from = last.network();
        if from == Some(network) {
            return None;
        }
        last.network.store(network.packed(), Ordering::Relaxed);
        let after = Duration::from_secs(seconds.saturating_sub(before).into());
        Some(Moved { from: from?, after })
    }
}

impl Last {
    fn copy(&self) -> Self {
        Self {
            network: AtomicU64::new(self.network.load(Ordering::Relaxed)),
            seconds: AtomicU32::new(self.seconds.load(Ordering::Relaxed)),
        }
    }

    /// Tells from which network the device fetched something last.
    pub(super) fn network(&self) -> Option<Subnet> {
        Subnet::unpacked(self.network.load(Ordering::Relaxed))
    }

    /// Tells when.
    pub(super) fn time(&self) -> Option<SystemTime> {
        let seconds = self.seconds.load(Ordering::Relaxed);
        (seconds > 0).then(|| UNIX_EPOCH + Duration::from_secs(seconds.into()))
    }
}
