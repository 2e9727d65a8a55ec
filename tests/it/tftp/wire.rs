//! What each datagram gets: promises T3 and T8, row by row.

use std::io::ErrorKind;
use std::net::UdpSocket;

use socket2::{Domain, Socket, Type};

use super::client::{Client, ack, name, read, request};
use super::{at, body, counted, each_family, ended, file, site};
use crate::support::{DEVICE, Running, SERIAL, Site};

const NOT_FOUND: &str = "error 1 not found";
const BAD: &str = "error 4 bad request";
const NO_UPLOAD: &str = "error 2 not allowed";
const STRAY: &str = "bellhop_tftp_refusals_total{reason=\"stray\"}";

#[test]
fn files_come_whole_in_every_form_that_phones_ask_for() {
    each_family("blksize = 65464", |server| {
        let mut client = Client::new(server.tftp);
        for name in ["medium", "large", "round", "small", "empty", "lines"] {
            let expected = body(&server.site, &file(name));
            for options in [
                &[][..],
                &[("blksize", "8")],
                &[("blksize", "256")],
                &[("blksize", "1428")],
                &[("blksize", "16000")],
                &[("blksize", "65464")],
                &[("windowsize", "1")],
                &[("windowsize", "2")],
                &[("windowsize", "32"), ("blksize", "100")],
                &[("tsize", "0"), ("blksize", "1024"), ("timeout", "3"), ("windowsize", "8")],
            ] {
                let got = client.get(&file(name), "octet", options);
                assert!(got.as_deref() == Ok(&expected), "{name} {options:?}");
            }
        }
        assert_eq!(body(&server.site, &file("medium")).len(), 4000);
        assert_eq!(body(&server.site, &file("round")).len(), 1024);
    });
}

#[test]
fn names_are_found_as_phones_write_them() {
    let server = Running::start(site(""));
    let mut client = Client::new(server.tftp);
    let expected = body(&server.site, &file("small"));
    for name in [
        file("small"),
        format!("/{}", file("small")),
        format!("//{}", file("small")),
        "SMALL-0015654AA937.CFG".to_owned(),
        format!("{SERIAL}/{}", file("small")),
        format!("/{SERIAL}/{}", file("small")),
    ] {
        assert_eq!(client.get(&name, "octet", &[]), Ok(expected.clone()), "{name}");
    }
}

#[test]
fn text_comes_with_its_line_ends() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        let expected = String::from_utf8(body(&server.site, &file("lines"))).unwrap().replace('\n', "\r\n");
        assert!(expected.starts_with("foo\r\nbar\r\n"));
        for mode in ["netascii", "NetASCII"] {
            assert_eq!(client.get(&file("lines"), mode, &[]), Ok(expected.clone().into_bytes()));
        }
        // The length of text is not known before its end.
        assert_eq!(client.asked(&request(1, &file("lines"), "netascii", &[("tsize", "0")])), "data 1");
    });
}

