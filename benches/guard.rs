//! What the guard costs: a request that is served, one that is refused, and the memory of a million sources.
//!
//! `cargo bench --bench guard`
#![expect(clippy::print_stdout, reason = "figures for people")]

mod support;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use bellhop::config;
use bellhop::guard::{Guard, Refused};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::print_machine;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const TIMES: u32 = 1_000_000;

fn main() {
    print_machine();
    let rules = config::Guard::default();
    let start = Instant::now();
    let before = Region::new(ALLOCATOR);
    let guard = Guard::new(start);
    let peer = |n: u32| IpAddr::from(Ipv4Addr::from_bits(n.wrapping_mul(256)));
    let refuse = |n: u32, identifier: u64, is_known| {
        guard.refused(&Refused { peer: peer(n), identifier, is_known, counts: true }, &rules, start)
    };
    measure("served while there is no ban", |n| {
        black_box(guard.banned(peer(n), &rules, || start));
    });
    measure("refused, the same again", |_| {
        black_box(refuse(1, 1, false));
    });
    measure("refused, unknown, from a million networks", |n| {
        black_box(refuse(n, n.into(), false));
    });
    measure("refused, known, from a million networks", |n| {
        black_box(refuse(n, n.into(), true));
    });
    for identifier in 0..20 {
        refuse(7, 1 << 40 | identifier, false);
    }
    measure("refused while banned", |n| {
        black_box(refuse(7, n.into(), false));
    });
    measure("served while there are bans", |n| {
        black_box(guard.banned(peer(n), &rules, || start));
    });
    // The worst that a million sources can do: all but a ban each.
    for identifier in 0..19 {
        (0..TIMES).for_each(|n| {
            black_box(refuse(n, u64::from(n) << 8 | identifier, false));
        });
    }
    let change = before.change();
    let bytes =
        change.bytes_allocated + change.bytes_reallocated.max(0).unsigned_abs() - change.bytes_deallocated;
    println!("{:<46} {:>8.1} MiB", "memory after 20 million refusals", megabytes(bytes));
    assert!(bytes <= 64 << 20, "{bytes}");
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn measure(what: &str, mut act: impl FnMut(u32)) {
    let started = Instant::now();
    (0..TIMES).for_each(&mut act);
    println!("{what:<46} {:>8} ns", started.elapsed().as_nanos() / u128::from(TIMES));
}
