//! Which phone is asking, by which evidence, and whether its facts agree.
//!
//! Promises: the evidence counts from the strongest to the weakest; a MAC address or model in a User-Agent never
//! raises trust and, where it contradicts, takes it away; known and unknown phones take the same work (promise
//! S2). Read next: [`identify`], then `permit` for what follows from it.

mod common;
mod digest;
mod inquiry;
mod login;
mod talk;
mod version;

use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::quality::RandomState;

pub use self::digest::{DigestCredentials, realm};
pub use self::inquiry::{BadName, Inquiry};
pub use self::login::Credentials;
pub use self::talk::Talk;

use self::inquiry::Name;
use crate::catalog::{AgentMatch, Catalog, File, Firmware, Model, PathMatches};
use crate::model::{Mac, Protocol};
use crate::snapshot::{Phone, Snapshot};

/// What a request tells, and which device it is of.
pub struct Identity<'s, 'a> {
    /// The device; `None` when none is named, or the path is none.
    pub phone: Option<Phone<'s>>,
    /// A device to go through the same motions with when there is no such device.
    pub decoy: Option<Phone<'s>>,
    /// What shows that the request is of that device.
    pub proof: Proof,
    /// What it asks for.
    pub asked: Asked<'s>,
    /// Facts that do not agree.
    pub contradiction: Option<Contradiction>,
    /// What it tells of itself.
    pub told: Told<'a>,
}

/// What shows that a request is of a device; the later the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// The MAC address in the path, which anybody can read off the box.
    Mac,
    /// The MAC address in the path, with the credentials of its device.
    Digest,
    /// The serial in the path, which is a secret.
    Serial,
    /// A device certificate that the listener verified.
    Certificate,
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub enum Asked<'s> {
    /// A path that cannot be a name.
    BadName,
    /// A file common to a model, asked for without naming a device.
    Common(CommonFile<'s>),
    /// A file of the device; its place in the firmware.
    File(u16),
    /// A name that phones are known to ask for in vain, such phones if a device is named.
    Probe,
    /// Anything else.
    Unknown,
}

/// A file common to a model, with what it is rendered for.
#[derive(Clone, Copy)]
pub struct CommonFile<'s> {
    /// The model.
    pub model: &'s Model,
    /// Its firmware.
    pub firmware: &'s Firmware,
    /// The file.
    pub file: &'s File,
    /// The file's place in the firmware.
    pub at: u16,
}

/// Which of a request's facts does not agree with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// The MAC address in the User-Agent.
    AgentMac,
    /// The model or vendor in the User-Agent.
    AgentModel,
    /// The MAC address in the certificate.
    CertificateMac,
    /// The MAC address in the path.
    PathMac,
}

/// What a request tells of the phone that sent it; none of it is proof.
#[derive(Debug, Default)]
pub struct Told<'a> {
    /// What its User-Agent tells.
    pub agent: Option<AgentMatch<'a>>,
    /// The MAC address in its path, wherever it stands.
    pub path_mac: Option<Mac>,
    /// The MAC address where one may stand for the phone: as the first segment, or in a name without folder.
    pub named_mac: Option<Mac>,
    /// Whether that is the first segment.
    pub first_is_mac: bool,
    /// A mark of what it names a device by, known or not: such a MAC address, or a segment like a serial.
    pub identifier: Option<u64>,
    /// What its path as a whole matches.
    pub whole: PathMatches,
    /// What its path after the first segment matches.
    pub rest: PathMatches,
}

/// What makes marks of names, so that nobody outside can choose those that collide.
static MARKS: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Finds out which device a request is of.
pub fn identify<'s, 'a>(snapshot: &'s Snapshot, inquiry: &Inquiry<'a>) -> Identity<'s, 'a> {
    let world = snapshot.world();
    let catalog = &*world.catalog;
    let agent = inquiry.user_agent.and_then(|agent| catalog.read_agent(agent));
    let Ok(name) = Name::read(inquiry, &world.rules.provisioning.path_prefix) else {
        let told = Told { agent, ..Told::default() };
        return Identity::nobody(Asked::BadName, told);
    };
    let told = Told::read(catalog, &name, agent);

    // Which look-ups and comparisons are made depends on what the request says, never on what they bring.
    let by_certificate = inquiry.certificate.map(|mac| snapshot.by_mac(mac));
    let by_serial = snapshot.by_serial(name.first());
    let by_mac = told.named_mac.map(|mac| snapshot.by_mac(mac));
    let lookups = [
        (by_certificate.as_ref(), Proof::Certificate),
        (Some(&by_serial), Proof::Serial),
        (by_mac.as_ref(), Proof::Mac),
    ];
    let strongest = lookups.iter().find_map(|(lookup, proof)| Some((lookup.as_ref()?.found?, *proof)));
    let decoy = lookups.iter().find_map(|(lookup, _)| lookup.as_ref()?.decoy);
    let subject = strongest.map(|(place, _)| place).or(decoy).and_then(|place| snapshot.phone(place));
    let asked_by_stranger = told.without_device(snapshot, inquiry.transport);
    let Some(subject) = subject else {
        return Identity::nobody(asked_by_stranger, told);
    };
    let is_named_first = told.first_is_mac || by_serial.found.is_some();
    let asked = told.of_device(&subject, is_named_first || strongest.is_none() && !name.rest().is_empty());
    let contradiction = told.contradiction(&subject, inquiry.certificate);
    let shown = inquiry
        .credentials
        .is_some_and(|shown| shown.are_of(subject.device.mac, subject.device.credentials.as_deref()));
    let Some((place, proof)) = strongest else {
        return Identity { decoy: Some(subject), ..Identity::nobody(asked_by_stranger, told) };
    };
    let other_serial = by_serial.found.is_some_and(|other| other != place);
    let proof = if shown && proof == Proof::Mac { Proof::Digest } else { proof };
    let contradiction = contradiction.or(other_serial.then_some(Contradiction::CertificateMac));
    Identity { phone: Some(subject), decoy: None, proof, asked, contradiction, told }
}

