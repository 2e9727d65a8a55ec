//! The server itself, as it is installed, on ports given by the system.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::Site;

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends with its test.
pub(crate) struct Running {
    child: Child,
    pub(crate) site: Site,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) tftp: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// What it said when it started.
    pub(crate) greeting: String,
    stderr: Option<std::thread::JoinHandle<String>>,
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Head with the date taken out, which is all that may differ between two moments.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Running {
    /// Starts the server on a site's files.
    pub(crate) fn start(site: Site) -> Self {
        Self::start_with(site, &[])
    }

    /// Starts the server with variables in its environment.
    pub(crate) fn start_with(site: Site, variables: &[(&str, &str)]) -> Self {
        Self::launch(site, Command::new(env!("CARGO_BIN_EXE_bellhop")), variables)
    }

    /// Starts the server where few files may be open.
    pub(crate) fn start_limited(site: Site, files: u32) -> Self {
        Self::start_after(site, &format!("ulimit -n {files}"))
    }

    /// Starts the server from a shell that does something before.
    pub(crate) fn start_after(site: Site, script: &str) -> Self {
        let mut command = Command::new("sh");
        let script = format!("{script}; exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_bellhop"));
        Self::launch(site, command, &[])
    }

    /// Starts the server as a service manager does that hands a socket over.
    pub(crate) fn start_inheriting(
        site: Site,
        socket: OwnedFd,
        name: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("sh");
        // The variables name the process that the socket is for, and the first socket has the number 3.
        command.arg("-c").arg("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 </dev/null");
        command.arg(env!("CARGO_BIN_EXE_bellhop")).env("LISTEN_FDNAMES", name).stdin(socket);
        Self::launch(site, command, variables)
    }

    fn launch(site: Site, mut command: Command, variables: &[(&str, &str)]) -> Self {
        let mut child = command
            .arg("--config")
            .arg(site.path("bellhop.toml"))
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut greeting = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        while !greeting.contains("  admin") {
            let read = stdout.read_line(&mut greeting).unwrap();
            if read == 0 {
                child.wait().unwrap();
                panic!("the server ended: {}{}", greeting, stderr.join().unwrap());
            }
        }
        // What follows (examples) is there at once; the pipe stays open for the life of the server.
        greeting += &String::from_utf8_lossy(stdout.buffer());
        let address = |word: &str| {
            let line = greeting.lines().find(|line| line.trim_start().starts_with(word));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
                .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)))
        };
        let (http, https) = (address("http "), address("https "));
        let (tftp, admin) = (address("tftp "), address("admin "));
        Self { child, site, http, https, tftp, admin, greeting, stderr: Some(stderr) }
    }

    /// Sends bytes and reads what comes back until the server closes, or a response is complete.
    pub(crate) fn raw(&self, request: &[u8]) -> Vec<u8> {
        exchange(self.http, &[request])
    }

    /// Asks for a path over HTTP.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_with(path, "")
    }

    /// Asks for a path over HTTP with more header lines, each ended.
    pub(crate) fn get_with(&self, path: &str, lines: &str) -> Reply {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}Connection: close\r\n\r\n");
        Reply::parse(&self.raw(request.as_bytes()))
    }

    /// Asks the admin side.
    pub(crate) fn admin(&self, path: &str) -> Reply {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Reply::parse(&exchange(self.admin, &[request.as_bytes()]))
    }

    /// Asks the admin side for anything: a head without its last lines, and a body.
    pub(crate) fn api(&self, head: &str, body: &str) -> Reply {
        Reply::parse(&exchange(self.admin, &[request(head, body).as_bytes()]))
    }

    /// Gives the header line by which the operator is known.
    pub(crate) fn operator(&self) -> String {
        let key = std::fs::read_to_string(self.site.path("state/admin.key")).unwrap();
        format!("Authorization: Bearer {}\r\n", key.trim().rsplit(' ').next().unwrap())
    }

    /// Gives the value of a metric with its labels as they are printed.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.admin("/metrics").body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Runs a command of the program on the server's files.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        command(&self.site, arguments, "")
    }

    /// Gives the number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// Waits for the end; gives the exit code and all that was logged.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.stderr.take().unwrap().join().unwrap())
    }

    /// Takes the site away from a server that was killed.
    pub(crate) fn into_site(mut self) -> Site {
        self.child.wait().unwrap();
        std::mem::replace(&mut self.site, Site::new())
    }

    /// Ends the server in good order; gives all that it logged.
    pub(crate) fn stop(self) -> String {
        self.signal(rustix::process::Signal::TERM);
        let (code, log) = self.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Reply {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no response: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let kept: Vec<&str> = head.lines().filter(|line| !line.starts_with("Date: ")).collect();
        Self { status, head: kept.join("\n"), body: bytes[end + 4..].to_vec() }
    }

    /// Gives a header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Writes a request to the admin side: `METHOD /path`, header lines that end, and a body.
pub(crate) fn request(head: &str, body: &str) -> String {
    let (line, lines) = head.split_once('\n').unwrap_or((head, ""));
    let length = if body.is_empty() && line.starts_with("GET") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let line = line.trim_end();
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{length}{lines}Connection: close\r\n\r\n{body}")
}

/// Sends pieces, one packet each, and reads until the server closes or has nothing more to say.
pub(crate) fn exchange(address: SocketAddr, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for piece in pieces {
        // The server may have closed after an earlier piece.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut response = Vec::new();
    stream.read_to_end(&mut response).ok();
    response
}

/// Runs a command of the program on a site's files.
pub(crate) fn command(site: &Site, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bellhop"))
        .arg("--config")
        .arg(site.path("bellhop.toml"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that does not read its input is no fault.
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()).ok());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    output
}

/// Asks again and again until something holds, since what happens in another process cannot be waited for.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}
