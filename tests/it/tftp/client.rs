//! A phone's side of TFTP: datagrams as a test wants them.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bellhop::tftp::Packet;

/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client with a port of its own.
pub(crate) struct Client {
    pub(super) socket: UdpSocket,
    /// Where it sends requests.
    pub(super) server: SocketAddr,
    /// Where the last packet came from.
    pub(super) tid: SocketAddr,
}

/// Writes a request.
pub(super) fn request(opcode: u8, name: &str, mode: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0, opcode];
    let options = options.iter().flat_map(|(name, value)| [*name, *value]);
    for text in [name, mode].into_iter().chain(options) {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// Writes a request to read a file as it is.
pub(super) fn read(name: &str) -> Vec<u8> {
    request(1, name, "octet", &[])
}

/// Writes an acknowledgement.
pub(super) fn ack(block: u16) -> Vec<u8> {
    [[0, 4], block.to_be_bytes()].concat()
}

/// Names what came, for tables.
pub(super) fn name(packet: &[u8]) -> String {
    match Packet::decode(packet) {
        Ok(Packet::Data { block, .. }) => format!("data {block}"),
        Ok(Packet::Error { code, text }) => format!("error {code} {}", String::from_utf8_lossy(text)),
        Ok(Packet::Oack(options)) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let all = options.iter().map(|(name, value)| format!(" {}={}", text(name), text(value)));
            format!("oack{}", all.collect::<String>())
        }
        other => format!("{other:?}"),
    }
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let address = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        Self::on(UdpSocket::bind(address).unwrap(), server)
    }

    /// Asks by a socket of the caller's.
    pub(crate) fn on(socket: UdpSocket, server: SocketAddr) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, server, tid: server }
    }

    /// Sends to the port for requests.
    pub(super) fn ask(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).unwrap();
    }

    /// Sends to where the last packet came from.
    pub(super) fn reply(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.tid).unwrap();
    }

    /// Waits for the next packet.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut room = [0; 65_536];
        let (length, from) = self.socket.recv_from(&mut room).expect("something comes");
        self.tid = from;
        room[..length].to_vec()
    }

    /// Waits for the next packet and names it.
    pub(super) fn hear(&mut self) -> String {
        name(&self.next())
    }

    /// Asks, and names what comes.
    pub(super) fn asked(&mut self, bytes: &[u8]) -> String {
        self.ask(bytes);
        self.hear()
    }

    /// Takes what has come already, without waiting, and names it.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.come().iter().map(|(packet, _)| name(packet)).collect()
    }

    /// Takes what has come already, with where it came from.
    pub(super) fn come(&self) -> Vec<(Vec<u8>, SocketAddr)> {
        self.socket.set_nonblocking(true).unwrap();
        let mut room = [0; 65_536];
        let all = std::iter::from_fn(|| {
            self.socket.recv_from(&mut room).ok().map(|(length, from)| (room[..length].to_vec(), from))
        });
        let all = all.collect();
        self.socket.set_nonblocking(false).unwrap();
        all
    }

    /// Fetches a file; the error where there is one.
    pub(crate) fn get(
        &mut self,
        file: &str,
        mode: &str,
        options: &[(&str, &str)],
    ) -> Result<Vec<u8>, String> {
        self.ask(&request(1, file, mode, options));
        self.rest(Vec::new(), 1, options)
    }

    /// Fetches what follows, from a block on.
    pub(super) fn rest(
        &mut self,
        mut body: Vec<u8>,
        mut expected: u16,
        options: &[(&str, &str)],
    ) -> Result<Vec<u8>, String> {
        let asked = |what: &str| options.iter().find(|(name, _)| *name == what)?.1.parse::<usize>().ok();
        let (mut size, mut window) = (512, 1);
        let mut unacknowledged = 0;
        loop {
            let packet = self.next();
            match Packet::decode(&packet).unwrap() {
                Packet::Oack(_) => {
                    let answer = name(&packet);
                    let agreed = |what: &str| {
                        let value =
                            answer.split(' ').find_map(|part| part.strip_prefix(&format!("{what}=")))?;
                        value.parse::<usize>().ok()
                    };
                    size = agreed("blksize").unwrap_or(512);
                    window = agreed("windowsize").unwrap_or(1);
                    assert!(asked("blksize").is_none_or(|asked| size <= asked.max(512)), "{answer}");
                    self.reply(&ack(0));
                }
                Packet::Data { block, bytes } if block == expected => {
                    body.extend_from_slice(bytes);
                    unacknowledged += 1;
                    if bytes.len() < size || unacknowledged == window {
                        self.reply(&ack(block));
                        unacknowledged = 0;
                    }
                    if bytes.len() < size {
                        return Ok(body);
                    }
                    expected = expected.wrapping_add(1);
                }
                Packet::Data { .. } => self.reply(&ack(expected.wrapping_sub(1))),
                Packet::Error { .. } => return Err(name(&packet)),
                other => panic!("{other:?}"),
            }
        }
    }
}
