//! /metrics: every family by name, type, help and closed labels, and what traffic does to it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::time::Duration;

use bellhop::permit::Refusal;
use bellhop::telemetry::HandshakeFailure;
use bellhop::tftp::Ending;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, TlsPhone, until};

/// A family: its name, its type, and its labels with what they may be.
type Family = (&'static str, &'static str, Vec<(&'static str, Vec<&'static str>)>);

fn families() -> Vec<Family> {
    let transport = || ("transport", vec!["http", "https", "tftp"]);
    let result = || ("result", vec!["published", "refused", "unchanged"]);
    let refusals = Refusal::ALL.iter().map(|refusal| refusal.word()).collect();
    let handshakes = HandshakeFailure::ALL.iter().map(|reason| reason.word()).collect();
    let endings = Ending::ALL.iter().map(|ending| ending.word()).collect();
    let outcomes = vec!["failed", "invalid", "not-modified", "refused", "served"];
    let asset_outcomes = vec!["busy", "failed", "invalid", "missing", "not-modified", "served"];
    let dropped = vec!["busy", "crowded", "duplicate", "frequent", "malformed", "network", "stray", "upload"];
    vec![
        ("bellhop_accept_errors_total", "counter", vec![transport()]),
        ("bellhop_answer_seconds", "histogram", vec![transport()]),
        ("bellhop_asset_bytes_total", "counter", vec![transport()]),
        ("bellhop_asset_downloads", "gauge", vec![]),
        ("bellhop_asset_requests_total", "counter", vec![transport(), ("outcome", asset_outcomes)]),
        ("bellhop_build_info", "gauge", vec![("version", vec![env!("CARGO_PKG_VERSION")])]),
        ("bellhop_cache_bytes", "gauge", vec![]),
        ("bellhop_cache_evictions_total", "counter", vec![]),
        ("bellhop_cache_files", "gauge", vec![]),
        ("bellhop_cache_limit_bytes", "gauge", vec![]),
        ("bellhop_certificate_expiry_timestamp_seconds", "gauge", vec![]),
        ("bellhop_connections", "gauge", vec![transport()]),
        ("bellhop_connections_limit", "gauge", vec![]),
        (
            "bellhop_connections_turned_away_total",
            "counter",
            vec![transport(), ("reason", vec!["full", "source"])],
        ),
        (
            "bellhop_guard_alarms_total",
            "counter",
            vec![("kind", vec!["new-certificate", "new-network", "scan", "two-networks"])],
        ),
        ("bellhop_guard_bans", "gauge", vec![]),
        ("bellhop_guard_bans_total", "counter", vec![]),
        (
            "bellhop_handshake_failures_total",
            "counter",
            vec![("transport", vec!["https"]), ("reason", handshakes)],
        ),
        ("bellhop_refusals_total", "counter", vec![transport(), ("reason", refusals)]),
        ("bellhop_reload_seconds", "histogram", vec![result()]),
        ("bellhop_reloads_total", "counter", vec![result()]),
        ("bellhop_renders_total", "counter", vec![transport(), ("result", vec!["failed", "kept", "made"])]),
        ("bellhop_requests_total", "counter", vec![transport(), ("outcome", outcomes)]),
        ("bellhop_runs", "gauge", vec![]),
        (
            "bellhop_runs_ended_total",
            "counter",
            vec![("state", vec!["cancelled", "done", "failed", "refused", "rejected", "stopped", "undone"])],
        ),
        ("bellhop_snapshot_devices", "gauge", vec![]),
        ("bellhop_snapshot_serial", "gauge", vec![]),
        ("bellhop_snapshot_stale", "gauge", vec![]),
        ("bellhop_snapshot_timestamp_seconds", "gauge", vec![]),
        ("bellhop_tftp_bytes_total", "counter", vec![]),
        ("bellhop_tftp_refusals_total", "counter", vec![("reason", dropped)]),
        ("bellhop_tftp_retransmissions_total", "counter", vec![]),
        ("bellhop_tftp_transfer_seconds", "histogram", vec![]),
        ("bellhop_tftp_transfers", "gauge", vec![]),
        ("bellhop_tftp_transfers_total", "counter", vec![("outcome", endings)]),
        ("process_cpu_seconds_total", "counter", vec![]),
        ("process_max_fds", "gauge", vec![]),
        ("process_open_fds", "gauge", vec![]),
        ("process_resident_memory_bytes", "gauge", vec![]),
        ("process_start_time_seconds", "gauge", vec![]),
        ("process_threads", "gauge", vec![]),
        ("process_virtual_memory_bytes", "gauge", vec![]),
        ("process_virtual_memory_max_bytes", "gauge", vec![]),
    ]
}

