//! More than can be served: what is left of it when two and five times as many phones connect (promise H8).
//!
//! `cargo bench --bench overload`. Connections are made at a constant rate, whether those before were answered or not,
//! each by a phone with an address of its own. The server has the first core, the load the second. Nobody makes five
//! times as many connections on one core as the server takes on another: so the server shares its core with an idle
//! loop that gets nine tenths of it, and has a tenth of its places; goodput counts as a part of its own peak.
//! Without that, as in the first table, the load is often what limits, and the line says so.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod overload {
    #[path = "../../src/listen/tls/careless.rs"]
    pub(crate) mod careless;
    pub(crate) mod offer;
    #[allow(dead_code, reason = "only bellhop itself is started")]
    #[path = "../listen/peers.rs"]
    pub(crate) mod peers;
    pub(crate) mod power;
}
mod support;

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use overload::offer::{PATIENCE, Phones};
use overload::peers::{Peer, on_one_core, start_by};
use overload::power::{FILES, come_back};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{Site, mac, print_machine, protocol, serial};

/// Phones of each protocol that come back when the power does.
const POWERED: usize = 10_000;

/// Phones of each protocol in the overload; their files fit every cache.
const PHONES: usize = 1000;

/// Phones at once where the peak is looked for.
const AT_ONCE: usize = 64;

/// Time of one measurement.
const TIME: Duration = Duration::from_secs(6);

/// Part of peak that is to be left at five times of it (promise H8), in hundredths.
const PROMISED: f64 = 90.0;

fn main() {
    print_machine();
    keep_to_second_core();
    raise_descriptors();
    let site = Site::new(2 * POWERED);
    println!("patience {} s; {} s each", PATIENCE.as_secs(), TIME.as_secs());
    println!("\nthe whole core");
    {
        let (server, _) = start_by(on_one_core(env!("CARGO_BIN_EXE_bellhop")), &site);
        all(&server);
        power_comes_back(&server);
    }
    println!("\na tenth of the core, and of the places");
    let mut config = OpenOptions::new().append(true).open(site.path("bellhop.toml")).unwrap();
    writeln!(config, "limits = {{ connections = 1638, handshakes = 51 }}").unwrap();
    drop(config);
    let _idle = Idle::start();
    let mut slowed = Command::new("nice");
    slowed.args(["-n", "10", "taskset", "-c", "0", env!("CARGO_BIN_EXE_bellhop")]);
    let (server, _) = start_by(slowed, &site);
    let worst = all(&server);
    let verdict = if worst >= PROMISED { "kept" } else { "BROKEN" };
    println!(
        "\nat five times, {worst:.0} % of peak are left at least (promise H8: {PROMISED:.0} %): {verdict}"
    );
}

/// Paths of the first phones that ask over a protocol.
fn paths(wanted: &str, count: usize) -> Vec<String> {
    let path = |n: usize| format!("/{}/{}.cfg", serial(n), mac(n).replace(':', "").to_lowercase());
    (0..2 * POWERED).filter(|n| protocol(*n) == wanted).map(path).take(count).collect()
}

/// Measures both protocols; gives the least part of peak that was left at five times, in hundredths.
fn all(server: &Peer) -> f64 {
    println!(
        "{:<22} {:>9} {:>9} {:>6} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}",
        "",
        "offered/s",
        "served/s",
        "peak",
        "p50",
        "p99",
        "503",
        "closed",
        "no conn",
        "late",
        "unmade",
        "load"
    );
    let http = measure("HTTP", &Phones::new(server.http, paths("http", PHONES), false));
    let https = measure("HTTPS", &Phones::new(server.https, paths("https", PHONES), true));
    http.min(https)
}

fn measure(what: &str, phones: &Phones) -> f64 {
    phones.warm();
    let peak = phones.peak(AT_ONCE, TIME / 2);
    println!("{:<22} {:>9} {peak:>9.0} {:>6}", format!("{what}, {AT_ONCE} at once"), "", "100 %");
    let mut left = 0.0;
    for times in [1.0, 2.0, 5.0] {
        let mut told = phones.offer(peak * times, TIME);
        let busy = told.load.as_secs_f64() / TIME.as_secs_f64() * 100.0;
        let goodput = told.goodput(TIME);
        left = goodput / peak * 100.0;
        let (p50, p99) = (told.percentile(50), told.percentile(99));
        println!(
            "{:<22} {:>9.0} {goodput:>9.0} {left:>4.0} % {p50:>5.0} ms {p99:>5.0} ms {:>7} {:>7} {:>7} {:>7} {:>7} {busy:>4.0} %{}",
            format!("{what}, {times} times peak"),
            told.made as f64 / TIME.as_secs_f64(),
            told.busy,
            told.closed,
            told.unconnected,
            told.late,
            told.unmade,
            if busy > 95.0 { ", the load's limit" } else { "" },
            p50 = p50.as_secs_f64() * 1e3,
            p99 = p99.as_secs_f64() * 1e3,
        );
    }
    left
}

fn power_comes_back(server: &Peer) {
    let phones = Phones::new(server.https, paths("https", POWERED), true);
    let mut morning = come_back(&phones);
    morning.times.sort_unstable();
    let at =
        |percent: usize| morning.times.get(morning.times.len() * percent / 100).copied().unwrap_or_default();
    println!(
        "\n{POWERED} phones start at once, {FILES} files each over HTTPS, a full handshake for each file:\n\
         {} of {} files within {:.1} s (promise H8: 60 s); p50 {:.2} s, p99 {:.2} s (promise H8: 2 s); {} tries again",
        morning.times.len(),
        POWERED * FILES,
        morning.all.as_secs_f64(),
        at(50).as_secs_f64(),
        at(99).as_secs_f64(),
        morning.again,
    );
}

/// Leaves the first core to the server.
fn keep_to_second_core() {
    let own = std::process::id().to_string();
    let kept = Command::new("taskset").args(["-cp", "1", &own]).stdout(Stdio::null()).status();
    assert!(kept.is_ok_and(|kept| kept.success()), "this takes two cores, and taskset");
}

/// Has as many descriptors as the system gives.
fn raise_descriptors() {
    let files = getrlimit(Resource::Nofile);
    let many = Rlimit { current: Some(200_000), maximum: Some(200_000) };
    if setrlimit(Resource::Nofile, many).is_err() {
        setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    }
}

/// A loop on the first core that does nothing, ten times as often as what is nice to it.
struct Idle(Child);

impl Idle {
    fn start() -> Self {
        Self(on_one_core("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
