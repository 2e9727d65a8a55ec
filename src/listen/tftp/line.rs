//! What a transfer sends and receives by: a socket of its own, or the port that was asked.
//!
//! Promises: a socket of its own is connected, so that nobody else's packets come through and the network's word
//! that nobody is there is heard (promise T3); nothing is sent for a transfer that was replaced (T2).

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::listen::tftp::places::Handle;
use crate::listen::tftp::port::{Port, Way};

/// Ports of a range that are tried for a transfer.
const TRIES: u32 = 64;

/// Longest wait for a socket that takes nothing; what it does not take then is lost, like anything on the way.
const FULL: Duration = Duration::from_secs(1);

/// The port of a range that is tried next: one that was used lately may still get packets.
static TURN: AtomicU32 = AtomicU32::new(0);

/// The way to a client.
pub(super) enum Line<'a> {
    /// A connected socket.
    Own(UdpSocket),
    /// The port that was asked; packets come as mail.
    Shared(&'a Port, Way),
}

/// What came.
pub(super) enum Came {
    /// So many bytes of a datagram.
    Datagram(usize),
    /// Nothing more will come.
    Failed,
    /// Nobody is there.
    Unreachable,
}

impl Line<'_> {
    /// Makes a socket between two addresses, its port by the system or out of a range.
    ///
    /// # Errors
    /// There is no descriptor, or no port.
    pub(super) fn open(local: SocketAddr, peer: SocketAddr, range: Option<(u16, u16)>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(peer), Type::DGRAM.nonblocking().cloexec(), None)?;
        match range {
            None => socket.bind(&local.into())?,
            Some(range) => bind_in(&socket, local, range)?,
        }
        socket.connect(&peer.into())?;
        Ok(Self::Own(UdpSocket::from_std(StdSocket::from(socket))?))
    }

    /// Makes a second socket on the port of a connected one, for packets of others; none where the port is shared.
    ///
    /// The system gives a packet to the socket that fits it best, so the connected one keeps its client's. Both may
    /// share the port for the moment of binding only: afterwards nobody else can, not even the same user.
    ///
    /// # Errors
    /// There is no descriptor, or the port cannot be shared.
    pub(super) fn second_socket(&self) -> Option<io::Result<UdpSocket>> {
        let Self::Own(own) = self else { return None };
        let open = || {
            let local = own.local_addr()?;
            let socket = Socket::new(Domain::for_address(local), Type::DGRAM.nonblocking().cloexec(), None)?;
            let both = [SockRef::from(own), SockRef::from(&socket)];
            let share = |may: bool| both.iter().try_for_each(|socket| socket.set_reuse_port(may));
            let bound = share(true).and_then(|()| socket.bind(&local.into()));
            share(false)?;
            bound?;
            UdpSocket::from_std(StdSocket::from(socket))
        };
        Some(open())
    }

    /// Sends a packet, unless the transfer was replaced.
    ///
    /// # Errors
    /// Nobody is there, or the packet can never be sent. What is lost on the way is no error.
    pub(super) async fn send(&self, handle: &Handle, packet: &[u8]) -> Result<(), Came> {
        // Nearly always there is room, and no need to ask whether there is.
        let sent = handle.unless_replaced(|| self.put(packet));
        let sent = match sent {
            Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => {
                timeout(FULL, self.put_later(handle, packet)).await.unwrap_or(Ok(()))
            }
            sent => sent.unwrap_or(Ok(())),
        };
        sent.or_else(|error| fatal(&error).map_or(Ok(()), Err))
    }

    /// Sends as soon as there is room.
    async fn put_later(&self, handle: &Handle, packet: &[u8]) -> io::Result<()> {
        let socket = match self {
            Self::Own(socket) => socket,
            Self::Shared(port, _) => port.socket(),
        };
        loop {
            socket.writable().await?;
            let send = || socket.try_io(Interest::WRITABLE, || self.put(packet));
            match handle.unless_replaced(send) {
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => (),
                sent => return sent.unwrap_or(Ok(())),
            }
        }
    }

    /// Sends if there is room.
    fn put(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Own(socket) => SockRef::from(socket).send(packet).map(drop),
            Self::Shared(port, way) => port.send(way, packet),
        }
    }

    /// Waits for something from the client; a shared line is silent, its packets come as mail.
    pub(super) async fn receive(&self, room: &mut [u8]) -> Came {
        let Self::Own(socket) = self else { return std::future::pending().await };
        match socket.recv(room).await {
            Ok(length) => Came::Datagram(length),
            Err(error) => fatal(&error).unwrap_or(Came::Datagram(0)),
        }
    }

    /// Takes it that nothing has come since, which saves looking; what has is found with what comes next.
    pub(super) fn rest(&self) {
        if let Self::Own(socket) = self {
            socket.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into())).ok();
        }
    }

    /// Looks whether something has come, whatever was taken before.
    pub(super) fn look(&self, room: &mut [u8]) -> Option<Came> {
        let Self::Own(socket) = self else { return None };
        match (&*SockRef::from(socket)).read(room) {
            Ok(length) => Some(Came::Datagram(length)),
            Err(error) => fatal(&error),
        }
    }
}

/// Tells whether an error ends the transfer.
fn fatal(error: &io::Error) -> Option<Came> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(Came::Unreachable),
        // Packet too long for a link that may not cut it.
        ErrorKind::InvalidInput => Some(Came::Failed),
        _ if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => Some(Came::Failed),
        // Full buffers and routes that come and go are losses like any other.
        _ => None,
    }
}

fn bind_in(socket: &Socket, local: SocketAddr, (low, high): (u16, u16)) -> io::Result<()> {
    let count = u32::from(high - low) + 1;
    let mut last = Err(ErrorKind::AddrInUse.into());
    for _ in 0..TRIES.min(count) {
        let turn = TURN.fetch_add(1, Ordering::Relaxed) % count;
        let mut local = local;
        local.set_port(low + u16::try_from(turn).unwrap_or_default());
        last = socket.bind(&local.into());
        if !last.as_ref().is_err_and(|error| error.kind() == ErrorKind::AddrInUse) {
            break;
        }
    }
    last
}
