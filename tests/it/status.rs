//! How a server is, for whoever watches it: /healthz, /readyz, `bellhop status`.

use std::net::UdpSocket;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{
    DEVICE, FILE, Running, SERIAL, Site, certificate_with, command, exchange, https, until,
};

/// Gives status and body of a page of the admin side.
fn page(server: &Running, path: &str) -> (u16, String) {
    let reply = server.admin(path);
    (reply.status, String::from_utf8(reply.body).unwrap())
}

/// Gives what `bellhop status --json` says.
fn status(server: &Running) -> Value {
    let output = server.command(&["status", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Gives exit code and text of `bellhop status --check`.
fn check(server: &Running) -> (Option<i32>, String) {
    let output = server.command(&["status", "--check"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_server_that_serves_is_ready_and_says_when_it_is_stale() {
    let server = Running::start(Site::with_phone());
    assert_eq!(page(&server, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(page(&server, "/readyz"), (200, "ready\n".to_owned()));
    server.site.put("fleet/broken.toml", "[[device]\n");
    server.command(&["reload"]);
    let (code, body) = page(&server, "/readyz");
    assert_eq!(code, 200, "the last good snapshot is better than nothing");
    assert!(body.starts_with("ready, but stale: the files are faulty; serving snapshot 1 of 20"), "{body}");
    server.site.put("fleet/broken.toml", "");
    server.command(&["reload"]);
    assert_eq!(page(&server, "/readyz"), (200, "ready\n".to_owned()));
}

#[test]
fn a_server_that_drains_is_alive_and_not_ready() {
    let site = Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"tftp\""));
    let patient = "\n[limits]\nstop-timeout = \"5m\"\n[tftp]\nlisten = [\"127.0.0.1:0\"]\nsilence = \"5m\"\n";
    let server = Running::start(site.config(patient));
    // A transfer that waits for its client keeps the server from ending.
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.send_to(format!("\0\x01{FILE}\0octet\0").as_bytes(), server.tftp).unwrap();
    client.recv(&mut [0; 1024]).unwrap();
    server.signal(Signal::TERM);
    until("it says that it stops", || page(&server, "/readyz") == (503, "stopping\n".to_owned()));
    assert_eq!(page(&server, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(status(&server)["stopping"], json!(true));
    assert!(check(&server).1.contains(", stopping\n"));
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(1), "{log}");
}

#[test]
fn the_status_tells_what_is_served_and_how_it_goes() {
    let server = Running::start(Site::with_phone());
    server.get(&format!("/{SERIAL}/{FILE}"));
    for _ in 0..3 {
        server.get("/unknown-serial-0123456789/x.cfg");
    }
    assert!(!exchange(server.https, &[b"GET / HTTP/1.1\r\n\r\n"]).is_empty());
    let told = status(&server);
    assert_eq!(told["version"], json!(env!("CARGO_PKG_VERSION")));
    assert_eq!((&told["stopping"], &told["attention"]), (&json!(false), &json!([])));
    // Soon after the start the server compares its files once more.
    let reload = &told["reload"];
    assert!(reload.is_null() || reload["result"] == "unchanged", "{reload}");
    let listeners = [("http", server.http), ("https", server.https), ("tftp", server.tftp)];
    let listeners =
        listeners.map(|(transport, address)| json!({ "transport": transport, "address": address }));
    assert_eq!(told["listeners"], json!(listeners));
    let snapshot = &told["snapshot"];
    assert_eq!(
        (&snapshot["serial"], &snapshot["devices"], &snapshot["stale"]),
        (&json!(1), &json!(1), &json!(false))
    );
    for (time, age) in
        [(&told["started"], &told["uptime-seconds"]), (&snapshot["published"], &snapshot["age-seconds"])]
    {
        assert!(humantime::parse_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
        assert!(age.as_u64().unwrap() < 600, "{age}");
    }
    assert_eq!(
        (&told["requests"]["http"]["served"], &told["requests"]["http"]["refused"]),
        (&json!(1), &json!(3))
    );
    let refusals = json!([
        { "transport": "http", "reason": "unknown", "count": 3 },
        { "transport": "https", "reason": "handshake: plain-http", "count": 1 },
    ]);
    assert_eq!(told["refusals"], refusals);
    assert_eq!((&told["cache"]["files"], &told["connections"]["limit"]), (&json!(1), &json!(16_384)));
    let (code, text) = check(&server);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "1 devices, snapshot 1, published ",
        "  http   127.0.0.1:",
        "\n  http   unknown                        3\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Events of the files that were written before the start may still be on their way.
    let read = text.contains("\n  at the start\n") || text.contains("\n  unchanged, ");
    assert!(read && !text.contains("attention"), "{text}");
}

#[test]
fn the_status_tells_the_last_reading_with_its_faults() {
    let server = Running::start(Site::with_phone());
    server.site.put("fleet/broken.toml", "[[provider]]\nid = \"p\"\nname = 1\n");
    server.command(&["reload"]);
    let told = status(&server);
    let reload = &told["reload"];
    assert_eq!((&reload["result"], &told["snapshot"]["stale"]), (&json!("refused"), &json!(true)));
    assert!(reload["faults"][0].as_str().unwrap().contains("broken.toml:3: "), "{reload}");
    assert!(reload["took-seconds"].as_f64().unwrap() > 0.0, "{reload}");
    let (code, text) = check(&server);
    assert_eq!(code, Some(3), "something needs attention: {text}");
    for line in
        ["; STALE since 20", "Needs attention\n  the files have 1 faults, ", "  refused, ", "broken.toml:3: "]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(server.command(&["status"]).status.success(), "without --check it only tells");
    server.site.put("fleet/broken.toml", "[[provider]]\nid = \"p\"\nname = \"P\"\n");
    server.command(&["reload"]);
    assert_eq!(status(&server)["reload"]["result"], json!("published"));
    assert_eq!(check(&server).0, Some(0));
}

#[test]
fn what_nearly_runs_out_needs_attention() {
    let server = Running::start(Site::with_phone().config("[limits]\nconnections = 1\n"));
    let open = std::net::TcpStream::connect(server.http).unwrap();
    until("the connection is there", || check(&server).0 == Some(3));
    let (_, text) = check(&server);
    assert!(text.contains("\n  1 of 1 connections are taken; raise limits.connections\n"), "{text}");
    drop(open);
}

#[test]
fn the_status_is_for_the_operator_of_a_server_that_runs() {
    let server = Running::start(Site::with_phone());
    assert_eq!(server.admin("/api/v1/status").status, 401);
    let output = command(&Site::with_phone(), &["status"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("is the server running, and are you its operator?"), "{text}");
}

#[test]
fn certificates_and_bans_are_listed_and_an_ended_certificate_needs_attention() {
    let site = Site::with_phone();
    let ended = |parameters: &mut rcgen::CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
    };
    certificate_with(&site, "ended", &["ended.example.net"], false, ended);
    certificate_with(&site, "fresh", &["fresh.example.net"], false, |_| ());
    let settings = https(&["fresh", "ended"], "") + "[guard]\nunknown = 5\n";
    let server = Running::start(site.config(&settings));
    for nth in 0..9 {
        assert_eq!(server.get(&format!("/00156500000{nth}.cfg")).status, 404);
    }
    let told = status(&server);
    let names = |at: usize| told["certificates"][at]["names"].clone();
    assert_eq!((names(0), names(1)), (json!(["fresh.example.net"]), json!(["ended.example.net"])));
    let left = |at: usize| told["certificates"][at]["days-left"].as_i64().unwrap();
    assert!(left(0) > 3650 && left(1) < -7000, "{} {}", left(0), left(1));
    assert_eq!((&told["banned"], &told["bans"][0]["network"]), (&json!(1), &json!("127.0.0.0/24")));
    let (code, text) = check(&server);
    assert_eq!(code, Some(3), "{text}");
    for line in [
        "certs/ended.pem: warning: ended on 2002-01-01T00:00:00Z, and phones may refuse it; renew it\n",
        "  ended.example.net (ECDSA, self-signed): -",
        "  127.0.0.0/24             until 20",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
