//! Handshakes that come to nothing, and those that come in pieces (promises L3, L4, L6).

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rustls::client::{ClientConfig, ClientConnection};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, RootCertStore};

use crate::support::{DEVICE, FILE, Running, SERIAL, Site, TlsPhone, exchange, failures, until};

fn site() -> Site {
    Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\""))
}

fn path() -> String {
    format!("/{SERIAL}/{FILE}")
}

/// A hello as phones of a time send it (RFC 5246, section 7.4.1.2); no extension where a list is empty.
fn hello(version: [u8; 2], suites: &[u16], groups: &[u16], signatures: &[u16]) -> Vec<u8> {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let extension = |number: u16, list: &[u16]| match list {
        [] => Vec::new(),
        list => [&number.to_be_bytes()[..], &sized(&sized(&words(list)))].concat(),
    };
    let extensions = [extension(10, groups), extension(13, signatures)].concat();
    let mut body = [&version[..], &[7; 32], &[0], &sized(&words(suites)), &[1, 0]].concat();
    if !extensions.is_empty() {
        body.extend(sized(&extensions));
    }
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

#[test]
fn what_a_phone_lacks_is_counted_by_its_reason_and_told_with_the_remedy() {
    const ECDHE: &[u16] = &[0xc02b, 0xc02f];
    let (old, tls12) = ([3, 1], [3, 3]);
    let server = Running::start(site());
    // The hello of SSL 2.0, which old phones begin with to speak SSL 3.0 (RFC 5246, appendix E.2).
    let ssl2 = [&[0x80, 28, 1, 3, 0, 0, 3, 0, 0, 0, 16, 0, 0, 0x0a][..], &[7; 16]].concat();
    let rows = [
        ("SSL 3.0 by way of 2.0", ssl2, "no-shared-version"),
        ("SSL 3.0", hello([3, 0], &[0x0a], &[], &[]), "no-shared-version"),
        ("TLS 1.0", hello(old, &[0x2f], &[], &[]), "no-shared-version"),
        ("TLS 1.0 with extensions", hello(old, &[0xc013], &[23], &[0x0403]), "no-shared-version"),
        ("TLS 1.1", hello([3, 2], &[0x2f], &[], &[]), "no-shared-version"),
        ("exchange of keys by RSA, CBC", hello(tls12, &[0x2f, 0x3c], &[], &[0x0401]), "no-shared-cipher"),
        ("exchange of keys by RSA, GCM", hello(tls12, &[0x9c, 0x9d], &[], &[0x0401]), "no-shared-cipher"),
        ("ECDHE, CBC", hello(tls12, &[0xc013, 0xc027, 0xc009], &[23], &[0x0401, 0x0403]), "no-shared-cipher"),
        ("DHE, GCM", hello(tls12, &[0x9e, 0x9f], &[23], &[0x0401]), "no-shared-cipher"),
        ("P-521 only", hello(tls12, ECDHE, &[25], &[0x0403]), "no-shared-group"),
        ("SHA-1 only", hello(tls12, ECDHE, &[23], &[0x0203, 0x0201]), "no-shared-signature"),
        ("no signatures, which means SHA-1", hello(tls12, ECDHE, &[23], &[]), "no-shared-signature"),
        (
            "RSA where the certificate is of P-256",
            hello(tls12, &[0xc02f], &[23], &[0x0401]),
            "no-shared-signature",
        ),
    ];
    for (what, hello, reason) in rows {
        let before = failures(&server, reason);
        let reply = exchange(server.https, &[&hello]);
        // An alert, fatal, that tells more than a closed connection.
        assert_eq!((reply[0], reply[5]), (21, 2), "{what}");
        until(what, || failures(&server, reason) > before);
    }
    let log = server.stop();
    for (reason, remedy) in [
        ("no-shared-version", "upgrade its firmware, or serve it over HTTP"),
        ("no-shared-cipher", "offers no cipher suite with forward secrecy"),
        ("no-shared-group", "offers none of the curves"),
        ("no-shared-signature", "put an RSA chain beside"),
    ] {
        let told: Vec<&str> =
            log.lines().filter(|line| line.contains(&format!("outcome=\"{reason}\""))).collect();
        assert_eq!(told.len(), 1, "once for each peer: {log}");
        assert!(
            told[0].contains("WARN") && told[0].contains("peer=127.0.0.1") && told[0].contains(remedy),
            "{told:?}"
        );
    }
    assert!(log.contains("offers=\"SSL 3.0\""), "{log}");
}

#[test]
fn people_who_ask_by_http_are_told_so_and_others_are_closed() {
    let server = Running::start(site());
    let told = exchange(server.https, &[b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]);
    let told = String::from_utf8(told).unwrap();
    assert!(
        told.starts_with("HTTP/1.1 400 ") && told.ends_with("write https:// in place of http://\n"),
        "{told}"
    );
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    until("it is counted", || failures(&server, "plain-http") > 0.5);
    exchange(server.https, &[&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]);
    until("that is no TLS", || failures(&server, "not-tls") > 0.5);
    TcpStream::connect(server.https).unwrap().shutdown(Shutdown::Both).unwrap();
    until("it was closed", || failures(&server, "closed") > 0.5);
}

#[test]
fn a_phone_that_refuses_the_certificate_is_counted_as_that() {
    let server = Running::start(site());
    for (at, version) in [&TLS12, &TLS13].into_iter().enumerate() {
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
        let refused = TlsPhone::connect_with(&Arc::new(config), Some("x.example.net"), server.https);
        assert!(refused.is_err());
        until("it is counted", || {
            failures(&server, "certificate-refused") > f64::from(u8::try_from(at).unwrap()) + 0.5
        });
    }
    let log = server.stop();
    assert!(log.contains("the phone refuses the server's certificate"), "{log}");
}

#[test]
fn a_peer_that_says_nothing_holds_nobody_up() {
    let site = site().config("\n[limits]\nhandshake-timeout = \"1s\"\nhandshakes = 1\n");
    let server = Running::start(site);
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(server.https).unwrap()).collect();
    // These begin well, take the one place that there is, and say no more.
    let hello = hello([3, 3], &[0xc02b], &[23], &[0x0403]);
    let stalled: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = TcpStream::connect(server.https).unwrap();
            stream.write_all(&hello).unwrap();
            stream
        })
        .collect();
    assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200);
    until("silent peers are closed", || failures(&server, "timeout") > 53.5);
    drop((silent, stalled));
}

