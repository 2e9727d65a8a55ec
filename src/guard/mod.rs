//! Who asks for what is not theirs: budgets of networks, bans, and the alarm when somebody harvests.
//!
//! A network may be refused so many different identifiers in an hour, whether a device has them or not: when a ban
//! comes tells nobody which are known. While it is banned, nothing is given any more to whoever names a device and
//! proves nothing, unless that device was served there before: every phone with a serial, credentials or a
//! certificate goes on, and so do those known by their MAC address that were there already. Only newcomers wait.
//!
//! Promises: no socket and no clock; one phone that asks for years counts once; every ban ends; memory is bounded,
//! and forgetting is in favour of those who ask. Read next: [`Guard::refused`], then `permit` for what a ban does.

mod alarm;
mod bans;
mod counters;
mod forwarded;
mod scan;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ipnet::IpNet;

pub use self::alarm::{Alarm, Quiet};
pub use self::forwarded::{BadForwarded, origin};

use self::bans::Bans;
use self::counters::Counters;
use self::scan::Scan;
use crate::config;
use crate::model::Subnet;

/// Parts of the tables, so that those who look at one seldom wait for each other.
const SHARDS: usize = 64;

/// What is remembered of networks that were refused something.
pub struct Guard {
    hasher: RandomState,
    start: Instant,
    shards: Box<[Shard]>,
    /// Bans that hold, and some that have just ended.
    active: AtomicUsize,
    scan: Scan,
    /// The minute in which bans that were over have been forgotten.
    swept: AtomicU32,
}

#[derive(Default)]
struct Shard {
    counters: Mutex<Counters>,
    bans: RwLock<Bans>,
}

/// A request that was refused.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Whom it came from.
    pub peer: IpAddr,
    /// What it named a device by; keyed, so that nobody can choose those that collide.
    pub identifier: u64,
    /// Whether there is such a device, which only operators may notice.
    pub is_known: bool,
    /// Whether it counts against its network.
    pub counts: bool,
}

/// What follows from a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The ban that begins with it.
    pub banned: Option<Ban>,
    /// How many unknown identifiers were asked for lately, if that is an alarm.
    pub scan: Option<u32>,
}

/// A network that is banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban {
    /// The network.
    pub network: Subnet,
    /// How long it has been banned.
    pub since: Duration,
    /// How long it will be.
    pub left: Duration,
    /// Different identifiers that it was refused before.
    pub identifiers: u32,
    /// Requests that were refused to it since.
    pub requests: u64,
    /// How many bans it had lately, this one among them.
    pub times: u32,
}

