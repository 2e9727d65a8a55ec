//! How many downloads there may be, in total and for one source.
//!
//! Promises: a download counts from when it is begun until it is dropped; nobody alone can hold all of them; a source
//! without downloads takes no memory.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use ipnet::IpNet;

use crate::config::Assets as Settings;
use crate::telemetry::Assets as Metrics;

/// The downloads under way.
pub(super) struct Downloads {
    sources: Mutex<Sources>,
    metrics: Metrics,
}

#[derive(Default)]
struct Sources {
    all: u32,
    each: HashMap<IpNet, u32, foldhash::fast::RandomState>,
}

/// A download under way; it makes room when dropped.
pub(super) struct Download {
    downloads: Arc<Downloads>,
    source: IpNet,
}

impl Downloads {
    /// Begins without any.
    pub(super) fn new(metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { sources: Mutex::default(), metrics })
    }

    /// Begins a download, unless as many as may be are under way; of `connections` half are left to configuration.
    pub(super) fn begin(
        self: &Arc<Self>,
        peer: IpAddr,
        settings: &Settings,
        connections: u32,
    ) -> Option<Download> {
        let source = source(peer);
        let most = settings.downloads.min(connections / 2).max(1);
        let mut sources = self.sources();
        if sources.all >= most {
            return None;
        }
        let own = sources.each.get(&source).copied().unwrap_or_default();
        if own >= settings.source_downloads {
            return None;
        }
        sources.each.insert(source, own + 1);
        sources.all += 1;
        self.metrics.downloads.increment(1);
        Some(Download { downloads: Arc::clone(self), source })
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let mut sources = self.downloads.sources();
        sources.all = sources.all.saturating_sub(1);
        if let Some(own) = sources.each.get_mut(&self.source) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                sources.each.remove(&self.source);
            }
        }
        self.downloads.metrics.downloads.decrement(1);
    }
}

/// Gives who is counted together: an IPv4 address, or an IPv6 /64.
fn source(peer: IpAddr) -> IpNet {
    let peer = peer.to_canonical();
    let length = if peer.is_ipv4() { 32 } else { 64 };
    IpNet::new(peer, length).map_or_else(|_| peer.into(), |network| network.trunc())
}
