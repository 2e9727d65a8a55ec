//! A service manager: the sockets that it hands over, and what it hears.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use socket2::SockRef;

use crate::support::{DEVICE, FILE, Reply, Running, SERIAL, Site, exchange, until};

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A manager's ear.
struct Manager(UnixDatagram, String);

impl Manager {
    fn listen(site: &Site) -> Self {
        let path = site.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket, path.to_str().unwrap().to_owned())
    }

    fn hear(&self) -> String {
        let mut room = [0; 4096];
        let length = self.0.recv(&mut room).unwrap();
        String::from_utf8(room[..length].to_vec()).unwrap()
    }
}

fn request() -> String {
    format!("GET /{SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

#[test]
fn a_manager_hears_when_the_server_is_ready_reloads_and_stops() {
    let site = Site::with_phone().config("\n[reload]\nevents = false\ninterval = \"24h\"\n");
    let manager = Manager::listen(&site);
    let server = Running::start_with(site, &[("NOTIFY_SOCKET", &manager.1)]);
    assert_eq!(manager.hear(), "READY=1\nSTATUS=serving 1 devices, snapshot 1\n");

    let begins = |heard: String| heard.starts_with("RELOADING=1\nMONOTONIC_USEC=");
    server.signal(Signal::HUP);
    assert!(begins(manager.hear()));
    assert_eq!(manager.hear(), "READY=1\nSTATUS=serving 1 devices, snapshot 1\n");

    server.site.put("fleet/device.toml", &DEVICE.replace("Desk", "Lobby"));
    server.signal(Signal::HUP);
    assert!(begins(manager.hear()));
    assert_eq!(manager.hear(), "READY=1\nSTATUS=serving 1 devices, snapshot 2\n");

    server.site.put("fleet/device.toml", "nonsense");
    server.signal(Signal::HUP);
    assert!(begins(manager.hear()));
    assert_eq!(
        manager.hear(),
        "READY=1\nSTATUS=the files have 1 faults; snapshot 2, the last good one, stays\n"
    );

    server.site.put("fleet/device.toml", &DEVICE.replace("Desk", "Lobby"));
    server.signal(Signal::HUP);
    assert!(begins(manager.hear()));
    let healed = manager.hear();
    assert!(healed.starts_with("READY=1\nSTATUS=serving 1 devices, snapshot "), "{healed}");

    server.signal(Signal::TERM);
    let heard = manager.hear();
    assert!(heard.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\n"), "{heard}");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_manager_hears_that_what_is_served_was_kept_from_before() {
    let server = Running::start(Site::with_phone());
    let manifest = server.site.path("state/last-good/manifest");
    until("the state is kept", || manifest.exists());
    server.signal(Signal::KILL);
    let site = server.into_site();
    site.put("fleet/device.toml", "nonsense");
    let manager = Manager::listen(&site);
    let server = Running::start_with(site, &[("NOTIFY_SOCKET", &manager.1)]);
    let heard = manager.hear();
    let expected = "READY=1\nSTATUS=serving 1 devices, snapshot 1, kept from before: the files are faulty\n";
    assert_eq!(heard, expected);
    drop(server);
}

#[test]
fn an_inherited_listener_replaces_the_addresses_of_its_protocol() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = Running::start_inheriting(Site::with_phone(), listener.into(), "http", &[]);
    assert_eq!(server.greeting.matches("\n  http ").count(), 1, "{}", server.greeting);
    assert_eq!(server.http, address);
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    assert_ne!(server.https.port(), 0, "the others are bound as the settings say");
}

#[test]
fn a_socket_that_nobody_can_place_ends_the_start() {
    let site = Site::with_phone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ended = std::process::Command::new("sh")
        .arg("-c")
        .arg("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0")
        .args([env!("CARGO_BIN_EXE_bellhop"), "--config", site.path("bellhop.toml").to_str().unwrap()])
        .env("LISTEN_FDNAMES", "bellhop.socket")
        .stdin(std::os::fd::OwnedFd::from(listener))
        .output()
        .unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("(\"bellhop.socket\") is for; name it http, https, tftp or admin"), "{told}");
}

#[test]
fn nobody_is_refused_while_one_server_takes_anothers_place() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let start = || {
        let socket = listener.try_clone().unwrap().into();
        Running::start_inheriting(Site::with_phone(), socket, "http", &[])
    };
    let mut server = start();
    let served = Arc::new(AtomicU32::new(0));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let counter = Arc::clone(&served);
    let phones = std::thread::spawn(move || {
        // An error, as a refused connection would be, ends the thread.
        while stopped.try_recv().is_err() {
            assert_eq!(Reply::parse(&exchange(address, &[request().as_bytes()])).status, 200);
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    for _ in 0..3 {
        // Phones are served before, wait meanwhile, and are served after.
        let before = served.load(Ordering::Relaxed);
        until("phones are served", || phones.is_finished() || served.load(Ordering::Relaxed) >= before + 3);
        server.signal(Signal::TERM);
        assert_eq!(server.wait().0, Some(0));
        server = start();
    }
    stop.send(()).unwrap();
    phones.join().expect("no phone is refused");
}

#[test]
fn a_transfer_under_way_completes_while_one_server_takes_anothers_place() {
    let site = || Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"tftp\""));
    let port = UdpSocket::bind("127.0.0.1:0").unwrap();
    let start = || Running::start_inheriting(site(), port.try_clone().unwrap().into(), "tftp", &[]);
    let server = start();
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = format!("\0\x01{FILE}\0octet\0");
    phone.send_to(asked.as_bytes(), port.local_addr().unwrap()).unwrap();
    let (mut block, mut got) = (1_u16, Vec::new());
    let mut room = [0; 1024];
    let (mut length, from) = phone.recv_from(&mut room).unwrap();
    // The first block is here, and the server is told to go.
    server.signal(Signal::TERM);
    let next = start();
    loop {
        assert_eq!(room[..2], [0, 3], "{:?}", String::from_utf8_lossy(&room[..length]));
        if room[2..4] == block.to_be_bytes() {
            got.extend_from_slice(&room[4..length]);
            phone.send_to(&[&[0, 4], &room[2..4]].concat(), from).unwrap();
            if length < 516 {
                break;
            }
            block += 1;
        }
        length = phone.recv_from(&mut room).unwrap().0;
    }
    assert_eq!(server.wait().0, Some(0));
    assert!(got.starts_with(b"#!version:1.0.0.1\n") && got.len() > 512, "{}", got.len());
    phone.send_to(asked.as_bytes(), next.tftp).unwrap();
    let (length, _) = phone.recv_from(&mut room).unwrap();
    assert_eq!(room[..4], [0, 3, 0, 1], "the next server answers: {length}");
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let site = Site::with_phone().config(
        "\n[limits]\nstop-timeout = \"600s\"\nheader-timeout = \"60s\"\nresponse-timeout = \"600s\"\n",
    );
    let manager = Manager::listen(&site);
    let server = Running::start_with(site, &[("NOTIFY_SOCKET", &manager.1)]);
    assert!(manager.hear().starts_with("READY=1\n"));
    let mut stuck = TcpStream::connect(server.http).unwrap();
    // Responses that nobody reads.
    let many = request().replace("Connection: close\r\n", "").repeat(400_000);
    stuck.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(stuck.write_all(many.as_bytes()).is_err(), "all was taken");
    server.signal(Signal::TERM);
    assert!(manager.hear().starts_with("STOPPING=1\n"));
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("cut off by a second signal"), "{log}");
    stuck.read_to_end(&mut Vec::new()).ok();
}

