//! When devices last fetched a file, and from where.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Subnet;

/// When each device of a fleet file last fetched something; all snapshots that hold the file as it is share it.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    last: Box<[Last]>,
    /// Whether the device told the version of another firmware than its record's, since the file is as it is.
    other_firmware: Box<[AtomicBool]>,
}

/// What is known of a device: seconds since 1970, a packed network and the mark of a certificate; 0 stands for none.
#[derive(Debug, Default)]
pub(super) struct Last {
    network: AtomicU64,
    seconds: AtomicU32,
    certificate: AtomicU32,
}

/// What a device does otherwise than before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// It fetches from another network.
    pub moved: Option<Moved>,
    /// It shows another certificate.
    pub certificate: bool,
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
        let last: Box<[Last]> = known.collect();
        let other_firmware = last.iter().map(|_| AtomicBool::default()).collect();
        Self { last, other_firmware }
    }

    pub(super) fn last(&self, device: u32) -> Last {
        self.last.get(device as usize).map(Last::copy).unwrap_or_default()
    }

    /// Notes that a device fetches something, proven by the certificate of this mark if any; tells what it did
    /// otherwise before.
    pub(super) fn note(
        &self,
        device: u32,
        at: SystemTime,
        network: Subnet,
        certificate: Option<NonZeroU32>,
    ) -> Changed {
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let Some(last) = self.last.get(device as usize) else { return Changed::default() };
        let before = last.seconds.load(Ordering::Relaxed);
        last.seconds.store(seconds, Ordering::Relaxed);
        let from = last.network();
        if from != Some(network) {
            last.network.store(network.packed(), Ordering::Relaxed);
        }
        let after = Duration::from_secs(seconds.saturating_sub(before).into());
        let moved = from.filter(|from| *from != network).map(|from| Moved { from, after });
        Changed { moved, certificate: certificate.is_some_and(|mark| last.shows_another(mark)) }
    }
}

impl Fetched {
    /// Notes whether a device tells the version of another firmware than its record's; tells whether it begins to.
    pub(super) fn note_other_firmware(&self, device: u32, is_other: bool) -> bool {
        let Some(before) = self.other_firmware.get(device as usize) else { return false };
        before.load(Ordering::Relaxed) != is_other && !before.swap(is_other, Ordering::Relaxed)
    }
}

impl Last {
    fn copy(&self) -> Self {
        Self {
            network: AtomicU64::new(self.network.load(Ordering::Relaxed)),
            seconds: AtomicU32::new(self.seconds.load(Ordering::Relaxed)),
            certificate: AtomicU32::new(self.certificate.load(Ordering::Relaxed)),
        }
    }

    /// Tells whether the device showed another certificate before, and takes note of this one.
    fn shows_another(&self, certificate: NonZeroU32) -> bool {
        let before = self.certificate.load(Ordering::Relaxed);
        if before != certificate.get() {
            self.certificate.store(certificate.get(), Ordering::Relaxed);
        }
        before != 0 && before != certificate.get()
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