/// What was scraped of a family: its help, its type, and its series as label text with value.
#[derive(Debug, Default)]
struct Scraped {
    help: String,
    kind: String,
    series: Vec<(String, f64)>,
}

fn scrape(text: &str) -> BTreeMap<String, Scraped> {
    let mut families: BTreeMap<String, Scraped> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (what, rest) = line.split_once(' ').unwrap();
        if what == "#" {
            let (word, rest) = rest.split_once(' ').unwrap();
            let (name, told) = rest.split_once(' ').unwrap();
            let family = families.entry(name.to_owned()).or_default();
            let place = if word == "HELP" { &mut family.help } else { &mut family.kind };
            assert!(place.is_empty(), "told twice: {line}");
            told.clone_into(place);
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let family = name.strip_suffix(end)?;
            (families.get(family)?.kind == "histogram").then(|| family.to_owned())
        });
        let labels = labels.strip_suffix('}').unwrap().to_owned();
        let family = families.get_mut(&family.unwrap_or_else(|| name.to_owned())).expect(name);
        family.series.push((labels, value.parse().unwrap()));
    }
    families
}

/// Fetches a file of one block over TFTP, or the error that there is none.
fn tftp(server: &Running, name: &str) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = [&[0, 1][..], name.as_bytes(), b"\0octet\0blksize\x0065464\0"].concat();
    socket.send_to(&request, server.tftp).unwrap();
    let (mut room, mut body) = (vec![0; 65_536], Vec::new());
    loop {
        let (length, from) = socket.recv_from(&mut room).unwrap();
        match room[1] {
            6 => socket.send_to(&[0, 4, 0, 0], from).unwrap(),
            3 => {
                body.extend_from_slice(&room[4..length]);
                socket.send_to(&[0, 4, room[2], room[3]], from).unwrap();
                if length < 4 + 1428 {
                    return body;
                }
                0
            }
            _ => return Vec::new(),
        };
    }
}

/// One phone over HTTP, one over TFTP.
fn site() -> Site {
    let other = DEVICE
        .replace(SERIAL, "a2k7m4x9q3w8e6r1t5y0u2p7sd")
        .replace("A9:37", "A9:38")
        .replace("Desk", "Hall")
        .replace("\"http\"", "\"tftp\"")
        .replace("lines = [\"0087*001\"]\n", "");
    Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/device.toml", &format!("{DEVICE}{other}"))
}

