//! Promises S6 and S7 at the listeners: budgets, bans, alarms.

use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use bellhop::answer::{Outcome, answer};
use bellhop::guard::{Guard, Refused};
use bellhop::identify::Inquiry;
use bellhop::model::Protocol;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, TlsPhone, until};
use crate::tftp;

const BANS: &str = "bellhop_guard_bans";
const NEW_NETWORK: &str = "bellhop_guard_alarms_total{kind=\"new-network\"}";
const TWO_NETWORKS: &str = "bellhop_guard_alarms_total{kind=\"two-networks\"}";
const SCAN: &str = "bellhop_guard_alarms_total{kind=\"scan\"}";

/// A site with a phone for each listener by serial, and one for each that is known by its MAC address alone.
fn site(guard: &str) -> Site {
    let mut devices = String::new();
    for (number, protocol) in ["http", "https", "tftp"].iter().enumerate() {
        for (kind, mac_based) in [('a', false), ('b', true)] {
            let device = DEVICE
                .replace(SERIAL, &format!("{kind}{number}{SERIAL}"))
                .replace("A9:37", &format!("{kind}{kind}:0{number}"))
                .replace("\"Desk\"", &format!("\"{protocol} {kind}\""))
                .replace("\"http\"", &format!("\"{protocol}\""))
                .replace("lines = [\"0087*001\"]\n", "");
            devices += &device;
            if mac_based && *protocol != "tftp" {
                devices += "mac-based = true\n";
            }
        }
    }
    Site::new()
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/devices.toml", &devices)
        .config(&format!("\n[guard]\n{guard}\n[provisioning]\nmac-based = true\nhost = \"x.example.net\"\n"))
}

/// Names the file of a phone of the site.
fn file(kind: char, number: usize) -> String {
    format!("0015654a{kind}{kind}0{number}.cfg")
}

/// Asks by each listener for a file at the top; gives whether each brought it.
fn by_all(server: &Running, name: impl Fn(usize) -> String) -> [bool; 3] {
    let http = server.get(&format!("/{}", name(0))).status;
    let https = TlsPhone::default().get(server.https, &format!("/{}", name(1))).status;
    let mut phone = tftp::Client::new(server.tftp);
    [http == 200, https == 200, phone.get(&name(2), "octet", &[]).is_ok()]
}

/// Asks for so many devices that are none, by a listener.
fn scan(server: &Running, transport: usize, count: u32) {
    for nth in 0..count {
        let name = format!("001565{transport:02x}{nth:04x}.cfg");
        match transport {
            0 => assert_eq!(server.get(&format!("/{name}")).status, 404),
            1 => assert_eq!(TlsPhone::default().get(server.https, &format!("/{name}")).status, 404),
            _ => assert!(tftp::Client::new(server.tftp).get(&name, "octet", &[]).is_err()),
        }
    }
}

fn text(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_scan_over_any_listener_bans_newcomers_without_proof_on_all_until_it_is_lifted() {
    for transport in 0..3 {
        let server = Running::start(site("unknown = 5"));
        scan(&server, transport, 4);
        // Again and again the same counts once, and so do names of files, and what phones are known to ask for in vain.
        scan(&server, transport, 4);
        for name in ["/y000000000028.cfg", "/favicon.ico", "/x.boot"] {
            assert_eq!(server.get(name).status, 404, "{name}");
        }
        assert!((server.metric(BANS) - 0.0).abs() < 0.1);
        scan(&server, transport, 5);
        assert!((server.metric(BANS) - 1.0).abs() < 0.1, "the fifth one bans");
        assert_eq!(by_all(&server, |number| file('b', number)), [false; 3], "newcomers wait");
        let serial = |number| format!("a{number}{SERIAL}/{}", file('a', number));
        assert_eq!(by_all(&server, serial), [true; 3], "who proves itself goes on");
        let banned = server.get(&format!("/{}", file('b', 0)));
        let unknown = server.get("/001565ffffff.cfg");
        assert_eq!((banned.head, banned.body), (unknown.head, unknown.body));

        let listed = text(&server.command(&["bans"]));
        assert!(listed.contains("127.0.0.0/24"), "{listed}");
        let listed: serde_json::Value =
            serde_json::from_str(&text(&server.command(&["bans", "--json"]))).unwrap();
        assert_eq!((&listed[0]["network"], &listed[0]["identifiers"]), (&"127.0.0.0/24".into(), &5.into()));
        assert_eq!(text(&server.command(&["bans", "lift", "127.0.0.1"])), "1 lifted\n");
        assert!((server.metric(BANS) - 0.0).abs() < 0.1);
        assert_eq!(by_all(&server, |number| file('b', number)), [true; 3], "newcomers are served");
        assert_eq!(server.command(&["bans", "lift", "127.0.0.0/24"]).status.code(), Some(1));
        let log = server.stop();
        assert!(log.contains("network banned") && log.contains("network=127.0.0.0/24"), "{log}");
    }
}

#[test]
fn phones_that_were_there_before_a_ban_go_on_and_the_ban_ends() {
    let server = Running::start(site("unknown = 5\nwindow = \"2s\"\nban = \"2s\"\nlongest-ban = \"2s\""));
    assert_eq!(by_all(&server, |number| file('b', number)), [true; 3]);
    until("all are noted", || {
        let listed: serde_json::Value =
            serde_json::from_str(&text(&server.command(&["device", "list", "--json"]))).unwrap();
        listed.as_array().unwrap().iter().filter(|device| device["last-fetched"].is_string()).count() == 3
    });
    scan(&server, 0, 5);
    assert_eq!(by_all(&server, |number| file('b', number)), [true; 3]);
    until("the ban ends", || server.metric(BANS) < 0.1);
    assert_eq!(text(&server.command(&["bans", "--json"])), "[]\n");
}

#[test]
fn a_scan_is_told_of_in_metrics_and_log() {
    let server = Running::start(site("unknown = 64\nscan = 10"));
    scan(&server, 0, 20);
    until("the alarm is counted", || server.metric(SCAN) > 0.9);
    let log = server.stop();
    assert!(log.contains("many unknown identifiers are asked for"), "{log}");
    assert!(!log.contains(SERIAL));
}

#[test]
fn a_device_that_fetches_from_another_network_is_told_of_by_name() {
    // Addresses of loopback in different networks stand for two places.
    for (setting, metric) in [("5m", TWO_NETWORKS), ("0s", NEW_NETWORK)] {
        let server = Running::start(site(&format!("two-networks = \"{setting}\"")));
        let ask = |from: &str| {
            let socket = UdpSocket::bind((from, 0)).unwrap();
            let mut phone = tftp::Client::on(socket, server.tftp);
            assert!(phone.get(&file('a', 2), "octet", &[]).is_ok());
        };
        ask("127.0.0.1");
        ask("127.0.0.2");
        until("both are noted", || {
            server.metric("bellhop_tftp_transfers_total{outcome=\"completed\"}") > 1.9
        });
        assert!((server.metric(metric) - 0.0).abs() < 0.1, "neighbours are in one network");
        ask("127.0.9.1");
        until("the alarm is counted", || server.metric(metric) > 0.9);
        let log = server.stop();
        assert!(log.contains("a device fetches from another network"), "{log}");
        for told in ["device=\"tftp a\"", "network=127.0.9.0/24", "from=127.0.0.0/24"] {
            assert!(log.contains(told), "{told}: {log}");
        }
        assert!(!log.contains(SERIAL));
    }
}

#[test]
fn operators_alone_may_look_at_bans_and_lift_them() {
    let server = Running::start(Site::with_phone());
    assert_eq!(server.admin("/api/v1/bans").status, 401);
    let request = b"DELETE /api/v1/bans/all HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let reply = crate::support::exchange(server.admin, &[request]);
    assert!(reply.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&reply));
    assert_eq!(text(&server.command(&["bans", "lift", "all"])), "0 lifted\n");
    assert_eq!(server.command(&["bans", "lift", "nonsense"]).status.code(), Some(1));
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
}

