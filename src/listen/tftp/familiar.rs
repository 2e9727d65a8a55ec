//! Which names were asked for lately, and came to something quickly.
//!
//! A name that is new to a snapshot may have its file rendered, which takes long; then other work of the thread is
//! done elsewhere. That costs as much as some requests do, so names that are known go without it. Names that come to
//! nothing are remembered like all others: neither takes longer (promise S2).

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names that are remembered; one that comes later may take another's place.
const NAMES: usize = 4096;

/// Marks of names, each with the snapshot that it was asked of.
pub(super) struct Familiar {
    marks: Box<[AtomicU64]>,
    hasher: foldhash::fast::RandomState,
}

/// A name's mark, and where it is kept.
pub(super) struct Mark<'f> {
    place: Option<&'f AtomicU64>,
    mark: u64,
}

impl Familiar {
    pub(super) fn new() -> Self {
        Self { marks: (0..NAMES).map(|_| AtomicU64::new(0)).collect(), hasher: Default::default() }
    }

    /// Looks for a name that is asked of the snapshot of this number.
    pub(super) fn mark(&self, snapshot: u64, name: &[u8]) -> Mark<'_> {
        let mark = self.hasher.hash_one((snapshot, name));
        let at = usize::try_from(mark).unwrap_or_default() % NAMES;
        Mark { place: self.marks.get(at), mark }
    }
}

impl Mark<'_> {
    /// Tells whether the name is known.
    pub(super) fn is_known(&self) -> bool {
        self.place.is_some_and(|place| place.load(Ordering::Relaxed) == self.mark)
    }

    /// Remembers the name, or forgets it.
    pub(super) fn remember(&self, is_quick: bool) {
        if let Some(place) = self.place {
            place.store(if is_quick { self.mark } else { 0 }, Ordering::Relaxed);
        }
    }
}
