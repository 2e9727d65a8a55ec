//! A device as a request sees it: with its model, its lines and the accounts above it.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::catalog::{Catalog, File, Firmware, Model, Vendor};
use crate::finish::Encryption;
use crate::model::{
    Device, Extension, Organization, Protocol, Provider, Raw, Secret, Settings, Subnet, User,
};
use crate::snapshot::{AccountKind, Changed, Place, Snapshot, Stamp};

/// A device of a snapshot.
#[derive(Clone, Copy)]
pub struct Phone<'s> {
    pub(super) snapshot: &'s Snapshot,
    place: Place,
    /// Its record.
    pub device: &'s Device,
    /// Its model.
    pub model: &'s Model,
    /// Its firmware.
    pub firmware: &'s Firmware,
}

/// What proves a device besides a certificate; each has one such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// Its MAC address with its credentials.
    Credentials,
    /// Its MAC address alone.
    Mac,
    /// Its serial.
    Serial,
}

impl KnownBy {
    /// Gives the word for operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Mac => "mac",
            Self::Serial => "serial",
        }
    }
}

/// How a file of a device leaves.
#[derive(Debug, Clone, Copy)]
pub enum Form<'s> {
    /// As it is: it holds no secret, the device has no key, or the transport is encrypted.
    Clear,
    /// Encrypted by the device's key.
    Encrypted(Encryption, &'s Secret),
    /// Not at all: it holds secrets, the device has a key, and there is no form of it that only the phone can read.
    Withheld,
}

/// A line of a device that an extension is on.
#[derive(Clone, Copy)]
pub struct Line<'s> {
    /// Its number, from 1.
    pub number: u16,
    /// The extension on it.
    pub extension: &'s Extension,
    /// The user that the extension belongs to.
    pub user: Option<&'s User>,
}

/// The accounts above a device, as far as it has them.
#[derive(Clone, Copy, Default)]
pub struct Accounts<'s> {
    /// The provider.
    pub provider: Option<&'s Provider>,
    /// The organization.
    pub organization: Option<&'s Organization>,
    /// The user.
    pub user: Option<&'s User>,
    since: Stamp,
}

impl Snapshot {
    /// Gives the device of a place, unless the catalog does not know its model.
    pub fn phone(&self, place: Place) -> Option<Phone<'_>> {
        let device = self.device(place);
        let model = self.world.catalog.model(&device.model)?;
        let firmware = model.firmware(&device.firmware)?;
        Some(Phone { snapshot: self, place, device, model, firmware })
    }
}