/// Promise S6 with the server's own decisions, in virtual time.
#[test]
fn an_office_behind_one_address_is_served_through_a_week_whatever_its_strangers_ask_for() {
    let mut devices = String::new();
    for n in 0..500 {
        let serial = format!("n{n:03}{SERIAL}");
        let device =
            DEVICE.replace(SERIAL, &serial).replace("4A:A9:37", &format!("AA:{:02}:{:02}", n / 100, n % 100));
        devices += &device.replace("\"http\"", "\"tftp\"").replace("lines = [\"0087*001\"]\n", "");
    }
    let site = Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/devices.toml", &devices);
    let snapshot = site.load();
    let rules = &snapshot.config().guard;
    let office: IpAddr = "10.20.30.40".parse().unwrap();
    let start = Instant::now();
    for (strangers, is_banned) in [(1, false), (30, true)] {
        let guard = Guard::new(start);
        let (mut served, mut bans) = (0, 0);
        for minute in 0..7 * 24 * 60 {
            let now = start + Duration::from_secs(minute * 60);
            let mut ask = |name: &str| {
                let banned = guard.banned(office, rules, || now);
                let answer = answer(
                    &snapshot,
                    &Inquiry { banned, ..Inquiry::new(Protocol::Tftp, office, name.as_bytes()) },
                );
                if matches!(answer.outcome, Outcome::Served { .. }) {
                    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1 + minute * 60);
                    answer.phone.unwrap().note_fetch(at, Guard::network(office, rules), None);
                    return true;
                }
                let identifier = answer.identifier.unwrap();
                let refused =
                    Refused { peer: office, identifier, is_known: answer.phone.is_some(), counts: true };
                bans += u32::from(guard.refused(&refused, rules, now).banned.is_some());
                false
            };
            // Good phones ask every twelve hours, some in each minute.
            for n in (0..500).filter(|n| n % 720 == minute % 720) {
                assert!(
                    ask(&format!("001565aa{:02}{:02}.cfg", n / 100, n % 100)),
                    "phone {n}, minute {minute}"
                );
                served += 1;
            }
            for stranger in 0..strangers {
                // They begin when each of the good phones has been there.
                assert!(minute < 720 || !ask(&format!("0015650000{stranger:02}.cfg")));
            }
        }
        assert_eq!((served, bans > 0), (500 * 14, is_banned), "{strangers} strangers");
    }
}

/// Phones that show credentials when they are asked for them begin without any: that is no scan.
#[test]
fn requests_that_are_challenged_ban_nobody() {
    let config = "\n[guard]\nunknown = 5\n[provisioning]\nhost = \"x.example.net\"\ndigest = [\"MD5\"]\n";
    let server = Running::start(Site::with_phone().config(config));
    for nth in 0..20 {
        assert_eq!(server.get(&format!("/0015650000{nth:02}.cfg")).status, 401);
    }
    assert!((server.metric(BANS) - 0.0).abs() < 0.1);
}
