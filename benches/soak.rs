//! Hours in which everything happens at once, and nothing may grow (promise H12).
//!
//! `cargo bench --bench soak -- MINUTES`, 3 of them where none are told. Phones poll over HTTP, HTTPS and TFTP; at the
//! same time devices change three times a second, certificates are renewed every other second, scanners ask for what
//! nobody has, and slow connections are held. Ends with a failure when a phone got no file, something panicked, or the
//! memory or the descriptors of the server grew in the second half, by least squares, by more than a twentieth.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod soak {
    #[path = "../../src/listen/tls/careless.rs"]
    pub(crate) mod careless;
    #[allow(dead_code, reason = "phones ask one by one")]
    #[path = "../tftp/load.rs"]
    pub(crate) mod load;
    #[allow(dead_code, reason = "phones ask one by one")]
    #[path = "../overload/offer.rs"]
    pub(crate) mod offer;
    #[allow(dead_code, reason = "only bellhop itself is started")]
    #[path = "../listen/peers.rs"]
    pub(crate) mod peers;
    pub(crate) mod trouble;
}
mod support;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use soak::load::fetch_once;
use soak::offer::{Ending, Phones, runtime};
use soak::peers::start_by;
use soak::trouble::{Stage, change, linger, renew, scan, swap};
use support::{PER_FILE, Site, mac, organization, print_machine, protocol, serial};
use tokio::time::timeout;

/// Devices over HTTP and HTTPS, by turns.
const DEVICES: usize = 4000;

/// Devices over TFTP.
const BY_TFTP: usize = 200;

/// Longest time that a phone waits for a file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much may grow in the second half.
const FLAT: f64 = 0.05;

/// What the server has at some time.
struct Sample {
    at: Duration,
    resident: f64,
    descriptors: f64,
}

