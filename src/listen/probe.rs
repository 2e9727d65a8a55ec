//! The server's own requests through its own listeners, by which it knows that they serve (promise H11).
//!
//! Promises: a request goes the whole way of a phone's, through the kernel, the listener's loop and a task of its own;
//! it is known by the address that it comes from, counted nowhere, and subject to no cap on strangers.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::listen::Side;
use crate::listen::tls::{Client, TlsError};
use crate::model::Protocol;

/// A request that gets nothing, as any stranger's would.
const REQUEST: &[u8] = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// The same over TFTP.
const READ: &[u8] = b"\0\x01/\0octet\0";

/// Time after which a datagram is sent again, as the kernel drops some when many come.
const AGAIN: Duration = Duration::from_millis(500);

/// Asks each listener.
pub struct Probe {
    side: Arc<Side>,
    client: Client,
    listeners: Vec<(Protocol, SocketAddr)>,
}

/// A listener does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the listener for {protocol} at {address} does not answer the server itself")]
pub struct Silent {
    protocol: Protocol,
    address: SocketAddr,
    source: io::Error,
}

/// The addresses that the server's own requests come from, as long as they are under way.
#[derive(Default)]
pub(super) struct Own {
    count: AtomicUsize,
    addresses: Mutex<Vec<SocketAddr>>,
}

/// One of them.
struct Known<'o>(&'o Own, SocketAddr);

impl Probe {
    /// Makes what asks these listeners.
    ///
    /// # Errors
    /// TLS cannot be spoken.
    pub fn new(side: Arc<Side>, listeners: Vec<(Protocol, SocketAddr)>) -> Result<Self, TlsError> {
        let client = Client::new()?;
        Ok(Self { side, client, listeners })
    }

    /// Asks all listeners at once; each has so much time to answer.
    ///
    /// # Errors
    /// One that did not.
    pub async fn ask(&self, patience: Duration) -> Result<(), Silent> {
        let mut asking = JoinSet::new();
        for (protocol, address) in &self.listeners {
            let (side, client) = (Arc::clone(&self.side), self.client.clone());
            let (protocol, address) = (*protocol, *address);
            asking.spawn(async move {
                let asked = timeout(patience, ask(&side, &client, protocol, address)).await;
                let answered = asked.unwrap_or_else(|late| Err(late.into()));
                answered.map_err(|source| Silent { protocol, address, source })
            });
        }
        asking.join_all().await.into_iter().collect()
    }
}

impl Own {
    /// Tells whether a peer is the server itself.
    pub(super) fn is(&self, peer: SocketAddr) -> bool {
        // Nearly always there is none; phones shall not wait for one another here.
        self.count.load(Ordering::Acquire) > 0 && self.lock().contains(&canonical(peer))
    }

    fn know(&self, address: SocketAddr) -> Known<'_> {
        self.lock().push(canonical(address));
        self.count.fetch_add(1, Ordering::Release);
        Known(self, canonical(address))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SocketAddr>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.0.lock().retain(|address| *address != self.1);
        self.0.count.fetch_sub(1, Ordering::Release);
    }
}

async fn ask(side: &Side, client: &Client, protocol: Protocol, listener: SocketAddr) -> io::Result<()> {
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in ways(listener) {
        let asked = match protocol {
            Protocol::Tftp => ask_for_datagram(side, address).await,
            Protocol::Http | Protocol::Https => ask_for_response(side, client, protocol, address).await,
        };
        match asked {
            Ok(()) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn ask_for_datagram(side: &Side, address: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind(SocketAddr::new(address.ip(), 0)).await?;
    socket.connect(address).await?;
    let _known = side.own.know(socket.local_addr()?);
    loop {
        socket.send(READ).await?;
        if let Ok(received) = timeout(AGAIN, socket.recv(&mut [0; 64])).await {
            return received.map(drop);
        }
    }
}

async fn ask_for_response(
    side: &Side,
    client: &Client,
    protocol: Protocol,
    address: SocketAddr,
) -> io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // The server must know the address before the connection comes.
    socket.bind(SocketAddr::new(address.ip(), 0))?;
    let _known = side.own.know(socket.local_addr()?);
    let stream = socket.connect(address).await?;
    match protocol {
        Protocol::Https => exchange(client.shake(stream).await?).await,
        Protocol::Http | Protocol::Tftp => exchange(stream).await,
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let mut start = [0; 5];
    stream.read_exact(&mut start).await?;
    if &start == b"HTTP/" { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
}

/// Gives the addresses by which this machine reaches a listener of its own.
fn ways(listener: SocketAddr) -> Vec<SocketAddr> {
    let (loopback4, loopback6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![SocketAddr::new(loopback4, listener.port())],
        // Such a listener may hear both, and the machine may lack either.
        IpAddr::V6(ip) if ip.is_unspecified() => {
            vec![SocketAddr::new(loopback6, listener.port()), SocketAddr::new(loopback4, listener.port())]
        }
        _ => vec![listener],
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_requests_are_known_as_long_as_they_are_under_way() {
        let own = Own::default();
        let (own_address, other): (SocketAddr, SocketAddr) =
            ("127.0.0.1:5".parse().unwrap(), "127.0.0.1:6".parse().unwrap());
        assert!(!own.is(own_address));
        let known = own.know(own_address);
        assert!(own.is(own_address) && own.is("[::ffff:127.0.0.1]:5".parse().unwrap()));
        assert!(!own.is(other));
        drop(known);
        assert!(!own.is(own_address));
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        for (listener, expected) in [
            ("0.0.0.0:80", vec!["127.0.0.1:80"]),
            ("[::]:80", vec!["[::1]:80", "127.0.0.1:80"]),
            ("192.0.2.1:80", vec!["192.0.2.1:80"]),
        ] {
            let got: Vec<String> = ways(listener.parse().unwrap()).iter().map(ToString::to_string).collect();
            assert_eq!(got, expected);
        }
    }
}
