//! How many new identifiers are asked for in vain, by everybody together.
//!
//! A scan from ten thousand networks spends no network's budget, but it asks for what nobody asked for before; phones
//! that are not registered yet ask for the same again and again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Bits of a filter: one for each identifier seen, give or take those that share one.
const BITS: u64 = 1 << 20;

/// Seconds for which an identifier is not new any more, twice that at most: the hour of a budget, and phones that
/// ask once an hour.
const OLD: u32 = 2 * 3600;

/// Seconds that are counted together.
const STEP: u32 = 5;

/// Steps that make the minute within which a scan must be noticed (promise S7), and the one that is under way.
const STEPS: usize = 13;

/// Seconds between two alarms.
const QUIET: u32 = 60;

/// What was asked for in vain: the unknown, and the known, which are noted in the same way and tell nothing.
#[derive(Default)]
pub(super) struct Scan {
    lanes: [Lane; 2],
    alarmed: AtomicU32,
}

struct Lane {
    filters: [Box<[AtomicU64]>; 2],
    age: AtomicU32,
    /// The last steps: the number of each, and how many new identifiers came in it.
    steps: [AtomicU64; STEPS],
}

impl Default for Lane {
    fn default() -> Self {
        let filter = || (0..BITS / 64).map(|_| AtomicU64::new(0)).collect();
        Self { filters: [filter(), filter()], age: AtomicU32::new(0), steps: Default::default() }
    }
}

impl Scan {
    /// Notes an identifier; gives how many unknown ones came lately, if those are too many and nobody was told yet.
    pub(super) fn note(&self, identifier: u64, is_known: bool, now: u32, most: u32) -> Option<u32> {
        let [unknown, known] = &self.lanes;
        // Both are gone through, so that what is known takes no other memory than what is not (promise S2).
        let (count, _) = (unknown.note(identifier, now, !is_known), known.note(identifier, now, is_known));
        if is_known || count < most {
            return None;
        }
        let alarmed = self.alarmed.load(Ordering::Relaxed);
        let is_quiet = alarmed == 0 || now.saturating_add(1).saturating_sub(alarmed) >= QUIET;
        let next = now.saturating_add(1);
        let mine = is_quiet
            && self.alarmed.compare_exchange(alarmed, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        mine.then_some(count)
    }
}

impl Lane {
    /// Notes an identifier if it `counts` here; gives how many new ones came within a minute.
    fn note(&self, identifier: u64, now: u32, counts: bool) -> u32 {
        let age = now / OLD;
        let current = usize::from(age % 2 == 1);
        let before = self.age.load(Ordering::Relaxed);
        let mine = age != before
            && self.age.compare_exchange(before, age, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            clear(&self.filters[current]);
            if age > before.saturating_add(1) {
                clear(&self.filters[1 - current]);
            }
        }
        let bit = identifier % BITS;
        let (word, at) = (usize::try_from(bit / 64).unwrap_or_default(), bit % 64);
        let these = self.filters[current][word].fetch_or(u64::from(counts) << at, Ordering::Relaxed);
        let before = self.filters[1 - current][word].load(Ordering::Relaxed);
        let is_new = !(these | before) >> at & 1;
        self.count(now / STEP, is_new * u64::from(counts))
    }

    /// Counts identifiers in a step; gives how many there are in the last ones.
    fn count(&self, step: u32, identifiers: u64) -> u32 {
        let number = u64::from(step) << 32;
        let next = |seen: u64| if seen >> 32 == number >> 32 { seen } else { number } + identifiers;
        let current = &self.steps[step as usize % STEPS];
        current.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seen| Some(next(seen))).ok();
        let steps = self.steps.iter().map(|seen| seen.load(Ordering::Relaxed));
        let recent = steps.filter(|seen| u64::from(step).abs_diff(seen >> 32) < STEPS as u64);
        recent.fold(0, |sum, seen| {
            sum.saturating_add(u32::try_from(seen & u64::from(u32::MAX)).unwrap_or(u32::MAX))
        })
    }
}

fn clear(filter: &[AtomicU64]) {
    for word in filter {
        word.store(0, Ordering::Relaxed);
    }
}
