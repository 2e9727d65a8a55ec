//! Phones ask while files change all the time: promise H1.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bellhop::manage::{Key, reload};

use crate::support::{DEVICE, FILE, Running, SERIAL, Site};

/// Reloads, one after another.
const RELOADS: u32 = 300;

/// Writes the phone's record with a number in two of its fields.
fn record(number: u32) -> String {
    DEVICE.replace("CANARY-admin", &format!("number-{number}")).replace("Desk", &format!("Desk {number}"))
}

/// Asks on one connection until it is over; every answer is of one number, and none of one before.
fn phone(address: SocketAddr, over: &AtomicBool) -> (u32, u32) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let request = format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (mut last, mut asked) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        stream.write_all(request.as_bytes()).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200 "), "{line:?}");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            if let Some(told) = line.strip_prefix("Content-Length: ") {
                length = told.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let number: u32 = body
            .lines()
            .find_map(|line| line.strip_prefix("static.security.user_password = admin:number-"))
            .unwrap()
            .parse()
            .unwrap();
        assert!(number >= last, "{number} after {last}");
        (last, asked) = (number, asked + 1);
    }
    (last, asked)
}

#[test]
fn no_request_fails_and_no_connection_sees_an_older_file_after_a_newer_one() {
    let quiet = "\n[reload]\nevents = false\ninterval = \"24h\"\n";
    let site = Site::with_phone().write("fleet/device.toml", &record(0)).config(quiet);
    let server = Running::start(site);
    let key = Key::read(&server.site.path("state")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let phones: Vec<_> = (0..8).map(|_| scope.spawn(|| phone(server.http, &over))).collect();
        for number in 1..=RELOADS {
            server.site.put("fleet/.next", &record(number));
            fs::rename(server.site.path("fleet/.next"), server.site.path("fleet/device.toml")).unwrap();
            let told = runtime.block_on(reload(&key, false)).unwrap();
            assert!(told.done, "{}", told.body);
        }
        over.store(true, Ordering::Relaxed);
        for phone in phones {
            let (_, asked) = phone.join().unwrap();
            assert!(asked > 10, "{asked}");
        }
    });
    assert!((server.metric("bellhop_reloads_total{result=\"published\"}") - f64::from(RELOADS)).abs() < 0.5);
}
