//! What phones exist and how they speak: data, read from folders, one folder a vendor.
//!
//! Facts inherit: vendor → family → model → firmware. Promises: every fault of every file is told in one run;
//! a catalog that loaded has a template for each file and a pattern for each name; matching a request costs the
//! same whatever the number of vendors. Read next: [`Model`] and [`Firmware`], then `read` for the files.

mod agents;
mod automaton;
mod called;
mod dhcp;
mod facts;
mod files;
mod finish;
mod firmwares;
mod paths;
mod read;
mod resolve;
mod values;
mod vendors;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderName;

pub use self::agents::AgentMatch;
pub use self::dhcp::{Dhcp, DhcpOption};
pub use self::facts::{IntervalUnit, PasswordCharacters};
pub use self::files::FileScope;
pub use self::paths::{PathId, PathMatches};
pub use self::read::CatalogFiles;
pub use self::values::Values;

use self::agents::Agents;
use self::called::Called;
use self::paths::Paths;
use crate::dialogue::Dialogue;
use crate::finish::Finish;
use crate::model::{Mac, Oui, Protocol, SettingId};
use crate::template::{Body, Engine, Syntax, TemplateError};

/// Every vendor, model and firmware that bellhop knows, with the templates of their files.
#[derive(Debug, Default)]
pub struct Catalog {
    vendors: Vec<Vendor>,
    models: HashMap<Arc<str>, Model>,
    broken: HashSet<Arc<str>>,
    ouis: HashMap<Oui, Option<usize>>,
    paths: Paths,
    owners: Vec<PathOwner>,
    agents: Agents,
    called: Called,
    engine: Engine,
    /// Those of `vars` that templates name.
    seen_vars: BTreeSet<String>,
    /// By vendor: what those use who write templates of their own for its phones.
    own_engines: Vec<Arc<Engine>>,
}

/// A manufacturer.
#[derive(Debug)]
pub struct Vendor {
    /// Its folder's name, like `yealink`.
    pub id: Arc<str>,
    /// Its name for people.
    pub name: String,
    /// Its id and its name, lower case, letters and digits only.
    pub spellings: Vec<String>,
    /// First octets of its phones' MAC addresses.
    pub ouis: Vec<Oui>,
    /// Those of `ouis` that other brands use as well.
    pub shared_ouis: Vec<Oui>,
    /// Vendors whose name a phone of this one may still tell.
    pub kin: Vec<Arc<str>>,
    /// What is not certain about all of its phones.
    pub doubts: Vec<String>,
    /// Changes when anything does that its phones' files come from.
    pub digest: u64,
}

/// A model of phone.
#[derive(Debug)]
pub struct Model {
    /// `vendor/model`, as devices name it.
    pub id: Arc<str>,
    /// The vendor's place in the catalog.
    pub vendor: usize,
    /// Its name for people, without the vendor's.
    pub name: String,
    /// What it is called in User-Agents and elsewhere, lower case, letters and digits only.
    pub spellings: Vec<String>,
    /// How many lines it has.
    pub lines: u16,
    /// How many keys stand beside its display.
    pub line_keys: u16,
    /// How many expansion modules it takes.
    pub expansion_modules: u16,
    /// How many keys each of them has.
    pub expansion_keys: u16,
    /// Whether it has web pages of its own.
    pub web_interface: bool,
    /// Its firmwares, in the order of their ids.
    pub firmwares: Vec<Firmware>,
    /// The one of `firmwares` that a device without one has.
    pub default_firmware: usize,
}

