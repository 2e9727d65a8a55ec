//! Who has a transfer, and how many anybody may have.
//!
//! Promises: a transfer is known by both addresses and by what was asked (promise T2): the same again is a duplicate,
//! anything else from the same peer takes the place of the one before, of which nothing is sent from then on. Caps
//! hold in total and by source (T4); memory does not grow with the number of sources. Read next: [`Places::begin`].

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hashbrown::HashMap;
use tokio::sync::Notify;

use crate::config::Tftp;

/// Most sources that are remembered.
const SOURCES: usize = 65_536;

/// Errors of courtesy that a source gets in a second.
const COURTESIES: u32 = 100;

/// Packets that wait for a transfer that shares its port with others.
const MAIL: usize = 64;

type Hasher = foldhash::fast::RandomState;

/// The places of all listeners.
pub(super) struct Places {
    table: Mutex<Table>,
    most: usize,
    start: Instant,
    idle: Notify,
}

#[derive(Default)]
struct Table {
    transfers: HashMap<Ends, Arc<Handle>, Hasher>,
    sources: Sources,
    taken: usize,
    is_stopping: bool,
}

#[derive(Default)]
struct Sources(HashMap<Source, Tally, Hasher>);

/// The addresses of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    /// The address that was asked.
    pub(super) local: SocketAddr,
    /// Who asked.
    pub(super) peer: SocketAddr,
}

/// Who is counted together: an IPv4 address, an IPv6 /64, or an address of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// What is counted of a source.
#[derive(Default)]
struct Tally {
    second: u64,
    requests: u32,
    courtesies: u32,
    unverified: u32,
    verified: u32,
}

/// Why a request gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// All places are taken.
    Busy,
    /// The source has its share.
    Crowded,
    /// The transfer is under way already.
    Duplicate,
    /// The source asks too often.
    Frequent,
}

/// What others tell a transfer.
pub(super) struct Handle {
    /// The request as it came.
    pub(super) request: Box<[u8]>,
    news: Mutex<News>,
    wake: Notify,
    verified: Notify,
}

#[derive(Default)]
struct News {
    is_asked_again: bool,
    is_replaced: bool,
    is_stopping: bool,
    mail: VecDeque<[u8; 4]>,
}

/// What a transfer is told.
pub(super) enum Told {
    /// The same was asked for again.
    Again,
    /// A packet's first bytes.
    Mail([u8; 4]),
    /// Another transfer has taken its place.
    Replaced,
    /// The server stops.
    Stopping,
}

/// A place in the table, free again when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    ends: Ends,
    is_verified: bool,
    /// What others tell its transfer.
    pub(super) handle: Arc<Handle>,
}

impl Places {
    /// Makes an empty table; there may never be more than `most`, whatever the settings say.
    pub(super) fn new(most: usize) -> Self {
        Self { table: Mutex::default(), most, start: Instant::now(), idle: Notify::new() }
    }