#[test]
fn every_family_is_described_and_its_labels_are_closed() {
    let server = Running::start(site());
    server.get(&format!("/{SERIAL}/{FILE}"));
    server.get("/unknown-serial-0123456789/x.cfg");
    TlsPhone::default().get(server.https, "/nothing");
    assert!(!tftp(&server, "0015654aa938.cfg").is_empty());
    server.command(&["reload"]);
    let reply = server.admin("/metrics");
    assert_eq!(reply.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut scraped = scrape(&String::from_utf8(reply.body).unwrap());
    let mut wrong = Vec::new();
    for (name, kind, labels) in families() {
        let Some(family) = scraped.remove(name) else {
            wrong.push(format!("{name} is missing"));
            continue;
        };
        if family.kind != kind || family.help.len() < 10 {
            wrong.push(format!("{name} is told to be {:?}: {:?}", family.kind, family.help));
        }
        let named: BTreeSet<&str> = labels.iter().map(|(label, _)| *label).collect();
        for (series, _) in &family.series {
            let pairs: Vec<_> = series.split(',').filter_map(|pair| pair.split_once('=')).collect();
            let pairs = pairs.iter().map(|(label, value)| (*label, value.trim_matches('"')));
            let pairs: BTreeMap<&str, &str> = pairs.filter(|(label, _)| *label != "le").collect();
            let closed = |(label, value): (&&str, &&str)| {
                labels.iter().any(|(known, values)| known == label && values.contains(value))
            };
            if pairs.keys().copied().collect::<BTreeSet<_>>() != named || !pairs.iter().all(closed) {
                wrong.push(format!("{name} has {{{series}}}"));
            }
        }
        if family.series.is_empty() {
            wrong.push(format!("{name} has no series"));
        }
    }
    wrong.extend(scraped.keys().map(|name| format!("{name} is not in the list")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A metric's name, and its matchers as label with values.
type Selector = (String, Vec<(String, Vec<String>)>);

/// Gives every selector of a text.
fn selectors(text: &str) -> Vec<Selector> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = text.match_indices("bellhop_").chain(text.match_indices("process_"));
    let starts = starts.filter(|(at, _)| !text[..*at].ends_with(is_word));
    let selectors = starts.map(|(at, _)| {
        let (name, rest) = text[at..].split_at(text[at..].find(|c| !is_word(c)).unwrap_or(text.len() - at));
        let inner =
            rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inner, _)| inner);
        let matchers = inner.split(',').filter_map(|matcher| matcher.split_once(['=', '!']));
        let matchers = matchers.map(|(label, values)| {
            let values = values.trim_matches(['=', '~', '"']).split('|').map(str::to_owned);
            (label.to_owned(), values.collect())
        });
        (name.to_owned(), matchers.collect())
    });
    selectors.collect()
}

#[test]
fn what_the_alerts_and_the_dashboard_ask_for_is_there() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let alerts = std::fs::read_to_string(folder.join("alerts.yml")).unwrap();
    let board = std::fs::read_to_string(folder.join("grafana.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    let panels = board["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    let mut text = alerts.lines().filter(|line| !line.contains(": \"")).collect::<Vec<_>>().join("\n");
    for annotation in board["annotations"]["list"].as_array().unwrap() {
        text += &format!("\n{}", annotation["expr"].as_str().unwrap());
    }
    for panel in panels {
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            text += &format!("\n{}", target["expr"].as_str().unwrap());
        }
    }
    let families = families();
    let mut asked = BTreeSet::new();
    for (name, matchers) in selectors(&text) {
        let family = families.iter().find(|(known, kind, _)| {
            let rest = name.strip_prefix(known);
            rest == Some("") || *kind == "histogram" && matches!(rest, Some("_bucket" | "_sum" | "_count"))
        });
        let (known, _, labels) = family.unwrap_or_else(|| panic!("nothing is called {name}"));
        asked.insert(*known);
        let own = matchers.iter().filter(|(label, _)| label != "job" && label != "instance");
        for (label, values) in own {
            let closed = labels.iter().find(|(known, _)| known == label);
            let (_, closed) = closed.unwrap_or_else(|| panic!("{name} has no label {label}"));
            let unknown = values.iter().find(|value| !closed.contains(&value.as_str()));
            assert_eq!(unknown, None, "{name} with {label}");
        }
    }
    let ours = families.iter().map(|(name, ..)| *name).filter(|name| name.starts_with("bellhop_"));
    let unseen: Vec<&str> = ours.filter(|name| !asked.contains(name)).collect();
    assert!(unseen.is_empty(), "nobody looks at {unseen:?}");
}

#[test]
fn what_happens_is_counted() {
    let server = Running::start(site());
    let path = format!("/{SERIAL}/{FILE}");
    let etag = server.get(&path).header("ETag").unwrap().to_owned();
    assert_eq!(server.get(&path).status, 200);
    assert_eq!(server.get_with(&path, &format!("If-None-Match: {etag}\r\n")).status, 304);
    assert_eq!(server.get("/unknown-serial-0123456789/x.cfg").status, 404);
    server.raw(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n");
    TlsPhone::default().get(server.https, "/nothing");
    let over_tftp = tftp(&server, "0015654aa938.cfg");
    server.command(&["reload"]);
    server.site.put("fleet/broken.toml", "[[device]\n");
    server.command(&["reload"]);
    until("the transfer has ended", || server.metric("bellhop_tftp_transfer_seconds_count") > 0.0);
    #[expect(clippy::cast_precision_loss, reason = "a file is small")]
    let size = over_tftp.len() as f64;
    for (series, wanted) in [
        ("bellhop_requests_total{transport=\"http\",outcome=\"served\"}", 2.0),
        ("bellhop_requests_total{transport=\"http\",outcome=\"not-modified\"}", 1.0),
        ("bellhop_requests_total{transport=\"http\",outcome=\"refused\"}", 1.0),
        ("bellhop_requests_total{transport=\"http\",outcome=\"invalid\"}", 1.0),
        ("bellhop_requests_total{transport=\"https\",outcome=\"refused\"}", 1.0),
        ("bellhop_requests_total{transport=\"tftp\",outcome=\"served\"}", 1.0),
        ("bellhop_refusals_total{transport=\"http\",reason=\"unknown\"}", 1.0),
        ("bellhop_renders_total{transport=\"http\",result=\"made\"}", 1.0),
        ("bellhop_renders_total{transport=\"http\",result=\"kept\"}", 2.0),
        ("bellhop_answer_seconds_count{transport=\"http\"}", 5.0),
        ("bellhop_answer_seconds_count{transport=\"https\"}", 1.0),
        ("bellhop_answer_seconds_count{transport=\"tftp\"}", 1.0),
        ("bellhop_answer_seconds_bucket{transport=\"http\",le=\"+Inf\"}", 5.0),
        ("bellhop_cache_files", 2.0),
        ("bellhop_cache_evictions_total", 0.0),
        ("bellhop_cache_limit_bytes", 268_435_456.0),
        ("bellhop_connections_limit", 16_384.0),
        ("bellhop_reload_seconds_count{result=\"refused\"}", 1.0),
        ("bellhop_reloads_total{result=\"refused\"}", 1.0),
        ("bellhop_snapshot_devices", 2.0),
        ("bellhop_snapshot_serial", 1.0),
        ("bellhop_snapshot_stale", 1.0),
        ("bellhop_tftp_bytes_total", size),
        ("bellhop_tftp_transfers", 0.0),
        ("bellhop_tftp_transfers_total{outcome=\"completed\"}", 1.0),
    ] {
        assert!((server.metric(series) - wanted).abs() < 0.5, "{series}: {}", server.metric(series));
    }
    assert!(server.metric("bellhop_cache_bytes") > size);
    let took = server.metric("bellhop_answer_seconds_sum{transport=\"http\"}");
    assert!(took > 0.0 && took < 60.0, "{took}");
    server.site.put("fleet/broken.toml", "");
    server.command(&["reload"]);
    assert!(server.metric("bellhop_snapshot_stale") < 0.5);
}

#[test]
fn files_that_make_room_for_others_are_counted() {
    let site = site().config("[rendering]\ncache = \"1MiB\"\n");
    let mut devices = String::new();
    for number in 0..400 {
        let serial = format!("serial-of-the-phone-number-{number:04}");
        let mac = format!("55:{:02X}:{:02X}", number / 256, number % 256);
        let device = DEVICE.replace(SERIAL, &serial).replace("4A:A9:37", &mac);
        devices += &device.replace("Desk", &serial).replace("lines = [\"0087*001\"]\n", "");
    }
    let server = Running::start(site.write("fleet/device.toml", &devices));
    for number in 0..400 {
        let mac = format!("00156555{:02x}{:02x}", number / 256, number % 256);
        let path = format!("/serial-of-the-phone-number-{number:04}/{mac}.cfg");
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
    let (kept, gone) = (server.metric("bellhop_cache_files"), server.metric("bellhop_cache_evictions_total"));
    assert!(gone >= 1.0 && (kept + gone - 400.0).abs() < 0.5, "{kept} kept, {gone} gone");
    assert!(server.metric("bellhop_cache_bytes") <= 1_048_576.0);
}