/// Every row: what it is, the datagram, what comes back.
fn rows() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let long = "a".repeat(600);
    let refused = |name: &str| read(name);
    vec![
        ("a name that is not there", refused("nothing"), NOT_FOUND),
        ("no name", refused(""), NOT_FOUND),
        ("a path that climbs", refused("../../etc/passwd"), NOT_FOUND),
        ("a path that climbs and comes back", refused("x/../small-0015654aa937.cfg"), NOT_FOUND),
        ("a backslash", refused("..\\small-0015654aa937.cfg"), NOT_FOUND),
        ("bytes beyond text", b"\0\x01\xff\xfe\0octet\0".to_vec(), NOT_FOUND),
        ("another phone's address", refused("small-0015654aa938.cfg"), NOT_FOUND),
        ("a serial of nobody", refused("nobody/small-0015654aa937.cfg"), NOT_FOUND),
        ("a path too long", refused(&long), BAD),
        ("an unknown mode", request(1, "x", "binary", &[]), BAD),
        ("an empty mode", request(1, "x", "", &[]), BAD),
        ("mode mail", request(1, "x", "mail", &[]), BAD),
        ("no mode", b"\0\x01small\0".to_vec(), BAD),
        ("no NUL at the end of the mode", b"\0\x01small\0octet".to_vec(), BAD),
        ("no NUL at the end of an option", b"\0\x01small\0octet\0tsize\x000".to_vec(), BAD),
        ("nothing but an opcode", b"\0\x01".to_vec(), BAD),
        ("half an opcode", b"\0".to_vec(), BAD),
        ("opcode 0", b"\0\0\0\0".to_vec(), BAD),
        ("opcode 7", b"\0\x07\0\0".to_vec(), BAD),
        ("opcode 65535", b"\xff\xff\0\0".to_vec(), BAD),
        ("an acknowledgement of nothing", ack(1), "error 5 no transfer"),
        ("data out of the blue", b"\0\x03\0\x01abc".to_vec(), "error 5 no transfer"),
        ("an OACK out of the blue", b"\0\x06tsize\x000\0".to_vec(), "error 5 no transfer"),
        ("an upload", request(2, "new", "octet", &[]), NO_UPLOAD),
        ("an upload of text", request(2, "new", "netascii", &[]), NO_UPLOAD),
        (
            "an upload with options",
            request(2, "new", "octet", &[("tsize", "5"), ("blksize", "1024")]),
            NO_UPLOAD,
        ),
        ("an upload over a file", request(2, "small-0015654aa937.cfg", "octet", &[]), NO_UPLOAD),
        ("an upload that climbs", request(2, "../new", "octet", &[]), NO_UPLOAD),
        ("an upload with an unknown mode", request(2, "new", "binary", &[]), BAD),
        ("an upload with a path too long", request(2, &long, "octet", &[]), BAD),
        ("blksize 7", option("blksize", "7"), "data 1"),
        ("blksize 65465", option("blksize", "65465"), "oack blksize=1428"),
        ("blksize of a word", option("blksize", "big"), "data 1"),
        ("timeout 0", option("timeout", "0"), "data 1"),
        ("timeout 256", option("timeout", "256"), "data 1"),
        ("timeout 255", option("timeout", "255"), "oack timeout=255"),
        ("tsize", option("tsize", "0"), "oack tsize=4000"),
        ("an unknown option", option("multicast", ""), "data 1"),
        ("windowsize beyond the cap", option("windowsize", "65535"), "oack windowsize=16"),
        ("rollover", option("rollover", "0"), "oack rollover=0"),
        (
            "blksize twice",
            request(1, &file("medium"), "octet", &[("blksize", "600"), ("blksize", "700")]),
            "oack blksize=600",
        ),
        (
            "known and unknown options",
            request(1, &file("medium"), "octet", &[("x", "1"), ("TSIZE", "0"), ("BlkSize", "600")]),
            "oack tsize=4000 blksize=600",
        ),
    ]
}

fn option(name: &str, value: &str) -> Vec<u8> {
    request(1, &file("medium"), "octet", &[(name, value)])
}

