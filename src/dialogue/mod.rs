//! What phones say that talk with their server instead of asking for a file by its name.
//!
//! Promises: bytes in, values out, without a socket, a clock or a look at any record; whatever a stranger sends costs
//! no more than its length, and a secret in it prints as dots. Read next: [`dls`] for phones that are told their
//! settings item by item, [`login`] for those that log in.

pub mod dls;
pub mod login;

pub use self::login::{Login, LoginFields};

/// The field of a query in which a phone that polls names itself.
pub const POLLED: &str = "device-id";

/// How phones ask for a file otherwise than by GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialogue {
    /// By messages of the Deployment Service's protocol, in answer to which the file's items are written to them.
    Dls,
    /// With a name and a password in fields of these names.
    Login(LoginFields),
    /// By asking whether there is anything new for a MAC address in the query, before a conversation begins.
    Poll,
}

impl Dialogue {
    /// Gives the most bytes that a phone may say at once.
    pub const fn longest(&self) -> usize {
        match self {
            // Phones themselves split what is longer than 50 kB.
            Self::Dls => 64 << 10,
            Self::Login(_) => 8 << 10,
            Self::Poll => 0,
        }
    }
}
