//! The key by which the command line proves that it is run by the operator.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::config::Place;
use crate::durable;
use crate::login::{Logins, Moment};
use crate::manage::Doorway;
use crate::model::Secret;

/// What stands before an address where TLS is spoken.
const TLS: &str = "tls:";

/// A secret in the state folder, made anew at each start, beside the place that it is good for.
pub struct Key {
    /// Where the server listens for operators.
    pub place: Place,
    /// Whether it speaks TLS there.
    pub tls: bool,
    secret: Secret,
}

/// The key cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} the key {}", path.display())]
pub struct KeyError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl KeyError {
    /// Tells whether there is no key, since no server has run.
    pub fn is_absent(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// What proves who somebody is: the operator's key, and the logins.
pub struct Proofs {
    pub(super) key: Key,
    pub(super) logins: Arc<Logins>,
}

/// There is nothing to prove by.
#[derive(Debug, thiserror::Error)]
pub enum ProofsError {
    /// The key cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What makes sessions cannot be had.
    #[error("the system gives no random numbers")]
    Random(#[source] io::Error),
}

impl Proofs {
    /// Makes a key for a place, and takes the sessions from before out of the state folder.
    ///
    /// # Errors
    /// The key cannot be written, or the system gives no random numbers.
    pub fn make(state: &Path, doorway: &Doorway) -> Result<Self, ProofsError> {
        let logins = Logins::open(state, Moment::now()).map_err(ProofsError::Random)?;
        Ok(Self { key: Key::mint(state, doorway)?, logins: Arc::new(logins) })
    }
}

impl Key {
    /// Makes a key and keeps it in the state folder, for its owner's eyes only.
    fn mint(state: &Path, doorway: &Doorway) -> Result<Self, KeyError> {
        let path = path(state);
        let failed = |source| KeyError { what: "write", path: path.clone(), source };
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| failed(error.into()))?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (place, tls) = (reachable(doorway.place()), doorway.is_tls());
        let scheme = if tls { TLS } else { "" };
        durable::write(&path, format!("{scheme}{place} {text}\n").as_bytes(), 0o600).map_err(failed)?;
        Ok(Self { place, tls, secret: Secret::new(&text) })
    }

    /// Reads the key of the server that runs.
    ///
    /// # Errors
    /// It is not there, or not for these eyes.
    pub fn read(state: &Path) -> Result<Self, KeyError> {
        let path = path(state);
        let failed = |source| KeyError { what: "read", path: path.clone(), source };
        let text = fs::read_to_string(&path).map_err(failed)?;
        let parts = text.trim().rsplit_once(' ').and_then(|(place, key)| {
            let (tls, place) = place.strip_prefix(TLS).map_or((false, place), |place| (true, place));
            Some((tls, place.parse().ok()?, key))
        });
        let (tls, place, key) = parts.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        Ok(Self { place, tls, secret: Secret::new(key) })
    }

    /// Tells whether a token is the key.
    pub(super) fn is(&self, token: &str) -> bool {
        self.secret.expose().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// Gives the header's value that shows the key.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.secret.expose())
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("admin.key")
}

/// Gives a place that this machine reaches itself by.
fn reachable(place: &Place) -> Place {
    match place {
        Place::Address(address) if address.ip().is_unspecified() => {
            let ip = match address.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            };
            Place::Address(SocketAddr::new(ip, address.port()))
        }
        Place::Socket(path) => Place::Socket(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        place @ Place::Address(_) => place.clone(),
    }
}
