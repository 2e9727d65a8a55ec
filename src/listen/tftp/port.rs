//! The socket that requests come to, and the address that each was sent to.
//!
//! Promises: it is known which of the machine's addresses was asked, and the answer leaves from there, as clients drop
//! what comes from elsewhere; one bad datagram harms none of the others.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams that are taken from the kernel at once.
const BATCH: usize = 16;

/// Room for one of them, or for several of one size that the kernel has put together.
const ROOM: usize = 64 << 10;

/// Bytes of datagrams that wait in the kernel, as far as it lets us.
const BUFFER: usize = 4 << 20;

/// A bound socket.
pub(in crate::listen) struct Port {
    socket: UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
}

/// The two ends of a conversation, as the socket tells them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    peer: SocketAddr,
    local: Option<IpAddr>,
}

/// Datagrams that came.
pub(super) struct Batch {
    room: Vec<u8>,
    found: [RecvMeta; BATCH],
    count: usize,
}

impl Port {
    /// Takes a bound socket, and has it tell where each datagram was sent to.
    ///
    /// # Errors
    /// The system does not let it.
    pub(in crate::listen) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // A building full of phones that get their power back asks within a moment.
        state.set_recv_buffer_size((&socket).into(), BUFFER).ok();
        let socket = UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, state, address })
    }

    /// Gives the address that it is bound to.
    pub(in crate::listen) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for datagrams.
    ///
    /// # Errors
    /// The socket cannot be read; the next time it may be.
    pub(super) async fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        let Batch { room, found, count } = batch;
        *count = self
            .socket
            .async_io(Interest::READABLE, || {
                let mut rooms = room.chunks_exact_mut(ROOM);
                let mut slices: [IoSliceMut<'_>; BATCH] =
                    std::array::from_fn(|_| IoSliceMut::new(rooms.next().unwrap_or_default()));
                self.state.recv((&self.socket).into(), &mut slices, found)
            })
            .await?;
        Ok(())
    }

    /// Sends a datagram back, if the socket takes it now.
    ///
    /// # Errors
    /// It does not, or there is no way to the peer.
    pub(super) fn send(&self, way: &Way, contents: &[u8]) -> io::Result<()> {
        let transmit =
            Transmit { destination: way.peer, ecn: None, contents, segment_size: None, src_ip: way.local };
        self.state.try_send((&self.socket).into(), &transmit)
    }

    /// Gives the socket itself, to wait for it.
    pub(super) const fn socket(&self) -> &UdpSocket {
        &self.socket
    }
}

impl Way {
    /// Gives the peer's address, an IPv4 one as such even where it came to an IPv6 socket.
    pub(super) fn peer(&self) -> SocketAddr {
        match (self.peer.ip().to_canonical(), self.peer) {
            (IpAddr::V6(_), peer) => peer,
            (ip, peer) => SocketAddr::new(ip, peer.port()),
        }
    }

    /// Gives the address that was asked, with the port given; the link is the peer's.
    ///
    /// Where the system did not tell it, that is the address of the listener.
    pub(super) fn local(&self, listener: SocketAddr, number: u16) -> SocketAddr {
        let asked = self.local.unwrap_or_else(|| listener.ip()).to_canonical();
        let mut local = SocketAddr::new(asked, number);
        if let (SocketAddr::V6(local), SocketAddr::V6(peer)) = (&mut local, self.peer)
            && local.ip().is_unicast_link_local()
        {
            local.set_scope_id(peer.scope_id());
        }
        local
    }

    /// Tells whether the datagram was meant for this machine alone (RFC 1123, section 4.2.3.4).
    pub(super) fn is_direct(&self) -> bool {
        match self.local.map(|local| local.to_canonical()) {
            Some(IpAddr::V4(local)) => !local.is_broadcast() && !local.is_multicast(),
            Some(IpAddr::V6(local)) => !local.is_multicast(),
            None => true,
        }
    }
}

impl Batch {
    /// Makes room.
    pub(super) fn new() -> Self {
        Self { room: vec![0; BATCH * ROOM], found: [RecvMeta::default(); BATCH], count: 0 }
    }

    /// Goes through the datagrams that came last.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (&[u8], Way)> {
        let found = self.room.chunks_exact(ROOM).zip(&self.found).take(self.count);
        found.flat_map(|(room, found)| {
            let way = Way { peer: found.addr, local: found.dst_ip };
            let bytes = room.get(..found.len).unwrap_or_default();
            // An empty datagram has no pieces, and nothing to say either.
            bytes.chunks(found.stride.max(1)).map(move |datagram| (datagram, way))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(peer: &str, local: Option<&str>) -> Way {
        Way { peer: peer.parse().unwrap(), local: local.map(|local| local.parse().unwrap()) }
    }

    #[test]
    fn addresses_are_told_as_what_they_are() {
        let listener: SocketAddr = "[::]:69".parse().unwrap();
        for (peer, local, expected) in [
            ("192.0.2.1:5", Some("192.0.2.9"), ("192.0.2.1:5", "192.0.2.9:7")),
            ("[::ffff:192.0.2.1]:5", Some("::ffff:192.0.2.9"), ("192.0.2.1:5", "192.0.2.9:7")),
            ("[2001:db8::1]:5", Some("2001:db8::9"), ("[2001:db8::1]:5", "[2001:db8::9]:7")),
            ("[fe80::1%3]:5", Some("fe80::9"), ("[fe80::1%3]:5", "[fe80::9%3]:7")),
            ("[2001:db8::1]:5", None, ("[2001:db8::1]:5", "[::]:7")),
        ] {
            let way = way(peer, local);
            let got = (way.peer().to_string(), way.local(listener, 7).to_string());
            assert_eq!((got.0.as_str(), got.1.as_str()), expected);
        }
    }

    #[test]
    fn what_is_sent_to_many_is_not_meant_for_this_machine_alone() {
        for local in ["255.255.255.255", "224.0.0.1", "::ffff:224.0.0.1", "ff02::1"] {
            assert!(!way("[::1]:5", Some(local)).is_direct(), "{local}");
        }
        for local in ["192.0.2.9", "::ffff:192.0.2.9", "fe80::1"] {
            assert!(way("[::1]:5", Some(local)).is_direct(), "{local}");
        }
        assert!(way("[::1]:5", None).is_direct());
    }
}
