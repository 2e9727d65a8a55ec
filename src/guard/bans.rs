//! Networks that are banned, apart from the counters, so that no flood of sources makes them forgotten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashMap;

use crate::config;
use crate::guard::{Ban, whole_seconds};
use crate::model::Subnet;

/// Bans that a part of the table holds, and those that it remembers; each has cost its network a budget.
const MOST: usize = 1024;

/// Seconds after its end that a ban makes the next one longer.
const MEMORY: u32 = 24 * 3600;

/// Some of the bans.
#[derive(Default)]
pub(super) struct Bans {
    /// Those that hold, or held until a moment ago.
    holding: HashMap<Subnet, Record, foldhash::quality::RandomState>,
    ended: HashMap<Subnet, Ended, foldhash::quality::RandomState>,
}

/// A ban; times are in seconds.
struct Record {
    since: u32,
    until: u32,
    times: u32,
    identifiers: u32,
    requests: AtomicU64,
}

/// A ban that is over: when it ended, and how many there had been by then.
#[derive(Clone, Copy)]
struct Ended {
    at: u32,
    times: u32,
}

impl Bans {
    /// Bans a network for the usual time, and at least `until` its budget is its own again; nothing where it is
    /// banned already.
    pub(super) fn begin(
        &mut self,
        network: Subnet,
        identifiers: u32,
        until: u32,
        rules: &config::Guard,
        now: u32,
    ) -> Option<Ban> {
        self.end(network, now);
        if self.holding.contains_key(&network) {
            return None;
        }
        let lately = self.ended.remove(&network).filter(|ended| now.saturating_sub(ended.at) < MEMORY);
        let times = lately.map_or(1, |ended| ended.times.saturating_add(1));
        let usual = whole_seconds(rules.ban).saturating_mul(1 << (times - 1).min(16));
        let longest = now.saturating_add(whole_seconds(rules.longest_ban));
        let until = now.saturating_add(usual).max(until).min(longest);
        if self.holding.len() >= MOST {
            self.sweep(now);
        }
        if self.holding.len() >= MOST {
            let first =
                self.holding.iter().min_by_key(|(_, record)| record.until).map(|(network, _)| *network);
            first.map(|first| self.holding.remove(&first));
        }
        let record = Record { since: now, until, times, identifiers, requests: AtomicU64::new(0) };
        let ban = record.ban(network, now);
        self.holding.insert(network, record);
        Some(ban)
    }

    /// Takes bans away as if they had never been; gives those that held.
    pub(super) fn lift(&mut self, meant: impl Fn(Subnet) -> bool, now: u32) -> Vec<Subnet> {
        self.ended.retain(|network, _| !meant(*network));
        let lifted = self.holding.extract_if(|network, _| meant(*network));
        lifted.filter(|(_, record)| record.holds(now)).map(|(network, _)| network).collect()
    }

    /// Moves bans that are over to those that are remembered, and forgets of those what is too old or too many.
    pub(super) fn sweep(&mut self, now: u32) {
        let over: Vec<Subnet> = self
            .holding
            .iter()
            .filter(|(_, record)| !record.holds(now))
            .map(|(network, _)| *network)
            .collect();
        for network in over {
            self.end(network, now);
        }
    }

    fn end(&mut self, network: Subnet, now: u32) {
        let Some(record) = self.holding.get(&network).filter(|record| !record.holds(now)) else { return };
        let ended = Ended { at: record.until, times: record.times };
        self.holding.remove(&network);
        if self.ended.len() >= MOST {
            self.ended.retain(|_, ended| now.saturating_sub(ended.at) < MEMORY);
        }
        if self.ended.len() < MOST {
            self.ended.insert(network, ended);
        }
    }

    /// Tells how many there are to look through: those that hold, and some that have just ended.
    pub(super) fn len(&self) -> usize {
        self.holding.len()
    }

    /// Tells whether a network is banned.
    pub(super) fn holds(&self, network: Subnet, now: u32) -> bool {
        self.holding.get(&network).is_some_and(|record| record.holds(now))
    }

    /// Tells whether a network is banned, and counts a request that it is refused.
    pub(super) fn refuses(&self, network: Subnet, now: u32) -> bool {
        let record = self.holding.get(&network).filter(|record| record.holds(now));
        record.map(|record| record.requests.fetch_add(1, Ordering::Relaxed)).is_some()
    }

    /// Goes through the bans that hold.
    pub(super) fn each(&self, now: u32) -> impl Iterator<Item = Ban> {
        let holding = self.holding.iter().filter(move |(_, record)| record.holds(now));
        holding.map(move |(network, record)| record.ban(*network, now))
    }
}

impl Record {
    const fn holds(&self, now: u32) -> bool {
        now < self.until
    }

    fn ban(&self, network: Subnet, now: u32) -> Ban {
        Ban {
            network,
            since: Duration::from_secs(now.saturating_sub(self.since).into()),
            left: Duration::from_secs(self.until.saturating_sub(now).into()),
            identifiers: self.identifiers,
            requests: self.requests.load(Ordering::Relaxed),
            times: self.times,
        }
    }
}