/// Gives a manager that has heard that a server with a watchdog is ready and lives, and that server.
fn watched(site: Site, socket: std::os::fd::OwnedFd, name: &str) -> (Manager, Running) {
    let manager = Manager::listen(&site);
    let variables = [("NOTIFY_SOCKET", manager.1.as_str()), ("WATCHDOG_USEC", "600000")];
    let server = Running::start_inheriting(site, socket, name, &variables);
    assert!(manager.hear().starts_with("READY=1\n"));
    for _ in 0..3 {
        assert_eq!(manager.hear(), "WATCHDOG=1\n");
    }
    (manager, server)
}

#[test]
fn the_servers_own_requests_leave_no_trace_in_the_metrics() {
    let site = Site::with_phone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_, server) = watched(site, listener.into(), "http");
    let metrics = String::from_utf8(server.admin("/metrics").body).unwrap();
    let counted = metrics.lines().filter(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_default();
        let is_of_phones = ["bellhop_requests", "bellhop_refusals", "bellhop_answer", "bellhop_tftp"];
        is_of_phones.iter().any(|start| name.starts_with(start)) && value != "0"
    });
    assert_eq!(counted.collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(server.metric("bellhop_handshake_failures_total{transport=\"https\"}"), 0.0);
}

#[test]
fn the_watchdog_is_fed_only_while_each_listener_answers() {
    // The test keeps the sockets, so that it can make them deaf, as a loop that died would be.
    let deafen = |socket: &std::os::fd::OwnedFd, name| {
        if name == "tftp" {
            // From then on it hears one peer only.
            let peer: std::net::SocketAddr = "127.0.0.1:9".parse().unwrap();
            SockRef::from(socket).connect(&peer.into()).unwrap();
        } else {
            SockRef::from(socket).shutdown(Shutdown::Both).unwrap();
        }
    };
    for name in ["http", "https", "tftp"] {
        let socket: std::os::fd::OwnedFd = match name {
            "tftp" => UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            _ => TcpListener::bind("127.0.0.1:0").unwrap().into(),
        };
        let (manager, server) = watched(Site::with_phone(), socket.try_clone().unwrap(), name);
        deafen(&socket, name);
        let failure = format!("STATUS=the listener for {name} at");
        while !manager.hear().starts_with(&failure) {}
        for _ in 0..3 {
            let heard = manager.hear();
            assert!(heard.starts_with(&failure), "{heard}");
        }
        assert_eq!(server.admin("/healthz").status, 200, "all else lives");
    }
}
