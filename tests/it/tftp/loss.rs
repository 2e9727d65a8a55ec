//! Promise T6 in a network that loses, doubles, reorders and delays: seeded, and in virtual time.
//!
//! Sessions are driven here as the server drives them. A client is active when it repeats its last packet after a
//! second, passive when it repeats its request only, until the first block is there, and leaves the rest to the server.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use bellhop::tftp::{Caps, Ending, Event, Mode, Options, Packet, Patience, Session, Step, negotiate};
use bytes::Bytes;

use super::client::{ack, read, request};

const PATIENCE: Patience = Patience { deadline: Duration::from_secs(300), silence: Duration::from_secs(30) };
const CAPS: Caps = Caps { blksize: 1428, windowsize: 16 };

/// When a client repeats itself.
const REPEAT: Duration = Duration::from_secs(1);

/// When a client that hears nothing more begins anew, from another port.
const RESTART: Duration = Duration::from_secs(8);

/// A source of chance (splitmix64), the same for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn of_100(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// What is on the way, by the time when it is there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Parcel {
    /// To the client, from the transfer of this number.
    ToClient(usize, Vec<u8>),
    /// To a transfer.
    ToServer(usize, Vec<u8>),
    /// A request, from the client's port of this number.
    Request(usize),
}

struct Network {
    chance: Chance,
    loss: u64,
    now: Instant,
    parcels: BinaryHeap<Reverse<(Instant, u64, Parcel)>>,
    sent: u64,
}

impl Network {
    fn send(&mut self, parcel: impl Fn() -> Parcel) {
        let copies = 1 + u64::from(self.chance.of_100(2));
        for _ in 0..copies {
            if !self.chance.of_100(self.loss) {
                // Of two packets the later one may be the first to arrive.
                let late = Duration::from_micros(2_000 + self.chance.next() % 28_000);
                self.sent += 1;
                self.parcels.push(Reverse((self.now + late, self.sent, parcel())));
            }
        }
    }
}

/// A session, the client's port that it is for, and how it ended.
struct Transfer {
    port: usize,
    session: Session,
    ending: Option<Ending>,
}

struct Server {
    body: Bytes,
    request: Vec<u8>,
    sessions: Vec<Transfer>,
}

impl Server {
    /// Takes a request; one whose transfer goes on is a duplicate.
    fn begin(&mut self, port: usize, network: &Network) {
        if self.sessions.iter().any(|one| one.port == port && one.ending.is_none()) {
            return;
        }
        let Ok(Packet::Read(request)) = Packet::decode(&self.request) else { panic!("it is a request") };
        let size = self.body.len() as u64;
        let terms = negotiate(request.options, Mode::Octet, size, CAPS);
        let session = Session::new(terms, Mode::Octet, size, PATIENCE, network.now);
        self.sessions.push(Transfer { port, session, ending: None });
    }

    /// Lets all sessions do what they want; gives the time of the next one that waits.
    fn step(&mut self, network: &mut Network) -> Option<Instant> {
        let mut out = Vec::new();
        let mut next: Option<Instant> = None;
        for (number, Transfer { session, ending, .. }) in self.sessions.iter_mut().enumerate() {
            loop {
                match session.step(network.now, &mut out) {
                    Step::Send => network.send(|| Parcel::ToClient(number, out.clone())),
                    Step::Want { .. } => session.give(0, self.body.clone()),
                    Step::Wait(until) => {
                        next = Some(next.map_or(until, |next| next.min(until)));
                        break;
                    }
                    Step::End(how) => {
                        *ending = Some(how);
                        break;
                    }
                }
            }
        }
        next
    }
}

struct Client {
    is_active: bool,
    window: u16,
    blksize: usize,
    port: usize,
    tid: Option<usize>,
    got: Vec<u8>,
    block: u16,
    unacknowledged: u16,
    last: Option<u16>,
    heard: Instant,
    again: Instant,
    is_done: bool,
}

impl Client {
    fn ask(&mut self, network: &mut Network) {
        let port = self.port;
        network.send(|| Parcel::Request(port));
        self.again = network.now + REPEAT;
    }

    fn acknowledge(&mut self, block: u16, network: &mut Network) {
        let Some(tid) = self.tid else { return };
        network.send(|| Parcel::ToServer(tid, ack(block)));
        (self.last, self.unacknowledged, self.again) = (Some(block), 0, network.now + REPEAT);
    }

    fn take(&mut self, tid: usize, packet: &[u8], network: &mut Network) {
        if *self.tid.get_or_insert(tid) != tid {
            return;
        }
        self.heard = network.now;
        match Packet::decode(packet).unwrap() {
            Packet::Oack(_) => self.acknowledge(0, network),
            Packet::Data { block, bytes } if block == self.block.wrapping_add(1) => {
                (self.block, self.unacknowledged) = (block, self.unacknowledged + 1);
                self.got.extend_from_slice(bytes);
                self.is_done |= bytes.len() < self.blksize;
                if self.is_done || self.unacknowledged >= self.window {
                    self.acknowledge(block, network);
                }
            }
            Packet::Data { .. } => self.acknowledge(self.block, network),
            other => panic!("{other:?}"),
        }
    }

