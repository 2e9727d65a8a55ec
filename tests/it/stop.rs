//! Signals: a stop that finishes what is under way, and ports that are free afterwards.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::process::Signal;

use crate::support::{FILE, Running, SERIAL, Site};

#[test]
fn a_stop_ends_idle_connections_and_frees_the_ports() {
    let server = Running::start(Site::with_phone());
    let mut idle = TcpStream::connect(server.http).unwrap();
    write!(idle, "GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let (http, https, admin) = (server.http, server.https, server.admin);
    let log = server.stop();
    assert!(log.contains("stopping"), "{log}");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    for address in [http, https, admin] {
        TcpListener::bind(address).unwrap();
    }
}

#[test]
fn a_response_under_way_is_finished() {
    let server = Running::start(Site::with_phone());
    let mut phone = TcpStream::connect(server.http).unwrap();
    // More responses than the kernel keeps for a phone that does not read: one of them is under way.
    let many = format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(4000);
    let mut writer = phone.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(many.as_bytes()).ok());
    let mut start = [0; 12];
    phone.read_exact(&mut start).unwrap();
    server.signal(Signal::TERM);
    let mut rest = start.to_vec();
    phone.read_to_end(&mut rest).ok();
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    writing.join().unwrap();
    let mut left = &rest[..];
    let mut complete = 0;
    while !left.is_empty() {
        let head = left.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
        let text = String::from_utf8_lossy(&left[..head]).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let end = head + length.parse::<usize>().unwrap();
        assert!(end <= left.len(), "response {complete} was cut: {} of {end} bytes", left.len());
        left = &left[end..];
        complete += 1;
    }
    assert!(complete > 0);
}

#[test]
fn a_connection_that_does_not_end_is_cut_at_the_deadline() {
    let site = Site::with_phone().config("\n[limits]\nstop-timeout = \"1s\"\nheader-timeout = \"60s\"\n");
    let server = Running::start(site);
    let mut stuck = TcpStream::connect(server.http).unwrap();
    // The head of a request that never ends.
    write!(stuck, "GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost:").unwrap();
    crate::support::until("the connection is there", || {
        server.metric("bellhop_connections{transport=\"http\"}") > 0.0
    });
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert!(
        code == Some(0) || (code == Some(1) && log.contains("connections were cut off")),
        "{code:?} {log}"
    );
}

#[test]
fn a_handshake_that_does_not_end_holds_no_stop_up() {
    let site = Site::with_phone().config("\n[limits]\nstop-timeout = \"2s\"\nhandshake-timeout = \"60s\"\n");
    let server = Running::start(site);
    let silent = TcpStream::connect(server.https).unwrap();
    crate::support::until("the connection is there", || {
        server.metric("bellhop_connections{transport=\"https\"}") > 0.0
    });
    // In good order, with nothing that was cut off.
    server.stop();
    drop(silent);
}