    /// Takes a place for a request.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn begin(self: &Arc<Self>, ends: Ends, request: &[u8], caps: &Tftp) -> Result<Place, Denied> {
        let most = usize::try_from(caps.transfers).unwrap_or(usize::MAX).min(self.most);
        let mut table = self.table();
        let table = &mut *table;
        let tally = table.sources.tally(ends.peer, self.second()).ok_or(Denied::Busy)?;
        tally.requests += 1;
        if tally.requests > caps.source_requests {
            return Err(Denied::Frequent);
        }
        if let Some(before) = table.transfers.get(&ends) {
            if *before.request == *request {
                before.tell(|news| news.is_asked_again = true);
                return Err(Denied::Duplicate);
            }
            before.tell(|news| news.is_replaced = true);
        }
        if tally.unverified >= caps.source_unverified || tally.verified >= caps.source_transfers {
            return Err(Denied::Crowded);
        }
        if table.taken >= most || table.is_stopping {
            return Err(Denied::Busy);
        }
        tally.unverified += 1;
        table.taken += 1;
        let handle = Handle {
            request: request.into(),
            news: Mutex::default(),
            wake: Notify::new(),
            verified: Notify::new(),
        };
        let handle = Arc::new(handle);
        table.transfers.insert(ends, Arc::clone(&handle));
        Ok(Place { places: Arc::clone(self), ends, is_verified: false, handle })
    }

    /// Hands a packet to the transfer that it belongs to; tells whether there is one.
    pub(super) fn deliver(&self, ends: Ends, packet: &[u8]) -> bool {
        let Some(handle) = self.table().transfers.get(&ends).map(Arc::clone) else { return false };
        if let Some(first) = packet.first_chunk::<4>() {
            handle.tell(|news| {
                if news.mail.len() < MAIL {
                    news.mail.push_back(*first);
                }
            });
        }
        true
    }

    /// Tells whether a source may be told once more that it does something wrong.
    pub(super) fn may_scold(&self, peer: SocketAddr) -> bool {
        let mut table = self.table();
        table.sources.tally(peer, self.second()).is_some_and(|tally| {
            tally.courtesies += 1;
            tally.courtesies <= COURTESIES
        })
    }

    /// Gives no more places, and tells all transfers that the server stops.
    pub(super) fn stop(&self) {
        let mut table = self.table();
        table.is_stopping = true;
        for handle in table.transfers.values() {
            handle.tell(|news| news.is_stopping = true);
        }
        if table.taken == 0 {
            self.idle.notify_one();
        }
    }

    /// Waits until no place is taken after a stop.
    pub(super) async fn idle(&self) {
        self.idle.notified().await;
        self.idle.notify_one();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn second(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}

impl Table {
    /// Forgets a transfer, unless another one has its place.
    fn leave(&mut self, ends: &Ends, handle: &Arc<Handle>) {
        if self.transfers.get(ends).is_some_and(|found| Arc::ptr_eq(found, handle)) {
            self.transfers.remove(ends);
        }
    }
}

impl Sources {
    /// Gives a source's tally as of this second; none where too many sources are there.
    fn tally(&mut self, peer: SocketAddr, second: u64) -> Option<&mut Tally> {
        let source = Source::of(peer.ip());
        if self.0.len() >= SOURCES && !self.0.contains_key(&source) {
            self.0.retain(|_, tally| tally.second == second || tally.unverified + tally.verified > 0);
            if self.0.len() >= SOURCES {
                return None;
            }
        }
        let tally = self.0.entry(source).or_default();
        if tally.second != second {
            (tally.second, tally.requests, tally.courtesies) = (second, 0, 0);
        }
        Some(tally)
    }
}

impl Source {
    fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(peer) => Self::V4(peer),
            IpAddr::V6(peer) if peer.is_unicast_link_local() => Self::V6(peer),
            IpAddr::V6(peer) => Self::V6(Ipv6Addr::from_bits(peer.to_bits() >> 64 << 64)),
        }
    }
}

impl Handle {
    /// Does something that only a transfer may do that has not been replaced; none where it has been.
    ///
    /// Whoever replaces it waits for that to be done.
    pub(super) fn unless_replaced<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        let news = self.news();
        (!news.is_replaced).then(act)
    }

    /// Waits until the client has acknowledged something; one may wait.
    pub(super) async fn verified(&self) {
        self.verified.notified().await;
    }

    /// Waits for news.
    pub(super) async fn told(&self) -> Told {
        loop {
            if let Some(told) = self.next() {
                return told;
            }
            self.wake.notified().await;
        }
    }

    fn next(&self) -> Option<Told> {
        let mut news = self.news();
        if news.is_replaced {
            return Some(Told::Replaced);
        }
        if std::mem::take(&mut news.is_asked_again) {
            return Some(Told::Again);
        }
        if std::mem::take(&mut news.is_stopping) {
            return Some(Told::Stopping);
        }
        news.mail.pop_front().map(Told::Mail)
    }

    fn tell(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news());
        self.wake.notify_one();
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Gives the addresses that it is for.
    pub(super) const fn ends(&self) -> Ends {
        self.ends
    }

    /// Counts the transfer among those whose client has acknowledged something.
    pub(super) fn verify(&mut self) {
        if !std::mem::replace(&mut self.is_verified, true)
            && let Some(tally) = self.places.table().sources.0.get_mut(&Source::of(self.ends.peer.ip()))
        {
            tally.unverified = tally.unverified.saturating_sub(1);
            tally.verified += 1;
            self.handle.verified.notify_one();
        }
    }

    /// Ends the transfer for others; tells whether its client has asked for the same once more by then.
    ///
    /// If so the place is kept; if not, whoever asks from now on begins anew.
    pub(super) fn is_asked_again(&self) -> bool {
        let mut table = self.places.table();
        let mut news = self.handle.news();
        let again = std::mem::take(&mut news.is_asked_again) && !news.is_replaced;
        if !again {
            table.leave(&self.ends, &self.handle);
        }
        again
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        table.taken = table.taken.saturating_sub(1);
        if let Some(tally) = table.sources.0.get_mut(&Source::of(self.ends.peer.ip())) {
            let count = if self.is_verified { &mut tally.verified } else { &mut tally.unverified };
            *count = count.saturating_sub(1);
        }
        table.leave(&self.ends, &self.handle);
        if table.is_stopping && table.taken == 0 {
            self.places.idle.notify_one();
        }
    }
}
