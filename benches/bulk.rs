//! A hundred thousand rows as one change, in a server that serves phones meanwhile.
//!
//! `cargo bench --bench bulk`; with words, those cases alone: `cargo bench --bench bulk -- edit one-file`. Rows of edits
//! go through the same function as a run's, at the desk of a server that runs in this process; phones fetch their files
//! over HTTP from the first row to the audit log's last line, each from a connection of its own, and none may fail. The
//! memory is what the process takes at most, less what it took before, the rows themselves aside.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod support;

use std::cell::Cell;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bellhop::guard::Guard;
use bellhop::listen::{Bound, Identities, Inherited, Side};
use bellhop::operation::{Caller, Edit, Fields, Many, ManyOutcome, Status, Through, perform_many};
use bellhop::reload::{self, Bell, Beside, Started, Watch};
use bellhop::snapshot::Store;
use bellhop::telemetry::Metrics;
use serde_json::{Value, json};
use support::{PER_FILE, Site, mac, organization, print_machine, resident, serial};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Phones that ask at the same time.
const PHONES: usize = 4;

/// How long a phone waits between two requests.
const PAUSE: Duration = Duration::from_millis(10);

/// A fleet, and how many rows change it.
struct Case {
    name: &'static str,
    devices: usize,
    files: usize,
    rows: usize,
}

const CASES: &[Case] = &[
    Case { name: "one-file", devices: 100_000, files: 1, rows: 100_000 },
    Case { name: "100-files", devices: 100_000, files: 100, rows: 100_000 },
    Case { name: "million", devices: 1_000_000, files: 1_000, rows: 1_000 },
];

const OPERATIONS: &[&str] = &["edit", "create", "delete", "mix"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_asked = |names: &[&str], name: &str| {
        let asked: Vec<_> = words.iter().filter(|word| names.contains(&word.as_str())).collect();
        asked.is_empty() || asked.iter().any(|word| *word == name)
    };
    let fleets: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    print_machine();
    println!(
        "{:>10} {:>8} {:>8} {:>10} {:>10} {:>10} {:>9} {:>9} {:>7} {:>10} {:>10}",
        "fleet", "rows", "of", "validate", "commit", "in all", "memory", "phones", "failed", "p99", "worst"
    );
    for case in CASES.iter().filter(|case| is_asked(&fleets, case.name)) {
        for operation in OPERATIONS.iter().filter(|operation| is_asked(OPERATIONS, operation)) {
            measure(case, operation);
        }
    }
}

