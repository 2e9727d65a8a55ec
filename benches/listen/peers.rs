//! The servers: bellhop as it is installed, and nginx with the same files.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Site;

/// Where a server listens, and its processes.
pub(crate) struct Peer {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) child: Child,
}

impl Peer {
    /// Tells how much processor time the server has used: its own and its children's, ended ones too, user and
    /// system.
    pub(crate) fn processor_time(&self) -> Duration {
        processor_time_of(self.child.id())
    }
}

/// Tells how much processor time a process has used, and its children.
pub(crate) fn processor_time_of(process: u32) -> Duration {
    let mut processes = vec![process];
    let mut ticks = 0;
    while let Some(process) = processes.pop() {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Fields are counted after the name, which may hold blanks.
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        ticks += fields.get(11..15).map_or(0, |times| times.iter().sum::<u64>());
        let children =
            fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        processes.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    // The kernel counts in hundredths of a second for users, whatever its own clock does (proc(5), USER_HZ).
    Duration::from_millis(ticks * 10)
}

impl Drop for Peer {
    fn drop(&mut self) {
        // nginx takes its workers along only when it is asked to go.
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(process, rustix::process::Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

/// Makes a command that runs on the first core only.
pub(crate) fn on_one_core(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

/// bellhop itself.
pub(crate) struct Bellhop(pub(crate) Peer);

impl Bellhop {
    pub(crate) fn start(site: &Site) -> Self {
        Self(started(site).0)
    }

    /// Fetches files, as a phone would.
    pub(crate) fn fetch(&self, paths: &[String]) -> Vec<Vec<u8>> {
        paths.iter().map(|path| fetch(self.0.http, path)).collect()
    }
}

/// Starts bellhop on one core; gives it with the lines in which it says where it listens.
pub(crate) fn started(site: &Site) -> (Peer, Vec<String>) {
    start_by(on_one_core(env!("CARGO_BIN_EXE_bellhop")), site)
}

/// Starts bellhop by a command.
pub(crate) fn start_by(mut command: Command, site: &Site) -> (Peer, Vec<String>) {
    let mut child =
        command.arg("--config").arg(site.path("bellhop.toml")).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        told.push(line.unwrap());
        if told.last().unwrap().starts_with("  admin") {
            break;
        }
    }
    let address = |word: &str| {
        let line = told.iter().find(|line| line.trim_start().starts_with(word)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (http, https) = (address("http "), address("https"));
    (Peer { http, https, child }, told)
}

fn fetch(address: SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let head = memchr::memmem::find(&response, b"\r\n\r\n").unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&response[..head]));
    response.split_off(head + 4)
}

/// nginx with the same files on disk.
pub(crate) struct Nginx(pub(crate) Peer);

impl Nginx {
    pub(crate) fn start(site: &Site, paths: &[String], files: &[Vec<u8>], more: &str) -> Option<Self> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        for (path, file) in paths.iter().zip(files) {
            let path = site.path(&format!("nginx{path}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let (http, https) = (free_port(), free_port());
        let root = site.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        let config = format!(
            "daemon off; worker_processes 1; pid {root}/nginx{}.pid; error_log {root}/nginx.log;\n\
             user root; events {{ worker_connections 4096; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type text/plain;\n\
               {more} ssl_session_cache off; ssl_session_tickets off;\n\
               client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;\n\
               uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;\n\
               server {{ root {root}/nginx; listen {http} reuseport; listen {https} ssl;\n\
                 ssl_certificate {root}/state/self-signed.pem; ssl_certificate_key {root}/state/self-signed.pem;\n\
                 ssl_protocols TLSv1.2 TLSv1.3; }} }}\n",
            http.port()
        );
        let path = site.path(&format!("nginx{}.conf", http.port()));
        fs::write(&path, config).unwrap();
        let child = on_one_core("nginx").arg("-c").arg(path).stderr(Stdio::null()).spawn().unwrap();
        let peer = Peer { http, https, child };
        await_listening(http);
        await_listening(https);
        Some(Self(peer))
    }
}

pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn await_listening(address: SocketAddr) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "{address} does not listen");
        std::thread::yield_now();
    }
}
