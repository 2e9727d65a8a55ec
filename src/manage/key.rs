//! The key by which the command line proves that it is run by the operator.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hyper::Request;
use hyper::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

use crate::durable;
use crate::model::Secret;

/// A secret in the state folder, made anew at each start, beside the address that it is good for.
pub struct Key {
    /// Where the server listens for operators.
    pub address: SocketAddr,
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

impl Key {
    /// Makes a key and keeps it in the state folder, for its owner's eyes only.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub fn mint(state: &Path, address: SocketAddr) -> Result<Self, KeyError> {
        let path = path(state);
        let failed = |source| KeyError { what: "write", path: path.clone(), source };
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| failed(error.into()))?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        durable::write(&path, format!("{address} {text}\n").as_bytes(), 0o600).map_err(failed)?;
        Ok(Self { address, secret: Secret::new(&text) })
    }

    /// Reads the key of the server that runs.
    ///
    /// # Errors
    /// It is not there, or not for these eyes.
    pub fn read(state: &Path) -> Result<Self, KeyError> {
        let path = path(state);
        let failed = |source| KeyError { what: "read", path: path.clone(), source };
        let text = fs::read_to_string(&path).map_err(failed)?;
        let parts = text.trim().split_once(' ').and_then(|(address, key)| Some((address.parse().ok()?, key)));
        let (address, key) = parts.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        Ok(Self { address, secret: Secret::new(key) })
    }

    /// Tells whether a request shows the key.
    pub fn opens<B>(&self, request: &Request<B>) -> bool {
        let shown = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
        shown.is_some_and(|shown| self.header().as_bytes().ct_eq(shown).into())
    }

    /// Gives the header's value that shows the key.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.secret.expose())
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("admin.key")
}
