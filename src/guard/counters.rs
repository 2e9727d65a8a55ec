//! Which identifiers a network was refused lately.

use std::collections::VecDeque;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::model::Subnet;

/// Networks that a part of the table remembers.
pub(super) const NETWORKS: usize = 1024;

/// Most identifiers that a network may be refused, whatever the settings say.
pub(super) const MOST: usize = 64;

/// Bytes that a network takes at most: its place, its place in the queue (both in tables that double as they grow),
/// its identifiers, and what the allocator adds.
const WORST: usize = 2 * (size_of::<(Subnet, Counter)>() + 1) * 8 / 7
    + 2 * size_of::<Subnet>()
    + MOST * size_of::<Seen>()
    + 32;

// Whatever a million sources do, the table has at most this much (promise S6).
const _: () = assert!(super::SHARDS * NETWORKS * WORST <= 64 << 20, "the table outgrows 64 MiB");

/// What is remembered of some networks; those not refused anything for longest go first.
#[derive(Default)]
pub(super) struct Counters {
    networks: HashMap<Subnet, Counter, foldhash::quality::RandomState>,
    /// The networks in the order in which they may have to go; one that was active meanwhile gets a second turn.
    order: VecDeque<Subnet>,
}

#[derive(Default)]
struct Counter {
    seen: Vec<Seen>,
    is_active: bool,
}

/// An identifier and when it came first, in seconds.
#[derive(Clone, Copy)]
struct Seen {
    identifier: u32,
    at: u32,
}

impl Counters {
    /// Notes an identifier; when the network has none left, gives the time of the oldest that counts.
    pub(super) fn note(
        &mut self,
        network: Subnet,
        identifier: u32,
        now: u32,
        budget: u32,
        window: u32,
    ) -> Option<u32> {
        let budget = usize::try_from(budget).unwrap_or(MOST).min(MOST);
        let counter = self.counter(network);
        counter.seen.retain(|seen| now.saturating_sub(seen.at) < window);
        if counter.seen.iter().any(|seen| seen.identifier == identifier) {
            return None;
        }
        if counter.seen.len() < budget {
            counter.seen.push(Seen { identifier, at: now });
        }
        if counter.seen.len() < budget {
            return None;
        }
        counter.seen.first().map(|oldest| oldest.at)
    }

    /// Takes an identifier back.
    pub(super) fn forget(&mut self, network: Subnet, identifier: u32) {
        if let Some(counter) = self.networks.get_mut(&network) {
            counter.seen.retain(|seen| seen.identifier != identifier);
        }
    }

    /// Takes all identifiers of a network back.
    pub(super) fn clear(&mut self, network: Subnet) {
        if let Some(counter) = self.networks.get_mut(&network) {
            counter.seen.clear();
        }
    }

    fn counter(&mut self, network: Subnet) -> &mut Counter {
        if self.networks.len() >= NETWORKS && !self.networks.contains_key(&network) {
            self.make_room();
        }
        let counter = match self.networks.entry(network) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                self.order.push_back(network);
                return place.insert(Counter::default());
            }
        };
        counter.is_active = true;
        counter
    }

    /// Forgets a network that has not been active since its last turn.
    fn make_room(&mut self) {
        while let Some(network) = self.order.pop_front() {
            match self.networks.get_mut(&network) {
                Some(counter) if counter.is_active => {
                    counter.is_active = false;
                    self.order.push_back(network);
                }
                _ => {
                    self.networks.remove(&network);
                    return;
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.networks.len().max(self.order.len())
    }
}
