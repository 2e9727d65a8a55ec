//! Everything that a request may look at, frozen.
//!
//! A [`Snapshot`] is built from the fleet's files and a [`World`], and never changes; the next one shares with it
//! what stayed the same. Promises: looking a device up costs the same whatever their number; a snapshot has no
//! record that refers to nothing; every record knows since when it is as it is. Read next: [`Phone`] for what a
//! request sees of a device, then `build` for how the next snapshot comes about.

mod bodies;
mod build;
mod cache;
mod check;
mod fetched;
mod fleet;
mod index;
mod jobs;
mod lacks;
mod load;
mod locate;
mod losses;
mod management;
mod phone;
mod records;
mod slot;
mod store;
mod touched;
mod twins;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::build::Built;
pub use self::cache::{Cache, CacheKey, Rendered};
pub use self::fetched::{Changed, Moved};
pub use self::fleet::{Fleet, Source};
pub use self::jobs::{Choice, FieldLimits, Pattern, model_called, vendor_called};
pub use self::lacks::{Lack, lacks};
pub use self::load::DEVICE_KEYS;
pub use self::losses::{Holders, Losses};
pub use self::phone::{Accounts, Form, KnownBy, Line, Phone};
pub use self::records::{Listed, OpenPhones, Records};
pub use self::store::Store;
pub use self::world::{Rules, World};

use self::bodies::Bodies;
use self::fetched::Fetched;
use self::index::Index;
use self::management::NamedPlace;
use crate::catalog::{CommonPlace, PathId};
use crate::config::Config;
use crate::model::{Device, Extension, Mac, Organization, Protocol, Provider, RecordKind, User};

/// A point in time in milliseconds since 1970 (UTC); each publication gets one later than all before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// A fleet as it stands, indexed and checked.
#[derive(Debug)]
pub struct Snapshot {
    serial: u64,
    published: Stamp,
    world: Arc<World>,
    config: Arc<Config>,
    cache: Arc<Cache>,
    files: Vec<Option<Slot>>,
    places: BTreeMap<PathBuf, u32>,
    serials: Index<Place>,
    ids: Index<Place>,
    macs: Index<Place>,
    numbers: Index<Place>,
    accounts: Index<AccountPlace>,
    assigned: Index<LinePlace>,
    named: Index<NamedPlace>,
    bodies: Arc<Bodies>,
    /// The names that some phone asks for without naming itself, and of which kinds' common files they are.
    open: HashMap<(PathId, Protocol), Vec<CommonPlace>>,
}

/// A file's records with since when each is as it is.
#[derive(Debug, Clone)]
struct Slot {
    path: Arc<PathBuf>,
    records: Arc<Records>,
    since: Arc<Since>,
    fetched: Arc<Fetched>,
}

/// Since when records are as they are.
#[derive(Debug)]
enum Since {
    /// All of them since the same time.
    All(Stamp),
    /// Each since its own time, by kind and place.
    Each { devices: Vec<Stamp>, extensions: Vec<Stamp>, accounts: [Vec<Stamp>; 3] },
}

/// A record's place: its file's slot and its number within the file's records of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    file: u32,
    at: u32,
}

/// An account's place and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct AccountPlace {
    kind: AccountKind,
    place: Place,
}

/// The kinds of accounts below the administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AccountKind {
    Organization,
    Provider,
    User,
}

impl AccountKind {
    const fn record(self) -> RecordKind {
        match self {
            Self::Organization => RecordKind::Organization,
            Self::Provider => RecordKind::Provider,
            Self::User => RecordKind::User,
        }
    }
}

/// A line of a device: the first is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct LinePlace {
    device: Place,
    line: u32,
}

impl Snapshot {
    /// Makes the snapshot that stands before any file was read: no device, no account.
    pub fn empty(world: Arc<World>, config: Arc<Config>, cache: Arc<Cache>) -> Self {
        Self {
            serial: 0,
            published: Stamp::default(),
            world,
            config,
            cache,
            files: Vec::new(),
            places: BTreeMap::new(),
            serials: Index::default(),
            ids: Index::default(),
            macs: Index::default(),
            numbers: Index::default(),
            accounts: Index::default(),
            assigned: Index::default(),
            named: Index::default(),
            bodies: Arc::default(),
            open: HashMap::new(),
        }
    }

    /// Gives its number: 1 for the first of a process, then one more each.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Gives the time of its publication.
    pub fn published(&self) -> Stamp {
        self.published
    }

    /// Gives the catalog and rules that it is seen through.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Gives the catalog and rules to somebody who builds the next snapshot.
    pub fn share_world(&self) -> Arc<World> {
        Arc::clone(&self.world)
    }

    /// Gives the configuration that it was made with: what is read from here takes effect with a reload.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Gives the rendered files kept from snapshot to snapshot.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Tells how many devices there are.
    pub fn devices(&self) -> usize {
        self.serials.len()
    }

    /// Tells whether some phone asks for a common file or probe over a protocol without naming itself.
    pub fn is_open(&self, path: PathId, protocol: Protocol) -> bool {
        self.open.contains_key(&(path, protocol))
    }

