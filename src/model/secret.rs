//! Text that must never be seen in a log, an error or a dump.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password or key: its memory is wiped when it is dropped, and it prints as dots.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// Gives the text itself; for a phone's file and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.expose().as_bytes(), other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_dots() {
        assert_eq!(format!("{:?}", Secret::new("CANARY-1")), "Secret(••••)");
        assert_eq!(format!("{:?}", Some(Secret::new(""))), "Some(Secret(••••))");
    }

    #[test]
    fn secrets_compare_by_their_text() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("ab"));
    }
}
