//! Sockets that the service manager bound and hands over, so that the server needs no right to low ports, and so that
//! nobody is turned away while one server takes another's place.
//!
//! Promises: what is inherited for a protocol replaces its addresses in the settings; a socket that cannot be placed
//! ends the start, since phones would wait in vain at it.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use listenfd::ListenFd;
use socket2::SockRef;

use crate::config::{Config, Place};
use crate::model::Protocol;

/// Sockets as they came, each with the name that the manager gave it.
#[derive(Debug, Default)]
pub struct Inherited(Vec<(Socket, String)>);

/// Inherited sockets by what they are for.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For operators.
    pub admin: Option<TcpListener>,
    pub(super) streams: Vec<(Protocol, TcpListener)>,
    pub(super) tftp: Vec<UdpSocket>,
}

/// A socket that was handed over and cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// It is neither a TCP listener nor a UDP socket.
    #[error("the inherited socket number {number} is neither a TCP listener nor a UDP socket")]
    Kind {
        /// Its place among the inherited ones, from 0.
        number: usize,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing tells what it is for.
    #[error(
        "cannot tell what the inherited socket {address} ({name:?}) is for; name it http, https, tftp or admin by \
         FileDescriptorName= or give it the port of a listener in the settings"
    )]
    Purpose {
        /// Where it is bound.
        address: SocketAddr,
        /// Its name.
        name: String,
    },
    /// The system does not tell its address or switch its mode.
    #[error("cannot use an inherited socket")]
    System(#[source] io::Error),
}

#[derive(Debug)]
enum Socket {
    Stream(TcpListener),
    Datagram(UdpSocket),
}

/// Whom a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Admin,
    Phones(Protocol),
}

impl Inherited {
    /// Takes what was handed over, once; nothing where no manager speaks of sockets.
    ///
    /// It changes the environment: no other thread may run yet.
    ///
    /// # Errors
    /// Something that was handed over is no socket of use.
    pub fn take() -> Result<Self, InheritError> {
        // The names are looked up first, as what follows forgets what they belong to.
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut sockets = ListenFd::from_env();
        let mut taken = Vec::new();
        for number in 0..sockets.len() {
            let stream = sockets.take_tcp_listener(number).ok().flatten();
            let socket = match stream.filter(|stream| SockRef::from(stream).is_listener().unwrap_or(false)) {
                Some(stream) => Socket::Stream(stream),
                None => {
                    let datagram = sockets.take_udp_socket(number);
                    let datagram = datagram.and_then(|found| found.ok_or(io::ErrorKind::InvalidInput.into()));
                    Socket::Datagram(datagram.map_err(|source| InheritError::Kind { number, source })?)
                }
            };
            taken.push((socket, names.next().unwrap_or_default().to_owned()));
        }
        Ok(Self(taken))
    }

    /// Finds out what each is for: by its name, else by its kind and port.
    ///
    /// # Errors
    /// The first that tells nothing by either.
    pub fn sort(self, config: &Config) -> Result<Sockets, InheritError> {
        let mut sorted = Sockets::default();
        for (socket, name) in self.0 {
            let address = socket.prepare().map_err(InheritError::System)?;
            let is_stream = matches!(socket, Socket::Stream(_));
            match (purpose(&name, is_stream, address.port(), config), socket) {
                (Some(Purpose::Phones(Protocol::Tftp)), Socket::Datagram(socket)) => sorted.tftp.push(socket),
                (Some(Purpose::Admin), Socket::Stream(listener)) => sorted.admin = Some(listener),
                (Some(Purpose::Phones(protocol)), Socket::Stream(listener)) if protocol != Protocol::Tftp => {
                    sorted.streams.push((protocol, listener));
                }
                _ => return Err(InheritError::Purpose { address, name }),
            }
        }
        Ok(sorted)
    }
}

impl Sockets {
    /// Tells whether a protocol has sockets here, so that its addresses in the settings do not count.
    pub(super) fn have(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tftp => !self.tftp.is_empty(),
            Protocol::Http | Protocol::Https => self.streams.iter().any(|(of, _)| *of == protocol),
        }
    }
}

impl Socket {
    /// Makes it ready for an asynchronous reader; gives its address.
    fn prepare(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Stream(listener) => {
                listener.set_nonblocking(true)?;
                listener.local_addr()
            }
            Self::Datagram(socket) => {
                socket.set_nonblocking(true)?;
                socket.local_addr()
            }
        }
    }
}

fn purpose(name: &str, is_stream: bool, port: u16, config: &Config) -> Option<Purpose> {
    let named = Protocol::ALL.iter().map(|(_, protocol)| Purpose::Phones(*protocol)).chain([Purpose::Admin]);
    if let Some(purpose) = named.into_iter().find(|purpose| purpose.to_string() == name) {
        return Some(purpose);
    }
    if !is_stream {
        return Some(Purpose::Phones(Protocol::Tftp));
    }
    let has = |addresses: &[SocketAddr]| addresses.iter().any(|address| address.port() == port);
    let https = has(&config.https.listen) || port == 443;
    let admin = matches!(config.admin.listen, Some(Place::Address(address)) if address.port() == port);
    let http = has(&config.http.listen) || port == 80;
    [
        (https, Purpose::Phones(Protocol::Https)),
        (admin, Purpose::Admin),
        (http, Purpose::Phones(Protocol::Http)),
    ]
    .into_iter()
    .find_map(|(is, purpose)| is.then_some(purpose))
}

impl Display for Purpose {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => formatter.write_str("admin"),
            Self::Phones(protocol) => formatter.write_str(protocol.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_what_its_name_says_or_else_its_port() {
        let config = Config::default();
        for (name, is_stream, port, expected) in [
            ("http", true, 1, Some(Purpose::Phones(Protocol::Http))),
            ("https", true, 80, Some(Purpose::Phones(Protocol::Https))),
            ("admin", true, 443, Some(Purpose::Admin)),
            ("tftp", false, 5, Some(Purpose::Phones(Protocol::Tftp))),
            ("bellhop.socket", false, 69, Some(Purpose::Phones(Protocol::Tftp))),
            ("bellhop.socket", true, 80, Some(Purpose::Phones(Protocol::Http))),
            ("bellhop.socket", true, 443, Some(Purpose::Phones(Protocol::Https))),
            ("", true, 8080, Some(Purpose::Phones(Protocol::Http))),
            ("", true, 8443, Some(Purpose::Phones(Protocol::Https))),
            ("unknown", true, 9090, Some(Purpose::Admin)),
            ("unknown", true, 81, None),
        ] {
            assert_eq!(purpose(name, is_stream, port, &config), expected, "{name} {port}");
        }
    }
}
