//! Whether a stranger can tell by time what exists (promise S2).
//!
//! `cargo bench --bench timing`. Two kinds of requests that get the same answer are asked in random order on one
//! connection; Welch's t over their times tells whether they differ, as timing attacks are judged: |t| below 4.5 is
//! no difference. "All" takes every time, and is the promise. "Quick" leaves out the slowest twentieth, which is the
//! machine's noise, and is there to find causes: it sees the tens of nanoseconds by which memory that was looked at
//! shortly before is quicker, whatever is looked for.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on ends, and tells people"
)]

#[path = "listen/peers.rs"]
#[allow(dead_code, reason = "only bellhop itself is asked")]
mod peers;
mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use peers::Bellhop;
use support::{PER_FILE, Site, mac, print_machine, serial};

const DEVICES: usize = 10_000;
const REQUESTS: usize = 100_000;
/// How many times the number of devices are names that no device has.
const STRANGERS: usize = 100;
const MOST: f64 = 4.5;

fn main() {
    print_machine();
    let site = Site::new(DEVICES);
    ask_over_tls(&site);
    let server = Bellhop::start(&site);
    let file = |device| format!("{}.cfg", mac(device).replace(':', "").to_lowercase());
    // A device that nobody asks for is looked at in place of one that is not there, any one as likely as another.
    // Strangers' names are so many that they lead to all devices alike; with few of them, memory that was looked at
    // shortly before would make the difference.
    let of_none = |n: usize| DEVICES + n % (DEVICES * STRANGERS);
    let almost = |device| {
        let mut serial = serial(device);
        serial.pop();
        serial + "0"
    };
    let yealink = "Yealink SIP-T46S 66.86.0.15";
    let other = "Grandstream Model HW GXP2170 SW 1.0.11.79";
    println!("{DEVICES} devices; {REQUESTS} requests of two kinds in random order, all answered by 404\n");
    println!("{:<52} {:>9} {:>11} {:>9} {:>9}", "kinds", "time", "difference", "t, all", "t, quick");
    let mut sound = true;
    let mut row =
        |what: &str, agent: &str, known: &dyn Fn(usize) -> String, unknown: &dyn Fn(usize) -> String| {
            sound &= compare(server.0.http, what, agent, known, unknown);
        };
    let is = |n: usize| n % DEVICES;
    row("MAC address of a device / of none", "", &|n| file(is(n)), &|n| file(of_none(n)));
    row("the same, with its User-Agent", yealink, &|n| file(is(n)), &|n| file(of_none(n)));
    row("the same, with another phone's User-Agent", other, &|n| file(is(n)), &|n| file(of_none(n)));
    row(
        "serial of a device that asks over TLS / of none",
        yealink,
        &|n| format!("{}/{}", serial(is(n)), file(is(n))),
        &|n| format!("{}/{}", serial(of_none(n)), file(is(n))),
    );
    row(
        "serial that differs in one character / in all",
        yealink,
        &|n| format!("{}/{}", almost(is(n)), file(is(n))),
        &|n| format!("{}/{}", serial(DEVICES + is(n)), file(is(n))),
    );
    row("nothing differs (what the machine makes of it)", yealink, &|n| file(is(n)), &|n| file(is(n)));
    println!(
        "\n{}",
        if sound {
            "no difference: every |t| over all is below 4.5"
        } else {
            "DIFFERENCES: a |t| of 4.5 or more"
        }
    );
}

/// Lets all devices ask over TLS only, so that no serial opens anything here.
fn ask_over_tls(site: &Site) {
    for file in 0..DEVICES / PER_FILE {
        let text = fs::read_to_string(site.file(file)).unwrap();
        fs::write(site.file(file), text.replace("protocol = \"http\"", "protocol = \"https\"")).unwrap();
    }
}

fn compare(
    address: SocketAddr,
    what: &str,
    agent: &str,
    known: &dyn Fn(usize) -> String,
    unknown: &dyn Fn(usize) -> String,
) -> bool {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let agent = if agent.is_empty() { String::new() } else { format!("User-Agent: {agent}\r\n") };
    let requests: Vec<(bool, String)> = (0..REQUESTS)
        .map(|_| {
            let (kind, n) = (random() % 2 == 0, usize::try_from(random() >> 1).unwrap());
            let path = if kind { known(n) } else { unknown(n) };
            (kind, format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n{agent}\r\n"))
        })
        .collect();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    for (_, request) in requests.iter().take(REQUESTS) {
        ask(&mut stream, request, &mut buffer);
    }
    let times: Vec<(bool, f64)> = requests
        .iter()
        .map(|(kind, request)| (*kind, ask(&mut stream, request, &mut buffer).as_secs_f64() * 1e9))
        .collect();
    let mut sorted: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    let quick: Vec<(bool, f64)> =
        times.iter().copied().filter(|(_, time)| *time <= sorted[REQUESTS * 19 / 20]).collect();
    let (all, quick, difference) = (welch(&times).0, welch(&quick).0, welch(&quick).1);
    println!(
        "{what:<52} {:>6.1} µs {difference:>8.0} ns {all:>9.2} {quick:>9.2}",
        sorted[REQUESTS / 2] / 1000.0
    );
    all.abs() < MOST
}

/// Asks and waits for the whole answer; the time is that of the phone.
fn ask(stream: &mut TcpStream, request: &str, buffer: &mut [u8]) -> Duration {
    let started = Instant::now();
    stream.write_all(request.as_bytes()).unwrap();
    let mut have = 0;
    while !buffer[..have].ends_with(b"\r\n\r\nnot found\n") {
        let read = stream.read(&mut buffer[have..]).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&buffer[..have]));
        have += read;
    }
    let took = started.elapsed();
    assert!(buffer.starts_with(b"HTTP/1.1 404 "));
    took
}

/// Gives Welch's t of the two kinds, and the difference of their means.
fn welch(times: &[(bool, f64)]) -> (f64, f64) {
    let of = |kind| {
        let times: Vec<f64> = times.iter().filter(|(its, _)| *its == kind).map(|(_, time)| *time).collect();
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((known, a), (unknown, b)) = (of(true), of(false));
    ((known - unknown) / (a + b).sqrt(), known - unknown)
}
