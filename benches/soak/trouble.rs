//! Those who make trouble: changes on disk, certificates that are renewed, scanners, and connections that are slow.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and waits on threads"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use socket2::{Domain, Socket, Type};

use crate::support::{PER_FILE, Site, organization};

/// Slow connections at once.
const SLOW: usize = 100;

/// Longest wait of a scanner for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What everybody shares.
pub(crate) struct Stage<'s> {
    pub(crate) site: &'s Site,
    pub(crate) http: SocketAddr,
    pub(crate) tftp: SocketAddr,
    pub(crate) over: AtomicBool,
    pub(crate) served: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) scanned: AtomicU64,
    pub(crate) swapped: AtomicU64,
}

impl Stage<'_> {
    /// Tells whether to go on, after some time.
    pub(crate) fn goes_on(&self, after: Duration) -> bool {
        sleep(after);
        !self.over.load(Ordering::Relaxed)
    }

    /// Counts a good phone's request.
    pub(crate) fn note(&self, served: bool) {
        let counter = if served { &self.served } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Changes a device three times a second.
pub(crate) fn change(stage: &Stage<'_>) {
    let mut turn = 0;
    while stage.goes_on(Duration::from_millis(330)) {
        turn += 1;
        let next = stage.site.path("next");
        fs::write(&next, organization(0, 0..PER_FILE, &format!("turn {turn}"))).unwrap();
        fs::rename(&next, stage.site.file(0)).unwrap();
    }
}

/// Writes a certificate and its key.
pub(crate) fn renew(site: &Site) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let chain = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    for (name, text) in [("server.pem", chain.pem()), ("server.key", key.serialize_pem())] {
        let next = site.path("next.pem");
        fs::write(&next, text).unwrap();
        fs::rename(&next, site.path(name)).unwrap();
    }
}

/// Renews the certificate every other second.
pub(crate) fn swap(stage: &Stage<'_>) {
    while stage.goes_on(Duration::from_secs(2)) {
        renew(stage.site);
        stage.swapped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks for names that nobody has, and for what no phone would; none of it may be served.
pub(crate) fn scan(stage: &Stage<'_>) {
    let mut turn = 0_u64;
    while stage.goes_on(Duration::from_millis(5)) {
        turn = turn.wrapping_add(1);
        let name = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let request = match turn % 6 {
            0 => format!("GET /{:012x}.cfg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", name >> 16),
            1 => format!("GET /{name:016x}{turn:010}/001565000000.cfg HTTP/1.0\r\n\r\n"),
            2 => format!("GET /001565{:06x}.cfg HTTP/1.1\nHost: x\n\n", name >> 40),
            3 => format!("{name:x}\r\n\r\n"),
            4 => "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab".to_owned(),
            _ => format!("GET /../../{name:x} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
        };
        let Ok(mut stream) = connect_as_stranger(stage.http) else { continue };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).ok();
        let mut status = [0; 12];
        let served = stream.read_exact(&mut status).is_ok() && status.ends_with(b" 200");
        if served {
            stage.note(false);
        }
        stage.scanned.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connects from another network than the phones', which is banned before long.
fn connect_as_stranger(server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 66, 0, 1], 0)).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

/// Holds connections with heads that never end; those that the server closes are made anew.
pub(crate) fn linger(stage: &Stage<'_>) {
    let connect = || {
        let mut stream = TcpStream::connect(stage.http).ok()?;
        stream.write_all(b"GET /x HTTP/1.1\r\n").ok()?;
        stream.set_nonblocking(true).ok()?;
        Some(stream)
    };
    let mut slow: Vec<Option<TcpStream>> = (0..SLOW).map(|_| connect()).collect();
    while stage.goes_on(Duration::from_millis(500)) {
        for place in &mut slow {
            let is_open = place.as_mut().is_some_and(|stream| {
                let open = matches!(stream.read(&mut [0; 512]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
                open && stream.write_all(b"X: y\r\n").is_ok()
            });
            if !is_open {
                *place = connect();
            }
        }
    }
}
