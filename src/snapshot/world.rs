//! What a fleet is seen through: the catalog and the server's own decisions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::config::{Config, Provisioning};
use crate::model::{Protocol, Raw, Settings};
use crate::snapshot::Stamp;

/// The catalog, the server's settings, and since when each part of them holds.
#[derive(Debug, Default)]
pub struct World {
    /// What phones exist.
    pub catalog: Arc<Catalog>,
    /// What phones are told.
    pub rules: Rules,
    /// Since when `rules` hold.
    pub rules_since: Stamp,
    /// Since when each vendor's part of the catalog holds, by the vendor's place.
    pub vendors_since: Vec<Stamp>,
}

/// The server's decisions, as far as phones' files show them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// What phones are told, and which of them get what; the host is filled in.
    pub provisioning: Provisioning,
    /// Port in URLs by protocol.
    pub ports: Vec<(Protocol, u16)>,
    /// Settings of every phone.
    pub settings: Settings,
    /// Vendor parameters of every phone.
    pub raw: Raw,
}

impl Rules {
    /// Takes the decisions out of a configuration; `host` stands in where it names none.
    pub fn new(config: &Config, host: &str) -> Self {
        let mut provisioning = config.provisioning.clone();
        if provisioning.host.is_empty() {
            host.clone_into(&mut provisioning.host);
        }
        let ports = [Protocol::Http, Protocol::Https, Protocol::Tftp];
        let ports = ports.into_iter().map(|protocol| (protocol, config.public_port(protocol))).collect();
        Self { provisioning, ports, settings: config.settings.clone(), raw: config.raw.clone() }
    }

    /// Gives the port in URLs of a protocol.
    pub fn port(&self, protocol: Protocol) -> u16 {
        self.ports.iter().find(|(known, _)| *known == protocol).map_or(0, |(_, port)| *port)
    }
}

impl World {
    /// Puts a catalog and rules together; what is as it was in `previous` holds since then, the rest since `now`.
    pub fn new(catalog: Arc<Catalog>, rules: Rules, previous: Option<&Self>, now: Stamp) -> Self {
        let Some(previous) = previous else {
            let vendors_since = vec![now; catalog.vendors().len()];
            return Self { catalog, rules, rules_since: now, vendors_since };
        };
        let before: HashMap<_, _> = previous
            .catalog
            .vendors()
            .iter()
            .zip(&previous.vendors_since)
            .map(|(vendor, since)| ((&vendor.id, vendor.digest), *since))
            .collect();
        let since = |vendor: &crate::catalog::Vendor| {
            before.get(&(&vendor.id, vendor.digest)).copied().unwrap_or(now)
        };
        let vendors_since = catalog.vendors().iter().map(since).collect();
        let rules_since = if rules == previous.rules { previous.rules_since } else { now };
        Self { catalog, rules, rules_since, vendors_since }
    }
}
