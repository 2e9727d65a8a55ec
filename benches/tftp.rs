//! What a transfer costs over TFTP, beside dnsmasq, tftpd-hpa, atftpd, the async-tftp crate and the raw limit: a loop
//! that answers each datagram with the next piece of one file, and knows nothing.
//!
//! `cargo bench --bench tftp`. Every server runs on one core and the load on the others; those that are not
//! installed are left out. dnsmasq listens on port 69 only, for which the bench must be run by root. With `loss`,
//! clients are seeded to lose packets each way instead: `cargo bench --bench tftp -- loss`.
#![expect(clippy::print_stdout, reason = "a bench that cannot go on ends, and tells people")]

mod tftp {
    pub(crate) mod load;
    pub(crate) mod peers;
    pub(crate) mod raw;
}
#[path = "listen/peers.rs"]
#[allow(dead_code, reason = "only processes and their times are wanted")]
mod processes;
mod support;

use std::time::Duration;

use support::{Site, print_machine};
use tftp::load::{Load, Loss, Outcome, run};
use tftp::peers::{self, Server};
use tftp::raw;

/// Phones that ask in turn.
const PHONES: usize = 64;

/// Time of one measurement.
const TIME: Duration = Duration::from_secs(4);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |word| {
        let at = arguments.iter().position(|argument| argument == word)?;
        Some(&arguments[at + 1..])
    };
    if let Some(arguments) = after(peers::CRATE) {
        return peers::serve_by_crate(arguments);
    }
    if let Some(arguments) = after(raw::RAW) {
        return raw::serve(arguments);
    }
    print_machine();
    let site = Site::new(0);
    let names = peers::write_phones(&site, PHONES);
    let servers = peers::start_all(&site, &names);
    let size = peers::size(&site, &names[0]);
    println!("{PHONES} phones in turn, {size} bytes each; server on one core, load on the others\n");
    if arguments.iter().any(|argument| argument == "loss") {
        lose(&servers, &names);
    } else {
        compare(&servers, &names);
    }
}

fn compare(servers: &[Server], names: &[String]) {
    println!(
        "{:<8} {:<8} {:<12} {:>12} {:>14} {:>9} {:>9} {:>9}",
        "clients", "blksize", "server", "transfers/s", "CPU/transfer", "p50", "p99", "failed"
    );
    for clients in [1, 16, 256] {
        for blksize in [512, 1428] {
            for server in servers {
                let load = Load { server: server.address, names, clients, blksize, loss: Loss::NONE };
                run(&load, TIME / 4);
                let before = server.process.processor_time();
                let outcome = run(&load, TIME);
                let used = server.process.processor_time().checked_sub(before).unwrap_or_default();
                print(clients, blksize, server, &outcome, used);
            }
        }
    }
}

fn print(clients: usize, blksize: usize, server: &Server, outcome: &Outcome, used: Duration) {
    let done = outcome.times.len();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (rate, each) = (done as f64 / TIME.as_secs_f64(), used.as_secs_f64() * 1e6 / done.max(1) as f64);
    let (name, p50, p99) = (server.name, outcome.percentile(50), outcome.percentile(99));
    println!(
        "{clients:<8} {blksize:<8} {name:<12} {rate:>12.0} {each:>11.1} µs {p50:>9.2?} {p99:>9.2?} {:>9}",
        outcome.failed
    );
}

fn lose(servers: &[Server], names: &[String]) {
    println!(
        "{:<10} {:<8} {:<12} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "lost", "client", "server", "transfers", "p50", "p90", "p99", "failed"
    );
    for percent in [5, 20] {
        for active in [true, false] {
            for server in servers {
                let loss = Loss { percent, active };
                let load = Load { server: server.address, names, clients: 128, blksize: 512, loss };
                let outcome = run(&load, Duration::from_secs(10));
                let client = if active { "active" } else { "passive" };
                println!(
                    "{:<10} {client:<8} {:<12} {:>9} {:>9.2?} {:>9.2?} {:>9.2?} {:>9}",
                    format!("{percent} %"),
                    server.name,
                    outcome.times.len(),
                    outcome.percentile(50),
                    outcome.percentile(90),
                    outcome.percentile(99),
                    outcome.failed
                );
            }
        }
    }
}
