//! Who speaks for others.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::values::networks;
use crate::document::Entry;
use crate::model::Protocol;

/// Whose word counts on whom a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Networks of proxies whose `X-Forwarded-For` and PROXY header are believed; nobody's when empty.
    pub trusted: Vec<IpNet>,
    /// Listeners on which such proxies begin each connection with a PROXY header.
    pub proxy_protocol: Vec<Protocol>,
}

impl Proxies {
    /// Tells whether a peer speaks for others.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|network| network.contains(&peer))
    }

    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "proxy-protocol" => {
                    let known = [("http", Protocol::Http), ("https", Protocol::Https)];
                    self.proxy_protocol = entry.list().filter_map(|item| item.one_of(&known)).collect();
                }
                "trusted" => self.trusted = networks(&entry),
                _ => entry.unknown(&["proxy-protocol", "trusted"]),
            }
        }
    }
}
