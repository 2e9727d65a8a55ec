//! Promise T2: whatever the order in which peers and ports change, no byte of one file reaches a request for another.

use std::net::{SocketAddr, UdpSocket};

use bellhop::tftp::Packet;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::client::{Client, ack, read, request};
use super::{ended, site};
use crate::support::{ACCOUNTS, DEVICE, Running, SERIAL, Site};

/// Phones in the fleet.
const PHONES: usize = 64;

/// Ports that they share, as phones behind one router do.
const PORTS: usize = 8;

/// A fleet whose phones each have a file of several blocks, all of which tell whose it is.
fn fleet_with(settings: &str) -> Site {
    let mut devices = String::new();
    for phone in 0..PHONES {
        devices += &DEVICE
            .replace(SERIAL, &format!("t4h7k2m9x3q8w6e5r1y0u9p{phone:03}"))
            .replace("A9:37", &format!("B0:{phone:02X}"))
            .replace("\"Desk\"", &format!("\"P{phone:03}\""))
            .replace("[\"0087*001\"]", "[]")
            .replace("\"http\"", "\"tftp\"");
    }
    let template = "{% for n in range(300) %}{{ device.name }}{% endfor %}";
    let caps = "source-requests = 1000000\nsource-unverified = 4096\nsource-transfers = 4096";
    site(&format!("{caps}\n{settings}"))
        .write("own/yealink/templates/medium.cfg", template)
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", &devices)
}

fn name(phone: usize) -> String {
    format!("medium-0015654ab0{phone:02x}.cfg")
}

/// What happens next at one of the ports.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// Another phone has the port now and asks.
    Ask,
    /// The phone asks once more.
    AskAgain,
    /// It asks once more, with an option this time.
    AskOtherwise,
    /// It takes what has come and acknowledges it.
    Take,
    /// It says that it wants no more.
    Stop,
}

/// A port, and the phone that has it.
struct Port {
    socket: UdpSocket,
    phone: usize,
    /// Where the transfer of this phone sends from, once something came.
    tid: Option<SocketAddr>,
}

impl Port {
    fn new(number: usize) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        // Phones of one port are all different, for longer than anything of them is under way.
        Self { socket, phone: number * PHONES / PORTS, tid: None }
    }

    fn ask(&self, server: &Running, options: &[(&str, &str)]) {
        self.socket.send_to(&request(1, &name(self.phone), "octet", options), server.tftp).unwrap();
    }

    fn step(&mut self, server: &Running, next: Move) -> Result<(), TestCaseError> {
        match next {
            Move::Ask => {
                self.phone = (self.phone + 1) % PHONES;
                self.tid = None;
                self.ask(server, &[]);
            }
            Move::AskAgain => self.ask(server, &[]),
            Move::AskOtherwise => self.ask(server, &[("blksize", "64")]),
            Move::Take => drop(self.take()?),
            Move::Stop => {
                if let Some(tid) = self.tid {
                    self.socket.send_to(b"\0\x05\0\0\0", tid).ok();
                }
            }
        }
        Ok(())
    }

    /// Takes a packet, if one has come; tells whether it was the last of a file.
    ///
    /// What was on the way when the phone changed may come before the first packet for the new one, never after it.
    fn take(&mut self) -> Result<bool, TestCaseError> {
        let mut room = [0; 600];
        let Ok((length, from)) = self.socket.recv_from(&mut room) else { return Ok(false) };
        let packet = &room[..length];
        match Packet::decode(packet) {
            Ok(Packet::Data { block, bytes }) => {
                let own = format!("P{:03}", self.phone);
                let is_own = bytes.is_empty() || bytes.starts_with(own.as_bytes());
                prop_assert!(is_own || self.tid.is_none(), "{own} got {:?}", &bytes[..4]);
                if is_own {
                    self.tid = Some(from);
                    self.socket.send_to(&ack(block), from).ok();
                }
                Ok(is_own && bytes.len() < 512)
            }
            Ok(Packet::Oack(_)) => {
                self.socket.send_to(&ack(0), from).ok();
                Ok(false)
            }
            // With a single port an acknowledgement may find its transfer ended.
            Ok(Packet::Error { code: 5, .. }) => Ok(false),
            other => Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let next = prop_oneof![
        3 => Just(Move::Ask),
        1 => Just(Move::AskAgain),
        1 => Just(Move::AskOtherwise),
        8 => Just(Move::Take),
        1 => Just(Move::Stop),
    ];
    proptest::collection::vec((0..PORTS, next), 1..300)
}

/// Gives how many interleavings are played; more where somebody has the time.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}

#[test]
fn no_byte_of_one_phone_reaches_another() {
    for settings in ["", "single-port = true"] {
        let server = Running::start(fleet_with(settings));
        let mut runner =
            TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
        let played = runner.run(&moves(), |moves| {
            let mut ports: Vec<Port> = (0..PORTS).map(Port::new).collect();
            for (port, next) in moves {
                ports[port].step(&server, next)?;
            }
            Ok(())
        });
        played.unwrap_or_else(|error| panic!("{settings}: {error}"));
    }
}

#[test]
fn who_gets_the_port_of_a_dead_phone_gets_its_own_file() {
    for settings in ["", "single-port = true"] {
        let server = Running::start(fleet_with(settings));
        let mut client = Client::new(server.tftp);
        client.ask(&read(&name(0)));
        let of_dead = client.next();
        let dead = client.tid;
        assert!(of_dead[4..].starts_with(b"P000"));
        let got = client.get(&name(1), "octet", &[]);
        assert_eq!(got, Ok(b"P001".repeat(300)));
        ended(&server, "replaced", 1.0);
        // Its own last block may come twice where it waited long, and others may have had its port before.
        for (packet, from) in client.come() {
            assert!(from != dead || !packet[4..].starts_with(b"P000"), "{settings}: {packet:?}");
        }
    }
}
