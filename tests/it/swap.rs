//! Certificates, keys and authorities change while phones shake hands (promise H9).

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use bellhop::config::Config;
use bellhop::guard::Guard;
use bellhop::listen::{Bound, Identities, Side, Sockets};
use bellhop::model::Protocol;
use bellhop::snapshot::Store;
use bellhop::telemetry::Metrics;
use rcgen::date_time_ymd;
use rustix::process::Signal;
use rustls::HandshakeKind;
use rustls::pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{
    DEVICE, FILE, Running, SERIAL, Site, TlsPhone, certificate, certificate_with, command, https, until,
};

const NAMES: &[&str] = &["phones.example.net"];

/// A phone that asks by HTTP.
fn second() -> String {
    DEVICE
        .replace(SERIAL, "a1b2c3d4e5f6g7h8j9k1m2n3p4")
        .replace("A9:37", "A9:38")
        .replace("0087*001", "0087*002")
        .replace("\"Desk\"", "\"Lobby\"")
}

fn site() -> Site {
    Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\""))
}

fn shown(server: &Running) -> CertificateDer<'static> {
    TlsPhone::default().connect(server.https).unwrap().certificate()
}

/// Reads again; gives the exit code and all that was said.
fn reload(server: &Running) -> (Option<i32>, String) {
    let output = server.command(&["reload"]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_renewed_certificate_is_served_whatever_way_it_comes() {
    let site = site();
    let path = |name: &str| site.path(name);
    // As certbot, a cluster and a careless hand lay them down; the clock does not help.
    let first = certificate(&site, "archive/1", NAMES);
    let second = certificate(&site, "archive/2", NAMES);
    let names = &["other.example.net"];
    let third = certificate(&site, "set-1/tls", names);
    let fourth = certificate(&site, "set-2/tls", names);
    fs::create_dir(path("certs/live")).unwrap();
    for end in ["pem", "key"] {
        symlink(format!("../archive/1.{end}"), path(&format!("certs/live/chain.{end}"))).unwrap();
        symlink(format!("..data/tls.{end}"), path(&format!("certs/tls.{end}"))).unwrap();
    }
    symlink("set-1", path("certs/..data")).unwrap();
    let config = https(&["live/chain", "tls"], "\n[reload]\ninterval = \"1h\"\n");
    let site = site.config(&config);
    let server = Running::start(site);
    let path = |name: &str| server.site.path(name);
    let other = || {
        let phone = TlsPhone { name: Some("other.example.net"), ..TlsPhone::default() };
        phone.connect(server.https).unwrap().certificate()
    };
    assert_eq!((shown(&server), other()), (first, third));
    for end in ["key", "pem"] {
        symlink(format!("../archive/2.{end}"), path("certs/live/next")).unwrap();
        fs::rename(path("certs/live/next"), path(&format!("certs/live/chain.{end}"))).unwrap();
    }
    until("a link to the next one counts", || shown(&server) == second);
    symlink("set-2", path("certs/..next")).unwrap();
    fs::rename(path("certs/..next"), path("certs/..data")).unwrap();
    until("a link to the next set counts", || other() == fourth);
    let fifth = certificate(&server.site, "archive/2", NAMES);
    until("what is written over the old one counts", || shown(&server) == fifth);
    assert_eq!(other(), fourth);
}

#[test]
fn what_cannot_be_used_is_refused_with_the_cure_and_the_old_certificate_stays() {
    let site = site();
    let good = certificate(&site, "server", NAMES);
    certificate(&site, "other", &["other.example.net"]);
    let files = ["certs/server.pem", "certs/server.key"];
    let [chain, key] = files.map(|file| fs::read_to_string(site.path(file)).unwrap());
    let [other_chain, other_key] =
        ["certs/other.pem", "certs/other.key"].map(|file| fs::read_to_string(site.path(file)).unwrap());
    // Read when asked only, so that what a reading brings is known.
    let asked = "\n[reload]\nevents = false\ninterval = \"1h\"\n";
    let server = Running::start(site.config(&https(&["server"], asked)));
    let not_its_own = "is not the key of the first certificate in";
    let half = &chain[..chain.len() / 2];
    let rows = [
        (&chain[..], &other_key[..], "certs/server.key", not_its_own, "name the one that belongs to it"),
        (&other_chain, &key, "certs/server.key", not_its_own, "name the one that belongs to it"),
        ("", &key, "certs/server.pem", "holds no certificate", "give a chain as PEM"),
        (half, &key, "certs/server.pem", "is broken PEM", "write it anew"),
        (&chain, "", "certs/server.key", "holds no private key", "without a passphrase"),
        (&chain, &key[..key.len() / 2], "certs/server.key", "is broken PEM", "write it anew"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &key,
            "certs/server.pem",
            "cannot be served",
            "give a certificate of X.509 version 3",
        ),
        (
            &chain,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "certs/server.key",
            "holds a key that cannot be used",
            "or of P-256",
        ),
    ];
    for (new_chain, new_key, file, what, cure) in rows {
        server.site.put(files[0], new_chain);
        server.site.put(files[1], new_key);
        let (code, told) = reload(&server);
        let check = command(&server.site, &["check"], "");
        let checked = String::from_utf8(check.stderr).unwrap();
        assert_eq!((code, check.status.code()), (Some(78), Some(78)), "{told}");
        for told in [&told, &checked] {
            let line =
                told.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {told}"));
            assert!(line.contains(&format!("{file}: ")) && line.contains(cure), "{line}");
            assert!(!told.contains("MIG") && !told.contains("AAAA"), "no key may be told: {told}");
        }
        assert_eq!(shown(&server), good, "{what}");
    }
    fs::remove_file(server.site.path(files[0])).unwrap();
    assert!(reload(&server).1.contains("certs/server.pem: cannot be read: "));
    assert_eq!(shown(&server), good);
    // The whole of another one is taken.
    server.site.put(files[0], &other_chain);
    server.site.put(files[1], &other_key);
    let (code, told) = reload(&server);
    assert_eq!((code, told.starts_with("published")), (Some(0), true), "{told}");
    assert_ne!(shown(&server), good);
    assert!(reload(&server).1.starts_with("unchanged"));
    let log = server.stop();
    assert!(log.contains(not_its_own) && log.contains("what was good before stays"), "{log}");
    assert!(log.contains("certificates changed"), "{log}");
}

#[test]
fn a_certificate_that_is_broken_at_the_first_start_ends_it() {
    let site = site();
    certificate(&site, "server", NAMES);
    site.put("certs/server.key", "");
    let output = command(&site.config(&https(&["server"], "")), &["serve"], "");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(told.contains("holds no private key"), "{told}");
}

#[test]
fn a_certificate_that_breaks_while_the_server_is_down_keeps_no_phone_from_its_files() {
    let site = site().write("fleet/second.toml", &second());
    certificate(&site, "server", NAMES);
    let key = fs::read_to_string(site.path("certs/server.key")).unwrap();
    let asked = "\n[reload]\nevents = false\ninterval = \"1h\"\n";
    let server = Running::start(site.config(&https(&["server"], asked)));
    let good = shown(&server);
    until("the state is kept", || server.site.path("state/last-good/manifest").exists());
    server.signal(Signal::TERM);
    let site = server.into_site();
    site.put("certs/server.key", "");
    let server = Running::start(site);
    let second = server.get("/a1b2c3d4e5f6g7h8j9k1m2n3p4/0015654aa938.cfg");
    assert_eq!(second.status, 200, "phones by HTTP are served");
    assert_ne!(shown(&server), good, "a minted one stands in");
    assert!(server.greeting.contains("(self-signed certificate)"), "{}", server.greeting);
    let ready = String::from_utf8(server.admin("/readyz").body).unwrap();
    assert!(ready.starts_with("ready, but stale"), "{ready}");
    let (code, told) = reload(&server);
    assert!(code == Some(78) && told.contains("holds no private key"), "{told}");
    server.site.put("certs/server.key", &key);
    assert!(reload(&server).1.starts_with("published"));
    assert_eq!(shown(&server), good);
    assert_eq!(server.admin("/readyz").body, b"ready\n");
}

#[test]
fn the_end_of_a_certificate_is_told_once_and_measured() {
    let site = site();
    let ended = |parameters: &mut rcgen::CertificateParams| {
        parameters.not_before = date_time_ymd(2001, 1, 1);
        parameters.not_after = date_time_ymd(2002, 1, 1);
    };
    certificate_with(&site, "ended", NAMES, false, ended);
    certificate(&site, "fresh", &["fresh.example.net"]);
    let server = Running::start(site.config(&https(&["fresh", "ended"], "")));
    let told = "certs/ended.pem: warning: ended on 2002-01-01T00:00:00Z, and phones may refuse it; renew it";
    let checked = command(&server.site, &["check"], "");
    let text = String::from_utf8(checked.stderr).unwrap();
    assert!(text.contains(told) && checked.status.success(), "{text}");
    let end = server.metric("bellhop_certificate_expiry_timestamp_seconds");
    assert!((end - 1_009_843_200.0).abs() < 0.5, "{end}");
    for _ in 0..3 {
        assert_eq!(reload(&server).0, Some(0));
    }
    certificate(&server.site, "ended", NAMES);
    assert_eq!(reload(&server).0, Some(0));
    assert!(server.metric("bellhop_certificate_expiry_timestamp_seconds") > 60_000_000_000.0);
    let log = server.stop();
    assert_eq!(log.matches(told).count(), 1, "{log}");
}

#[test]
fn no_ticket_outlives_a_change_of_certificates() {
    let site = site();
    certificate(&site, "server", NAMES);
    let server = Running::start(site.config(&https(&["server"], "")));
    let config = TlsPhone::default().config();
    let kind = || {
        let connection = TlsPhone::connect_with(&config, None, server.https).unwrap();
        let kind = connection.kind();
        assert_eq!(connection.get(&format!("/{SERIAL}/{FILE}")).status, 200);
        kind
    };
    assert_ne!(kind(), HandshakeKind::Resumed);
    assert_eq!(kind(), HandshakeKind::Resumed);
    // What looks new and is the same changes nothing.
    let same = fs::read_to_string(server.site.path("certs/server.pem")).unwrap();
    server.site.put("certs/server.pem", &same);
    assert!(reload(&server).1.starts_with("unchanged"));
    assert_eq!(kind(), HandshakeKind::Resumed);
    certificate(&server.site, "server", NAMES);
    assert_eq!(reload(&server).0, Some(0));
    assert_ne!(kind(), HandshakeKind::Resumed);
}

/// Two pairs, and a link that leads to one of them at a time, so that a pair is swapped as one.
fn pairs() -> (Site, [CertificateDer<'static>; 2]) {
    let site = site();
    let pairs = ["pair-0", "pair-1"].map(|folder| certificate(&site, &format!("{folder}/server"), NAMES));
    symlink("pair-0", site.path("certs/live")).unwrap();
    (site.config(&https(&["live/server"], "")), pairs)
}

#[test]
fn a_thousand_swaps_break_no_handshake() {
    const SWAPS: usize = 1000;
    const LEAST_HANDSHAKES: usize = 200;
    let (site, pairs) = pairs();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config::read(&site.path("bellhop.toml")).unwrap();
    let metrics = Arc::new(Metrics::default());
    let identities = Arc::new(Identities::load(&config, "x.example.net", &metrics, false).unwrap());
    let stop = CancellationToken::new();
    let store = Arc::new(Store::new(site.load()));
    let guard = Arc::new(Guard::new(Instant::now()));
    let side = Arc::new(Side::new(store, guard, &metrics, TaskTracker::new(), stop.clone()).unwrap());
    let address = runtime.block_on(async {
        let bound = Bound::bind(&config, Sockets::default()).await.unwrap();
        let address = bound.addresses().into_iter().find(|(protocol, _)| *protocol == Protocol::Https);
        bound.serve(&side, &identities, &metrics);
        address.unwrap().1
    });
    let (ended, shaken) = (AtomicBool::new(false), AtomicUsize::new(0));
    let shake = || {
        let phone = TlsPhone::default();
        let mut seen = [0, 0];
        while !ended.load(Ordering::Relaxed) {
            let connection = phone.connect(address).expect("a handshake failed");
            let shown = connection.certificate();
            seen[pairs.iter().position(|pair| *pair == shown).expect("one of the two")] += 1;
            shaken.fetch_add(1, Ordering::Relaxed);
        }
        seen
    };
    std::thread::scope(|scope| {
        let shaking = [scope.spawn(shake), scope.spawn(shake)];
        let mut swaps = 0;
        while swaps < SWAPS || shaken.load(Ordering::Relaxed) < LEAST_HANDSHAKES {
            if shaking.iter().any(std::thread::ScopedJoinHandle::is_finished) {
                break;
            }
            swaps += 1;
            symlink(format!("pair-{}", swaps % 2), site.path("certs/next")).unwrap();
            fs::rename(site.path("certs/next"), site.path("certs/live")).unwrap();
            let refreshed = identities.refresh(&config);
            assert!(refreshed.changed && refreshed.faults.is_empty(), "{refreshed:?}");
            assert_eq!(identities.certificates().len(), 1);
        }
        ended.store(true, Ordering::Relaxed);
        let seen = shaking.map(|thread| thread.join().unwrap());
        assert!((0..2).all(|pair| seen.iter().any(|seen| seen[pair] > 0)), "{seen:?}");
    });
    assert!(
        !metrics
            .render()
            .lines()
            .any(|line| { line.starts_with("bellhop_handshake_failures_total{") && !line.ends_with(" 0") })
    );
    stop.cancel();
}
