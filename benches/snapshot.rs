//! How long a fleet takes from its files to a snapshot, what it takes up, and how soon a change stands.
//!
//! `cargo bench --bench snapshot`; with numbers, fleets of those sizes: `cargo bench --bench snapshot -- 10000`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod support;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use bellhop::reload::Loader;
use bellhop::snapshot::{Snapshot, Store};
use support::{PER_FILE, Site, organization, print_machine, resident};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures one size, in a process of its own, as a server starts.
const ONE: &str = "--one";

/// How often a change is measured.
const CHANGES: usize = 21;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, one, devices] = arguments.as_slice()
        && one == ONE
    {
        return measure(devices.parse().unwrap());
    }
    print_machine();
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100_000, 1_000_000] } else { sizes };
    println!(
        "{:>9} {:>10} {:>14} {:>14} {:>14}",
        "devices", "built in", "bytes/device", "one file (p50)", "worst"
    );
    for devices in sizes {
        let itself = std::env::current_exe().unwrap();
        assert!(Command::new(itself).args([ONE, &devices.to_string()]).status().unwrap().success());
    }
}

fn measure(devices: usize) {
    let site = Site::new(devices);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let nothing = loader.nothing();
    let before = resident();
    let started = Instant::now();
    let snapshot = load(&mut loader, &nothing);
    let built = started.elapsed();
    let bytes = (resident() - before) / devices;
    assert_eq!(snapshot.devices(), devices, "every device is there");
    let store = Store::new(snapshot);
    let mut changes: Vec<Duration> =
        (0..CHANGES).map(|turn| change(&site, &mut loader, &store, turn, devices)).collect();
    changes.sort();
    let (median, worst) = (changes[CHANGES / 2], changes[CHANGES - 1]);
    println!("{devices:>9} {built:>10.2?} {bytes:>14} {median:>14.2?} {worst:>14.2?}");
}

/// Writes one organization's file with one device changed, and measures until the change is published.
fn change(site: &Site, loader: &mut Loader, store: &Store, turn: usize, devices: usize) -> Duration {
    let file = turn % devices.div_ceil(PER_FILE);
    let last = devices.min((file + 1) * PER_FILE);
    let text = organization(file, file * PER_FILE..last, &format!("change {turn}"));
    fs::write(site.file(file), text).unwrap();
    let started = Instant::now();
    let before = store.keep();
    store.publish(load(loader, &before));
    started.elapsed()
}

fn load(loader: &mut Loader, previous: &Snapshot) -> Snapshot {
    match loader.load(previous) {
        Ok(loaded) => loaded.expect("something changed").snapshot,
        Err(faults) => panic!("{}", faults[0]),
    }
}
