//! Where operators connect: an address, with TLS where it can be reached from outside, or a Unix socket.

use std::fs::{self, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::config::{Admin as Settings, Place};

/// A place that is bound and does not serve yet.
pub struct Doorway {
    pub(super) listener: Listener,
    pub(super) place: Place,
    pub(super) tls: bool,
}

pub(super) enum Listener {
    Network(TcpListener),
    Local(UnixListener),
}

/// A place where operators cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It cannot be bound.
    #[error("cannot listen on {place} for operators")]
    Bind {
        /// The place.
        place: Place,
        /// Why not.
        source: io::Error,
    },
    /// The system does not tell the address of a socket that was handed over.
    #[error("cannot listen on the inherited socket for operators")]
    Inherited(#[source] io::Error),
    /// What is sent there could be read by others.
    #[error("the admin address {place} {why}")]
    Open {
        /// The place.
        place: Place,
        /// What is wrong with it, and the cure.
        why: &'static str,
    },
}

impl Doorway {
    /// Binds the socket that was handed over, else the place of the settings; `None` where there is neither.
    ///
    /// # Errors
    /// The place cannot be listened on, or should not be.
    pub fn open(inherited: Option<TcpListener>, settings: &Settings) -> Result<Option<Self>, PlaceError> {
        let listener = match (inherited, &settings.listen) {
            (Some(listener), _) => Listener::Network(listener),
            (None, Some(place)) => {
                let bound = match place {
                    Place::Address(address) => TcpListener::bind(address).map(Listener::Network),
                    Place::Socket(path) => bind(path).map(Listener::Local),
                };
                bound.map_err(|source| PlaceError::Bind { place: place.clone(), source })?
            }
            (None, None) => return Ok(None),
        };
        let place = match &listener {
            Listener::Local(_) => settings.listen.clone(),
            Listener::Network(listener) => {
                listener.set_nonblocking(true).map_err(PlaceError::Inherited)?;
                Some(Place::Address(listener.local_addr().map_err(PlaceError::Inherited)?))
            }
        };
        let Some(place) = place else { return Ok(None) };
        if let Place::Address(address) = place
            && let Some(why) = settings.objection(address)
        {
            return Err(PlaceError::Open { place, why });
        }
        let tls = settings.tls && matches!(place, Place::Address(_));
        Ok(Some(Self { listener, place, tls }))
    }

    /// Gives the place as it is, with a port that the system gave.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Tells whether TLS is spoken there.
    pub const fn is_tls(&self) -> bool {
        self.tls
    }
}

impl Drop for Doorway {
    fn drop(&mut self) {
        if let Place::Socket(path) = &self.place {
            fs::remove_file(path).ok();
        }
    }
}

/// Binds a socket that its owner and group may open, in place of one that nobody listens on any more.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    fs::remove_file(&fresh).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let listener = UnixListener::bind(&fresh)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o660))?;
    // Whoever connects finds it with its permissions, or not at all.
    fs::rename(&fresh, path)?;
    Ok(listener)
}
