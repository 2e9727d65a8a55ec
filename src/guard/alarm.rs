//! What operators are told, and how often.

use std::sync::atomic::{AtomicU32, Ordering};

/// Something that may mean that somebody has, or looks for, what is not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// A device proves itself by another certificate than before.
    NewCertificate,
    /// A device fetches from another network than before.
    NewNetwork,
    /// Many identifiers are asked for that nobody asked for before and no device has.
    Scan,
    /// A device fetches from two networks within a short time.
    TwoNetworks,
}

impl Alarm {
    /// Every alarm, in the order of the names.
    pub const ALL: &[Self] = &[Self::NewCertificate, Self::NewNetwork, Self::Scan, Self::TwoNetworks];

    /// Gives the word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NewCertificate => "new-certificate",
            Self::NewNetwork => "new-network",
            Self::Scan => "scan",
            Self::TwoNetworks => "two-networks",
        }
    }
}

/// Keeps a log readable: one line a second, with the number of those that were left out.
#[derive(Debug, Default)]
pub struct Quiet {
    last: AtomicU32,
    left_out: AtomicU32,
}

impl Quiet {
    /// Tells whether a line may be written in this second, counted from any time; gives how many were not since the
    /// last one.
    pub fn may_tell(&self, second: u32) -> Option<u32> {
        // 0 stands for no line yet.
        let second = second.saturating_add(1);
        let last = self.last.load(Ordering::Relaxed);
        let mine = last < second
            && self.last.compare_exchange(last, second, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}
