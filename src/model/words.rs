//! Small closed sets of words: levels, protocols, algorithms.

use std::fmt;

/// What an account may do with devices; each level includes the ones before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing of its own.
    #[default]
    None,
    /// See.
    View,
    /// See and change.
    Modify,
}

impl Level {
    /// Every level with its word in files.
    pub const ALL: &[(&'static str, Self)] =
        &[("modify", Self::Modify), ("none", Self::None), ("view", Self::View)];

    /// Gives the word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::View => "view",
            Self::Modify => "modify",
        }
    }
}

/// How a phone fetches its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP/1.1 without encryption.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
    /// TFTP (RFC 1350).
    Tftp,
}

impl Protocol {
    /// Every protocol with its word in files and URLs.
    pub const ALL: &[(&'static str, Self)] =
        &[("http", Self::Http), ("https", Self::Https), ("tftp", Self::Tftp)];

    /// Gives the word in files and URLs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tftp => "tftp",
        }
    }

    /// Tells whether others on the path can read what is sent.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Http | Self::Tftp)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What digest credentials are hashed by (RFC 7616, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// The one that every phone knows.
    Md5,
    /// The one to prefer.
    Sha256,
}

impl DigestAlgorithm {
    /// Every algorithm with its word in headers.
    pub const ALL: &[(&'static str, Self)] = &[("MD5", Self::Md5), ("SHA-256", Self::Sha256)];

    /// Gives the word in headers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }
}

/// How SIP messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipTransport {
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// UDP.
    Udp,
}

impl SipTransport {
    /// Every transport with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[("tcp", Self::Tcp), ("tls", Self::Tls), ("udp", Self::Udp)];

    /// Gives the word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
        }
    }
}
