//! The raw limit: the cheapest loop that can be asked like a server, without a transfer to remember.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::fs;
use std::net::UdpSocket;

/// The argument that makes this program the raw limit.
pub(crate) const RAW: &str = "--raw";

/// Answers until it is killed: the next block to each acknowledgement, whoever sends it.
pub(crate) fn serve(arguments: &[String]) {
    let [address, file] = arguments else {
        panic!("{RAW} takes an address and a file");
    };
    let socket = UdpSocket::bind(address).unwrap();
    let file = fs::read(file).unwrap();
    let (mut blksize, mut buffer, mut out) = (512, [0; 2048], Vec::new());
    loop {
        let (length, peer) = socket.recv_from(&mut buffer).unwrap();
        let block = match &buffer[..length] {
            [0, 1, request @ ..] => {
                let mut fields = request.split(|byte| *byte == 0);
                // All clients of a measurement ask for the same.
                let asked = fields.find(|field| *field == b"blksize").and_then(|_| fields.next());
                blksize = asked.map_or(512, |asked| std::str::from_utf8(asked).unwrap().parse().unwrap());
                if asked.is_some() {
                    socket.send_to(format!("\0\x06blksize\0{blksize}\0").as_bytes(), peer).ok();
                    continue;
                }
                0
            }
            [0, 4, high, low] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => continue,
        };
        let Some(rest) = file.get(block * blksize..) else { continue };
        out.clear();
        out.extend([0, 3]);
        out.extend(u16::try_from(block + 1).unwrap().to_be_bytes());
        out.extend(&rest[..rest.len().min(blksize)]);
        socket.send_to(&out, peer).ok();
    }
}
