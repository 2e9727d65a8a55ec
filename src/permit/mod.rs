//! Whether a request may have what it asks for.
//!
//! Promises: a [`Permit`] comes from here and nowhere else, and no file is rendered for a phone without one;
//! whoever is refused learns nothing, the reason is for the operator; checks run cheapest first. Read next:
//! [`decide`].

mod refusal;

use std::net::IpAddr;

pub use self::refusal::Refusal;
use crate::config::Provisioning;
use crate::identify::{Asked, Identity, Inquiry, Proof};
use crate::model::Protocol;
use crate::snapshot::{Form, KnownBy, Phone, Snapshot};

/// Leave to hand out one file, and the rule that gave it.
#[derive(Debug, Clone, Copy)]
pub struct Permit {
    rule: Rule,
    _from_here: (),
}

impl Permit {
    /// Gives the rule that allowed it.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Makes the permit of an operator who looks at a file in a terminal of the machine that holds the records.
    pub const fn for_operator() -> Self {
        Self { rule: Rule::Operator, _from_here: () }
    }
}

/// What allows a file to be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A device certificate names the phone.
    Certificate,
    /// The file is common to phones that ask for it without naming themselves.
    CommonFile,
    /// The MAC address names a phone, and the request shows its credentials.
    Credentials,
    /// The MAC address names a phone for which that is enough.
    MacBased,
    /// An operator asks on the machine itself.
    Operator,
    /// The path holds the phone's serial.
    Serial,
    /// The MAC address names a phone that asks over TFTP from an allowed network.
    TftpNetwork,
}

impl Rule {
    /// Gives the word for logs and operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::CommonFile => "common-file",
            Self::Credentials => "credentials",
            Self::MacBased => "mac-based",
            Self::Operator => "operator",
            Self::Serial => "serial",
            Self::TftpNetwork => "tftp-network",
        }
    }

    /// Says the rule for operators.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Certificate => "a device certificate names the phone",
            Self::CommonFile => {
                "the file is common to phones that ask without naming themselves, and holds no secret"
            }
            Self::Credentials => "the MAC address names the phone, and the request shows its credentials",
            Self::MacBased => "the device and the server allow MAC-based provisioning",
            Self::Operator => "an operator asks on the machine itself",
            Self::Serial => "the path holds the phone's serial",
            Self::TftpNetwork => "the phone asks over TFTP from an allowed network",
        }
    }
}

/// Decides on a request.
///
/// # Errors
/// Why it gets nothing.
pub fn decide(
    snapshot: &Snapshot,
    inquiry: &Inquiry<'_>,
    identity: &Identity<'_, '_>,
) -> Result<Permit, Refusal> {
    let rules = &snapshot.world().rules.provisioning;
    let subject = identity.phone.or(identity.decoy);
    let of_device = match &subject {
        Some(phone) => of_device(rules, inquiry, identity, phone),
        None => Err(Refusal::Unknown),
    };
    // Both are decided before one counts: what is known takes as long as what is not (promise S2).
    let (of_device, of_stranger) =
        std::hint::black_box((of_device, of_stranger(snapshot, inquiry, identity)));
    if identity.phone.is_some() { of_device } else { of_stranger }
}

/// Decides on a request that names no device.
fn of_stranger(
    snapshot: &Snapshot,
    inquiry: &Inquiry<'_>,
    identity: &Identity<'_, '_>,
) -> Result<Permit, Refusal> {
    let is_open = |path| snapshot.is_open(path, inquiry.transport);
    match identity.asked {
        Asked::BadName => Err(Refusal::BadName),
        Asked::Common(common) if is_open(common.file.path) => Ok(permit(Rule::CommonFile)),
        Asked::Probe if identity.told.whole.iter().any(is_open) => Err(Refusal::Probe),
        Asked::Common(_) | Asked::File(_) | Asked::Probe | Asked::Unknown => Err(Refusal::Unknown),
    }
}

/// Decides on a request that names a device.
fn of_device(
    rules: &Provisioning,
    inquiry: &Inquiry<'_>,
    identity: &Identity<'_, '_>,
    phone: &Phone<'_>,
) -> Result<Permit, Refusal> {
    if identity.contradiction.is_some() {
        return Err(Refusal::Contradicted);
    }
    if !phone.device.enabled {
        return Err(Refusal::Disabled);
    }
    if phone.protocol() != inquiry.transport {
        return Err(Refusal::WrongProtocol);
    }
    let rule = proven(rules, inquiry, identity.proof, phone)?;
    // A name is no proof where somebody is trying names; a phone that was there before is no newcomer.
    let by_name = matches!(rule, Rule::MacBased | Rule::TftpNetwork);
    if by_name && inquiry.banned.is_some_and(|network| phone.last_network() != Some(network)) {
        return Err(Refusal::Banned);
    }
    let file = match identity.asked {
        Asked::File(at) => phone.firmware.files.get(usize::from(at)).ok_or(Refusal::NoSuchFile)?,
        Asked::Probe => return Err(Refusal::Probe),
        Asked::BadName | Asked::Common(_) | Asked::Unknown => return Err(Refusal::NoSuchFile),
    };
    if file.secrets && inquiry.transport.is_plain() && !rules.allows_plain(inquiry.peer) {
        return Err(Refusal::PlainNetwork);
    }
    if matches!(phone.form(file), Form::Withheld) {
        return Err(Refusal::NotEncrypted);
    }
    if !inquiry.shows(file.header.as_ref()) {
        return Err(Refusal::MissingHeader);
    }
    Ok(permit(rule))
}

/// Tells whether the proof is enough for the device's one live URL.
fn proven(
    rules: &Provisioning,
    inquiry: &Inquiry<'_>,
    proof: Proof,
    phone: &Phone<'_>,
) -> Result<Rule, Refusal> {
    let over_tftp = inquiry.transport == Protocol::Tftp;
    match (proof, phone.known_by()) {
        (Proof::Certificate, _) => Ok(Rule::Certificate),
        (Proof::Serial, KnownBy::Serial) => Ok(Rule::Serial),
        (Proof::Digest, KnownBy::Credentials) => Ok(Rule::Credentials),
        (Proof::Mac, KnownBy::Mac) => Ok(Rule::MacBased),
        (Proof::Mac, _) if over_tftp && allowed_over_tftp(rules, inquiry.peer) => Ok(Rule::TftpNetwork),
        (Proof::Mac, _) if over_tftp => Err(Refusal::PlainNetwork),
        (Proof::Mac, KnownBy::Credentials) => Err(Refusal::Credentials),
        (Proof::Digest | Proof::Mac | Proof::Nothing | Proof::Serial, _) => Err(Refusal::WrongUrl),
    }
}

/// Tells whether a MAC address alone is enough over TFTP from a network.
fn allowed_over_tftp(rules: &Provisioning, peer: IpAddr) -> bool {
    rules.allows_plain(peer)
}

const fn permit(rule: Rule) -> Permit {
    Permit { rule, _from_here: () }
}
