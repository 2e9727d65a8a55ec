//! What one answer costs, without sockets: time and allocations on one thread.
//!
//! `cargo bench --bench answer`; with a number, a fleet of that size: `cargo bench --bench answer -- 100000`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod support;

use std::hint::black_box;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bellhop::answer::{Outcome, answer};
use bellhop::identify::Inquiry;
use bellhop::model::Protocol::{Http, Https};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{Site, mac, print_machine, protocol, serial};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Requests of one measurement; measurements are repeated and the best one counts, as the machine is shared.
const REQUESTS: usize = 20_000;
const TURNS: usize = 7;

/// Rendered files that fit the cache during "kept"; every request of "rendered" asks for another phone.
const KEPT: usize = 1_000;

fn main() {
    print_machine();
    let devices = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let site = Site::new(devices);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let nothing = loader.nothing();
    let snapshot = loader.load(&nothing).unwrap_or_else(|faults| panic!("{}", faults[0])).unwrap().snapshot;
    println!("{devices} devices, one line each; a file has {} bytes\n", file_size(&snapshot));
    println!("{:<28} {:>10} {:>12} {:>14}", "request", "time", "allocations", "bytes allocated");
    let path = |device: usize| format!("/{}/{}.cfg", serial(device), mac(device).replace(':', ""));
    let agent = |device: usize| format!("Yealink SIP-T46S 66.86.0.15 {}", mac(device));
    let kept: Vec<_> = (0..REQUESTS).map(|n| (path(n % KEPT), Some(agent(n % KEPT)))).collect();
    measure(&snapshot, "kept", &kept, true);
    let silent: Vec<_> = (0..REQUESTS).map(|n| (path(n % KEPT), None)).collect();
    measure(&snapshot, "kept, no User-Agent", &silent, true);
    // More phones than the cache has room for, each asked in its turn: nothing is ever found.
    let all: Vec<_> = (0..devices).map(|n| (path(n), Some(agent(n)))).collect();
    measure(&snapshot, "rendered", &all, true);
    let unknown: Vec<_> = (0..REQUESTS).map(|n| (path(devices + n), Some(agent(n)))).collect();
    measure(&snapshot, "unknown serial", &unknown, false);
    let by_mac: Vec<_> =
        (0..REQUESTS).map(|n| (format!("/{}.cfg", mac(n).replace(':', "")), Some(agent(n)))).collect();
    measure(&snapshot, "known MAC address, refused", &by_mac, false);
}

fn inquiry<'a>(n: usize, path: &'a str, agent: Option<&'a str>) -> Inquiry<'a> {
    let transport = if protocol(n) == "http" { Http } else { Https };
    let local = IpAddr::from([127, 0, 0, 1]);
    Inquiry { user_agent: agent.map(str::as_bytes), ..Inquiry::new(transport, local, path.as_bytes()) }
}

fn measure(snapshot: &Snapshot, what: &str, requests: &[(String, Option<String>)], served: bool) {
    let (mut best, mut allocations, mut bytes) = (Duration::MAX, 0, 0);
    for turn in 0..TURNS {
        let region = Region::new(ALLOCATOR);
        let started = Instant::now();
        for (n, (path, agent)) in requests.iter().enumerate() {
            let answer = answer(snapshot, &inquiry(n, path, agent.as_deref()));
            assert_eq!(matches!(answer.outcome, Outcome::Served { .. }), served, "{what}");
            black_box(answer);
        }
        let took = started.elapsed();
        // The first turn fills caches.
        if turn > 0 && took < best {
            let change = region.change();
            (best, allocations, bytes) = (took, change.allocations, change.bytes_allocated);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let per = |total: usize| total as f64 / requests.len() as f64;
    let nanoseconds = per(usize::try_from(best.as_nanos()).unwrap());
    println!("{what:<28} {nanoseconds:>7.0} ns {:>12.1} {:>14.0}", per(allocations), per(bytes));
}

fn file_size(snapshot: &Snapshot) -> usize {
    let path = format!("/{}/{}.cfg", serial(0), mac(0).replace(':', ""));
    match answer(snapshot, &inquiry(0, &path, None)).outcome {
        Outcome::Served { file, .. } => file.body.len(),
        Outcome::Failed(error) => panic!("{error}: {}", error.source),
        Outcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}
