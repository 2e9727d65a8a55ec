//! Who may have how much: promises T1, T4 and T5.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::client::{Client, ack, read, request};
use super::{at, body, counted, ended, file, site};
use crate::support::{Running, until};

fn refused(reason: &str) -> String {
    format!("bellhop_tftp_refusals_total{{reason={reason:?}}}")
}

#[test]
fn strangers_hear_nothing() {
    let server =
        Running::start(site("networks = [\"192.0.2.0/24\", \"127.0.0.7\"]\nlisten = [\"0.0.0.0:0\"]"));
    let client = Client::new(at(&server, "127.0.0.1"));
    for datagram in
        [read("nothing"), read(&file("medium")), request(2, "x", "octet", &[]), ack(1), vec![0, 9]]
    {
        client.ask(&datagram);
    }
    counted(&server, &refused("network"), 5.0);
    assert!(client.waiting().is_empty());
}

#[test]
fn a_client_that_never_answers_gets_three_packets() {
    let server = Running::start(site("silence = \"10s\""));
    let bare = Client::new(server.tftp);
    let with_options = Client::new(server.tftp);
    bare.ask(&read(&file("medium")));
    with_options.ask(&request(1, &file("medium"), "octet", &[("blksize", "1428"), ("windowsize", "16")]));
    ended(&server, "unanswered", 2.0);
    assert_eq!(bare.waiting(), ["data 1"; 3]);
    assert_eq!(with_options.waiting(), ["oack blksize=1428 windowsize=16"; 3]);
}

#[test]
fn a_request_that_comes_twice_is_answered_once() {
    let server = Running::start(site(""));
    let mut client = Client::new(server.tftp);
    assert_eq!(client.asked(&read(&file("medium"))), "data 1");
    for _ in 0..5 {
        client.ask(&read(&file("medium")));
    }
    counted(&server, &refused("duplicate"), 5.0);
    client.reply(&ack(1));
    assert_eq!(client.hear(), "data 2");
}

#[test]
fn the_same_may_be_asked_for_again_and_again_from_one_port() {
    let server = Running::start(site("source-requests = 1000000"));
    let expected = body(&server.site, &file("medium"));
    let mut client = Client::new(server.tftp);
    for _ in 0..300 {
        assert!(client.get(&file("medium"), "octet", &[]).as_ref() == Ok(&expected));
    }
    ended(&server, "completed", 300.0);
    counted(&server, "bellhop_tftp_retransmissions_total", 0.0);
}

#[test]
fn a_source_has_so_many_places_and_others_have_theirs() {
    let server = Running::start(site(
        "source-unverified = 3\nsource-transfers = 2\nlisten = [\"0.0.0.0:0\"]\nnetworks = [\"127.0.0.0/8\"]",
    ));
    let ask = |name: &str| {
        let client = Client::new(at(&server, "127.0.0.1"));
        client.ask(&read(&file(name)));
        client
    };
    let mut first: Vec<Client> = (0..3).map(|_| ask("medium")).collect();
    for client in &mut first {
        assert_eq!(client.hear(), "data 1");
    }
    let crowded = ask("medium");
    counted(&server, &refused("crowded"), 1.0);
    assert!(crowded.waiting().is_empty());
    // Two acknowledge something and have the places of those who did.
    for client in &mut first[..2] {
        client.reply(&ack(1));
        assert_eq!(client.hear(), "data 2");
    }
    let crowded = ask("medium");
    counted(&server, &refused("crowded"), 2.0);
    assert!(crowded.waiting().is_empty());
    let mut other = Client::new(at(&server, "127.0.0.1"));
    other.socket = std::net::UdpSocket::bind("127.0.0.2:0").unwrap();
    other.socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    assert!(other.get(&file("medium"), "octet", &[]).is_ok(), "another source is none of it");
    // Whoever ends makes room.
    first[0].reply(b"\0\x05\0\0\0");
    ended(&server, "declined", 1.0);
    assert_eq!(ask("medium").hear(), "data 1");
}

#[test]
fn places_have_a_number_in_all() {
    let server = Running::start(site("transfers = 2"));
    let mut first = Client::new(server.tftp);
    let mut second = Client::new(server.tftp);
    assert_eq!(first.asked(&read(&file("medium"))), "data 1");
    assert_eq!(second.asked(&read(&file("medium"))), "data 1");
    let third = Client::new(server.tftp);
    third.ask(&read(&file("medium")));
    counted(&server, &refused("busy"), 1.0);
    assert!(third.waiting().is_empty());
    first.reply(b"\0\x05\0\0\0");
    ended(&server, "declined", 1.0);
    assert!(Client::new(server.tftp).get(&file("small"), "octet", &[]).is_ok());
}