#[test]
fn every_row_of_the_table_gets_its_answer() {
    each_family("", |server| {
        let mut wrong = Vec::new();
        for (what, datagram, expected) in rows() {
            let mut client = Client::new(server.tftp);
            let got = client.asked(&datagram);
            // Ends what began, so that no row waits for another's place.
            client.reply(b"\0\x05\0\0\0");
            if got != expected {
                wrong.push(format!("{what}: {got}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let mut client = Client::new(server.tftp);
        assert!(client.get(&file("medium"), "octet", &[]).is_ok(), "the server still serves");
    });
}

#[test]
fn refusals_are_one_and_the_same_and_no_longer_than_a_request() {
    let disabled = DEVICE.replace(SERIAL, "d1s2a3b4l5e6d7d8e9v1i2c3ee").replace("A9:37", "A9:39");
    let disabled = disabled.replace("\"Desk\"", "\"Off\"\nstatus = \"disabled\"").replace("0087*001", "");
    let over_http = DEVICE.replace(SERIAL, "h1t2t3p4h5t6t7p8h9t1t2p3hh").replace("A9:37", "A9:40");
    let over_http = over_http.replace("\"Desk\"", "\"Other\"").replace("0087*001", "0087*002");
    let disabled = disabled.replace("\"http\"", "\"tftp\"");
    let site = site("").write("fleet/disabled.toml", &disabled).write("fleet/http.toml", &over_http);
    let server = Running::start(site);
    let mut answers = Vec::new();
    for name in [
        "nothing",
        "../x",
        "small-0015654aa939.cfg",
        "0015654aa940.cfg",
        "small-0015654aa941.cfg",
        "d1s2a3b4l5e6d7d8e9v1i2c3ee/small-0015654aa939.cfg",
        &format!("{SERIAL}/nothing"),
    ] {
        let mut client = Client::new(server.tftp);
        client.ask(&read(name));
        answers.push(client.next());
    }
    answers.dedup();
    assert_eq!(answers, [b"\0\x05\0\x01not found\0"]);
    // Ethernet, IPv4 and UDP take 42 bytes, and no frame is shorter than 60.
    assert!(answers[0].len() + 42 <= 60);
}

#[test]
fn a_dropped_acknowledgement_brings_the_block_again() {
    each_family("", |server| {
        let expected = body(&server.site, &file("medium"));
        let mut client = Client::new(server.tftp);
        client.ask(&read(&file("medium")));
        let first = client.next();
        let again = client.next();
        assert!(first == again, "the very same packet, not a piece of it");
        client.reply(&ack(1));
        assert_eq!(client.rest(first[4..].to_vec(), 2, &[]), Ok(expected));
        ended(server, "completed", 1.0);
        counted(server, "bellhop_tftp_retransmissions_total", 1.0);
        counted(server, "bellhop_tftp_bytes_total", 4000.0);
    });
}

#[test]
fn a_lost_block_of_a_window_begins_the_window_anew() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        let options = [("windowsize", "4")];
        assert_eq!(client.asked(&request(1, &file("medium"), "octet", &options)), "oack windowsize=4");
        client.reply(&ack(0));
        let heard: Vec<String> = (0..4).map(|_| client.hear()).collect();
        assert_eq!(heard, ["data 1", "data 2", "data 3", "data 4"]);
        // Block 3 was lost.
        client.reply(&ack(2));
        let heard: Vec<String> = (0..4).map(|_| client.hear()).collect();
        assert_eq!(heard, ["data 3", "data 4", "data 5", "data 6"]);
        client.reply(&ack(6));
        assert_eq!([client.hear(), client.hear()], ["data 7", "data 8"]);
        client.reply(&ack(8));
        ended(server, "completed", 1.0);
    });
}

#[test]
fn a_doubled_acknowledgement_brings_no_doubled_block() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        client.ask(&read(&file("medium")));
        let mut heard = Vec::new();
        for block in 1..=8 {
            heard.push(client.hear());
            for _ in 0..3 {
                client.reply(&ack(block));
            }
        }
        ended(server, "completed", 1.0);
        heard.extend(client.waiting());
        let expected: Vec<String> = (1..=8).map(|block| format!("data {block}")).collect();
        assert_eq!(heard, expected);
    });
}

#[test]
fn an_acknowledgement_of_the_future_is_ignored() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        assert_eq!(client.asked(&read(&file("medium"))), "data 1");
        client.reply(&ack(6));
        client.reply(&ack(65_535));
        client.reply(&ack(1));
        assert_eq!(client.hear(), "data 2");
    });
}