/// A range of firmware versions that speak alike.
#[derive(Debug)]
pub struct Firmware {
    /// Its id within the model, like `2.3.x`.
    pub id: Arc<str>,
    /// What it is called for people.
    pub label: String,
    /// How phones with it may ask, the preferred way first.
    pub protocols: Vec<Protocol>,
    /// How they are told to ask for updates.
    pub interval: Interval,
    /// Whether their files need an application version.
    pub application_version: bool,
    /// Characters of administrator passwords.
    pub password_characters: PasswordCharacters,
    /// Most characters of administrator passwords.
    pub password_max: u16,
    /// The files that they ask for and get.
    pub files: Vec<File>,
    /// The names that they ask for in vain.
    pub probes: Vec<Probe>,
    /// What the versions that phones tell begin with; empty where that does not tell them apart.
    pub versions: Vec<String>,
    /// How its phones learn by DHCP where to ask; none where that is not known.
    pub dhcp: Option<Dhcp>,
    /// The vendor's words for those of the vocabulary.
    pub values: Arc<Values>,
    /// Values that templates see as `vars`.
    pub vars: Vec<(String, String)>,
    /// The settings that its phones cannot do, each with the reason.
    pub without: BTreeMap<SettingId, String>,
    /// Why its files cannot tell a phone an address of its own, where they cannot; DHCP does.
    pub without_network: Option<String>,
    /// What is not known for certain.
    pub doubts: Vec<String>,
    /// Why it is a guess that its phones read these files at all, where it is one.
    pub unproven: Option<String>,
}

/// How a phone is told how often to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// The unit that the vendor counts in.
    pub unit: IntervalUnit,
    /// The vendor's parameter.
    pub parameter: String,
    /// Shortest interval that the phone takes.
    pub min: u32,
    /// Longest interval that the phone takes.
    pub max: u32,
}

impl Interval {
    /// Gives the interval of a device that has none of its own: ten minutes, or what comes nearest.
    pub fn default_value(&self) -> u32 {
        self.nearest(600)
    }

    /// Gives what comes nearest to so many seconds in the vendor's unit, rounded up.
    pub fn nearest(&self, seconds: u32) -> u32 {
        seconds.div_ceil(self.unit.seconds()).clamp(self.min, self.max)
    }
}

/// A file that phones ask for.
#[derive(Debug)]
pub struct File {
    /// Its name, with `{mac}` or `{MAC}` where the address goes.
    pub name: String,
    /// Its pattern.
    pub path: PathId,
    /// The template that it comes from.
    pub template: String,
    /// Whom it is for.
    pub scope: FileScope,
    /// Whether it may hold secrets.
    pub secrets: bool,
    /// Whether it is the one with the phone's own configuration.
    pub main: bool,
    /// Its Content-Type.
    pub content_type: Bytes,
    /// Whether a response over HTTP is shaped as the oldest servers shape it, for phones that read no other.
    pub classic_response: bool,
    /// How phones ask for it, where that is not by GET alone.
    pub dialogue: Option<Dialogue>,
    /// A header that phones send whenever they ask for it; who sends none is no phone.
    pub header: Option<HeaderName>,
    /// How its parameters are written.
    pub syntax: Arc<Syntax>,
    /// What its text goes through.
    pub finish: Finish,
}

/// A name that phones ask for in vain.
#[derive(Debug)]
pub struct Probe {
    /// Its name, with holes as in [`File::name`].
    pub name: String,
    /// Its pattern.
    pub path: PathId,
}

/// Where a common file is found: model, place of the firmware, place of the file.
pub type CommonPlace = (Arc<str>, usize, u16);

/// Whose files a pattern names.
#[derive(Debug, Default)]
pub struct PathOwner {
    /// The vendor, when only one asks for such a name.
    pub vendor: Option<usize>,
    /// The model, when only one asks for such a name.
    pub model: Option<Arc<str>>,
    /// The common files with such a name, in the order of the models.
    pub common: Vec<CommonPlace>,
    /// How phones ask for files of such a name, where that is not by GET alone.
    pub dialogues: Vec<Dialogue>,
}

impl Catalog {
    /// Finds a model by `vendor/model`.
    pub fn model(&self, id: &str) -> Option<&Model> {
        self.models.get(id)
    }

    /// Tells whether a model is left out because of a fault in the catalog.
    pub fn is_broken(&self, id: &str) -> bool {
        self.broken.contains(id)
    }

