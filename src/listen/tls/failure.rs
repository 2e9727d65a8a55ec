//! Why a handshake failed, and what an operator can do about it (promise L4).

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::server::ClientHello;
use rustls::{AlertDescription, Error, PeerIncompatible};
use tracing::{debug, warn};

use crate::telemetry::HandshakeFailure::{
    self, CertificateRefused, ClientAlert, Closed, Malformed, NoSharedCipher, NoSharedGroup,
    NoSharedSignature, NoSharedVersion, NotTls, Other, PlainHttp, Timeout,
};

/// Time after which the same is told again.
const TELL_AGAIN: Duration = Duration::from_secs(3600);

/// Most peers that one reason is told of in that time; all of them are counted.
const TOLD_PEERS: usize = 16;

/// A handshake that failed.
#[derive(Debug)]
pub(in crate::listen) struct Unshaken {
    /// Why, in one word.
    pub(in crate::listen) reason: HandshakeFailure,
    /// The version that the phone asked for, where it is older than what is spoken here.
    version: Option<&'static str>,
    /// What the library or the system says.
    source: Option<io::Error>,
}

impl Unshaken {
    pub(super) fn new(reason: HandshakeFailure) -> Self {
        Self { reason, version: None, source: None }
    }

    /// Tells that it took too long.
    pub(in crate::listen) fn timeout() -> Self {
        Self::new(Timeout)
    }

    /// Finds the reason in what the library says, and in what the phone said before.
    pub(super) fn of(source: io::Error, first: &FirstBytes, offer: Option<Offer>) -> Self {
        let inner = source.get_ref().and_then(|error| error.downcast_ref::<Error>());
        let reason = match inner {
            _ if first.old_version().is_some() => NoSharedVersion,
            Some(Error::PeerIncompatible(why)) => incompatible(why, offer),
            Some(Error::AlertReceived(alert)) => refused(*alert),
            Some(Error::InvalidMessage(_)) if !first.is_tls() => NotTls,
            Some(
                Error::InvalidMessage(_)
                | Error::PeerMisbehaved(_)
                | Error::InappropriateMessage { .. }
                | Error::InappropriateHandshakeMessage { .. }
                | Error::DecryptError
                | Error::PeerSentOversizedRecord,
            ) => Malformed,
            None if is_gone(source.kind()) => Closed,
            _ => Other,
        };
        Self { reason, version: first.old_version(), source: Some(source) }
    }
}

fn incompatible(why: &PeerIncompatible, offer: Option<Offer>) -> HandshakeFailure {
    let knows_suites = offer.is_some_and(|offer| offer.knows_suites);
    match why {
        PeerIncompatible::NoCipherSuitesInCommon if knows_suites => NoSharedSignature,
        PeerIncompatible::NoCipherSuitesInCommon => NoSharedCipher,
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired
            if knows_suites =>
        {
            NoSharedGroup
        }
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired => {
            NoSharedCipher
        }
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired => NoSharedSignature,
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => NoSharedVersion,
        _ => Other,
    }
}

fn refused(alert: AlertDescription) -> HandshakeFailure {
    match alert {
        AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::UnsupportedCertificate => CertificateRefused,
        _ => ClientAlert,
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    )
}

/// The beginning of what a peer sends: a record's head and the version in its hello (RFC 5246, sections 6.2.1, 7.4.1.2).
#[derive(Debug, Default)]
pub(super) struct FirstBytes {
    pub(super) bytes: [u8; 11],
    pub(super) count: usize,
}

impl FirstBytes {
    /// Tells whether it can only be HTTP: no record of TLS begins with a letter.
    pub(super) fn is_plain_http(&self) -> bool {
        self.count > 0 && self.bytes[0].is_ascii_uppercase()
    }

    fn is_tls(&self) -> bool {
        // Handshake, or alert; or the hello that SSL 2.0 began with, and later versions for its sake.
        self.count > 0 && (matches!(self.bytes[0], 21 | 22) || self.is_ssl2())
    }

    fn is_ssl2(&self) -> bool {
        self.count >= 5 && self.bytes[0] & 0x80 != 0 && self.bytes[2] == 1
    }

    /// Gives the newest version that the phone knows, if that is too old.
    fn old_version(&self) -> Option<&'static str> {
        let at = if self.is_ssl2() { 3 } else { 9 };
        if self.count < at + 2 || !self.is_ssl2() && (self.bytes[0] != 22 || self.bytes[5] != 1) {
            return None;
        }
        match [self.bytes[at], self.bytes[at + 1]] {
            [0, 2] => Some("SSL 2.0"),
            [3, 0] => Some("SSL 3.0"),
            [3, 1] => Some("TLS 1.0"),
            [3, 2] => Some("TLS 1.1"),
            _ => None,
        }
    }
}

