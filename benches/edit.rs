//! How soon an edit by API is served to its phone, in a large fleet.
//!
//! `cargo bench --bench edit`; with numbers, fleets of those sizes: `cargo bench --bench edit -- 100000`. A hundred
//! devices an organization, each organization with a file of its own. An edit counts from its first byte to the admin
//! side until the phone has its file over HTTP: permission, file, journal, disk, snapshot, rendering and audit are in it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends, and tells people"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Site, mac, organization, print_machine, serial};

/// Devices of one organization.
const EACH: usize = 100;

/// How often one device is added.
const EDITS: usize = 101;

/// Devices that are added in one change.
const BATCH: usize = 1000;

/// The server, and where it listens.
struct Server {
    child: Child,
    http: SocketAddr,
    admin: SocketAddr,
    key: String,
}

fn main() {
    print_machine();
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100_000, 1_000_000] } else { sizes };
    println!(
        "{:>9} {:>14} {:>10} {:>14} {:>22}",
        "devices", "one (median)", "worst", "answer (p50)", "1,000 in one change"
    );
    for devices in sizes {
        measure(devices);
    }
}

fn measure(devices: usize) {
    let site = Site::new(0);
    let organizations = devices.div_ceil(EACH);
    fs::create_dir(site.path("fleet/sp")).unwrap();
    for number in 0..organizations {
        let text = organization(number, number * EACH..devices.min((number + 1) * EACH), "");
        fs::write(site.path(&format!("fleet/sp/org{number}.toml")), text).unwrap();
    }
    let server = Server::start(&site);
    let add = |turn: usize| add(devices + turn, turn * 7 % organizations);
    let mut answered = Vec::new();
    let mut served: Vec<Duration> = (0..EDITS)
        .map(|turn| {
            let began = Instant::now();
            server.edit(&[add(turn)]);
            answered.push(began.elapsed());
            assert!(server.fetch(devices + turn), "the phone has its file");
            began.elapsed()
        })
        .collect();
    let began = Instant::now();
    let batch: Vec<Value> = (EDITS..EDITS + BATCH).map(add).collect();
    server.edit(&batch);
    assert!(server.fetch(devices + EDITS + BATCH - 1), "the last phone has its file");
    let batch = began.elapsed();
    served.sort();
    answered.sort();
    let (median, worst, answer) = (served[EDITS / 2], served[EDITS - 1], answered[EDITS / 2]);
    println!("{devices:>9} {median:>14.1?} {worst:>10.1?} {answer:>14.1?} {batch:>22.2?}");
}

/// Asks for a device in an organization.
fn add(device: usize, organization: usize) -> Value {
    json!({ "operation": "device-add", "fields": {
        "serial": serial(device), "name": format!("Added {device}"), "model": "yealink/t46s", "firmware": "66.86",
        "mac": mac(device), "protocol": "http", "owner": "sp", "organization": format!("org{organization}"),
    } })
}

impl Server {
    fn start(site: &Site) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .arg("--config")
            .arg(site.path("bellhop.toml"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        while !told.contains("  admin") {
            assert!(stdout.read_line(&mut told).unwrap() > 0, "the server ended");
        }
        let address = |word: &str| {
            let line = told.lines().find(|line| line.trim_start().starts_with(word)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let key = fs::read_to_string(site.path("state/admin.key")).unwrap();
        let key = key.trim().rsplit(' ').next().unwrap().to_owned();
        Self { http: address("http "), admin: address("admin "), child, key }
    }

    /// Makes edits as one change.
    fn edit(&self, edits: &[Value]) {
        let body = json!({ "edits": edits }).to_string();
        let head = format!(
            "POST /api/v1/edits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        let reply = exchange(self.admin, &(head + &body));
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }

    /// Fetches a phone's file as the phone does.
    fn fetch(&self, device: usize) -> bool {
        let name = mac(device).replace(':', "").to_lowercase();
        let path = format!("/{}/{name}.cfg", serial(device));
        let reply = exchange(
            self.http,
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        );
        reply.starts_with("HTTP/1.1 200")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}