fn measure(case: &Case, operation: &str) {
    let site = Site::new(0);
    let each = case.devices / case.files;
    for number in 0..case.files {
        let text = organization(number, number * each..(number + 1) * each, "");
        fs::write(site.path(&format!("fleet/org{number:05}.toml")), text).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    fs::create_dir_all(site.path("state")).unwrap();
    let (bell, http, reading) = serve(&site, &runtime);
    let edits = Arc::new(rows(case, operation, each));
    let load = Arc::new(Load::default());
    let phones: Vec<_> = (0..PHONES)
        .map(|number| {
            let load = Arc::clone(&load);
            thread::spawn(move || load.phone(http, number))
        })
        .collect();
    load.settle();
    let idle = resident();
    fs::write("/proc/self/clear_refs", "5").ok();
    load.begin();
    let began = Instant::now();
    let (outcome, validated) = apply(&runtime, &bell, &edits, began);
    let all = began.elapsed();
    load.end.store(true, Ordering::Relaxed);
    let peak = highest().saturating_sub(idle) >> 20;
    assert_done(&outcome);
    let mut times: Vec<Duration> = phones.into_iter().flat_map(|phone| phone.join().unwrap()).collect();
    times.sort();
    let (p99, worst) = (times[times.len() * 99 / 100], times[times.len() - 1]);
    let failed = load.failed.load(Ordering::Relaxed);
    println!(
        "{:>10} {:>8} {:>8} {validated:>10.2?} {:>10.2?} {all:>10.2?} {:>6} MB {:>9} {failed:>7} {p99:>10.2?} {worst:>10.2?}",
        case.name,
        operation,
        case.rows,
        all - validated,
        peak,
        times.len(),
    );
    assert_eq!(failed, 0, "no phone may wait in vain");
    bell.stop();
    reading.join().unwrap();
}

/// Does the rows at the desk; tells when they were validated, too.
fn apply(
    runtime: &tokio::runtime::Runtime,
    bell: &Bell,
    edits: &Arc<Vec<(u64, Edit)>>,
    began: Instant,
) -> (ManyOutcome, Duration) {
    let job = Arc::clone(edits);
    let done = bell.at_desk(move |desk| {
        let validated = Cell::new(Duration::ZERO);
        let account = "administrator".to_owned();
        let caller = Caller { account, login: None, through: Through::Shell, peer: None, run: None };
        let options = Many {
            dry_run: false,
            skip_refused: false,
            diff: false,
            cancelled: &|| false,
            progress: &|_| (),
            note: &mut |_| {
                validated.set(began.elapsed());
                Ok(())
            },
        };
        let outcome = perform_many(desk, &caller, &job, options).unwrap();
        (outcome, validated.get())
    });
    runtime.block_on(done).unwrap()
}

/// Fails unless every row was done.
fn assert_done(outcome: &ManyOutcome) {
    let bad = outcome.rows.iter().find(|row| row.status != Status::Done);
    assert!(outcome.committed && bad.is_none(), "{bad:?}");
}

/// Serves a site's phones in this process.
fn serve(site: &Site, runtime: &tokio::runtime::Runtime) -> (Bell, SocketAddr, thread::JoinHandle<()>) {
    let Started { loader, snapshot, origin, served_before, .. } =
        reload::start(&site.path("bellhop.toml")).unwrap_or_else(|faults| panic!("{faults:?}"));
    let config = loader.config().clone();
    let (store, metrics) = (Arc::new(Store::new(snapshot)), Arc::new(Metrics::default()));
    let host = store.current().world().rules.provisioning.host.clone();
    let identities = Arc::new(Identities::load(&config, &host, &metrics, served_before).unwrap());
    let beside = |_: &bellhop::config::Config| Beside { changed: false, faults: Vec::new() };
    let watch = Watch::new(loader, Arc::clone(&store), Arc::clone(&metrics), |_| (), origin, beside);
    let bell = watch.bell();
    let reading = thread::spawn(move || watch.run());
    let guard = Arc::new(Guard::new(Instant::now()));
    let side = Side::new(store, guard, &metrics, TaskTracker::new(), CancellationToken::new()).unwrap();
    let http = runtime.block_on(async {
        let sockets = Inherited::take().unwrap().sort(&config).unwrap();
        let bound = Bound::bind(&config, sockets).await.unwrap();
        let addresses = bound.addresses();
        bound.serve(&Arc::new(side), &identities, &metrics);
        let http = addresses.into_iter().find(|(transport, _)| transport.to_string() == "http");
        http.unwrap().1
    });
    (bell, http, reading)
}

fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

/// Makes the rows; the first thousand devices are left to the phones that ask.
fn rows(case: &Case, operation: &str, each: usize) -> Vec<(u64, Edit)> {
    let spared = PER_FILE.min(each / 2);
    let step = case.devices / case.rows;
    let edit = |row: usize| {
        let device = row * step;
        let what = if operation == "mix" { OPERATIONS[row % 3] } else { operation };
        let is_spared = device < spared && what == "delete";
        match what {
            "create" => Edit::DeviceAdd {
                fields: fields(json!({
                    "serial": serial(case.devices + row), "name": format!("Added {row}"), "model": "yealink/t46s",
                    "firmware": "66.86", "mac": mac(case.devices + row), "protocol": "http", "owner": "sp",
                    "organization": format!("org{}", device / each),
                })),
            },
            "delete" if !is_spared => Edit::DeviceRemove { device: serial(device) },
            _ => Edit::DeviceEdit {
                device: serial(device),
                fields: fields(
                    json!({ "name": format!("Desk {row}"), "notes": "moved to the second floor" }),
                ),
            },
        }
    };
    (2..).zip((0..case.rows).map(edit)).collect()
}

/// What phones ask for while the rows are done.
#[derive(Default)]
struct Load {
    measures: AtomicBool,
    end: AtomicBool,
    failed: AtomicUsize,
    asked: AtomicUsize,
}

impl Load {
    /// Waits until phones have asked for a while.
    #[expect(clippy::disallowed_methods, reason = "a bench waits on a thread of its own")]
    fn settle(&self) {
        while self.asked.load(Ordering::Relaxed) < 10 * PHONES {
            thread::sleep(PAUSE);
        }
    }

    fn begin(&self) {
        self.measures.store(true, Ordering::Relaxed);
    }

    /// Fetches phones' files one after the other until the end; gives how long each took.
    #[expect(clippy::disallowed_methods, reason = "a phone waits on a thread of its own")]
    fn phone(&self, http: SocketAddr, number: usize) -> Vec<Duration> {
        let mut times = Vec::new();
        for turn in 0_usize.. {
            if self.end.load(Ordering::Relaxed) {
                break;
            }
            let device = (turn * PHONES + number) * 2 % 500;
            let began = Instant::now();
            let is_served = fetch(http, device);
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.measures.load(Ordering::Relaxed) {
                times.push(began.elapsed());
                self.failed.fetch_add(usize::from(!is_served), Ordering::Relaxed);
            }
            thread::sleep(PAUSE);
        }
        times
    }
}

/// Fetches a phone's file as the phone does.
fn fetch(http: SocketAddr, device: usize) -> bool {
    let name = mac(device).replace(':', "").to_lowercase();
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(http)?;
        let path = format!("/{}/{name}.cfg", serial(device));
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        Ok(reply)
    };
    ask().is_ok_and(|reply| reply.starts_with(b"HTTP/1.1 200"))
}

/// Gives the most bytes of memory that this process has had resident since it was asked to forget.
fn highest() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or_default() * 1024
}
