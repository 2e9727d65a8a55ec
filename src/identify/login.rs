//! What a request shows to prove whose it is.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::dialogue::Login;
use crate::identify::digest::DigestCredentials;
use crate::model::{Mac, UpdateCredentials};

/// The credentials of a request.
#[derive(Debug, Clone, Copy)]
pub enum Credentials<'a> {
    /// An answer to a challenge.
    Digest(DigestCredentials<'a>),
    /// A name and a password, sent as they are.
    Login(&'a Login),
}

impl<'a> Credentials<'a> {
    /// Reads the value of an `Authorization` header; `None` unless it is of digest credentials with `qop=auth`.
    pub fn read(header: &'a str, method: &'a str) -> Option<Self> {
        DigestCredentials::read(header, method).map(Self::Digest)
    }

    /// Tells whether they are those of a phone; without any the answer takes as long (promise S2).
    pub(super) fn are_of(&self, mac: Option<Mac>, credentials: Option<&UpdateCredentials>) -> bool {
        match self {
            Self::Digest(digest) => digest.are_of(mac, credentials),
            Self::Login(login) => is_login(login, credentials),
        }
    }
}

/// Compares digests, which have one length whatever the texts have.
fn is_login(shown: &Login, credentials: Option<&UpdateCredentials>) -> bool {
    let user = credentials.map_or("", |credentials| credentials.user.as_str());
    let password = credentials.map_or("", |credentials| credentials.password.expose());
    let known = [user, password].map(Sha256::digest);
    let shown = [shown.user.as_str(), shown.password.expose()].map(Sha256::digest);
    let same =
        known[0].as_slice().ct_eq(shown[0].as_slice()) & known[1].as_slice().ct_eq(shown[1].as_slice());
    bool::from(same) & credentials.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    #[test]
    fn a_login_is_of_whom_it_names_with_both_of_its_parts() {
        let own = UpdateCredentials { user: "desk".into(), password: Secret::new("CANARY-1") };
        let login =
            |user: &str, password: &str| Login { user: user.to_owned(), password: Secret::new(password) };
        assert!(Credentials::Login(&login("desk", "CANARY-1")).are_of(None, Some(&own)));
        for (user, password) in [("desk", "CANARY-2"), ("Desk", "CANARY-1"), ("", ""), ("CANARY-1", "desk")] {
            let login = login(user, password);
            assert!(!Credentials::Login(&login).are_of(None, Some(&own)), "{user}");
            assert!(!Credentials::Login(&login).are_of(None, None), "{user}");
        }
    }
}