#[test]
fn an_error_of_the_client_ends_it_at_once() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        // As firmware does that asks for the length only.
        assert_eq!(client.asked(&option("tsize", "0")), "oack tsize=4000");
        client.reply(b"\0\x05\0\x08length only\0");
        ended(server, "declined", 1.0);
        counted(server, "bellhop_tftp_transfers", 0.0);
        assert!(client.get(&file("medium"), "octet", &[]).is_ok());
    });
}

#[test]
fn a_client_that_is_gone_ends_it() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        assert_eq!(client.asked(&read(&file("medium"))), "data 1");
        drop(client);
        ended(server, "unreachable", 1.0);
    });
}

/// Asks until the transfer is old enough for strangers to be told; the system itself sends them away before.
fn told(stranger: &UdpSocket, packet: &[u8]) -> Vec<u8> {
    let mut room = [0; 100];
    let mut heard = Vec::new();
    crate::support::until("the stranger is told", || {
        stranger.send(packet).ok();
        match stranger.recv(&mut room) {
            Ok(length) => heard = room[..length].to_vec(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
        }
        !heard.is_empty()
    });
    heard
}

#[test]
fn a_stranger_on_a_transfers_port_is_told_and_disturbs_nothing() {
    each_family("", |server| {
        let mut client = Client::new(server.tftp);
        assert_eq!(client.asked(&read(&file("large"))), "data 1");
        client.reply(&ack(1));
        assert_eq!(client.hear(), "data 2");
        let stranger = Client::new(server.tftp).socket;
        stranger.connect(client.tid).unwrap();
        let answer = told(&stranger, &ack(2));
        assert_eq!(name(&answer), "error 5 no transfer");
        // Ethernet, IPv4 and UDP take 42 bytes, and no frame is shorter than 60.
        assert!(answer.len() + 42 <= 60);
        // None of these ends the transfer, brings it on, or begins another.
        let before = server.metric(STRAY);
        for packet in [&b"\0\x05\0\0stop\0"[..], &ack(2), &ack(3), &read(&file("medium")), b"", b"\0"] {
            stranger.send(packet).unwrap();
        }
        counted(server, STRAY, before + 6.0);
        assert!(client.waiting().iter().all(|heard| heard == "data 2"));
        client.reply(&ack(2));
        // What was on its way again by then comes first.
        while client.hear() != "data 3" {}
        // Nobody else gets the port, though two sockets are on it.
        let third = Socket::new(Domain::for_address(client.tid), Type::DGRAM, None).unwrap();
        third.set_reuse_port(true).unwrap();
        assert_eq!(third.bind(&client.tid.into()).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(client);
        ended(server, "unreachable", 1.0);
    });
}

#[test]
fn strangers_on_a_transfers_port_are_told_so_often_and_no_more() {
    let server = Running::start(site(""));
    let mut client = Client::new(server.tftp);
    assert_eq!(client.asked(&read(&file("large"))), "data 1");
    client.reply(&ack(1));
    assert_eq!(client.hear(), "data 2");
    let stranger = Client::new(server.tftp);
    stranger.socket.connect(client.tid).unwrap();
    told(&stranger.socket, &ack(2));
    let before = server.metric(STRAY);
    let mut heard = 0;
    // No more at once than a socket holds.
    for round in 1..=20 {
        for _ in 0..100 {
            stranger.socket.send(&ack(2)).unwrap();
        }
        counted(&server, STRAY, before + f64::from(round) * 100.0);
        heard += stranger.waiting().len();
    }
    assert!((1..=1000).contains(&heard), "{heard}");
    client.reply(&ack(2));
    while client.hear() != "data 3" {}
}

#[test]
fn options_that_make_no_sense_are_refused_where_that_is_wanted() {
    each_family("strict-options = true", |server| {
        for (name, value, expected) in [
            ("blksize", "7", "error 8 bad option"),
            ("blksize", "big", "error 8 bad option"),
            ("timeout", "0", "error 8 bad option"),
            ("timeout", "256", "error 8 bad option"),
            ("windowsize", "0", "error 8 bad option"),
            ("rollover", "2", "error 8 bad option"),
            ("blksize", "65465", "oack blksize=1428"),
            ("multicast", "", "data 1"),
        ] {
            let mut client = Client::new(server.tftp);
            assert_eq!(client.asked(&option(name, value)), expected, "{name}={value}");
            client.reply(b"\0\x05\0\0\0");
        }
        let unknown = request(1, "nothing", "octet", &[("blksize", "7")]);
        assert_eq!(
            Client::new(server.tftp).asked(&unknown),
            "error 8 bad option",
            "it tells nothing of names"
        );
    });
}

#[test]
fn with_a_single_port_everything_comes_from_there_and_strangers_are_told() {
    each_family("single-port = true", |server| {
        let expected = body(&server.site, &file("large"));
        let mut client = Client::new(server.tftp);
        for options in [&[][..], &[("blksize", "1428"), ("windowsize", "8")]] {
            assert_eq!(client.get(&file("large"), "octet", options), Ok(expected.clone()));
            assert_eq!(client.tid, server.tftp);
        }
        assert_eq!(client.asked(&read(&file("medium"))), "data 1");
        assert_eq!(Client::new(server.tftp).asked(&ack(1)), "error 5 no transfer");
        client.reply(&ack(1));
        assert_eq!(client.hear(), "data 2");
        client.reply(b"\0\x05\0\0\0");
        ended(server, "declined", 1.0);
    });
}

#[test]
fn ports_come_out_of_the_range() {
    // Ports that are free now; one of them may be taken by the time that it is tried, which is passed over.
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().clamp(1024, 60_000);
    let range = free..=free + 40;
    let server = Running::start(site(&format!("port-range = \"{}-{}\"", range.start(), range.end())));
    let mut ports = Vec::new();
    for _ in 0..8 {
        let mut client = Client::new(server.tftp);
        client.get(&file("medium"), "octet", &[]).unwrap();
        assert!(range.contains(&client.tid.port()), "{}", client.tid);
        ports.push(client.tid.port());
    }
    ports.dedup();
    assert_eq!(ports.len(), 8, "a port is not used again at once");
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    for settings in ["", "single-port = true"] {
        let server = Running::start(site(&format!("{settings}\nlisten = [\"0.0.0.0:0\"]")));
        for ip in ["127.0.0.1", "127.0.0.2", "127.200.0.9"] {
            let mut client = Client::new(at(&server, ip));
            assert_eq!(client.asked(&read("nothing")), NOT_FOUND);
            assert_eq!(client.tid, client.server);
            assert!(client.get(&file("medium"), "octet", &[]).is_ok());
            assert_eq!(client.tid.ip().to_string(), ip);
        }
    }
}

#[test]
fn an_ipv4_peer_of_an_ipv6_socket_is_an_ipv4_peer() {
    let Ok(_) = UdpSocket::bind("[::1]:0") else { return };
    let server = Running::start(site("listen = [\"[::]:0\"]\nnetworks = [\"127.0.0.0/8\"]"));
    let mut client = Client::new(at(&server, "127.0.0.2"));
    assert_eq!(client.asked(&read("nothing")), NOT_FOUND);
    assert_eq!(client.tid.ip().to_string(), "127.0.0.2");
    assert!(client.get(&file("medium"), "octet", &[]).is_ok());
    assert_eq!(client.tid.ip().to_string(), "127.0.0.2");
    Client::new(at(&server, "::1")).ask(&read(&file("medium")));
    counted(&server, "bellhop_tftp_refusals_total{reason=\"network\"}", 1.0);
}

#[test]
fn windows_may_be_ignored_and_blocks_capped() {
    let server = Running::start(site("windowsize = 1\nblksize = 512"));
    let mut client = Client::new(server.tftp);
    assert_eq!(client.asked(&option("windowsize", "8")), "data 1");
    client.reply(b"\0\x05\0\0\0");
    assert_eq!(Client::new(server.tftp).asked(&option("blksize", "1428")), "oack blksize=512");
}

#[test]
fn a_transfer_keeps_the_bytes_that_it_began_with() {
    let server = Running::start(site(""));
    let expected = body(&server.site, &file("medium"));
    let mut client = Client::new(server.tftp);
    client.ask(&read(&file("medium")));
    let first = client.next();
    server.site.put("own/yealink/templates/medium.cfg", "changed");
    assert!(server.command(&["reload"]).status.success());
    assert_eq!(Client::new(server.tftp).get(&file("medium"), "octet", &[]), Ok(b"changed".to_vec()));
    client.reply(&ack(1));
    assert_eq!(client.rest(first[4..].to_vec(), 2, &[]), Ok(expected));
}

#[test]
fn phones_fetch_all_that_they_ask_for_at_boot() {
    let fleet =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/fleet/example.toml")).unwrap();
    let server =
        Running::start(Site::new().with_every_vendor().write("fleet/example.toml", &fleet).config(""));
    let mut client = Client::new(server.tftp);
    for (name, is_there) in [
        ("OS79XX.TXT", false),
        ("CTLSEP00070E369DC2.tlv", false),
        ("SEP00070E369DC2.cnf.xml", false),
        ("XMLDefault.cnf.xml", false),
        ("SIPDefault.cnf", true),
        ("SIP00070E369DC2.cnf", true),
        ("RINGLIST.DAT", false),
        ("dialplan.xml", true),
        ("syncinfo.xml", true),
        ("security.tuz", false),
        ("aastra.tuz", false),
        ("aastra.cfg", true),
        ("00085D1AE9B4.cfg", true),
        ("00085D1AE9B4.lic", false),
    ] {
        let expected = if is_there { Ok(body(&server.site, name)) } else { Err(NOT_FOUND.to_owned()) };
        assert_eq!(client.get(name, "octet", &[]), expected, "{name}");
    }
    for line in ["SIP00070E369DC2.cnf", "00085D1AE9B4.cfg"] {
        let line = format!("  curl tftp://{}/{line}\n", server.tftp);
        assert!(server.greeting.contains(&line), "{line}{}", server.greeting);
    }
}

#[test]
fn a_fetch_is_noted_when_it_is_complete() {
    let server = Running::start(site(""));
    let fetched = || {
        let listed = server.command(&["device", "list", "--json"]).stdout;
        let text = String::from_utf8(listed).unwrap();
        let line = text.lines().find(|line| line.contains("\"last-fetched\"")).map(str::to_owned);
        line.is_some_and(|line| !line.contains("null"))
    };
    let mut client = Client::new(server.tftp);
    assert_eq!(client.asked(&read(&file("medium"))), "data 1");
    client.reply(b"\0\x05\0\0\0");
    ended(&server, "declined", 1.0);
    assert!(!fetched(), "it has not got it");
    client.get(&file("medium"), "octet", &[]).unwrap();
    crate::support::until("it is noted", fetched);
}

#[test]
fn a_stop_lets_a_transfer_end_and_frees_the_port() {
    for settings in ["", "single-port = true"] {
        let server = Running::start(site(settings));
        let expected = body(&server.site, &file("medium"));
        let mut client = Client::new(server.tftp);
        client.ask(&read(&file("medium")));
        let first = client.next();
        client.reply(&ack(1));
        let second = client.next();
        let address = server.tftp;
        server.signal(rustix::process::Signal::TERM);
        client.reply(&ack(2));
        let begun = [&first[4..], &second[4..]].concat();
        assert_eq!(client.rest(begun, 3, &[]), Ok(expected));
        let (code, log) = server.wait();
        assert_eq!(code, Some(0), "{log}");
        UdpSocket::bind(address).unwrap();
    }
}