impl<'s> Phone<'s> {
    /// Gives its manufacturer.
    pub fn vendor(&self) -> &'s Vendor {
        self.snapshot.world.catalog.vendor(self.model.vendor)
    }

    /// Gives the catalog that it is seen through.
    pub fn catalog(&self) -> &'s Catalog {
        &self.snapshot.world.catalog
    }

    /// Gives the file and line that its record was read from.
    pub fn written_at(&self) -> (&'s Path, u32) {
        let slot = self.snapshot.slot(self.place.file);
        (slot.path.as_path(), slot.records.devices.line(self.place.at))
    }

    /// Notes that it fetches one of its files, proven by the certificate of this mark if any; tells what it did
    /// otherwise before.
    pub fn note_fetch(&self, at: SystemTime, network: Subnet, certificate: Option<NonZeroU32>) -> Changed {
        self.snapshot.slot(self.place.file).fetched.note(self.place.at, at, network, certificate)
    }

    /// Notes whether it tells the version of another firmware than its record's; tells whether it begins to.
    pub fn note_other_firmware(&self, is_other: bool) -> bool {
        self.snapshot.slot(self.place.file).fetched.note_other_firmware(self.place.at, is_other)
    }

    /// Tells from which network it last fetched one of its files, since the server started.
    pub fn last_network(&self) -> Option<Subnet> {
        self.snapshot.slot(self.place.file).fetched.last(self.place.at).network()
    }

    /// Tells when it last fetched one of its files, to the second, since the server started.
    pub fn last_fetched(&self) -> Option<SystemTime> {
        self.snapshot.slot(self.place.file).fetched.last(self.place.at).time()
    }

    /// Tells whether it belongs to the example fleet, whose serials are no secrets: a file `example.toml`.
    pub fn is_example(&self) -> bool {
        self.written_at().0.file_name().is_some_and(|name| name == "example.toml")
    }

    /// Gives the path segment of its one live URL: its serial, or its MAC address.
    pub fn url_segment(&self) -> String {
        match self.device.mac.filter(|_| self.known_by() != KnownBy::Serial) {
            Some(mac) => mac.plain(),
            None => self.device.serial.expose().to_owned(),
        }
    }

    /// Gives the name that it asks for a file by; a device without an address leaves the hole.
    pub fn file_name(&self, file: &File) -> String {
        match self.device.mac {
            Some(mac) => file.name.replace("{mac}", &mac.plain()).replace("{MAC}", &mac.plain_upper()),
            None => file.name.clone(),
        }
    }

    /// Gives the protocol that it asks by.
    pub fn protocol(&self) -> Protocol {
        let usual = || self.snapshot.world.rules.protocol_of(self.firmware);
        self.device.protocol.or_else(usual).unwrap_or(Protocol::Https)
    }

    /// Tells how one of its files leaves over the protocol that it asks by.
    pub fn form(&self, file: &File) -> Form<'s> {
        let key = self.device.encryption_key.as_ref().filter(|_| file.secrets);
        let protocol = self.protocol();
        match (key.filter(|_| protocol.is_plain()), file.finish.encryption) {
            (None, _) => Form::Clear,
            (Some(_), Some(way)) if way.content_coding().is_some() && protocol == Protocol::Tftp => {
                Form::Withheld
            }
            (Some(key), Some(way)) => Form::Encrypted(way, key),
            (Some(_), None) => Form::Withheld,
        }
    }

    /// Tells what its one live URL over HTTP and HTTPS proves it by.
    pub fn known_by(&self) -> KnownBy {
        let rules = &self.snapshot.world.rules.provisioning;
        if self.protocol() == Protocol::Tftp || self.device.mac.is_none() {
            KnownBy::Serial
        } else if self.device.mac_based && rules.mac_based {
            KnownBy::Mac
        } else if self.device.credentials.is_some() && !rules.digest.is_empty() {
            KnownBy::Credentials
        } else {
            KnownBy::Serial
        }
    }

    /// Gives how often it asks, in the unit of its firmware, within what the phone takes.
    pub fn update_interval(&self) -> u32 {
        let interval = &self.firmware.interval;
        let preferred = self.snapshot.world.rules.update_interval;
        let usual =
            || preferred.map_or_else(|| interval.default_value(), |seconds| interval.nearest(seconds));
        let asked = self.device.update_interval.unwrap_or_else(usual);
        asked.clamp(interval.min, interval.max)
    }

    /// Goes through the lines that have an extension.
    pub fn lines(&self) -> impl Iterator<Item = Line<'s>> + use<'s> {
        let snapshot = self.snapshot;
        self.numbered().map(move |(number, place)| {
            let extension = snapshot.extension_at(place);
            let user = snapshot.account_of(AccountKind::User, &extension.user);
            Line { number, extension, user: user.map(|place| snapshot.user_at(place)) }
        })
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, Place)> + use<'s> {
        let snapshot = self.snapshot;
        let lines = (1..).zip(&self.device.lines);
        lines.filter_map(move |(number, line)| Some((number, snapshot.extension_place(line.as_ref()?)?)))
    }

    /// Gives the accounts above it: those of its first line, or else of its organization, or else of its owner.
    pub fn accounts(&self) -> Accounts<'s> {
        let snapshot = self.snapshot;
        let user_of = |place| snapshot.account_of(AccountKind::User, &snapshot.extension_at(place).user);
        self.accounts_with(self.numbered().next().and_then(|(_, first)| user_of(first)))
    }

    fn accounts_with(&self, user: Option<Place>) -> Accounts<'s> {
        let snapshot = self.snapshot;
        if let Some(user) = user {
            return snapshot.accounts_from(AccountKind::User, user);
        }
        let by = [&self.device.organization, &self.device.owner].into_iter().flatten();
        by.into_iter().find_map(|id| snapshot.accounts_by(id)).unwrap_or_default()
    }

    /// Gives since when all that its files depend on is as it is.
    pub fn since(&self) -> Stamp {
        let snapshot = self.snapshot;
        let world = &snapshot.world;
        let slot = |place: Place| snapshot.slot(place.file);
        let mut since = world.rules_since.max(world.vendors_since[self.model.vendor]);
        since = since.max(slot(self.place).since.device(self.place.at));
        let mut first = None;
        for (_, place) in self.numbered() {
            since = since.max(slot(place).since.extension(place.at));
            let user = snapshot.account_of(AccountKind::User, &snapshot.extension_at(place).user);
            since =
                since.max(user.map_or(since, |user| slot(user).since.account(AccountKind::User, user.at)));
            first = first.or(user);
        }
        since.max(self.accounts_with(first).since)
    }
}

