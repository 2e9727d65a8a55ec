//! Peers that are silent, slow, or too many: promises H5 and H7.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{FILE, Reply, Running, SERIAL, Site, until};

/// Longest wait in these tests; every deadline of the server is a second or two.
const PATIENCE: Duration = Duration::from_secs(30);

const DEADLINES: &str = "\n[limits]\nhandshake-timeout = \"1s\"\nheader-timeout = \"1s\"\nresponse-timeout = \"1s\"\n\
                         connection-age = \"2s\"\n";

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads to the end; panics where the server never closes.
fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    match stream.read_to_end(&mut got) {
        Ok(_) => (),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => (),
        Err(error) => panic!("not closed: {error}"),
    }
    got
}

#[test]
fn whoever_stands_still_is_closed_on_and_nobody_else_waits() {
    let server = Running::start(Site::with_phone().config(DEADLINES));
    let (http, https) = (server.http, server.https);
    // The beginning of a ClientHello that never goes on.
    let hello = [0x16, 3, 1, 0, 200, 1, 0];
    let openings: Vec<(SocketAddr, Vec<u8>)> = vec![
        (http, Vec::new()),
        (http, b"P".to_vec()),
        (http, b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec()),
        (http, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".to_vec()),
        (http, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        (https, Vec::new()),
        (https, hello.to_vec()),
    ];
    let standing = openings.into_iter().map(|(address, bytes)| {
        thread::spawn(move || {
            let mut stream = connect(address);
            stream.write_all(&bytes).unwrap();
            until_closed(&mut stream)
        })
    });
    let standing: Vec<_> = standing.collect();
    for _ in 0..50 {
        assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    }
    let got: Vec<Vec<u8>> = standing.into_iter().map(|peer| peer.join().unwrap()).collect();
    assert_eq!(Reply::parse(&got[3]).status, 405, "a body is never waited for");
    assert_eq!(Reply::parse(&got[4]).status, 404, "an idle connection is closed after its response");
    until("all places are free", || {
        server.metric("bellhop_connections{transport=\"http\"}") < 0.5
            && server.metric("bellhop_connections{transport=\"https\"}") < 0.5
    });
}

#[test]
fn a_head_that_drips_is_cut_off_as_a_whole() {
    let server = Running::start(Site::with_phone().config(DEADLINES));
    let mut stream = connect(server.http);
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let began = Instant::now();
    // Each byte comes long before a deadline that only looked at the last one.
    let is_cut = |stream: &mut TcpStream| {
        let wrote = stream.write_all(b"x").is_ok();
        !wrote || !matches!(stream.read(&mut [0; 512]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    };
    while !is_cut(&mut stream) {
        assert!(began.elapsed() < PATIENCE, "it drips on");
    }
}

#[test]
fn a_response_that_nobody_reads_frees_its_place() {
    let site = Site::with_phone();
    std::fs::create_dir_all(site.path("assets")).unwrap();
    let large = std::fs::File::create(site.path("assets/large.rom")).unwrap();
    large.set_len(64 << 20).unwrap();
    let server = Running::start(site.config(DEADLINES));
    let stream = connect(server.http);
    (&stream).write_all(b"GET /assets/large.rom HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let open = || server.metric("bellhop_connections{transport=\"http\"}");
    until("it is connected", || open() > 0.5);
    until("its place is free", || open() < 0.5);
    drop(stream);
}

#[test]
fn a_connection_ends_at_its_age_with_the_response_under_way() {
    let server = Running::start(Site::with_phone().config(DEADLINES));
    let mut stream = connect(server.http);
    let began = Instant::now();
    let mut responses = 0;
    loop {
        let request = format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n");
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => break,
            }
        }
        if head.is_empty() {
            break;
        }
        let reply = Reply::parse(&head);
        let length: usize = reply.header("content-length").unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
        responses += 1;
        assert!(began.elapsed() < PATIENCE, "it goes on for ever");
    }
    assert!(responses > 1, "it was kept before");
}

#[test]
fn a_flood_of_connections_is_turned_away_and_operators_are_heard() {
    let config = "\n[limits]\nheader-timeout = \"60s\"\nhandshake-timeout = \"60s\"\n";
    let server = Running::start_limited(Site::with_phone().config(config), 256);
    let flood = |address, many| (0..many).map(|_| connect(address)).collect::<Vec<TcpStream>>();
    let (plain, encrypted) = (flood(server.http, 300), flood(server.https, 100));
    let turned_away = |transport: &str| {
        server.metric(&format!(
            "bellhop_connections_turned_away_total{{transport=\"{transport}\",reason=\"full\"}}"
        ))
    };
    until("the flood is taken", || turned_away("https") > 99.0);
    assert!(turned_away("http") > 100.0);
    assert!(server.admin("/readyz").status == 200, "operators have their own places");
    let output = server.command(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "and are obeyed");
    let mut told = Vec::new();
    until("whoever finds no place is told", || {
        told = server.raw(format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        !told.is_empty()
    });
    let reply = Reply::parse(&told);
    assert_eq!(reply.status, 503);
    let later: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((30..90).contains(&later), "{later}");
    assert!(
        server.metric("bellhop_accept_errors_total{transport=\"http\"}").abs() < 0.1,
        "no descriptor was missed"
    );
    drop((plain, encrypted));
    let served = || {
        server.raw(format!("GET /{SERIAL}/{FILE} HTTP/1.0\r\n\r\n").as_bytes()).starts_with(b"HTTP/1.0 200")
    };
    until("places are free again", served);
}

#[test]
fn one_source_leaves_places_to_others() {
    let config =
        "\n[limits]\nsource-connections = 4\nheader-timeout = \"60s\"\n[http]\nlisten = [\"[::]:0\"]\n";
    let server = Running::start(Site::with_phone().config(config));
    let port = server.http.port();
    let held: Vec<TcpStream> = (0..4).map(|_| connect(SocketAddr::from(([127, 0, 0, 1], port)))).collect();
    let get = |address: SocketAddr| {
        let mut stream = connect(address);
        write!(stream, "GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        Reply::parse(&until_closed(&mut stream)).status
    };
    until("the places of a source are taken", || get(SocketAddr::from(([127, 0, 0, 1], port))) == 503);
    assert_eq!(get(format!("[::1]:{port}").parse().unwrap()), 200, "another source has its own");
    drop(held);
    until("they are free again", || get(SocketAddr::from(([127, 0, 0, 1], port))) == 200);
}
