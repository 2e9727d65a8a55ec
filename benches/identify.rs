//! What the catalog costs: loading it, and telling by it which phone is asking.
//!
//! `cargo bench --bench identify`. Requests are those of `catalog/*/cases`: the User-Agents and paths of `identify.toml`,
//! and what phones ask for at boot. The fleet is a small one: what a request tells is found out before any device is.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod support;

use std::fs;
use std::hint::black_box;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bellhop::catalog::{Catalog, CatalogFiles};
use bellhop::document::{Document, Entry};
use bellhop::identify::{Inquiry, identify};
use bellhop::model::Protocol::Https;
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use bellhop::template::Limits;
use support::{Site, print_machine};

/// Loads of the catalog; the best one and the one in the middle count, as the machine is shared.
const LOADS: usize = 15;

/// Measurements of each request, and how often it is identified in one of them.
const ROUNDS: usize = 25;
const TURNS: u32 = 40;

/// What is aimed at: a load, and one identification.
const LOAD_AIM: Duration = Duration::from_millis(100);
const IDENTIFY_AIM: Duration = Duration::from_micros(2);

fn main() {
    print_machine();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    load(&folder);
    let site = Site::new(1_000);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let nothing = loader.nothing();
    let snapshot = loader.load(&nothing).unwrap_or_else(|faults| panic!("{}", faults[0])).unwrap().snapshot;
    let requests = requests(&folder);
    assert!(!requests.is_empty(), "no cases");
    measure(&snapshot, &requests);
}

/// Measures how long the catalog takes to be read and resolved.
fn load(folder: &Path) {
    let mut times: Vec<(Duration, Duration)> = Vec::new();
    let mut catalog = Catalog::default();
    for _ in 0..LOADS {
        let started = Instant::now();
        let (files, mut faults) = CatalogFiles::read(&[folder.to_owned()]);
        let read = started.elapsed();
        let (resolved, more) = Catalog::resolve(files, Limits::default());
        faults.extend(more);
        times.push((started.elapsed(), read));
        assert!(faults.is_empty(), "{}", faults[0]);
        catalog = resolved;
    }
    times.sort_unstable();
    let firmwares: usize = catalog.models().map(|model| model.firmwares.len()).sum();
    let (vendors, models) = (catalog.vendors().len(), catalog.models().count());
    println!("{vendors} vendors, {models} models, {firmwares} firmwares; {LOADS} loads\n");
    for (word, (all, read)) in [("best", times[0]), ("middle", times[LOADS / 2])] {
        let ratio = all.as_secs_f64() / LOAD_AIM.as_secs_f64();
        println!("loading, {word:<8} {all:>9.1?}, of which reading {read:>9.1?}; {ratio:.2} of the aim");
    }
}

/// One request of a case.
struct Request {
    case: String,
    path: String,
    agent: Option<String>,
}

/// Measures each request alone, and tells of all together and of the slowest.
fn measure(snapshot: &Snapshot, requests: &[Request]) {
    let mut best = vec![Duration::MAX; requests.len()];
    for _ in 0..ROUNDS {
        for (request, best) in requests.iter().zip(&mut best) {
            let local = IpAddr::from([127, 0, 0, 1]);
            let inquiry = Inquiry {
                user_agent: request.agent.as_deref().map(str::as_bytes),
                ..Inquiry::new(Https, local, request.path.as_bytes())
            };
            let started = Instant::now();
            for _ in 0..TURNS {
                black_box(identify(snapshot, black_box(&inquiry)));
            }
            *best = (started.elapsed() / TURNS).min(*best);
        }
    }
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|at| best[*at]);
    let (middle, slowest) = (best[order[order.len() / 2]], best[*order.last().unwrap()]);
    println!("\n{} requests, the best of {ROUNDS} rounds of {TURNS} for each", requests.len());
    for (word, time) in [("quickest", best[order[0]]), ("middle", middle), ("slowest", slowest)] {
        let ratio = time.as_secs_f64() / IDENTIFY_AIM.as_secs_f64();
        println!("{word:<10} {:>6} ns; {ratio:.2} of the aim", time.as_nanos());
    }
    println!("\nthe slowest:");
    for at in order.iter().rev().take(8) {
        let Request { case, path, agent } = &requests[*at];
        println!("{:>6} ns  {case}: {path} {}", best[*at].as_nanos(), agent.as_deref().unwrap_or("-"));
    }
}

/// Collects the requests of all cases.
fn requests(folder: &Path) -> Vec<Request> {
    let mut requests = Vec::new();
    for vendor in entries(folder) {
        let cases = vendor.join("cases");
        let name = vendor.file_name().unwrap().to_str().unwrap().to_owned();
        each_entry(&cases.join("identify.toml"), |entry| {
            for (table, _) in entry.records() {
                let text = |key| table.get(key).and_then(|entry| entry.text_or_empty(512)).map(str::to_owned);
                let path =
                    text("path").map_or("/".to_owned(), |path| format!("/{}", path.trim_start_matches('/')));
                requests.push(Request { case: name.clone(), path, agent: text("user-agent") });
            }
        });
        for case in entries(&cases).into_iter().filter(|path| path.is_dir()) {
            let (mut agent, mut paths) = (None, Vec::new());
            each_entry(&case.join("request.toml"), |entry| match entry.key() {
                "boot" => paths
                    .extend(entry.list().filter_map(|ask| Some(ask.list().next()?.text(512)?.to_owned()))),
                "user-agent" => agent = entry.text(512).map(str::to_owned),
                _ => (),
            });
            for path in paths {
                let request = |path| Request { case: name.clone(), path, agent: agent.clone() };
                requests.push(request(format!("/{path}")));
                requests.push(request(format!("/{}/{path}", support::serial(0))));
            }
        }
    }
    requests
}

fn each_entry(path: &Path, mut visit: impl FnMut(&Entry<'_>)) {
    let Ok(text) = fs::read_to_string(path) else { return };
    let document = Document::parse(path, &text).unwrap_or_else(|faults| panic!("{}", faults[0]));
    for entry in document.root() {
        visit(&entry);
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
