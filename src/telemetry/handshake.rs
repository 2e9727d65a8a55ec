//! Why a TLS handshake came to nothing.

/// Why a TLS handshake came to nothing: a closed set, so that it can be a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandshakeFailure {
    /// The phone refused the server's certificate, and said so.
    CertificateRefused,
    /// The phone ended it for another reason that it told.
    ClientAlert,
    /// The peer closed the connection, or broke it.
    Closed,
    /// What came began as TLS and is broken.
    Malformed,
    /// No cipher suite in common, or none with forward secrecy.
    NoSharedCipher,
    /// No group for the exchange of keys in common.
    NoSharedGroup,
    /// No way to sign in common.
    NoSharedSignature,
    /// No version in common: the phone knows SSL, TLS 1.0 or 1.1 only.
    NoSharedVersion,
    /// What came is neither TLS nor HTTP.
    NotTls,
    /// Anything else.
    Other,
    /// HTTP without encryption came where TLS is spoken.
    PlainHttp,
    /// It took too long.
    Timeout,
}

impl HandshakeFailure {
    /// Every reason.
    pub const ALL: &[Self] = &[
        Self::CertificateRefused,
        Self::ClientAlert,
        Self::Closed,
        Self::Malformed,
        Self::NoSharedCipher,
        Self::NoSharedGroup,
        Self::NoSharedSignature,
        Self::NoSharedVersion,
        Self::NotTls,
        Self::Other,
        Self::PlainHttp,
        Self::Timeout,
    ];

    /// Gives the word in metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CertificateRefused => "certificate-refused",
            Self::ClientAlert => "client-alert",
            Self::Closed => "closed",
            Self::Malformed => "malformed",
            Self::NoSharedCipher => "no-shared-cipher",
            Self::NoSharedGroup => "no-shared-group",
            Self::NoSharedSignature => "no-shared-signature",
            Self::NoSharedVersion => "no-shared-version",
            Self::NotTls => "not-tls",
            Self::Other => "other",
            Self::PlainHttp => "plain-http",
            Self::Timeout => "timeout",
        }
    }
}