impl<'a> Told<'a> {
    fn read(catalog: &Catalog, name: &Name<'_>, agent: Option<AgentMatch<'a>>) -> Self {
        let (first, rest) = (name.first(), name.rest());
        // A name of several segments is one as a whole only if the catalog knows its folder.
        let is_whole = rest.is_empty() || catalog.knows_folder(first);
        let whole = if is_whole { catalog.match_path(name.whole()) } else { PathMatches::default() };
        let rest_matches = if rest.is_empty() { PathMatches::default() } else { catalog.match_path(rest) };
        let first_mac = Mac::from_bytes(first).filter(|_| !rest.is_empty());
        let named_mac = first_mac.or(whole.mac);
        let by_mac = named_mac.map(|mac| MARKS.hash_one(mac));
        Self {
            agent,
            path_mac: first_mac.or(whole.mac).or(rest_matches.mac),
            named_mac,
            first_is_mac: first_mac.is_some(),
            // Names of files are no names of devices: a phone may ask for many, and learns nothing by it.
            identifier: by_mac.or_else(|| (!is_whole).then(|| MARKS.hash_one(first))),
            whole,
            rest: rest_matches,
        }
    }

    /// Finds the file of a device that the request names.
    fn of_device<'s>(&self, phone: &Phone<'s>, in_rest: bool) -> Asked<'s> {
        let matches = if in_rest { &self.rest } else { &self.whole };
        let files = (0..).zip(&phone.firmware.files);
        if let Some((at, _)) = files.into_iter().find(|(_, file)| matches.contains(file.path)) {
            Asked::File(at)
        } else if phone.firmware.probes.iter().any(|probe| matches.contains(probe.path)) {
            Asked::Probe
        } else {
            Asked::Unknown
        }
    }

    /// Finds what is asked for where no device is named: a common file, or a probe.
    fn without_device<'s>(&self, snapshot: &'s Snapshot, transport: Protocol) -> Asked<'s> {
        let probe = if self.whole.iter().next().is_some() { Asked::Probe } else { Asked::Unknown };
        self.common(snapshot, transport).map_or(probe, Asked::Common)
    }

    /// Compares what is told with a device's record, which counts.
    fn contradiction(&self, phone: &Phone<'_>, certificate: Option<Mac>) -> Option<Contradiction> {
        let agent_mac = self.agent.as_ref().and_then(|agent| agent.mac);
        let known = phone.device.mac;
        let differs = |told: Option<Mac>, others: [Option<Mac>; 2]| {
            others.map(|other| told.zip(other).is_some_and(|(a, b)| a != b)).contains(&true)
        };
        // All are compared before any counts, so that a decoy takes as long as the device itself.
        let compared = [
            (differs(certificate, [known, self.path_mac]), Contradiction::CertificateMac),
            (differs(self.path_mac, [known, self.rest.mac]), Contradiction::PathMac),
            (differs(agent_mac, [known, self.path_mac]), Contradiction::AgentMac),
            (self.agent.as_ref().is_some_and(|agent| !is_of(phone, agent)), Contradiction::AgentModel),
        ];
        std::hint::black_box(compared).into_iter().find_map(|(differs, fact)| differs.then_some(fact))
    }
}

/// Tells whether a User-Agent may be that of a device: of its vendor or its kin, and of its model.
fn is_of(phone: &Phone<'_>, agent: &AgentMatch<'_>) -> bool {
    let vendor = phone.vendor();
    let told = &phone.catalog().vendor(agent.vendor).id;
    let same_vendor = [agent.vendor == phone.model.vendor, vendor.kin.contains(told)].contains(&true);
    same_vendor & agent.model.is_none_or(|name| phone.model.is_called(name))
}

impl<'s, 'a> Identity<'s, 'a> {
    fn nobody(asked: Asked<'s>, told: Told<'a>) -> Self {
        Self { phone: None, decoy: None, proof: Proof::Nothing, asked, contradiction: None, told }
    }
}

impl Proof {
    /// Gives the word for logs and operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Digest => "digest",
            Self::Mac => "mac",
            Self::Nothing => "nothing",
            Self::Serial => "serial",
        }
    }
}

impl Contradiction {
    /// Gives the words for operators.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AgentMac => "the MAC address in the User-Agent",
            Self::AgentModel => "the model in the User-Agent",
            Self::CertificateMac => "the MAC address in the certificate",
            Self::PathMac => "the MAC address in the path",
        }
    }
}