#[test]
fn a_source_that_asks_too_often_is_not_heard_for_a_while() {
    let server = Running::start(site("source-requests = 10"));
    let client = Client::new(server.tftp);
    for number in 0..60 {
        client.ask(&read(&format!("nothing-{number}")));
    }
    let frequent = refused("frequent");
    let refusals = "bellhop_requests_total{transport=\"tftp\",outcome=\"refused\"}";
    until("all were taken", || (server.metric(&frequent) + server.metric(refusals) - 60.0).abs() < 0.1);
    assert!(server.metric(&frequent) >= 30.0, "{}", server.metric(&frequent));
    until("it is heard again", || {
        client.ask(&read("nothing"));
        server.metric(refusals) > 25.0
    });
}

#[test]
fn errors_of_courtesy_are_few() {
    let server = Running::start(site(""));
    let client = Client::new(server.tftp);
    let mut heard = 0;
    // No more at once than a socket holds.
    for round in 1..=20 {
        for _ in 0..100 {
            client.ask(&[0, 7, 0, 0]);
        }
        counted(&server, &refused("malformed"), f64::from(round) * 100.0);
        heard += client.waiting().len();
    }
    assert!((1..=1000).contains(&heard), "{heard}");
}

#[test]
fn a_process_with_few_descriptors_keeps_some_for_http() {
    let site = site("source-unverified = 65536\nsource-transfers = 65536\nsource-requests = 1000000");
    let server = Running::start_limited(site, 256);
    let clients: Vec<Client> = (0..20).map(|_| Client::new(server.tftp)).collect();
    // Each client is one of 500 peers to the server, by asking for another file each time.
    for round in 0..50 {
        for client in &clients {
            client.ask(&request(1, &file("medium"), "octet", &[("x", &round.to_string())]));
        }
    }
    let many: Vec<Client> = (0..300).map(|_| Client::new(server.tftp)).collect();
    for client in &many {
        client.ask(&read(&file("medium")));
    }
    until("places ran out", || server.metric(&refused("busy")) > 0.0);
    assert_eq!(server.get("/nothing").status, 404, "HTTP has its descriptors");
    drop((clients, many));
    until("a good client is served", || {
        let client = Client::new(server.tftp);
        client.socket.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        client.ask(&read(&file("small")));
        client.socket.recv(&mut [0; 600]).is_ok()
    });
}

/// Gives the memory that a process has taken, in KiB; pages of its program, which come as they are used, aside.
pub(super) fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_thousand_transfers_with_great_windows_take_little_memory() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    let server = Running::start(site(
        "source-unverified = 65536\nsource-transfers = 65536\nsource-requests = 1000000\nblksize = 65464\nwindowsize = 64",
    ));
    let ask = || {
        let mut client = Client::new(server.tftp);
        let options = [("blksize", "65464"), ("windowsize", "65535")];
        assert_eq!(
            client.asked(&request(1, &file("large"), "octet", &options)),
            "oack blksize=65464 windowsize=64"
        );
        client
    };
    // As many are there before: the allocator takes memory by megabytes, which belong to no single transfer.
    let warm: Vec<Client> = (0..1000).map(|_| ask()).collect();
    let before = resident(server.id());
    let clients: Vec<Client> = (0..1000).map(|_| ask()).collect();
    let grown = resident(server.id()).saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB");
    drop((warm, clients));
}

#[test]
fn a_slow_file_delays_no_other() {
    // It works as long as it may, and then is none.
    let slow = "{% for a in range(100000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}";
    let site = site("").write("own/yealink/templates/round.cfg", slow);
    let settings = std::fs::read_to_string(site.path("bellhop.toml")).unwrap();
    site.put("bellhop.toml", &format!("{settings}\n[rendering]\nfuel = 100000000\ntime = \"10s\"\n"));
    // With one thread for connections nobody else can help out.
    let server = Running::start_with(site, &[("TOKIO_WORKER_THREADS", "1")]);
    let mut client = Client::new(server.tftp);
    assert!(client.get(&file("small"), "octet", &[]).is_ok());
    let slow = Client::new(server.tftp);
    slow.ask(&read(&file("round")));
    for _ in 0..20 {
        assert!(Client::new(server.tftp).get(&file("medium"), "octet", &[]).is_ok());
    }
    assert!(slow.waiting().is_empty(), "the slow one is still at it");
}