/// A phone that has written its hello and not sent it.
fn begun(config: &Arc<ClientConfig>) -> (ClientConnection, Vec<u8>) {
    let name = ServerName::try_from("unnamed.example.net").unwrap();
    let mut connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    (connection, hello)
}

/// Sends a hello in pieces and goes on until hands are shaken.
fn shake(mut connection: ClientConnection, address: SocketAddr, pieces: &[&[u8]]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for piece in pieces {
        stream.write_all(piece).unwrap();
    }
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
}

#[test]
fn a_hello_that_comes_in_pieces_is_taken() {
    let server = Running::start(site());
    let config = TlsPhone::default().config();
    let (_, hello) = begun(&config);
    for at in 1..hello.len() {
        let (connection, hello) = begun(&config);
        shake(connection, server.https, &[&hello[..at], &hello[at..]]);
    }
    let (connection, hello) = begun(&config);
    shake(connection, server.https, &hello.chunks(1).collect::<Vec<_>>());
    // One message in many records, of 1 to 64 bytes each (RFC 8446, section 5.1).
    for size in [1, 2, 3, 7, 64] {
        let (connection, hello) = begun(&config);
        let record = |part: &[u8]| [&hello[..3], &[0, u8::try_from(part.len()).unwrap()], part].concat();
        let records: Vec<u8> = hello[5..].chunks(size).flat_map(record).collect();
        shake(connection, server.https, &[&records]);
    }
}

/// Connects and sends bytes.
fn begin(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may close before it has all of them.
    stream.write_all(bytes).ok();
    stream
}

/// Waits for the server to close.
fn closes(mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let ended = stream.read_to_end(&mut Vec::new());
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(ended.as_ref().err().is_none_or(gone), "{ended:?}");
}

#[test]
fn a_hello_that_is_cut_off_or_broken_ends_at_the_deadline() {
    let server = Running::start(site().config("\n[limits]\nhandshake-timeout = \"1s\"\n"));
    let (_, hello) = begun(&TlsPhone::default().config());
    let mut broken: Vec<Vec<u8>> = (1..hello.len()).map(|end| hello[..end].to_vec()).collect();
    // Larger than anything may be: the record, the message, the list of suites.
    for (at, bytes) in [(3, &[0xff, 0xff][..]), (6, &[0xff, 0xff, 0xff]), (44, &[0xff, 0xff])] {
        let mut oversized = hello.clone();
        oversized[at..at + bytes.len()].copy_from_slice(bytes);
        broken.push(oversized);
    }
    // One record after another that never make up a message.
    let part = [&[22, 3, 1, 0x40, 0][..], &[1, 0, 0xff, 0xff], &[0; 0x4000 - 4]].concat();
    broken.push(part.repeat(8));
    broken.push([&hello[5..], &hello[..5]].concat());
    broken.push([&hello[..], &hello].concat());
    let began = Instant::now();
    let open: Vec<TcpStream> = broken.iter().map(|bytes| begin(server.https, bytes)).collect();
    open.into_iter().for_each(closes);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200);
}

#[test]
fn garbage_ends_a_handshake_and_nothing_else() {
    let server = Running::start(site().config("\n[limits]\nhandshake-timeout = \"1s\"\n"));
    let (_, hello) = begun(&TlsPhone::default().config());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    });
    // A good hello with some bytes changed and more after it, so that it is never the beginning of a good one.
    let changes = proptest::collection::vec((0..hello.len(), any::<u8>()), 1..20);
    let end = proptest::collection::vec(any::<u8>(), 64..256);
    runner
        .run(&(changes, end), |(changes, end)| {
            let mut bytes = hello.clone();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            bytes.extend([23, 9, 9, 0xff, 0xff]);
            bytes.extend(end);
            closes(begin(server.https, &bytes));
            Ok(())
        })
        .unwrap();
    assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200);
}

#[test]
fn phones_come_back_with_a_ticket_where_none_is_asked_for_a_certificate() {
    let site = site();
    let server = Running::start(site);
    for version in [&TLS12, &TLS13] {
        let versions: &'static [_] = Box::leak(Box::new([version]));
        // More than any cache of sessions would keep by default.
        let phones: Vec<_> =
            (0..300).map(|_| TlsPhone { versions, ..TlsPhone::default() }.config()).collect();
        let kinds = || {
            phones.iter().map(|config| {
                let connection = TlsPhone::connect_with(config, None, server.https).unwrap();
                let kind = connection.kind();
                // The ticket comes with the answer.
                assert_eq!(connection.get(&path()).status, 200);
                kind
            })
        };
        assert!(kinds().all(|kind| kind != HandshakeKind::Resumed));
        let resumed = kinds().filter(|kind| *kind == HandshakeKind::Resumed).count();
        assert!(resumed * 100 >= phones.len() * 95, "{resumed} of {}", phones.len());
    }
}