fn main() -> ExitCode {
    let minutes = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(3_u64);
    let time = Duration::from_secs(60 * minutes);
    print_machine();
    let site = site();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellhop"));
    command.stderr(File::create(site.path("log")).unwrap());
    let (server, told) = start_by(command, &site);
    let address = |word: &str| -> SocketAddr {
        let line = told.iter().find(|line| line.trim_start().starts_with(word)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let zero = || AtomicU64::new(0);
    let (served, failed, scanned, swapped) = (zero(), zero(), zero(), zero());
    let (over, http, tftp) = (AtomicBool::new(false), server.http, address("tftp"));
    let stage = Stage { site: &site, http, tftp, over, served, failed, scanned, swapped };
    let path = |n: usize| format!("/{}/{}", serial(n), name(n));
    let paths = |wanted: &str| (0..DEVICES).filter(|n| protocol(*n) == wanted).map(path).collect();
    let plain = Phones::new(server.http, paths("http"), false);
    let encrypted = Phones::new(server.https, paths("https"), true);
    let samples = thread::scope(|scope| {
        for phones in [&plain, &encrypted] {
            for first in 0..4 {
                let stage = &stage;
                scope.spawn(move || poll(stage, phones, first));
            }
        }
        for first in 0..2 {
            let stage = &stage;
            scope.spawn(move || poll_by_tftp(stage, first));
        }
        for trouble in [change, swap, scan, linger] {
            let stage = &stage;
            scope.spawn(move || trouble(stage));
        }
        let samples = watch(&stage, server.child.id(), address("admin"), time);
        stage.over.store(true, Ordering::Relaxed);
        samples
    });
    judge(&stage, &samples)
}

/// Writes a fleet and settings, with short deadlines.
fn site() -> Site {
    let site = Site::new(DEVICES);
    let mut config = OpenOptions::new().append(true).open(site.path("bellhop.toml")).unwrap();
    writeln!(config, "tftp = {{ listen = [\"127.0.0.1:0\"] }}\nlimits = {{ header-timeout = \"3s\" }}")
        .unwrap();
    writeln!(config, "reload = {{ quiet = \"50ms\" }}").unwrap();
    let settings = fs::read_to_string(site.path("bellhop.toml")).unwrap();
    let pair = "https = { certificates = [{ certificate = \"server.pem\", key = \"server.key\" }], ";
    fs::write(site.path("bellhop.toml"), settings.replace("https = { ", pair)).unwrap();
    renew(&site);
    let file = DEVICES / PER_FILE;
    let devices = organization(file, DEVICES..DEVICES + BY_TFTP, "");
    let devices = devices.replace("\"https\"", "\"tftp\"").replace("\"http\"", "\"tftp\"");
    fs::write(site.file(file), devices).unwrap();
    site
}

fn name(device: usize) -> String {
    format!("{}.cfg", mac(device).replace(':', "").to_lowercase())
}

/// Asks as one phone after the other.
fn poll(stage: &Stage<'_>, phones: &Phones, first: usize) {
    let (runtime, mut phone) = (runtime(), first);
    while stage.goes_on(Duration::from_millis(20)) {
        phone += 4;
        let ending = runtime.block_on(async { timeout(PATIENCE, phones.ask(phone)).await });
        stage.note(ending.ok() == Some(Ending::Served));
    }
}

fn poll_by_tftp(stage: &Stage<'_>, first: usize) {
    let mut phone = first;
    while stage.goes_on(Duration::from_millis(20)) {
        phone += 2;
        stage.note(fetch_once(stage.tftp, &name(DEVICES + phone % BY_TFTP)).is_some());
    }
}

/// Looks at the server each second, and tells each ten.
fn watch(stage: &Stage<'_>, process: u32, admin: SocketAddr, time: Duration) -> Vec<Sample> {
    println!(
        "{:>7} {:>10} {:>12} {:>8} {:>9} {:>7} {:>9} {:>7}",
        "after", "resident", "descriptors", "serial", "served", "failed", "scanned", "swaps"
    );
    let (begin, mut samples) = (Instant::now(), Vec::new());
    while begin.elapsed() < time {
        thread::sleep(Duration::from_secs(1));
        let sample = Sample {
            at: begin.elapsed(),
            resident: resident(process),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as f64,
        };
        if samples.len() % 10 == 9 {
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            println!(
                "{:>5} s {:>6.1} MiB {:>12} {:>8} {:>9} {:>7} {:>9} {:>7}",
                sample.at.as_secs(),
                sample.resident / f64::from(1 << 20),
                sample.descriptors,
                snapshot_serial(admin),
                count(&stage.served),
                count(&stage.failed),
                count(&stage.scanned),
                count(&stage.swapped),
            );
        }
        samples.push(sample);
    }
    samples
}

fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
}

fn snapshot_serial(admin: SocketAddr) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().find_map(|line| line.strip_prefix("bellhop_snapshot_serial ")).unwrap_or("?").to_owned()
}

/// Gives by how much something grew over the samples, as a part of its mean: the slope by least squares, times time.
fn growth(samples: &[Sample], what: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let at = |sample: &Sample| sample.at.as_secs_f64();
    let (middle, level) = (mean(&at), mean(&what));
    let slope = mean(&|sample| (at(sample) - middle) * (what(sample) - level))
        / mean(&|sample| (at(sample) - middle).powi(2));
    let time = at(samples.last().unwrap()) - at(&samples[0]);
    slope * time / level
}

fn judge(stage: &Stage<'_>, samples: &[Sample]) -> ExitCode {
    let half = &samples[samples.len() / 2..];
    let memory = growth(half, |sample| sample.resident);
    let descriptors = growth(half, |sample| sample.descriptors);
    let log = fs::read_to_string(stage.site.path("log")).unwrap();
    let panics = log.matches("panicked").count();
    let failed = stage.failed.load(Ordering::Relaxed);
    println!(
        "\nsecond half: memory {:+.1} %, descriptors {:+.1} % (at most {:+.0} %); {failed} requests failed, {panics} panics",
        memory * 100.0,
        descriptors * 100.0,
        FLAT * 100.0,
    );
    if failed == 0 && panics == 0 && memory <= FLAT && descriptors <= FLAT {
        return ExitCode::SUCCESS;
    }
    println!("the end of the log:");
    log.lines().rev().take(20).for_each(|line| println!("  {line}"));
    ExitCode::FAILURE
}
