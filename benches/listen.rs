//! What a request costs the server, sockets and TLS included, beside nginx and a bare hyper loop.
//!
//! `cargo bench --bench listen`. The server runs on one core, the load on the others; nginx serves the same rendered
//! files when it is installed. Throughput on loopback is often the load's limit, so that the figure to compare is
//! the server's own processor time per request, from the operating system's accounting.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod listen {
    #[path = "../../tests/it/support/anybody.rs"]
    pub(crate) mod anybody;
    pub(crate) mod bare;
    pub(crate) mod load;
    pub(crate) mod peers;
    pub(crate) mod returning;
}
mod support;

use std::time::Duration;

use listen::bare;
use listen::load::{Load, Work, run};
use listen::peers::{Bellhop, Nginx, Peer};
use listen::returning::Returning;
use rustls::version::{TLS12, TLS13};
use support::{Site, mac, print_machine, protocol, serial};

/// Phones that ask in turn; their files fit every cache.
const PHONES: usize = 500;

/// Clients that come back.
const CLIENTS: usize = 10_000;

/// Time of one measurement.
const TIME: Duration = Duration::from_secs(4);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--bare") {
        return bare::serve(&arguments[at + 1..]);
    }
    print_machine();
    let site = Site::new(PHONES);
    let path = |n: usize| format!("/{}/{}.cfg", serial(n), mac(n).replace(':', "").to_lowercase());
    let over = |wanted| (0..PHONES).filter(|n| protocol(*n) == wanted).map(path).collect::<Vec<_>>();
    let (plain, encrypted) = (over("http"), over("https"));
    let bellhop = Bellhop::start(&site);
    let files = bellhop.fetch(&plain);
    let size = files.iter().map(Vec::len).max().unwrap();
    println!("{PHONES} phones in turn, {size} bytes each; server on one core, load on the others\n");
    println!("{:<28} {:<22} {:>12} {:>14}", "work", "server", "CPU/request", "requests/s");
    let bare = bare::start(&site, &files[0]);
    // All files are of one size; for the peers, those fetched without TLS stand for all.
    let paths: Vec<String> = plain.iter().chain(&encrypted).cloned().collect();
    let files: Vec<Vec<u8>> = files.iter().chain(&files).cloned().collect();
    let nginx = Nginx::start(&site, &paths, &files, "");
    let caching = Nginx::start(&site, &paths, &files, "open_file_cache max=10000;");
    for (what, work) in [
        ("HTTP keep-alive", Work::KeepAlive { tls: false }),
        ("HTTP, new connection each", Work::NewConnection { tls: false }),
        ("HTTPS keep-alive", Work::KeepAlive { tls: true }),
        ("HTTPS, full handshake each", Work::NewConnection { tls: true }),
    ] {
        let mut peers: Vec<(&str, &Peer)> = vec![("bellhop", &bellhop.0), ("bare hyper", &bare)];
        peers.extend(nginx.as_ref().map(|nginx| ("nginx", &nginx.0)));
        peers.extend(caching.as_ref().map(|nginx| ("nginx, files kept open", &nginx.0)));
        let paths = match work {
            Work::KeepAlive { tls } | Work::NewConnection { tls } => {
                if tls {
                    &encrypted
                } else {
                    &plain
                }
            }
        };
        for (name, peer) in peers {
            measure(what, work, name, peer, paths);
        }
    }
    if nginx.is_none() {
        println!("\nnginx is not installed");
    }
    come_back(&bellhop.0, &encrypted);
}

/// Has clients connect twice and tells how many of them came back with a ticket.
fn come_back(peer: &Peer, paths: &[String]) {
    println!("\n{CLIENTS} clients connect and come back with their tickets (promise L3: 95 % of them)\n");
    println!("{:<28} {:>12} {:>14} {:>14}", "version", "resumed", "CPU, first", "CPU, again");
    for version in [&TLS12, &TLS13] {
        let mut clients = Returning::new(version, CLIENTS);
        let mut connect = || {
            let before = peer.processor_time();
            let resumed = clients.connect(peer.https, paths);
            (resumed, (peer.processor_time() - before).as_secs_f64() / CLIENTS as f64 * 1e6)
        };
        let ((none, first), (resumed, again)) = (connect(), connect());
        assert_eq!(none, 0, "nobody has a ticket yet");
        let percent = resumed as f64 / CLIENTS as f64 * 100.0;
        println!(
            "{:<28} {percent:>10.1} % {first:>11.1} µs {again:>11.1} µs",
            format!("{:?}", version.version)
        );
    }
}

fn measure(what: &str, work: Work, name: &str, peer: &Peer, paths: &[String]) {
    let load = |time| run(&Load { work, http: peer.http, https: peer.https, paths, time });
    load(TIME / 4);
    let before = peer.processor_time();
    let done = load(TIME);
    let used = peer.processor_time() - before;
    let (per_request, rate) = (used.as_secs_f64() / done as f64 * 1e6, done as f64 / TIME.as_secs_f64());
    println!("{what:<28} {name:<22} {per_request:>9.1} µs {rate:>14.0}");
}