impl Guard {
    /// Makes a guard that has seen nothing yet; `start` is not later than any time that it is told.
    pub fn new(start: Instant) -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        let (hasher, active) = (RandomState::new(), AtomicUsize::new(0));
        Self { hasher, start, shards, active, scan: Scan::default(), swept: AtomicU32::new(0) }
    }

    /// Gives the network that a peer is counted in.
    pub fn network(peer: IpAddr, rules: &config::Guard) -> Subnet {
        Subnet::of(peer, rules.ipv4_prefix, rules.ipv6_prefix)
    }

    /// Gives the peer's network if it is banned; without any ban this is one look at a number.
    pub fn banned(
        &self,
        peer: IpAddr,
        rules: &config::Guard,
        now: impl FnOnce() -> Instant,
    ) -> Option<Subnet> {
        if self.active.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let network = Self::network(peer, rules);
        let now = self.seconds(now());
        let holds = self.shard(network).bans.read().is_ok_and(|bans| bans.holds(network, now));
        (holds && !rules.exempts(peer)).then_some(network)
    }

    /// Counts a refusal; known identifiers and unknown ones take the same work.
    pub fn refused(&self, refused: &Refused, rules: &config::Guard, now: Instant) -> Verdict {
        self.sweep_by_minute(now);
        let now = self.seconds(now);
        // Keyed once more: what a request is told apart by elsewhere says nothing about its place here.
        let identifier = self.hasher.hash_one(refused.identifier);
        let scan = self.scan.note(identifier, refused.is_known, now, rules.scan);
        let banned = refused.counts.then(|| self.count(refused.peer, identifier, rules, now)).flatten();
        Verdict { banned, scan }
    }

    fn count(&self, peer: IpAddr, identifier: u64, rules: &config::Guard, now: u32) -> Option<Ban> {
        let network = Self::network(peer, rules);
        let shard = self.shard(network);
        let is_banned = shard.bans.read().is_ok_and(|bans| bans.refuses(network, now));
        if is_banned || rules.exempts(peer) {
            return None;
        }
        let window = whole_seconds(rules.window);
        let identifier = short(identifier);
        let oldest = shard.counters().note(network, identifier, now, rules.unknown, window)?;
        let until = oldest.saturating_add(window);
        self.change(shard, |bans| bans.begin(network, rules.unknown, until, rules, now))
    }

    /// Takes back what a network was refused under a name that has now been proven to be its own.
    pub fn proved(&self, peer: IpAddr, identifier: u64, rules: &config::Guard) {
        let network = Self::network(peer, rules);
        let identifier = short(self.hasher.hash_one(identifier));
        self.shard(network).counters().forget(network, identifier);
    }

    /// Lists the bans that hold, those that end first at the top.
    pub fn bans(&self, now: Instant) -> Vec<Ban> {
        let now = self.seconds(now);
        let mut all = Vec::new();
        for shard in &self.shards {
            if let Ok(bans) = shard.bans.read() {
                all.extend(bans.each(now));
            }
        }
        all.sort_by_key(|ban: &Ban| (ban.left, ban.network));
        all
    }

    /// Lifts the bans of networks that lie in this one or around it, all where `None`; gives how many it were.
    ///
    /// Such a network begins anew, with its whole budget.
    pub fn lift(&self, within: Option<IpNet>, now: Instant) -> usize {
        let now = self.seconds(now);
        let meant = |network: Subnet| {
            let network = network.prefix();
            within.is_none_or(|within| within.contains(&network) || network.contains(&within))
        };
        let mut lifted = 0;
        for shard in &self.shards {
            let networks = self.change(shard, |bans| bans.lift(meant, now));
            let mut counters = shard.counters();
            networks.iter().for_each(|network| counters.clear(*network));
            lifted += networks.len();
        }
        lifted
    }

    /// Forgets bans that have ended, where nobody else does.
    fn sweep_by_minute(&self, now: Instant) {
        let minute = self.seconds(now) / 60;
        if self.swept.load(Ordering::Relaxed) != minute
            && self.swept.swap(minute, Ordering::Relaxed) != minute
        {
            self.sweep(now);
        }
    }

    /// Forgets bans that have ended; to be called now and then.
    pub fn sweep(&self, now: Instant) {
        if self.active.load(Ordering::Relaxed) == 0 {
            return;
        }
        let now = self.seconds(now);
        for shard in &self.shards {
            self.change(shard, |bans| bans.sweep(now));
        }
    }

    /// Changes bans, and the number of those that hold with them.
    fn change<T>(&self, shard: &Shard, change: impl FnOnce(&mut Bans) -> T) -> T {
        let mut bans = shard.bans.write().unwrap_or_else(PoisonError::into_inner);
        let before = bans.len();
        let changed = change(&mut bans);
        // Sums wrap, so that this takes away as well.
        self.active.fetch_add(bans.len().wrapping_sub(before), Ordering::Relaxed);
        changed
    }

    fn shard(&self, network: Subnet) -> &Shard {
        let hash = self.hasher.hash_one(network);
        let at = usize::try_from(hash % SHARDS as u64).unwrap_or_default();
        &self.shards[at]
    }

    fn seconds(&self, now: Instant) -> u32 {
        whole_seconds(now.saturating_duration_since(self.start))
    }
}

impl Shard {
    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// Gives as much of a hash as is kept.
fn short(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests;