    /// Does what its clock says; gives the time of the next such thing.
    fn tick(&mut self, network: &mut Network) -> Instant {
        let restart = self.heard + RESTART;
        if network.now >= restart {
            // It has forgotten all that it knew.
            self.port += 1;
            (self.tid, self.block, self.last, self.unacknowledged) = (None, 0, None, 0);
            (self.heard, self.got) = (network.now, Vec::new());
            self.ask(network);
        } else if network.now >= self.again {
            match self.last {
                Some(block) if self.is_active => self.acknowledge(block, network),
                Some(_) => self.again = restart,
                None if self.tid.is_none() => self.ask(network),
                None => self.again = restart,
            }
        }
        self.again.min(self.heard + RESTART)
    }
}

/// Fetches a file; gives the time that it took, none where a minute did not do.
fn fetch(seed: u64, loss: u64, is_active: bool, length: usize, options: &[(&str, &str)]) -> Option<Duration> {
    let start = Instant::now();
    let mut network = Network { chance: Chance(seed), loss, now: start, parcels: BinaryHeap::new(), sent: 0 };
    let body: Vec<u8> = (0..length).map(|n| u8::try_from(n % 249).unwrap()).collect();
    let request = if options.is_empty() { read("x") } else { request(1, "x", "octet", options) };
    let number = |what: &str, usual: u16| {
        let found = options.iter().find(|(name, _)| *name == what);
        found.map_or(usual, |(_, value)| value.parse().unwrap())
    };
    let mut server = Server { body: body.clone().into(), request, sessions: Vec::new() };
    let mut client = Client {
        is_active,
        window: number("windowsize", 1),
        blksize: number("blksize", 512).into(),
        port: 0,
        tid: None,
        got: Vec::new(),
        block: 0,
        unacknowledged: 0,
        last: None,
        heard: start,
        again: start,
        is_done: false,
    };
    while !client.is_done {
        let mut next = client.tick(&mut network);
        if let Some(server) = server.step(&mut network) {
            next = next.min(server);
        }
        let arrival = network.parcels.peek().map(|Reverse((when, _, _))| *when);
        match arrival.filter(|arrival| *arrival <= next) {
            Some(arrival) => {
                network.now = arrival;
                let Reverse((_, _, parcel)) = network.parcels.pop().unwrap();
                match parcel {
                    Parcel::Request(port) => server.begin(port, &network),
                    Parcel::ToClient(tid, packet) => client.take(tid, &packet, &mut network),
                    Parcel::ToServer(tid, packet) => {
                        server.sessions[tid].session.handle(Event::Datagram(&packet), network.now);
                    }
                }
            }
            None => network.now = next,
        }
        if network.now > start + Duration::from_secs(60) {
            return None;
        }
    }
    assert!(client.got == body, "seed {seed}");
    Some(network.now - start)
}

/// Gives the middle and the 99th percentile of many fetches, and how many failed.
fn figures(
    loss: u64,
    is_active: bool,
    length: usize,
    options: &[(&str, &str)],
) -> (Duration, Duration, usize) {
    const FETCHES: u64 = 2000;
    let all = (0..FETCHES).map(|seed| fetch(seed, loss, is_active, length, options));
    let mut times: Vec<Duration> = all.flatten().collect();
    let failures = usize::try_from(FETCHES).unwrap() - times.len();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100], failures)
}

#[test]
fn a_twentieth_lost_costs_little() {
    for is_active in [true, false] {
        for options in [&[][..], &[("blksize", "1428")], &[("blksize", "512"), ("windowsize", "4")]] {
            let (middle, slow, failures) = figures(5, is_active, 4000, options);
            let what = format!("active {is_active} {options:?}: {middle:?} {slow:?} {failures}");
            assert!(middle <= Duration::from_secs(1), "{what}");
            assert!(slow <= Duration::from_secs(4), "{what}");
            assert_eq!(failures, 0, "{what}");
        }
    }
}

#[test]
fn a_fifth_lost_fails_nobody() {
    for is_active in [true, false] {
        for options in [&[][..], &[("blksize", "512"), ("windowsize", "4")]] {
            let (middle, slow, failures) = figures(20, is_active, 4000, options);
            let what = format!("active {is_active} {options:?}: {middle:?} {slow:?} {failures}");
            assert!(failures <= 2, "one in a thousand may fail: {what}");
        }
    }
}

#[test]
fn a_network_that_only_delays_brings_everything_at_once() {
    let (middle, slow, failures) = figures(0, true, 40_000, &[("blksize", "1428"), ("windowsize", "8")]);
    assert!(middle < Duration::from_millis(2500) && slow < Duration::from_secs(6), "{middle:?} {slow:?}");
    assert_eq!(failures, 0);
    assert_eq!(Options::default().iter().count(), 0);
}