    /// Goes through the models in no particular order.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    /// Goes through the vendors in the order of their ids.
    pub fn vendors(&self) -> &[Vendor] {
        &self.vendors
    }

    /// Gives the vendor of a place.
    pub fn vendor(&self, at: usize) -> &Vendor {
        &self.vendors[at]
    }

    /// Finds a vendor by its id.
    pub fn vendor_by_id(&self, id: &str) -> Option<&Vendor> {
        let at = self.vendors.binary_search_by(|vendor| (*vendor.id).cmp(id)).ok()?;
        self.vendors.get(at)
    }

    /// Gives the vendor that a MAC address was assigned to, unless several brands share how it begins; the longest
    /// beginning that the catalog knows counts.
    pub fn vendor_of_oui(&self, mac: Mac) -> Option<usize> {
        let lengths = (Oui::SHORTEST..=Oui::LONGEST).rev();
        lengths.filter_map(|length| self.ouis.get(&Oui::of(mac, length))).next().copied().flatten()
    }

    /// Matches a path against every name that phones ask for.
    pub fn match_path(&self, path: &[u8]) -> PathMatches {
        self.paths.matches(path)
    }

    /// Tells whether some name that phones ask for lies in a folder of this name.
    pub fn knows_folder(&self, segment: &[u8]) -> bool {
        self.paths.knows_folder(segment)
    }

    /// Tells whose files a pattern names.
    pub fn owner(&self, path: PathId) -> &PathOwner {
        &self.owners[path.index()]
    }

    /// Tells whether a vendor's phones are known by what they say of themselves.
    pub fn has_agents(&self, vendor: usize) -> bool {
        self.agents.has(vendor)
    }

    /// Reads a User-Agent.
    pub fn read_agent<'a>(&self, agent: &'a [u8]) -> Option<AgentMatch<'a>> {
        self.agents.read(agent)
    }

    /// Tells whether some template names this one of `vars`.
    pub fn is_seen_by_templates(&self, var: &str) -> bool {
        self.seen_vars.contains(var)
    }

    /// Gives the compiled templates.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Compiles a body that stands in for the template of a model's file, and may use what that may use.
    ///
    /// # Errors
    /// Where and why it does not compile, under its `name`.
    pub fn compile(&self, model: &Model, file: &File, name: &str, body: &str) -> Result<Body, TemplateError> {
        self.own_engines[model.vendor].compile_beside(name, body, file.syntax.escape)
    }
}

impl Model {
    /// Finds a firmware by its id; an empty one means the default.
    pub fn firmware(&self, id: &str) -> Option<&Firmware> {
        self.firmware_at(id).map(|(_, firmware)| firmware)
    }

    /// Finds a firmware with its place, like [`Model::firmware`].
    pub fn firmware_at(&self, id: &str) -> Option<(usize, &Firmware)> {
        let mut places = self.firmwares.iter().enumerate();
        places.find(|(at, one)| if id.is_empty() { *at == self.default_firmware } else { *one.id == *id })
    }

    /// Tells whether a phone that calls itself so is of this model: letters and digits count, case does not.
    pub fn is_called(&self, name: &[u8]) -> bool {
        let letters = || name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
        self.spellings.iter().any(|spelling| spelling.bytes().eq(letters()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_beginning_tells_the_vendor() {
        let known = [("00:04:13", Some(0)), ("00:04:13:E5", Some(1)), ("00:04:13:E6", None)];
        let ouis = known.into_iter().map(|(oui, vendor)| (oui.parse().unwrap(), vendor)).collect();
        let catalog = Catalog { ouis, ..Catalog::default() };
        let vendor = |mac: &str| catalog.vendor_of_oui(mac.parse().unwrap());
        assert_eq!(vendor("00:04:13:00:00:01"), Some(0));
        assert_eq!(vendor("00:04:13:E5:00:01"), Some(1));
        assert_eq!(vendor("00:04:13:E6:00:01"), None);
        assert_eq!(vendor("00:04:14:00:00:01"), None);
    }
}