    /// Gives the common files of such a name of those kinds of phones that ask so.
    pub fn open_files(&self, path: PathId, protocol: Protocol) -> &[CommonPlace] {
        self.open.get(&(path, protocol)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Looks a device up by serial; on a miss, [`Lookup::decoy`] is one that takes as long to look at.
    pub fn by_serial(&self, serial: &[u8]) -> Lookup {
        self.look_up(&self.serials, serial, |device| {
            subtle::ConstantTimeEq::ct_eq(device.serial.expose().as_bytes(), serial).into()
        })
    }

    /// Looks a device up by MAC address, like [`Snapshot::by_serial`].
    pub fn by_mac(&self, mac: Mac) -> Lookup {
        self.look_up(&self.macs, &mac, |device| device.mac == Some(mac))
    }

    fn look_up<K: Hash + ?Sized>(
        &self,
        index: &Index<Place>,
        key: &K,
        is_it: impl Fn(&Device) -> bool,
    ) -> Lookup {
        let hash = index.hash(key);
        let found = index.find(hash, |place| is_it(self.device(place)));
        // A hit looks for another place too, and a miss compares that one: both touch as much memory, in one order.
        let looked_at = found.or(std::hint::black_box(index.neighbour(hash)));
        std::hint::black_box(looked_at.is_some_and(|place| is_it(self.device(place))));
        Lookup { found, decoy: looked_at.filter(|_| found.is_none()) }
    }

    /// Finds a device by serial.
    pub fn phone_by_serial(&self, serial: &str) -> Option<Phone<'_>> {
        self.phone(self.by_serial(serial.as_bytes()).found?)
    }

    /// Finds a device by what everybody calls it: its serial's [`public_id`](crate::model::Serial::public_id).
    pub fn phone_by_id(&self, id: &str) -> Option<Phone<'_>> {
        let is_id = id.len() == 16 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let id = u64::from_str_radix(id, 16).ok().filter(|_| is_id)?.to_be_bytes();
        let found = self.ids.find(self.ids.hash(&id), |place| *self.device(place).serial.id() == id);
        self.phone(found?)
    }

    /// Finds a device by MAC address.
    pub fn phone_by_mac(&self, mac: Mac) -> Option<Phone<'_>> {
        self.phone(self.by_mac(mac).found?)
    }

    /// Goes through all devices, in the order of the files.
    pub fn phones(&self) -> impl Iterator<Item = Phone<'_>> {
        let files = (0..).zip(&self.files);
        let places = files.flat_map(|(file, slot)| {
            let devices = slot.iter().flat_map(|slot| slot.records.devices.iter());
            devices.map(move |(at, _)| Place { file, at })
        });
        places.filter_map(|place| self.phone(place))
    }

    /// Finds an extension by its number.
    pub fn extension(&self, number: &str) -> Option<&Extension> {
        self.extension_place(number).map(|place| self.extension_at(place))
    }

    /// Finds a provider by its id.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.account_of(AccountKind::Provider, id).map(|place| self.provider_at(place))
    }

    /// Finds an organization by its id.
    pub fn organization(&self, id: &str) -> Option<&Organization> {
        self.account_of(AccountKind::Organization, id).map(|place| self.organization_at(place))
    }

    /// Finds a user by its id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.account_of(AccountKind::User, id).map(|place| self.user_at(place))
    }

    fn extension_place(&self, number: &str) -> Option<Place> {
        let is_it = |place| self.extension_at(place).number == number;
        self.numbers.find(self.numbers.hash(number), is_it)
    }

    fn account(&self, id: &str) -> Option<AccountPlace> {
        self.accounts.find(self.accounts.hash(id), |place| self.account_id(place) == id)
    }

    fn account_of(&self, kind: AccountKind, id: &str) -> Option<Place> {
        self.account(id).filter(|account| account.kind == kind).map(|account| account.place)
    }

    fn account_id(&self, account: AccountPlace) -> &str {
        match account.kind {
            AccountKind::Organization => &self.organization_at(account.place).id,
            AccountKind::Provider => &self.provider_at(account.place).id,
            AccountKind::User => &self.user_at(account.place).id,
        }
    }

    fn slot(&self, file: u32) -> &Slot {
        self.files[file as usize].as_ref().expect("an index names only files that the snapshot holds")
    }

    fn device(&self, place: Place) -> &Device {
        self.slot(place.file).records.devices.get(place.at)
    }

    fn extension_at(&self, place: Place) -> &Extension {
        self.slot(place.file).records.extensions.get(place.at)
    }

    fn organization_at(&self, place: Place) -> &Organization {
        self.slot(place.file).records.organizations.get(place.at)
    }

    fn provider_at(&self, place: Place) -> &Provider {
        self.slot(place.file).records.providers.get(place.at)
    }

    fn user_at(&self, place: Place) -> &User {
        self.slot(place.file).records.users.get(place.at)
    }
}

/// What looking a device up brought.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    /// Where the device is.
    pub found: Option<Place>,
    /// Where some other device is, so that a miss takes the time of a hit: what is known stays untold (promise S2).
    pub decoy: Option<Place>,
}

impl Since {
    fn device(&self, at: u32) -> Stamp {
        match self {
            Self::All(stamp) => *stamp,
            Self::Each { devices, .. } => devices[at as usize],
        }
    }

    fn extension(&self, at: u32) -> Stamp {
        match self {
            Self::All(stamp) => *stamp,
            Self::Each { extensions, .. } => extensions[at as usize],
        }
    }

    fn account(&self, kind: AccountKind, at: u32) -> Stamp {
        match self {
            Self::All(stamp) => *stamp,
            Self::Each { accounts, .. } => accounts[kind as usize][at as usize],
        }
    }
}
