//! Where operators connect.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::config::values::set;
use crate::document::Entry;
use crate::model::InvalidText;

/// Where operators and Prometheus connect, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// The place; nothing where `None`.
    pub listen: Option<Place>,
    /// Whether TLS is spoken there, with the certificates of HTTPS.
    pub tls: bool,
    /// Whether passwords and tokens may cross networks in clear.
    pub allow_plain: bool,
}

/// A place to listen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An address.
    Address(SocketAddr),
    /// A Unix socket.
    Socket(PathBuf),
}

impl Admin {
    /// Says why nobody may listen at an address in the way that is set; `None` where somebody may.
    pub fn objection(&self, address: SocketAddr) -> Option<&'static str> {
        let stays = address.ip().to_canonical().is_loopback();
        (!stays && !self.tls && !self.allow_plain).then_some(
            "can be reached from other machines, where passwords and tokens would travel in clear; set `tls = true`, \
             listen on 127.0.0.1 or on a Unix socket, or accept the risk with `allow-plain = true`",
        )
    }

    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        let Some(table) = entry.table() else { return };
        let mut listen = None;
        for entry in table {
            match entry.key() {
                "allow-plain" => set(&mut self.allow_plain, entry.boolean()),
                "listen" => {
                    let places: Vec<Place> = entry.list().filter_map(|item| item.parse()).collect();
                    if places.len() > 1 {
                        entry.error("holds several addresses; give one, or none to switch it off");
                    }
                    self.listen = places.into_iter().next();
                    listen = Some(entry);
                }
                "tls" => set(&mut self.tls, entry.boolean()),
                _ => entry.unknown(&["allow-plain", "listen", "tls"]),
            }
        }
        match (&self.listen, listen) {
            (Some(Place::Address(address)), Some(entry)) => {
                if let Some(objection) = self.objection(*address) {
                    entry.error(objection);
                }
            }
            (Some(Place::Socket(_)), Some(entry)) if self.tls => {
                entry.error("is a Unix socket, which needs no TLS; set `tls = false`");
            }
            _ => (),
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 9090));
        Self { listen: Some(Place::Address(address)), tls: false, allow_plain: false }
    }
}

impl FromStr for Place {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = InvalidText(
            "holds something else than an address with a port or a Unix socket; write 127.0.0.1:9090 or \
             unix:/run/bellhop/admin.sock",
        );
        match text.strip_prefix("unix:") {
            Some("") => Err(invalid),
            Some(path) => Ok(Self::Socket(path.into())),
            None => text.parse().map(Self::Address).map_err(|_| invalid),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => Display::fmt(address, f),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
