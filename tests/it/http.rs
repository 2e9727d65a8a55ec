//! HTTP as strangers and phones send it: promise H6 row by row, and what RFC 9110 asks of answers.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::support::{ACCOUNTS, DEVICE, FILE, Reply, Running, SERIAL, Site, exchange, until};

/// Writes a request for the phone's file with the lines between request line and end.
fn get(lines: &str) -> Vec<u8> {
    format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\n{lines}\r\n").into_bytes()
}

/// Writes a request for a path.
fn path(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
}

const CLOSE: &str = "Host: x\r\nConnection: close\r\n";

/// Every row: what it is, the bytes, the status that it gets. 0 stands for a connection closed without a word.
fn rows() -> Vec<(&'static str, Vec<u8>, u16)> {
    let with = |lines: &str| get(&format!("{CLOSE}{lines}"));
    let below = |name: &str| path(&format!("/{SERIAL}/{name}"));
    let method = |method: &str| format!("{method} /{SERIAL}/{FILE} HTTP/1.1\r\n{CLOSE}\r\n").into_bytes();
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    vec![
        ("a plain request", with(""), 200),
        ("HTTP/1.0 without Host", format!("GET /{SERIAL}/{FILE} HTTP/1.0\r\n\r\n").into(), 200),
        (
            "HTTP/1.0 with two Hosts",
            format!("GET /{SERIAL}/{FILE} HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n").into(),
            400,
        ),
        ("no Host", get("Connection: close\r\n"), 400),
        ("two Hosts", with("Host: y\r\n"), 400),
        ("the same Host twice", with("Host: x\r\n"), 400),
        ("an empty Host", get("Host:\r\nConnection: close\r\n"), 200),
        (
            "Content-Length and Transfer-Encoding",
            with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            400,
        ),
        (
            "Transfer-Encoding and Content-Length",
            with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            400,
        ),
        ("a chunked body", [with("Transfer-Encoding: chunked\r\n"), b"0\r\n\r\n".to_vec()].concat(), 400),
        (
            "a chunked body with bare line feeds",
            [with("Transfer-Encoding: chunked\r\n"), b"0\n\n".to_vec()].concat(),
            400,
        ),
        (
            "Transfer-Encoding of HTTP/1.0",
            format!("GET /{SERIAL}/{FILE} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").into(),
            400,
        ),
        ("an unknown Transfer-Encoding", with("Transfer-Encoding: gzip\r\n"), 400),
        ("a body", [with("Content-Length: 5\r\n"), b"hello".to_vec()].concat(), 400),
        ("no body, said so", with("Content-Length: 0\r\n"), 200),
        ("two lengths", with("Content-Length: 0\r\nContent-Length: 5\r\n"), 400),
        ("a list of lengths", with("Content-Length: 5, 5\r\n"), 400),
        ("a signed length", with("Content-Length: +5\r\n"), 400),
        ("a negative length", with("Content-Length: -5\r\n"), 400),
        ("a length beyond counting", with("Content-Length: 99999999999999999999999\r\n"), 400),
        ("bare line feeds", format!("GET /{SERIAL}/{FILE} HTTP/1.1\nHost: x\n\n").into(), 400),
        ("one bare line feed", get("Host: x\nConnection: close\r\n"), 400),
        ("a bare carriage return", with("X: a\rb\r\n"), 400),
        ("a folded header", with("X: a\r\n b\r\n"), 400),
        ("a blank before the colon", with("X : a\r\n"), 400),
        ("a header without a colon", with("nothing\r\n"), 400),
        ("a header without a name", with(": a\r\n"), 400),
        ("a header with odd characters in its name", with("X(y): a\r\n"), 400),
        ("a control character in a header", with("X: a\x17b\r\n"), 400),
        ("a control character in a User-Agent, as some phones send it", with("User-Agent: a\x17b\r\n"), 200),
        ("NUL in a User-Agent", with("User-Agent: a\0b\r\n"), 400),
        ("a bare carriage return in a User-Agent", with("User-Agent: a\rb\r\n"), 400),
        ("NUL in a header", with("X: a\0b\r\n"), 400),
        ("NUL in the path", path("/a\0b"), 400),
        ("NUL in the path, encoded", below("%00"), 404),
        ("a control character in the path, encoded", below("%0a"), 404),
        ("a blank in the path", path("/a b"), 400),
        ("a tab in the request line", format!("GET\t/{SERIAL}/{FILE} HTTP/1.1\r\n{CLOSE}\r\n").into(), 400),
        ("a path that climbs", path("/../../etc/passwd"), 404),
        ("a path that climbs, encoded", path("/%2e%2e/%2E%2E/etc/passwd"), 404),
        ("a path that climbs and comes back", path(&format!("/{SERIAL}/../{SERIAL}/{FILE}")), 404),
        ("a dot segment", path(&format!("/{SERIAL}/./{FILE}")), 404),
        ("a backslash", path(&format!("/{SERIAL}\\{FILE}")), 404),
        ("a backslash, encoded", path(&format!("/{SERIAL}%5c{FILE}")), 404),
        ("an encoded slash is a slash", path(&format!("/{SERIAL}%2f{FILE}")), 200),
        ("an encoded letter is that letter", below("%30015654aa937.cfg"), 200),
        ("a letter encoded twice is none", below("%2530015654aa937.cfg"), 404),
        ("half an escape", below("%3"), 404),
        ("no escape", below("%zz"), 404),
        ("bytes beyond ASCII", path("/\u{e9}.cfg"), 404),
        ("bytes beyond ASCII, encoded", path("/%ff%fe.cfg"), 404),
        ("slashes too many", path(&format!("//{SERIAL}///{FILE}")), 200),
        ("the name in capitals", below("0015654AA937.CFG"), 200),
        ("the serial in capitals", path(&format!("/{}/{FILE}", SERIAL.to_uppercase())), 404),
        ("a query", below(&format!("{FILE}?x=/../")), 200),
        ("the serial alone", path(&format!("/{SERIAL}")), 404),
        ("an absolute URL", path(&format!("http://x/{SERIAL}/{FILE}")), 200),
        ("an absolute URL of another host", path(&format!("http://y/{SERIAL}/{FILE}")), 200),
        ("a path of 2048 bytes", path(&format!("/{}", "a".repeat(2047))), 404),
        ("a path of 2049 bytes", path(&format!("/{}", "a".repeat(2048))), 414),
        ("a path of 15000 bytes", path(&format!("/{}", "a".repeat(15_000))), 414),
        ("a path of 70000 bytes", path(&format!("/{}", "a".repeat(70_000))), 431),
        ("64 header fields", with(&many(62)), 200),
        ("65 header fields", with(&many(63)), 431),
        ("a head of 15 KiB", with(&format!("X: {}\r\n", "a".repeat(15 * 1024))), 200),
        ("a head of 17 KiB", with(&format!("X: {}\r\n", "a".repeat(17 * 1024))), 431),
        ("a head of 400 KiB", with(&format!("X: {}\r\n", "a".repeat(400 * 1024))), 431),
        ("HEAD", method("HEAD"), 200),
        ("POST", method("POST"), 405),
        ("PUT", method("PUT"), 405),
        ("DELETE", method("DELETE"), 405),
        ("OPTIONS", method("OPTIONS"), 405),
        ("TRACE", method("TRACE"), 405),
        ("a method in small letters", method("get"), 405),
        ("OPTIONS of the server", format!("OPTIONS * HTTP/1.1\r\n{CLOSE}\r\n").into(), 405),
        ("CONNECT", format!("CONNECT x:80 HTTP/1.1\r\n{CLOSE}\r\n").into(), 405),
        ("HTTP/0.9", b"GET /\r\n\r\n".to_vec(), 400),
        ("HTTP/1.2", format!("GET /{SERIAL}/{FILE} HTTP/1.2\r\n{CLOSE}\r\n").into(), 400),
        ("HTTP/2 out of the blue", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), 0),
        ("TLS on the wrong port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
        ("an invitation to HTTP/2", with("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), 200),
        ("an expectation without a body", with("Expect: 100-continue\r\n"), 200),
        ("empty lines before the request", [b"\r\n\r\n".to_vec(), with("")].concat(), 200),
    ]
}

#[test]
fn linphone_gets_its_configuration_by_the_header_that_it_sends() {
    let device =
        DEVICE.replace("yealink/t46s", "linphone/android").replace("admin-password", "# admin-password");
    let site = Site::new().with_vendors(&["linphone"]).write("fleet/accounts.toml", ACCOUNTS);
    let server = Running::start(site.write("fleet/a.toml", &device));
    let told = "X-Linphone-Provisioning: 1\r\nFrom: sip:0087*001@pbx.example.net\r\n\
                User-Agent: LinphoneAndroid/6.0 (Pixel) LinphoneSDK/5.4\r\n";
    let path = format!("/{SERIAL}/linphone.xml");
    let reply = server.get_with(&path, told);
    assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/xml")));
    let body = String::from_utf8(reply.body).unwrap();
    assert!(
        body.contains("http://www.linphone.org/xsds/lpconfig.xsd") && body.contains("CANARY-sip-1"),
        "{body}"
    );

    // A chat that shows a preview of the URL gets what everybody gets who is refused.
    let preview = "User-Agent: Mozilla/5.0 (compatible; preview)\r\n";
    let (reply, stranger) = (server.get_with(&path, preview), server.get_with("/x/linphone.xml", preview));
    assert_eq!((reply.status, &reply.head, &reply.body), (404, &stranger.head, &stranger.body));
    let counted = "bellhop_refusals_total{transport=\"http\",reason=\"missing-header\"} 1\n";
    let metrics = String::from_utf8(server.admin("/metrics").body).unwrap();
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn a_phone_that_reads_none_but_classic_responses_gets_one() {
    let device =
        DEVICE.replace("yealink/t46s", "avaya/9608").replace("00:15:65:4A:A9:37", "00:1B:4F:4A:A9:37");
    let device = device.replace("admin-password = \"CANARY-admin\"\n", "");
    let server = Running::start(
        Site::new()
            .with_vendors(&["avaya"])
            .write("fleet/accounts.toml", ACCOUNTS)
            .write("fleet/a.toml", &device),
    );
    let path = format!("/{SERIAL}/001b4f4aa937.txt");
    let whole = server.raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    let head = String::from_utf8_lossy(&whole);
    let (head, body) = head.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let expected =
        ["Date", "Server", "Last-Modified", "Accept-Ranges", "Content-Length", "Content-Type", "Connection"];
    assert_eq!(
        (names.as_slice(), head.lines().next()),
        (expected.as_slice(), Some("HTTP/1.1 200 OK")),
        "{head}"
    );
    assert!(head.ends_with("Connection: close") && body.contains("SET "), "{head}");
    let reply = server.get_with(&path, "If-None-Match: *\r\n");
    assert_eq!((reply.status, reply.body.is_empty()), (200, false));
}

#[test]
fn every_row_of_the_table_gets_its_status() {
    let server = Running::start(Site::with_phone());
    let mut wrong = Vec::new();
    for (what, request, status) in rows() {
        let response = server.raw(&request);
        let got = if response.is_empty() { 0 } else { Reply::parse(&response).status };
        // Closing on a request that is still being sent may take the response with it.
        let cut = got == 0 && request.len() > 16 * 1024;
        if got != status && !cut {
            wrong.push(format!("{what}: {got}, not {status}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200, "the server still serves");
}

#[test]
fn a_line_end_may_come_in_two_packets() {
    let server = Running::start(Site::with_phone());
    let request = format!("GET /{SERIAL}/{FILE} HTTP/1.1\r");
    let pieces = [request.as_bytes(), b"\nHost: x\r", b"\nConnection: close\r\n\r", b"\n"];
    assert_eq!(Reply::parse(&exchange(server.http, &pieces)).status, 200);
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = Running::start(Site::with_phone());
    let requests = [get("Host: x\r\n"), path("/nobody"), get("Host: x\r\n")].concat();
    let text = String::from_utf8(server.raw(&requests)).unwrap();
    let statuses: Vec<&str> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "404"], "the second one closes");
}

#[test]
fn a_file_comes_with_its_length_type_and_tags() {
    let server = Running::start(Site::with_phone());
    let mut reply = server.get(&format!("/{SERIAL}/{FILE}"));
    until("the second of the change is over", || {
        reply = server.get(&format!("/{SERIAL}/{FILE}"));
        reply.header("Last-Modified").is_some()
    });
    assert_eq!(reply.header("Content-Length"), Some(reply.body.len().to_string().as_str()));
    assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(reply.header("Transfer-Encoding"), None);
    assert_eq!(reply.header("Cache-Control"), Some("private, no-cache"));
    assert!(reply.head.contains("Content-Length: "), "phones look for the usual spelling: {}", reply.head);
    assert!(reply.body.starts_with(b"#!version:1.0.0.1\n"));
    let head = server.raw(format!("HEAD /{SERIAL}/{FILE} HTTP/1.1\r\n{CLOSE}\r\n").as_bytes());
    let head = Reply::parse(&head);
    assert_eq!((head.head, head.body), (reply.head, Vec::new()));
}

#[test]
fn a_phone_that_has_the_file_is_told_so() {
    let server = Running::start(Site::with_phone());
    let path = format!("/{SERIAL}/{FILE}");
    // The date is told from the second after the file was written on.
    until("the file has a date", || server.get(&path).header("Last-Modified").is_some());
    let whole = server.get(&path);
    let (etag, date) = (whole.header("ETag").unwrap(), whole.header("Last-Modified").unwrap());
    let status = |lines: &str| {
        let reply = server.get_with(&path, lines);
        assert!(reply.status == 200 || reply.body.is_empty(), "304 has no body");
        reply.status
    };
    assert_eq!(status(&format!("If-None-Match: {etag}\r\n")), 304);
    assert_eq!(status(&format!("If-None-Match: \"x\", W/{etag}\r\n")), 304);
    assert_eq!(status("If-None-Match: *\r\n"), 304);
    assert_eq!(status("If-None-Match: \"x\"\r\n"), 200);
    assert_eq!(status(&format!("If-Modified-Since: {date}\r\n")), 304);
    assert_eq!(
        status("If-Modified-Since: Sat, 01 Jan 2050 00:00:00 GMT\r\n"),
        200,
        "only our own date counts"
    );
    // A tag that says no is not overruled by a date that says yes (RFC 9110, section 13.2.2).
    assert_eq!(status(&format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {date}\r\n")), 200);
}

#[test]
fn a_server_without_tls_or_http_listens_to_the_other_alone() {
    let site = Site::with_phone().config("\n[https]\nlisten = []\n");
    let server = Running::start(site);
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    assert!(!server.greeting.contains("https"), "{}", server.greeting);
}

#[test]
fn a_path_prefix_stands_before_everything() {
    let site = Site::with_phone();
    let config = "\n[provisioning]\nhost = \"p.example.net\"\npath-prefix = \"/pro/p/\"\nhttp-port = 80\n";
    let server = Running::start(site.config(config));
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 404);
    let reply = server.get(&format!("/pro/p/{SERIAL}/{FILE}"));
    assert_eq!(reply.status, 200);
    let url = format!("static.auto_provision.server.url = http://p.example.net/pro/p/{SERIAL}\n");
    assert!(String::from_utf8(reply.body).unwrap().contains(&url));
    assert!(DEVICE.contains(SERIAL));
}

#[test]
fn facts_that_do_not_agree_are_told_aloud_only_where_the_phone_is_proven() {
    // Writing a line takes time, by which a stranger could tell which MAC addresses are known (promise S2).
    let server = Running::start(Site::with_phone().with_vendors(&["grandstream"]));
    let other = "User-Agent: Grandstream Model HW GXP2170 SW 1.0.11.79\r\n";
    assert_eq!(server.get_with(&format!("/{FILE}"), other).status, 404);
    assert_eq!(server.get_with(&format!("/{SERIAL}/{FILE}"), other).status, 404);
    let counted = "bellhop_refusals_total{transport=\"http\",reason=\"contradicted\"}";
    assert!((server.metric(counted) - 2.0).abs() < 0.1);
    let log = server.stop();
    assert_eq!(log.matches("facts of a request do not agree").count(), 1, "{log}");
    assert!(log.contains("proof=\"serial\"") && log.contains("device=\"Desk\""), "{log}");
}

#[test]
fn a_slow_file_delays_no_other() {
    // It works as long as it may, and then is none.
    let slow = "{% for a in range(100000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}";
    let rules = "[rendering]\nfuel = 100000000\ntime = \"10s\"\n";
    let catalog = format!("catalog = [\"shipped\", \"own\"]\n{rules}");
    let site = Site::with_phone()
        .write(
            "own/yealink/vendor.toml",
            "[family.v81.files]\n\"slow-{mac}.cfg\" = { template = \"slow.cfg\" }\n",
        )
        .write("own/yealink/templates/slow.cfg", slow)
        .config(&catalog);
    // With one thread for connections nobody else can help out.
    let server = Running::start_with(site, &[("TOKIO_WORKER_THREADS", "1")]);
    let get = |file: &str| server.get(&format!("/{SERIAL}/{file}")).status;
    assert_eq!(get(FILE), 200);
    let mut waiting = TcpStream::connect(server.http).unwrap();
    write!(waiting, "GET /{SERIAL}/slow-0015654aa937.cfg HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    for _ in 0..20 {
        assert_eq!(get(FILE), 200);
    }
    waiting.set_nonblocking(true).unwrap();
    let early = waiting.read(&mut [0; 16]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock, "the slow one is still at it");
}
