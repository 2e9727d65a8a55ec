//! Delays for those who guess: by network, by login, and by login in a network.
//!
//! An attempt counts before its password is checked, so that many at once are no way around. A login that was signed
//! in from a network lately answers there for that network's own guesses at it and nothing else: no stranger can lock
//! it out. Logins that do not exist count like those that do.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::config;
use crate::model::Subnet;

/// Entries of each table; each has cost somebody a check.
pub(super) const MOST: usize = 4096;

/// Time without a failure after which failures are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// Time for which a network remains a login's own after it signed in there.
const OWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Failures that a network, or a login in all networks, has free for each that a login in one network has.
const SHARED: u32 = 4;

/// Longest delay of a login for guesses from everywhere.
const LONGEST_OF_LOGIN: Duration = Duration::from_secs(30);

/// Who failed how often.
pub(super) struct Throttle {
    hasher: RandomState,
    start: Instant,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    pairs: Table,
    networks: Table,
    logins: Table,
    /// Logins in networks that are their own, with when they last signed in there.
    own: Table,
}

#[derive(Default)]
struct Table(HashMap<u64, Entry, foldhash::quality::RandomState>);

#[derive(Clone, Copy, Default)]
struct Entry {
    failures: u32,
    /// Since the throttle was made.
    last: Duration,
}

/// An attempt that is under way, by the places that it counts in.
pub(super) struct Attempt {
    pair: u64,
    network: u64,
    login: u64,
}

impl Throttle {
    /// Makes one that has seen nothing yet; `start` is not later than any time that it is told.
    pub(super) fn new(start: Instant) -> Self {
        Self { hasher: RandomState::new(), start, tables: Mutex::default() }
    }

    /// Lets an attempt begin, and counts it as failed until it succeeds; else tells how long to wait.
    pub(super) fn begin(
        &self,
        login: &str,
        network: Option<Subnet>,
        rules: &config::Logins,
        now: Instant,
    ) -> Result<Attempt, Duration> {
        let attempt = Attempt {
            pair: self.key((0, login, network)),
            network: self.key((1, network)),
            login: self.key((2, login)),
        };
        let now = self.since_start(now);
        let mut tables = self.tables();
        let own = tables.own.0.get(&attempt.pair).is_some_and(|entry| now.saturating_sub(entry.last) < OWN);
        let mut wait = tables.pairs.wait(attempt.pair, rules.attempts, rules.delay, rules.longest_delay, now);
        if !own {
            let free = rules.attempts.saturating_mul(SHARED);
            let of_network =
                tables.networks.wait(attempt.network, free, rules.delay, rules.longest_delay, now);
            let longest = LONGEST_OF_LOGIN.min(rules.longest_delay);
            let of_login = tables.logins.wait(attempt.login, free, rules.delay, longest, now);
            wait = wait.max(of_network).max(of_login);
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        tables.pairs.fail(attempt.pair, now);
        tables.networks.fail(attempt.network, now);
        tables.logins.fail(attempt.login, now);
        Ok(attempt)
    }

    /// Takes back what an attempt that was right counted as, and what went before it there.
    #[expect(clippy::needless_pass_by_value, reason = "an attempt ends once")]
    pub(super) fn succeed(&self, attempt: Attempt, now: Instant) {
        let now = self.since_start(now);
        let mut tables = self.tables();
        tables.pairs.0.remove(&attempt.pair);
        tables.networks.take_back(attempt.network);
        tables.logins.take_back(attempt.login);
        tables.own.fail(attempt.pair, now);
    }

    /// Takes back an attempt whose password was not looked at.
    #[expect(clippy::needless_pass_by_value, reason = "an attempt ends once")]
    pub(super) fn withdraw(&self, attempt: Attempt) {
        let mut tables = self.tables();
        tables.pairs.take_back(attempt.pair);
        tables.networks.take_back(attempt.network);
        tables.logins.take_back(attempt.login);
    }

    fn key(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how many entries there are.
    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        let tables = self.tables();
        [&tables.pairs, &tables.networks, &tables.logins, &tables.own].iter().map(|table| table.0.len()).sum()
    }
}

impl Table {
    /// Tells how long an entry has to wait: not at all for so many failures, then twice as long each.
    fn wait(&self, key: u64, free: u32, delay: Duration, longest: Duration, now: Duration) -> Duration {
        let Some(entry) = self.0.get(&key).filter(|entry| !entry.is_forgotten(now)) else {
            return Duration::ZERO;
        };
        if entry.failures < free {
            return Duration::ZERO;
        }
        let doubled = 1_u32 << (entry.failures - free).min(20);
        let delay = delay.saturating_mul(doubled).min(longest);
        entry.last.saturating_add(delay).saturating_sub(now)
    }

    fn fail(&mut self, key: u64, now: Duration) {
        if !self.0.contains_key(&key) && self.0.len() >= MOST {
            self.make_room(now);
        }
        let entry = self.0.entry(key).or_default();
        if entry.is_forgotten(now) {
            entry.failures = 0;
        }
        *entry = Entry { failures: entry.failures.saturating_add(1), last: now };
    }

    fn take_back(&mut self, key: u64) {
        if let Some(entry) = self.0.get_mut(&key) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    /// Forgets what is over, else those who failed least, the longest ago.
    fn make_room(&mut self, now: Duration) {
        self.0.retain(|_, entry| !entry.is_forgotten(now));
        if self.0.len() >= MOST {
            let mut least: Vec<_> =
                self.0.iter().map(|(key, entry)| (entry.failures, entry.last, *key)).collect();
            least.sort_unstable();
            for (_, _, key) in least.into_iter().take(MOST / 8) {
                self.0.remove(&key);
            }
        }
    }
}

impl Entry {
    fn is_forgotten(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) >= FORGET
    }
}
