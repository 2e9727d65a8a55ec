//! Whose word counts on whom a request comes from: nobody's, unless an operator says so.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::{DEVICE, FILE, Reply, Running, SERIAL, Site, TlsPhone, exchange, until};

const INVALID: &str = "bellhop_requests_total{transport=\"http\",outcome=\"invalid\"}";

/// A phone that gets its file without encryption in 10.0.0.0/8 only, behind proxies as the table says.
fn site(proxies: &str) -> Site {
    Site::with_phone().config(&format!(
        "\n[proxies]\n{proxies}\n[provisioning]\nhost = \"x.example.net\"\nplain-networks = [\"10.0.0.0/8\"]\n"
    ))
}

fn path() -> String {
    format!("/{SERIAL}/{FILE}")
}

/// Sends a PROXY header, then asks over HTTP.
fn ask_after(address: SocketAddr, header: &[u8]) -> Vec<u8> {
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path());
    exchange(address, &[header, request.as_bytes()])
}

/// Writes a PROXY header of version 2 for a client with an IPv4 address.
fn version_2(client: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(client);
    header.extend([127, 0, 0, 1, 0x12, 0x67, 0, 80]);
    header
}

#[test]
fn the_word_of_a_stranger_changes_nothing() {
    for proxies in ["", "trusted = [\"192.0.2.0/24\"]\nproxy-protocol = [\"http\", \"https\"]"] {
        let server = Running::start(site(proxies));
        let plain = server.get(&path());
        assert_eq!(plain.status, 404);
        for line in
            ["X-Forwarded-For: 10.1.1.1\r\n", "X-Forwarded-For: nonsense\r\n", "Forwarded: for=10.1.1.1\r\n"]
        {
            let reply = server.get_with(&path(), line);
            assert_eq!((reply.head, &reply.body), (plain.head.clone(), &plain.body), "{line}");
        }
        for header in [b"PROXY TCP4 10.1.1.1 127.0.0.1 1 80\r\n".to_vec(), version_2([10, 1, 1, 1])] {
            assert_eq!(Reply::parse(&ask_after(server.http, &header)).status, 400);
        }
    }
}

#[test]
fn the_last_address_that_a_trusted_proxy_was_asked_from_counts() {
    let server = Running::start(site("trusted = [\"127.0.0.1\", \"192.0.2.0/24\"]"));
    let rows = [
        ("", 404),
        ("X-Forwarded-For: 10.1.1.1\r\n", 200),
        ("X-Forwarded-For: 203.0.113.5\r\n", 404),
        ("X-Forwarded-For: 10.1.1.1, 203.0.113.5\r\n", 404),
        ("X-Forwarded-For: 203.0.113.5, 10.1.1.1\r\n", 200),
        ("X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 10.1.1.1, 192.0.2.7\r\n", 200),
        ("X-Forwarded-For: ::ffff:10.1.1.1\r\n", 200),
        ("X-Forwarded-For: nonsense, 10.1.1.1:4711\r\n", 200),
        ("X-Forwarded-For: unknown\r\n", 400),
        ("X-Forwarded-For: 10.1.1.1, unknown\r\n", 400),
    ];
    for (line, status) in rows {
        assert_eq!(server.get_with(&path(), line).status, status, "{line}");
    }
    until("requests of nobody are counted", || server.metric(INVALID) > 1.9);
}

#[test]
fn no_header_evades_a_ban_and_behind_a_proxy_each_network_has_its_own() {
    let guard = "[guard]\nunknown = 5\n";
    let scan = |server: &Running, network: u8| {
        for nth in 0..5 {
            let line = format!("X-Forwarded-For: 203.0.{network}.{nth}\r\n");
            assert_eq!(server.get_with(&format!("/0015650000{nth:02x}.cfg"), &line).status, 404);
        }
    };
    let list = |server: &Running| {
        let output = server.command(&["bans", "--json"]);
        let bans: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let networks = bans.as_array().unwrap().iter().map(|ban| ban["network"].as_str().unwrap().to_owned());
        networks.collect::<Vec<_>>()
    };
    let server = Running::start(site(guard));
    scan(&server, 113);
    assert_eq!(list(&server), ["127.0.0.0/24"]);
    let server = Running::start(site(&format!("trusted = [\"127.0.0.0/8\"]\n{guard}")));
    scan(&server, 113);
    assert_eq!(list(&server), ["203.0.113.0/24"]);
}

#[test]
fn a_proxy_header_tells_whom_a_connection_comes_from() {
    let server = Running::start(site("trusted = [\"127.0.0.1\"]\nproxy-protocol = [\"http\"]"));
    let rows: [(&[u8], u16); 6] = [
        (b"PROXY TCP4 10.1.1.1 127.0.0.1 4711 80\r\n", 200),
        (b"PROXY TCP4 203.0.113.5 127.0.0.1 4711 80\r\n", 404),
        (b"PROXY TCP6 ::ffff:10.1.1.1 ::1 4711 80\r\n", 200),
        (b"PROXY UNKNOWN\r\n", 404),
        (&version_2([10, 1, 1, 1]), 200),
        (&version_2([203, 0, 113, 5]), 404),
    ];
    for (header, status) in rows {
        let reply = ask_after(server.http, header);
        assert_eq!(Reply::parse(&reply).status, status, "{}", String::from_utf8_lossy(header));
    }
    // Whom such a proxy speaks for is no proxy, unless it is trusted, too.
    let request = format!(
        "PROXY TCP4 203.0.113.5 127.0.0.1 1 80\r\nGET {} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.1.1.1\r\n\
         Connection: close\r\n\r\n",
        path()
    );
    assert_eq!(Reply::parse(&exchange(server.http, &[request.as_bytes()])).status, 404);
    for wrong in [&b""[..], b"PROXY TCP4 nonsense\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"] {
        assert_eq!(ask_after(server.http, wrong), b"", "a connection without a header is closed");
    }
    assert!(server.metric(INVALID) > 2.9);
}

#[test]
fn a_proxy_header_comes_before_tls() {
    let site = site("trusted = [\"127.0.0.1\"]\nproxy-protocol = [\"https\"]");
    let server = Running::start(site.write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\"")));
    for header in [b"PROXY TCP4 203.0.113.5 127.0.0.1 1 443\r\n".to_vec(), version_2([203, 0, 113, 5])] {
        let reply = TlsPhone::default().connect_after(server.https, &header).unwrap().get(&path());
        assert_eq!(reply.status, 200);
    }
    assert!(
        TlsPhone::default().connect(server.https).is_err(),
        "nobody else's connections are taken for a proxy's"
    );
    // The other listener has none.
    assert_eq!(server.get(&path()).status, 404);
}

#[test]
fn a_proxy_that_sends_no_header_is_not_waited_for() {
    let proxies = "trusted = [\"127.0.0.1\"]\nproxy-protocol = [\"http\"]\n[limits]\nheader-timeout = \"1s\"";
    let server = Running::start(site(proxies));
    let mut silent: Vec<_> = (0..20).map(|_| TcpStream::connect(server.http).unwrap()).collect();
    for stream in &mut silent {
        stream.write_all(b"PROXY TCP4 10.1").unwrap();
    }
    assert_eq!(Reply::parse(&ask_after(server.http, &version_2([10, 1, 1, 1]))).status, 200);
    for stream in &mut silent {
        assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0, "closed");
    }
}
