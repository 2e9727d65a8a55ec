//! Who is connected, and how many more may be.
//!
//! Promises: the caps are those of the configuration as it is now; a source has its own, so that one address leaves
//! room for others (promise H7); whoever is turned away costs next to nothing, and the loop that accepts never waits
//! for anybody. The server's own requests are let in whatever happens.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Limits;

/// Descriptors that are left to everything but connections and transfers over TFTP; a quarter where there are few.
const RESERVE: usize = 256;

/// Longest time for a word to somebody.
const SAYING: Duration = Duration::from_secs(1);

/// Who is connected.
pub(super) struct Crowd {
    table: Mutex<Table>,
    told: AtomicUsize,
    turn: AtomicU32,
    /// Most connections that there are descriptors for.
    descriptors: usize,
    /// Most peers that are told why they are turned away, at once; others are only closed.
    most_told: usize,
}

#[derive(Default)]
struct Table {
    taken: usize,
    sources: HashMap<Source, u32>,
}

/// Who is counted together: an IPv4 address, or an IPv6 /64, which is narrower than [`Subnet`](crate::model::Subnet)
/// can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Source(u128);

/// Why somebody is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    Everywhere,
    /// The source has its share.
    Source,
}

/// A place among the connected; free again when dropped.
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    source: Source,
}

/// A word to somebody who is turned away.
pub(super) struct Word {
    crowd: Arc<Crowd>,
}

impl Crowd {
    /// Makes an empty one; `connections` and `downloads` are how many the configuration allows.
    pub(super) fn new(connections: u32, downloads: u32) -> Self {
        let descriptors = descriptors(connections, downloads).0;
        let (told, turn) = (AtomicUsize::new(0), AtomicU32::new(0));
        Self { table: Mutex::default(), told, turn, descriptors, most_told: reserve(limit()) / 4 }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, limits: &Limits) -> Result<Seat, Full> {
        let most = usize::try_from(limits.connections).unwrap_or(usize::MAX).min(self.descriptors);
        let source = Source::of(peer);
        let mut table = self.table();
        if table.taken >= most {
            return Err(Full::Everywhere);
        }
        let of_source = table.sources.entry(source).or_default();
        if *of_source >= limits.source_connections {
            return Err(Full::Source);
        }
        *of_source += 1;
        table.taken += 1;
        drop(table);
        Ok(Seat { crowd: Arc::clone(self), source })
    }

    /// Makes room for telling somebody to come back later; `None` where too many are told already.
    pub(super) fn tell(self: &Arc<Self>) -> Option<Word> {
        let word = Word { crowd: Arc::clone(self) };
        (self.told.fetch_add(1, Ordering::Relaxed) < self.most_told).then_some(word)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Word {
    /// Tells a peer to come back later.
    pub(super) async fn say(self, mut stream: TcpStream) {
        // Phones that are turned away together shall not come back together.
        let later = 30 + self.crowd.turn.fetch_add(7, Ordering::Relaxed) % 60;
        let response = format!(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {later}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let saying = async {
            stream.readable().await?;
            stream.write_all(response.as_bytes()).await?;
            stream.shutdown().await?;
            // What is left unread would have the system take the response back.
            while stream.read(&mut [0; 1024]).await? > 0 {}
            Ok::<_, std::io::Error>(())
        };
        // Whoever does not listen has nothing to be told.
        timeout(SAYING, saying).await.map(Result::ok).ok();
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        self.crowd.told.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.crowd.table();
        table.taken = table.taken.saturating_sub(1);
        if let Some(count) = table.sources.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                table.sources.remove(&self.source);
            }
        }
    }
}

impl Source {
    fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(peer) => Self(peer.to_ipv6_mapped().to_bits()),
            IpAddr::V6(peer) => Self(peer.to_bits() >> 64 << 64),
        }
    }
}

/// Shares the descriptors of the process out: to connections, and to the sockets of transfers over TFTP (promise T4),
/// after those of downloads.
pub(super) fn descriptors(connections: u32, downloads: u32) -> (usize, usize) {
    let many = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    share(limit(), many(connections), many(downloads))
}

fn limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn reserve(limit: usize) -> usize {
    RESERVE.min(limit / 4)
}

fn share(limit: usize, connections: usize, downloads: usize) -> (usize, usize) {
    let others = reserve(limit) + downloads.min(limit / 8);
    let sockets = limit.saturating_sub(connections.saturating_add(others)).max(limit / 4);
    (connections.min(limit - sockets - others), sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_left_to_everybody() {
        assert_eq!(share(1 << 20, 16_384, 8), (16_384, (1 << 20) - 16_384 - RESERVE - 8));
        assert_eq!(share(1024, 16_384, 8), (504, 256));
        assert_eq!(share(256, 16_384, 64), (96, 64));
    }

    #[test]
    fn a_source_has_its_share_and_leaves_the_rest_to_others() {
        let crowd = Arc::new(Crowd::new(1000, 8));
        let limits = Limits { connections: 5, source_connections: 2, ..Limits::default() };
        let enter = |peer: &str| crowd.enter(peer.parse().unwrap(), &limits);
        let first = enter("192.0.2.1").ok();
        let seats = [enter("::ffff:192.0.2.1"), enter("2001:db8::1"), enter("2001:db8::2")];
        assert!(first.is_some() && seats.iter().all(Result::is_ok));
        assert_eq!(
            enter("192.0.2.1").err(),
            Some(Full::Source),
            "an IPv4 address counts once, however it is written"
        );
        assert_eq!(enter("2001:db8::3").err(), Some(Full::Source), "and so does a /64");
        drop(first);
        let again = [enter("192.0.2.1"), enter("192.0.2.2")];
        assert!(again.iter().all(Result::is_ok));
        assert_eq!(enter("192.0.2.3").err(), Some(Full::Everywhere));
        drop((seats, again));
        assert!(crowd.table().sources.is_empty(), "nobody is remembered who is gone");
    }
}
