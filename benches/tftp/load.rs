//! The load: phones that fetch a file, each from a port of its own, as fast as they get it.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time for one transfer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time after which an active client sends its last packet again.
const AGAIN: Duration = Duration::from_secs(1);

/// How often in a row nothing comes before a client begins anew.
const SILENCES: u32 = 5;

/// A load on a server.
pub(crate) struct Load<'n> {
    pub(crate) server: SocketAddr,
    pub(crate) names: &'n [String],
    /// Clients at once.
    pub(crate) clients: usize,
    pub(crate) blksize: usize,
    pub(crate) loss: Loss,
}

/// What is lost on the way, by the clients themselves.
#[derive(Clone, Copy)]
pub(crate) struct Loss {
    /// Of a hundred packets each way.
    pub(crate) percent: u64,
    /// Whether a client sends its last packet again when nothing comes; else it repeats its request only.
    pub(crate) active: bool,
}

impl Loss {
    pub(crate) const NONE: Self = Self { percent: 0, active: true };
}

/// What came of a load.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How long each transfer took, sorted.
    pub(crate) times: Vec<Duration>,
    /// Transfers that did not end in time or brought something else.
    pub(crate) failed: usize,
}

impl Outcome {
    /// Gives the time that so many of a hundred transfers took at most.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get((self.times.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }
}

/// Runs a load for some time; transfers under way are finished.
pub(crate) fn run(load: &Load<'_>, time: Duration) -> Outcome {
    let end = Instant::now() + time;
    let mut all = Outcome::default();
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..load.clients).map(|client| scope.spawn(move || repeat(load, client, end))).collect();
        for client in clients {
            let outcome = client.join().unwrap();
            all.times.extend(outcome.times);
            all.failed += outcome.failed;
        }
    });
    all.times.sort();
    all
}

fn repeat(load: &Load<'_>, client: usize, end: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ (client as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut next = client;
    while Instant::now() < end {
        let name = &load.names[next % load.names.len()];
        next += 1;
        let started = Instant::now();
        match fetch(load, name, &mut chance) {
            Some(_) => outcome.times.push(started.elapsed()),
            None => outcome.failed += 1,
        }
    }
    outcome
}

/// A generator of numbers that is the same in every run (xorshift).
struct Chance(u64);

impl Chance {
    fn hits(&mut self, percent: u64) -> bool {
        if percent == 0 {
            return false;
        }
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % 100 < percent
    }
}

/// A client's side of one transfer.
struct Client<'c> {
    socket: UdpSocket,
    peer: SocketAddr,
    last: Vec<u8>,
    loss: Loss,
    chance: &'c mut Chance,
}

impl Client<'_> {
    fn send(&mut self) {
        if !self.chance.hits(self.loss.percent) {
            self.socket.send_to(&self.last, self.peer).ok();
        }
    }
}

/// Fetches a file and gives its bytes; a client that waits in vain begins anew.
fn fetch(load: &Load<'_>, name: &str, chance: &mut Chance) -> Option<Vec<u8>> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Ok(fetched) = attempt(load, name, chance, end) {
            return fetched;
        }
    }
    None
}

/// A client heard nothing for so long that it gives up.
struct Silence;

fn attempt(
    load: &Load<'_>,
    name: &str,
    chance: &mut Chance,
    end: Instant,
) -> Result<Option<Vec<u8>>, Silence> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(AGAIN)).unwrap();
    let mut silent = 0;
    let mut request = [b"\0\x01", name.as_bytes(), b"\0octet\0"].concat();
    if load.blksize != 512 {
        request.extend(format!("blksize\0{}\0", load.blksize).bytes());
    }
    let mut client = Client { socket, peer: load.server, last: request, loss: load.loss, chance };
    client.send();
    let (mut file, mut wanted, mut blksize) = (Vec::new(), 1_u16, 512);
    let mut buffer = [0; 65_536];
    while Instant::now() < end {
        let (length, from) = match client.socket.recv_from(&mut buffer) {
            Ok(_) if client.chance.hits(load.loss.percent) => continue,
            Ok(received) => received,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                silent += 1;
                if silent > SILENCES {
                    return Err(Silence);
                }
                if load.loss.active || client.peer == load.server {
                    client.send();
                }
                continue;
            }
            Err(_) => return Ok(None),
        };
        silent = 0;
        client.peer = from;
        match &buffer[..length] {
            [0, 6, options @ ..] => {
                let mut fields = options.split(|byte| *byte == 0);
                let is_blksize = |field: &&[u8]| field.eq_ignore_ascii_case(b"blksize");
                if fields.any(|field| is_blksize(&field)) {
                    let agreed =
                        fields.next().and_then(|field| std::str::from_utf8(field).ok()?.parse().ok());
                    blksize = agreed.unwrap();
                }
                client.last = vec![0, 4, 0, 0];
                client.send();
            }
            [0, 3, high, low, data @ ..] => {
                let block = u16::from_be_bytes([*high, *low]);
                if block == wanted {
                    file.extend_from_slice(data);
                    client.last = vec![0, 4, *high, *low];
                    client.send();
                    if data.len() < blksize {
                        return Ok(Some(file));
                    }
                    wanted = wanted.wrapping_add(1);
                } else if block == wanted.wrapping_sub(1) {
                    client.send();
                }
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// Fetches a file once, without loss.
pub(crate) fn fetch_once(server: SocketAddr, name: &str) -> Option<Vec<u8>> {
    let load = Load { server, names: &[], clients: 1, blksize: 512, loss: Loss::NONE };
    fetch(&load, name, &mut Chance(1))
}
