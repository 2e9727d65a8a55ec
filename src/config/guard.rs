//! What is decided about strangers.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::values::{networks, seconds, set, short};
use crate::document::Entry;
use crate::model::LONGEST_IPV6;

/// What a network may be refused before it is banned, and what is an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Different identifiers that a network may be refused within the window: 1 to 64.
    pub unknown: u32,
    /// Time that a refused identifier counts for: 1 s to 24 h.
    pub window: Duration,
    /// How long a network is banned the first time, twice as long each time after: 1 s to 1 h.
    pub ban: Duration,
    /// How long it is banned at most: 1 s to 1 h.
    pub longest_ban: Duration,
    /// Bits that the addresses of an IPv4 network share: 1 to 32.
    pub ipv4_prefix: u8,
    /// Bits that the addresses of an IPv6 network share: 1 to 56.
    pub ipv6_prefix: u8,
    /// Networks that are never banned.
    pub exempt: Vec<IpNet>,
    /// New unknown identifiers a minute, of all networks together, that are an alarm: 1 to 1,000,000.
    pub scan: u32,
    /// Time within which a device that fetches from two networks is an alarm: 0 s to 24 h.
    pub two_networks: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            unknown: 20,
            window: Duration::from_secs(3600),
            ban: Duration::from_secs(900),
            longest_ban: Duration::from_secs(3600),
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            exempt: Vec::new(),
            scan: 60,
            two_networks: Duration::from_secs(300),
        }
    }
}

impl Guard {
    /// Tells whether a peer is in a network that is never banned.
    pub fn exempts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.exempt.iter().any(|network| network.contains(&peer))
    }

    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "ban" => set(&mut self.ban, seconds(&entry, 1, 3600)),
                "exempt" => self.exempt = networks(&entry),
                "ipv4-prefix" => set(&mut self.ipv4_prefix, prefix(&entry, 32)),
                "ipv6-prefix" => set(&mut self.ipv6_prefix, prefix(&entry, LONGEST_IPV6)),
                "longest-ban" => set(&mut self.longest_ban, seconds(&entry, 1, 3600)),
                "scan" => set(&mut self.scan, entry.integer(1, 1_000_000)),
                "two-networks" => set(&mut self.two_networks, seconds(&entry, 0, 86_400)),
                "unknown" => set(&mut self.unknown, entry.integer(1, 64)),
                "window" => set(&mut self.window, seconds(&entry, 1, 86_400)),
                _ => entry.unknown(&[
                    "ban",
                    "exempt",
                    "ipv4-prefix",
                    "ipv6-prefix",
                    "longest-ban",
                    "scan",
                    "two-networks",
                    "unknown",
                    "window",
                ]),
            }
        }
    }
}

fn prefix(entry: &Entry<'_>, longest: u8) -> Option<u8> {
    short(entry, 1, longest.into()).and_then(|length| length.try_into().ok())
}
