//! The `async-tftp` crate beside bellhop's own engine: what both do alike, and why there is an engine of our own.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use async_tftp::server::TftpServerBuilder;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site};

const OTHER_FILE: &str = "0015654aa938.cfg";

/// Longest wait for a datagram.
const PATIENCE: Duration = Duration::from_secs(20);

/// The crate as a server of a folder.
struct Crate {
    address: SocketAddr,
    _folder: TempDir,
    _runtime: Runtime,
}

impl Crate {
    fn start(files: &[(&str, &[u8])]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let runtime = Runtime::new().unwrap();
        let builder = TftpServerBuilder::with_dir_ro(folder.path()).unwrap();
        let builder = builder.bind((Ipv4Addr::LOCALHOST, 0).into()).timeout(Duration::from_secs(1));
        let server = runtime.block_on(builder.build()).unwrap();
        let address = server.listen_addr().unwrap();
        tokio_util::task::TaskTracker::new().spawn_on(server.serve(), runtime.handle());
        Self { address, _folder: folder, _runtime: runtime }
    }
}

fn ours() -> Running {
    let other = DEVICE.replace(SERIAL, "a1b2c3d4e5f6g7h8j9k1m2n3p4").replace("A9:37", "A9:38");
    let other = other.replace("0087*001", "0087*002").replace("Desk", "Other");
    let devices = (DEVICE.to_owned() + &other).replace("\"http\"", "\"tftp\"");
    Running::start(Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/devices.toml", &devices))
}

fn port() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn request(file: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let options = options.iter().flat_map(|(name, value)| [*name, *value]);
    let fields = [file, "octet"].into_iter().chain(options);
    fields.fold(vec![0, 1], |bytes, field| [bytes.as_slice(), field.as_bytes(), b"\0"].concat())
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(length);
    (buffer, from)
}

/// Fetches a file as a client that does what the standards say; gives what was agreed on, and the file.
fn fetch(server: SocketAddr, file: &str, options: &[(&str, &str)]) -> (Vec<u8>, Vec<u8>) {
    let socket = port();
    socket.send_to(&request(file, options), server).unwrap();
    let (mut agreed, mut bytes, mut wanted, mut blksize) = (Vec::new(), Vec::new(), 1_u16, 512);
    loop {
        let (packet, from) = receive(&socket);
        match packet.as_slice() {
            [0, 6, fields @ ..] => {
                agreed = fields.to_vec();
                let text = String::from_utf8_lossy(fields).into_owned();
                let mut fields = text.split('\0');
                if fields.any(|field| field == "blksize") {
                    blksize = fields.next().unwrap().parse().unwrap();
                }
                socket.send_to(&[0, 4, 0, 0], from).unwrap();
            }
            [0, 3, high, low, data @ ..] if u16::from_be_bytes([*high, *low]) == wanted => {
                bytes.extend_from_slice(data);
                socket.send_to(&[0, 4, *high, *low], from).unwrap();
                if data.len() < blksize {
                    return (agreed, bytes);
                }
                wanted += 1;
            }
            [0, 3, ..] => (),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn both_hand_out_the_same_bytes_by_the_same_terms() {
    let ours = ours();
    let (_, file) = fetch(ours.tftp, FILE, &[]);
    assert!(String::from_utf8_lossy(&file).contains("CANARY-sip-1"));
    let theirs = Crate::start(&[(FILE, &file)]);
    for options in [
        &[][..],
        &[("blksize", "8")],
        &[("blksize", "512")],
        &[("blksize", "1428")],
        &[("tsize", "0")],
        &[("timeout", "3"), ("tsize", "0")],
        &[("blksize", "1024"), ("unheard-of", "1")],
    ] {
        assert_eq!(fetch(ours.tftp, FILE, options), fetch(theirs.address, FILE, options), "{options:?}");
    }
}

/// A phone asks and is never heard of again; another gets its port, as behind a NAT, and asks for its own file.
///
/// One socket is both: a port that is let go may be taken by anybody before the second phone has it.
fn second_phone_of_a_port(server: SocketAddr) -> Vec<u8> {
    let socket = port();
    socket.send_to(&request(FILE, &[]), server).unwrap();
    receive(&socket);
    socket.send_to(&request(OTHER_FILE, &[]), server).unwrap();
    loop {
        let (packet, _) = receive(&socket);
        if let [0, 3, 0, 1, data @ ..] = packet.as_slice() {
            return data.to_vec();
        }
    }
}

#[test]
fn a_phone_that_gets_a_dead_phone_s_port_gets_its_own_file() {
    let ours = ours();
    let (_, file) = fetch(ours.tftp, FILE, &[]);
    let (_, other) = fetch(ours.tftp, OTHER_FILE, &[]);
    assert_ne!(file[..512], other[..512], "the files differ where it shows");
    assert_eq!(second_phone_of_a_port(ours.tftp), other[..512]);
    // The reason for an engine of our own: the crate goes on with the dead phone's file.
    let theirs = Crate::start(&[(FILE, &file), (OTHER_FILE, &other)]);
    assert_eq!(second_phone_of_a_port(theirs.address), file[..512]);
}