impl Snapshot {
    /// Gives an account with those above it; an extension has those of its user.
    fn accounts_by(&self, id: &str) -> Option<Accounts<'_>> {
        if let Some(account) = self.account(id) {
            return Some(self.accounts_from(account.kind, account.place));
        }
        let extension = self.extension_place(id)?;
        let own = self.slot(extension.file).since.extension(extension.at);
        let user = self.account_of(AccountKind::User, &self.extension_at(extension).user)?;
        let mut accounts = self.accounts_from(AccountKind::User, user);
        accounts.since = accounts.since.max(own);
        Some(accounts)
    }

    fn accounts_from(&self, kind: AccountKind, place: Place) -> Accounts<'_> {
        let own = self.slot(place.file).since.account(kind, place.at);
        let mut accounts = match kind {
            AccountKind::Provider => {
                return Accounts {
                    provider: Some(self.provider_at(place)),
                    since: own,
                    ..Accounts::default()
                };
            }
            AccountKind::Organization => {
                let organization = self.organization_at(place);
                let above = self.account_of(AccountKind::Provider, &organization.provider);
                let above = above.map(|place| self.accounts_from(AccountKind::Provider, place));
                Accounts { organization: Some(organization), ..above.unwrap_or_default() }
            }
            AccountKind::User => {
                let user = self.user_at(place);
                let above = self.account_of(AccountKind::Organization, &user.organization);
                let above = above.map(|place| self.accounts_from(AccountKind::Organization, place));
                Accounts { user: Some(user), ..above.unwrap_or_default() }
            }
        };
        accounts.since = accounts.since.max(own);
        accounts
    }
}

impl<'s> Accounts<'s> {
    /// Goes through the settings of the accounts, the most general first.
    pub fn settings(&self) -> impl Iterator<Item = &'s Settings> + use<'s> {
        let provider = self.provider.map(|provider| &provider.settings);
        let organization = self.organization.map(|organization| &organization.settings);
        [provider, organization, self.user.map(|user| &user.settings)].into_iter().flatten()
    }

    /// Goes through the vendor parameters of the accounts, the most general first.
    pub fn raw(&self) -> impl Iterator<Item = &'s Raw> + use<'s> {
        let provider = self.provider.map(|provider| &provider.raw);
        let organization = self.organization.map(|organization| &organization.raw);
        [provider, organization, self.user.map(|user| &user.raw)].into_iter().flatten()
    }
}

impl std::fmt::Debug for Phone<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({:?}, {})", self.device.name, Arc::clone(&self.model.id))
    }
}
