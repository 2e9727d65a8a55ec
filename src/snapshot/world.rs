//! What a fleet is seen through: the catalog and the server's own decisions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Firmware};
use crate::config::{Config, Provisioning};
use crate::model::{Preferences, Protocol, Raw, Settings};
use crate::snapshot::Stamp;

/// The catalog, the server's settings, and since when each part of them holds.
#[derive(Debug, Default)]
pub struct World {
    /// What phones exist.
    pub catalog: Arc<Catalog>,
    /// What the server's configuration says.
    pub configured: Rules,
    /// What phones are told: the configuration, with the global preferences before it.
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
    /// Protocol of devices that name none, where their firmware offers it.
    pub protocol: Option<Protocol>,
    /// Seconds between the requests of devices that name no interval; ten minutes when not set.
    pub update_interval: Option<u32>,
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
        let (settings, raw) = (config.settings.clone(), config.raw.clone());
        Self { provisioning, ports, settings, raw, protocol: None, update_interval: None }
    }

    /// Puts global preferences before them.
    fn preferring(mut self, preferences: &Preferences) -> Self {
        self.provisioning.mac_based = preferences.mac_based.unwrap_or(self.provisioning.mac_based);
        self.protocol = preferences.protocol.or(self.protocol);
        self.update_interval = preferences.update_interval.or(self.update_interval);
        self
    }

    /// Gives the protocol of devices with a firmware that name none: the preferred one where the firmware offers
    /// it, or else the firmware's own first one.
    pub fn protocol_of(&self, firmware: &Firmware) -> Option<Protocol> {
        let offered = self.protocol.filter(|preferred| firmware.protocols.contains(preferred));
        offered.or(firmware.protocols.first().copied())
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
            return Self { catalog, configured: rules.clone(), rules, rules_since: now, vendors_since };
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
        Self { catalog, configured: rules.clone(), rules, rules_since, vendors_since }
    }

    /// Puts global preferences before the configuration; what follows from both and was so in `previous` holds since
    /// then, else since `now`.
    pub(super) fn preferring(
        self: Arc<Self>,
        preferences: Option<&Preferences>,
        previous: &Self,
        now: Stamp,
    ) -> Arc<Self> {
        let configured = self.configured.clone();
        let rules = match preferences {
            Some(preferences) => configured.preferring(preferences),
            None => configured,
        };
        if rules == self.rules {
            return self;
        }
        let rules_since = if rules == previous.rules { previous.rules_since } else { now };
        Arc::new(Self {
            catalog: Arc::clone(&self.catalog),
            configured: self.configured.clone(),
            rules,
            rules_since,
            vendors_since: self.vendors_since.clone(),
        })
    }
}