/// What of a phone's hello tells why it failed later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    knows_suites: bool,
}

impl Offer {
    pub(super) fn of(hello: &ClientHello<'_>, provider: &CryptoProvider) -> Self {
        let ours = &provider.cipher_suites;
        let knows_suites =
            hello.cipher_suites().iter().any(|suite| ours.iter().any(|our| our.suite() == *suite));
        Self { knows_suites }
    }
}

/// Says what an operator can do; nothing where the network is to blame, or a stranger.
const fn remedy(reason: HandshakeFailure) -> Option<&'static str> {
    match reason {
        CertificateRefused => Some(
            "the phone refuses the server's certificate: give it one that the phone's authorities signed, \
             for the name in its update URL, or install the authority on the phone; look at the phone's clock",
        ),
        NoSharedCipher => Some(
            "the phone offers no cipher suite with forward secrecy and authenticated encryption: upgrade its \
             firmware, or serve it over HTTP in the voice network",
        ),
        NoSharedGroup => Some(
            "the phone offers none of the curves X25519, P-256 and P-384: upgrade its firmware, or serve it over \
             HTTP in the voice network",
        ),
        NoSharedSignature => Some(
            "the phone cannot verify keys of the kinds that the server has: put an RSA chain beside that of P-256; \
             if it knows SHA-1 only, upgrade its firmware or serve it over HTTP in the voice network",
        ),
        NoSharedVersion => Some(
            "the phone knows no TLS 1.2: upgrade its firmware, or serve it over HTTP in the voice network",
        ),
        PlainHttp => {
            Some("HTTP came to the port of HTTPS: write https in the phone's update URL, or the port of HTTP")
        }
        ClientAlert | Closed | Malformed | NotTls | Other | Timeout => None,
    }
}

/// Tells operators of handshakes that failed, and does not repeat itself.
#[derive(Debug)]
pub(super) struct Notices(Mutex<(Instant, HashSet<(HandshakeFailure, IpAddr)>)>);

impl Default for Notices {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), HashSet::new())))
    }
}

impl Notices {
    /// Logs a failure: aloud where somebody can do something about it and was not told of this peer lately.
    pub(super) fn tell(&self, peer: IpAddr, unshaken: &Unshaken) {
        let Unshaken { reason, version, source } = unshaken;
        let (transport, outcome) = ("https", reason.word());
        let (offers, error) = (*version, source.as_ref().map(|error| error as &dyn std::error::Error));
        match remedy(*reason).filter(|_| self.is_new(*reason, peer)) {
            Some(remedy) => warn!(transport, %peer, outcome, offers, error, remedy, "handshake failed"),
            None => debug!(transport, %peer, outcome, offers, error, "handshake failed"),
        }
    }

    fn is_new(&self, reason: HandshakeFailure, peer: IpAddr) -> bool {
        let Ok(mut told) = self.0.lock() else { return false };
        let (since, peers) = &mut *told;
        if since.elapsed() > TELL_AGAIN {
            *since = Instant::now();
            peers.clear();
        }
        let of_reason = peers.iter().filter(|(told, _)| *told == reason).count();
        of_reason < TOLD_PEERS && peers.insert((reason, peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_once_of_a_peer_and_of_few_peers_for_one_reason() {
        let notices = Notices::default();
        let peer = |n: u8| IpAddr::from([192, 0, 2, n]);
        assert!(notices.is_new(NoSharedVersion, peer(0)));
        assert!(!notices.is_new(NoSharedVersion, peer(0)));
        assert!(notices.is_new(NoSharedCipher, peer(0)));
        let told = (0..=255).filter(|n| notices.is_new(NoSharedVersion, peer(*n))).count();
        assert_eq!(told, TOLD_PEERS - 1);
    }

    #[test]
    fn the_first_bytes_tell_who_speaks() {
        let first = |text: &[u8]| {
            let mut first = FirstBytes { count: text.len(), ..FirstBytes::default() };
            first.bytes[..text.len()].copy_from_slice(text);
            (first.is_plain_http(), first.is_tls(), first.old_version())
        };
        let rows: [(&[u8], _); 7] = [
            (b"GET / HTTP/", (true, false, None)),
            (b"", (false, false, None)),
            (&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 1], (false, true, Some("TLS 1.0"))),
            (&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3], (false, true, None)),
            (&[22, 3, 1], (false, true, None)),
            (&[0x80, 0x2e, 1, 3, 0, 0, 0x15, 0, 0, 0, 0x10], (false, true, Some("SSL 3.0"))),
            (&[0, 0, 0, 0], (false, false, None)),
        ];
        for (bytes, expected) in rows {
            assert_eq!(first(bytes), expected, "{bytes:?}");
        }
    }
}
