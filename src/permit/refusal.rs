//! Why requests get nothing, in words for the operator.

use crate::identify::Contradiction;

/// Why a request gets nothing; the phone's side is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The path cannot be a name.
    BadName,
    /// The network is banned, and the request proves nothing by which the device would be known there.
    Banned,
    /// Facts of the request do not agree.
    Contradicted,
    /// The device is known by its credentials, and the request shows none, or not these, or used ones.
    Credentials,
    /// The device is disabled.
    Disabled,
    /// Phones send a header with what they ask for there, and the request has none.
    MissingHeader,
    /// The device has no such file.
    NoSuchFile,
    /// The file holds secrets, and the device has a key for which there is no form of the file.
    NotEncrypted,
    /// The file holds secrets, and the phone asks without encryption from a network that is not allowed to.
    PlainNetwork,
    /// Such phones are known to ask for this in vain.
    Probe,
    /// No device is known that the request could be of.
    Unknown,
    /// The device asks by another protocol.
    WrongProtocol,
    /// The device has another URL: by serial, or by MAC address.
    WrongUrl,
}

impl Refusal {
    /// Every refusal, in the order of the names.
    pub const ALL: &[Self] = &[
        Self::BadName,
        Self::Banned,
        Self::Contradicted,
        Self::Credentials,
        Self::Disabled,
        Self::MissingHeader,
        Self::NoSuchFile,
        Self::NotEncrypted,
        Self::PlainNetwork,
        Self::Probe,
        Self::Unknown,
        Self::WrongProtocol,
        Self::WrongUrl,
    ];

    /// Gives the word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadName => "bad-name",
            Self::Banned => "banned",
            Self::Contradicted => "contradicted",
            Self::Credentials => "credentials",
            Self::Disabled => "disabled",
            Self::MissingHeader => "missing-header",
            Self::NoSuchFile => "no-such-file",
            Self::NotEncrypted => "not-encrypted",
            Self::PlainNetwork => "plain-network",
            Self::Probe => "probe",
            Self::Unknown => "unknown",
            Self::WrongProtocol => "wrong-protocol",
            Self::WrongUrl => "wrong-url",
        }
    }

    /// Tells whether credentials might have helped, as far as a stranger may know.
    pub const fn may_want_credentials(self) -> bool {
        !matches!(self, Self::BadName | Self::MissingHeader | Self::NoSuchFile | Self::Probe)
    }

    /// Says the reason, and what an operator can do, in words.
    pub fn words(self, contradiction: Option<Contradiction>) -> String {
        let words = match self {
            Self::BadName => "the path cannot be a name",
            Self::Banned => {
                "the network is banned, and the device was not served there before; wait, or look at `bellhop bans`"
            }
            Self::Contradicted => {
                let fact = contradiction.map_or("a fact of the request", Contradiction::words);
                return format!("{fact} is not that of the device's record");
            }
            Self::Credentials => {
                "the device is known by its credentials, and the request shows no valid ones"
            }
            Self::Disabled => "the device is disabled; enable it to serve it",
            Self::MissingHeader => {
                "phones of this kind send a header with their requests, which `bellhop catalog show` names, and this has none; let the phone ask, no browser"
            }
            Self::NoSuchFile => "the device's firmware has no file of that name",
            Self::NotEncrypted => {
                "the device has an encryption key, and this file no encrypted form; let the phone ask by https"
            }
            Self::PlainNetwork => {
                "the file holds secrets, and the peer is outside `provisioning.plain-networks`; let the phone ask by https"
            }
            Self::Probe => "phones of this kind ask for this name in vain; that is normal",
            Self::Unknown => "no device is known that the request could be of",
            Self::WrongProtocol => "the device's protocol is another one",
            Self::WrongUrl => "the device's URL is another one: it holds its serial, or its MAC address",
        };
        words.to_owned()
    }
}
