//! Files that are the same for everybody: `/assets/` over HTTP and HTTPS.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant, SystemTime};

use socket2::{Domain, Socket, Type};

use crate::support::{FILE, Reply, Running, SERIAL, Site, TlsPhone, until};

/// More than sockets hold, so that it cannot be sent before it is read.
const LARGE: usize = 32 << 20;

/// Bytes that tell where they stand.
fn bytes(length: usize) -> Vec<u8> {
    let round: Vec<u8> =
        (0..251 * 257_usize).map(|at| u8::try_from((at / 251 + at) % 251).unwrap()).collect();
    let mut bytes = round.repeat(length / round.len() + 1);
    bytes.truncate(length);
    bytes
}

/// Makes a site with a phone, an asset of 1000 bytes, and settings.
fn site(settings: &str) -> Site {
    let site = Site::with_phone().config(&format!("\n{settings}")).write("outside", "outside");
    fs::create_dir_all(site.path("assets/firmware")).unwrap();
    fs::write(site.path("assets/firmware/phone.rom"), bytes(1000)).unwrap();
    site
}

fn date(time: SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

/// Sends a request and leaves the response to be read.
fn begin(server: &Running, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    stream
}

/// Reads what is left of a response; gives how many bytes of its body came in all.
fn finish(mut stream: TcpStream, mut begun: Vec<u8>) -> Vec<u8> {
    stream.read_to_end(&mut begun).ok();
    Reply::parse(&begun).body
}

fn downloads(server: &Running, count: f64) {
    until(&format!("{count} downloads"), || (server.metric("bellhop_asset_downloads") - count).abs() < 0.1);
}

#[test]
fn ranges_and_conditions_are_answered_as_rfc_9110_says() {
    let server = Running::start(site(""));
    let path = server.site.path("assets/firmware/phone.rom");
    let yesterday = SystemTime::now() - Duration::from_secs(86_400);
    fs::File::options().append(true).open(&path).unwrap().set_modified(yesterday).unwrap();
    let whole = server.get("/assets/firmware/phone.rom");
    let tag = whole.header("ETag").unwrap().to_owned();
    let modified = date(yesterday);
    assert_eq!(whole.header("Last-Modified"), Some(modified.as_str()));
    assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
    assert_eq!(whole.header("Content-Type"), Some("application/octet-stream"));
    assert!(tag.starts_with('"'), "a tag that proves every byte");
    let earlier = date(yesterday - Duration::from_secs(60));
    let later = date(yesterday + Duration::from_secs(60));
    let (all, none) = (0..1000, 0..0);
    let rows: Vec<(String, Range<usize>, u16)> = vec![
        (String::new(), all.clone(), 200),
        ("Range: bytes=0-99".into(), 0..100, 206),
        ("Range: bytes=0-0".into(), 0..1, 206),
        ("Range: bytes=999-".into(), 999..1000, 206),
        ("Range: bytes=500-".into(), 500..1000, 206),
        ("Range: bytes=900-5000".into(), 900..1000, 206),
        ("Range: bytes=-1".into(), 999..1000, 206),
        ("Range: bytes=-1000".into(), 0..1000, 206),
        ("Range: bytes=-5000".into(), 0..1000, 206),
        ("Range: bytes=0-18446744073709551615".into(), 0..1000, 206),
        ("Range: bytes=1000-".into(), none.clone(), 416),
        ("Range: bytes=5000-6000".into(), none.clone(), 416),
        ("Range: bytes=-0".into(), none.clone(), 416),
        ("Range: bytes=9-3".into(), none.clone(), 416),
        ("Range: bytes=x-3".into(), none.clone(), 416),
        ("Range: bytes=99999999999999999999-".into(), none.clone(), 416),
        ("Range: lines=0-9".into(), all.clone(), 200),
        ("Range: bytes=0-9,20-29".into(), all.clone(), 200),
        (format!("Range: bytes=0-99\r\nIf-Range: {tag}"), 0..100, 206),
        ("Range: bytes=0-99\r\nIf-Range: \"other\"".into(), all.clone(), 200),
        (format!("Range: bytes=0-99\r\nIf-Range: W/{tag}"), all.clone(), 200),
        (format!("Range: bytes=0-99\r\nIf-Range: {modified}"), 0..100, 206),
        (format!("Range: bytes=0-99\r\nIf-Range: {later}"), all.clone(), 200),
        ("Range: bytes=0-99\r\nIf-Range: yesterday".into(), all.clone(), 200),
        (format!("Range: bytes=5000-\r\nIf-Range: {tag}"), none.clone(), 416),
        (format!("If-None-Match: {tag}"), none.clone(), 304),
        (format!("If-None-Match: W/{tag}"), none.clone(), 304),
        (format!("If-None-Match: \"a\", {tag}"), none.clone(), 304),
        ("If-None-Match: *".into(), none.clone(), 304),
        ("If-None-Match: \"a\"".into(), all.clone(), 200),
        (format!("If-None-Match: \"a\"\r\nIf-Modified-Since: {modified}"), all.clone(), 200),
        (format!("If-Modified-Since: {modified}"), none.clone(), 304),
        (format!("If-Modified-Since: {later}"), none.clone(), 304),
        (format!("If-Modified-Since: {earlier}"), all.clone(), 200),
        ("If-Modified-Since: yesterday".into(), all.clone(), 200),
        (format!("If-Match: {tag}"), all.clone(), 200),
        ("If-Match: \"a\"".into(), none.clone(), 412),
        (format!("If-Unmodified-Since: {modified}"), all, 200),
        (format!("If-Unmodified-Since: {earlier}"), none, 412),
    ];
    for (lines, body, status) in rows {
        let ended = if lines.is_empty() { String::new() } else { format!("{lines}\r\n") };
        let got = server.get_with("/assets/firmware/phone.rom", &ended);
        assert_eq!(got.status, status, "{lines}: {}", got.head);
        assert_eq!(got.header("Transfer-Encoding"), None, "{lines}");
        assert!(got.body == bytes(1000)[body.clone()], "{lines}: other bytes");
        let length = (status != 304).then(|| body.len().to_string());
        assert_eq!(got.header("Content-Length"), length.as_deref(), "{lines}");
        let range = match status {
            206 => Some(format!("bytes {}-{}/1000", body.start, body.end - 1)),
            416 => Some("bytes */1000".to_owned()),
            _ => None,
        };
        assert_eq!(got.header("Content-Range"), range.as_deref(), "{lines}");
    }
    let head =
        server.raw(b"HEAD /assets/firmware/phone.rom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let head = Reply::parse(&head);
    assert_eq!((head.status, head.header("Content-Length"), head.body.len()), (200, Some("1000"), 0));
}

#[test]
fn a_date_of_this_moment_proves_nothing() {
    let server = Running::start(site(""));
    let path = server.site.path("assets/firmware/phone.rom");
    // As far ahead as this test may take.
    let soon = SystemTime::now() + Duration::from_secs(600);
    fs::File::options().append(true).open(path).unwrap().set_modified(soon).unwrap();
    let lines = format!("Range: bytes=0-99\r\nIf-Range: {}\r\n", date(soon));
    assert_eq!(server.get_with("/assets/firmware/phone.rom", &lines).status, 200);
}

#[test]
fn whatever_is_not_handed_out_is_one_and_the_same_answer() {
    let server = Running::start(site(""));
    let in_site = |path: &str| server.site.path(path);
    server.site.put("assets/.hidden", "hidden");
    server.site.put("assets/.git/config", "hidden");
    symlink("../outside", in_site("assets/out")).unwrap();
    symlink(in_site("outside"), in_site("assets/absolute")).unwrap();
    symlink("..", in_site("assets/up")).unwrap();
    symlink("firmware", in_site("assets/inside")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, in_site("assets/pipe"), rustix::fs::Mode::RUSR).unwrap();
    let nothing = server.get("/nothing");
    assert_eq!(nothing.status, 404);
    for path in [
        "/assets/nothing",
        "/assets",
        "/assets/",
        "/assets//",
        "/assets/firmware",
        "/assets/firmware/",
        "/assets/firmware/phone.rom/",
        "/assets/firmware/phone.rom/x",
        "/assets/.hidden",
        "/assets/%2ehidden",
        "/assets/.git/config",
        "/assets/firmware/../.hidden",
        "/assets/../outside",
        "/assets/..%2foutside",
        "/assets/%2e%2e/outside",
        "/assets/%2e%2e%2foutside",
        "/assets/..%5coutside",
        "/assets/..\\outside",
        "/assets/firmware/./phone.rom",
        "/assets/firmware%00",
        "/assets/firmware/phone.rom%00.png",
        "/assets/%ff%fe",
        "/assets/%zz",
        "/assets//etc/passwd",
        "/assets/out",
        "/assets/absolute",
        "/assets/up/outside",
        "/assets/pipe",
        "/assets/inside",
        &format!("/assets/{}", "a".repeat(1000)),
        "/ASSETS/firmware/phone.rom",
        "/assetsfirmware/phone.rom",
    ] {
        let got = server.get(path);
        assert_eq!((got.status, &got.head, &got.body), (404, &nothing.head, &nothing.body), "{path}");
    }
    for path in [
        "/assets/inside/phone.rom",
        "/assets/firmware%2fphone.rom",
        "/assets//firmware///phone.rom",
        "/assets/firmware/phone.rom?x=1",
    ] {
        assert_eq!(server.get(path).body, bytes(1000), "{path}");
    }
    assert_eq!(server.get_with("/assets/nothing", "Range: bytes=0-1\r\nIf-None-Match: *\r\n").status, 404);
    let missing = "bellhop_asset_requests_total{transport=\"http\",outcome=\"missing\"}";
    assert!(server.metric(missing) > 20.0);
}

#[test]
fn names_and_types_are_those_of_the_files() {
    let server = Running::start(site(""));
    for (name, content_type) in [
        ("ring.wav", "audio/wav"),
        ("list.xml", "text/xml"),
        ("logo.png", "image/png"),
        ("logo.jpg", "image/jpeg"),
        ("logo.bmp", "image/bmp"),
        ("list.txt", "text/plain"),
        ("P0S3-8-12-00.loads", "application/octet-stream"),
        ("3111-40450-001.sip.ld", "application/octet-stream"),
        ("no-extension", "application/octet-stream"),
        ("with space.rom", "application/octet-stream"),
        ("empty", "application/octet-stream"),
    ] {
        let text = if name == "empty" { "" } else { name };
        server.site.put(&format!("assets/{name}"), text);
        let got = server.get(&format!("/assets/{}", name.replace(' ', "%20")));
        assert_eq!((got.status, got.body), (200, text.as_bytes().to_vec()), "{name}");
        assert_eq!(
            Reply::parse(
                &server.raw(format!("GET /assets/{} HTTP/1.0\r\n\r\n", name.replace(' ', "%20")).as_bytes())
            )
            .header("Content-Type"),
            Some(content_type),
            "{name}"
        );
    }
}

#[test]
fn they_are_there_over_tls_and_behind_a_prefix_too() {
    let server = Running::start(site("[provisioning]\npath-prefix = \"/pro/p/\"\n"));
    let got = TlsPhone::default().get(server.https, "/pro/p/assets/firmware/phone.rom");
    assert_eq!((got.status, got.body), (200, bytes(1000)));
    assert_eq!(server.get("/pro/p/assets/firmware/phone.rom").status, 200);
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 404);
}

#[test]
fn a_connection_goes_on_after_a_download() {
    let server = Running::start(site(""));
    let mut stream = TcpStream::connect(server.http).unwrap();
    let configuration = format!("/{SERIAL}/{FILE}");
    for path in ["/assets/firmware/phone.rom", "/assets/nothing", &configuration] {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    write!(stream, "GET /assets/firmware/phone.rom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let text = String::from_utf8_lossy(&all);
    let count = |status: &str| text.matches(&format!("HTTP/1.1 {status}")).count();
    assert_eq!((count("200"), count("404")), (3, 1), "{text}");
    assert!(all.ends_with(&bytes(1000)));
}

#[test]
fn no_more_downloads_than_are_allowed_and_configuration_goes_first() {
    let server = Running::start(site("[assets]\ndownloads = 2\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let slow = [begin(&server, "/assets/large"), begin(&server, "/assets/large")];
    downloads(&server, 2.0);
    let busy = server.get("/assets/firmware/phone.rom");
    assert_eq!((busy.status, busy.header("Retry-After")), (503, Some("60")));
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    let head = b"HEAD /assets/firmware/phone.rom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(Reply::parse(&server.raw(head)).status, 200, "which needs no place");
    for stream in slow {
        assert!(finish(stream, Vec::new()) == bytes(LARGE));
    }
    downloads(&server, 0.0);
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 200);
    let count = |outcome: &str| {
        server.metric(&format!("bellhop_asset_requests_total{{transport=\"http\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!([count("busy"), count("served")].map(|count| count.to_string()), ["1", "4"]);
    let sent = server.metric("bellhop_asset_bytes_total{transport=\"http\"}");
    assert_eq!(sent.to_string(), (2 * LARGE + 1000).to_string());
}

#[test]
fn nobody_alone_holds_all_downloads() {
    let server = Running::start(site("[http]\nlisten = [\"0.0.0.0:0\"]\n\n[assets]\nsource-downloads = 2\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let port = server.http.port();
    let ask = |ip: [u8; 4], path: &str| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((ip, 0)).into()).unwrap();
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
        let mut stream = TcpStream::from(socket);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        stream
    };
    let status = |mut stream: TcpStream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        Reply::parse(&all).status
    };
    let slow = [ask([127, 0, 0, 1], "/assets/large"), ask([127, 0, 0, 1], "/assets/large")];
    downloads(&server, 2.0);
    assert_eq!(status(ask([127, 0, 0, 1], "/assets/firmware/phone.rom")), 503);
    assert_eq!(status(ask([127, 0, 0, 2], "/assets/firmware/phone.rom")), 200);
    drop(slow);
    downloads(&server, 0.0);
    assert_eq!(status(ask([127, 0, 0, 1], "/assets/firmware/phone.rom")), 200);
}

#[test]
fn downloads_leave_half_of_the_connections_to_configuration() {
    let server = Running::start(site("[limits]\nconnections = 4\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let slow = [begin(&server, "/assets/large"), begin(&server, "/assets/large")];
    downloads(&server, 2.0);
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 503);
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    drop(slow);
}

#[test]
fn a_cap_that_is_raised_holds_from_the_next_request_on() {
    let server = Running::start(site("[assets]\ndownloads = 1\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let slow = begin(&server, "/assets/large");
    downloads(&server, 1.0);
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 503);
    let settings = fs::read_to_string(server.site.path("bellhop.toml")).unwrap();
    server.site.put("bellhop.toml", &settings.replace("downloads = 1", "downloads = 2"));
    assert!(server.command(&["reload"]).status.success());
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 200);
    drop(slow);
}

#[test]
fn a_download_that_nobody_reads_makes_room() {
    let server = Running::start(site("[limits]\nresponse-timeout = \"1s\"\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let stalled = begin(&server, "/assets/large");
    downloads(&server, 1.0);
    downloads(&server, 0.0);
    assert!(finish(stalled, Vec::new()).len() < LARGE);
}

#[test]
fn a_download_ends_at_its_deadline_however_steadily_it_is_read() {
    let server = Running::start(site("[assets]\ndeadline = \"1s\"\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let start = Instant::now();
    let mut slow = begin(&server, "/assets/large");
    let (mut room, mut read) = ([0; 1024], 0);
    let late = start + Duration::from_secs(2);
    while Instant::now() < late {
        read += slow.read(&mut room).unwrap_or_default();
        let next = Instant::now() + Duration::from_millis(10);
        until("a while has passed", || Instant::now() > next);
    }
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).ok();
    assert!(read + rest.len() < LARGE, "it is cut off");
    downloads(&server, 0.0);
}

#[test]
fn the_age_of_a_connection_cuts_no_download() {
    let server = Running::start(site("[limits]\nconnection-age = \"1s\"\n"));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let mut stream = begin(&server, "/assets/large");
    let mut begun = vec![0; 1024];
    stream.read_exact(&mut begun).unwrap();
    let old = Instant::now() + Duration::from_secs(2);
    until("the connection is old", || Instant::now() > old);
    assert!(finish(stream, begun) == bytes(LARGE));
}

#[test]
fn a_download_keeps_the_file_that_it_began_with() {
    let server = Running::start(site(""));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let mut stream = begin(&server, "/assets/large");
    let mut begun = vec![0; 1024];
    stream.read_exact(&mut begun).unwrap();
    server.site.put("assets/next", "next");
    fs::rename(server.site.path("assets/next"), server.site.path("assets/large")).unwrap();
    assert_eq!(server.get("/assets/large").body, b"next");
    assert!(finish(stream, begun) == bytes(LARGE));
}

#[test]
fn a_file_that_is_cut_while_it_is_sent_is_never_passed_off_as_whole() {
    let server = Running::start(site(""));
    fs::write(server.site.path("assets/large"), bytes(LARGE)).unwrap();
    let mut stream = begin(&server, "/assets/large");
    let mut begun = vec![0; 1024];
    stream.read_exact(&mut begun).unwrap();
    fs::File::options().write(true).open(server.site.path("assets/large")).unwrap().set_len(1000).unwrap();
    assert!(finish(stream, begun).len() < LARGE, "the connection ends early");
    assert_eq!(server.get("/assets/firmware/phone.rom").status, 200);
}
