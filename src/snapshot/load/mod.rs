//! Reads the text of a fleet file into records.

mod device;
mod jobs;
mod management;

pub use self::device::DEVICE_KEYS;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use compact_str::CompactString;
use rayon::prelude::*;

use crate::document::{Document, Entry, Fault, Table, read_raw, read_secret, read_settings, sections};
use crate::model::{
    Device, Extension, ExtensionKind, Level, Organization, Protocol, Provider, Raw, Scope, Settings, Sip,
    SipTransport, TEXT_MAX, User, check_host, check_id, check_number,
};
use crate::snapshot::records::{Listed, OpenPhones, Records};

/// The owner that stands for the administrator.
pub(super) const ADMINISTRATOR: &str = "administrator";

const ROOT_KEYS: &[&str] = &[
    "device",
    "extension",
    "grant",
    "group",
    "job",
    "login",
    "organization",
    "preferences",
    "provider",
    "template",
    "token",
    "user",
];

impl Records {
    /// Reads a file's text; what cannot be read is told and left out.
    ///
    /// A large one is read in parts, by all cores: the parts begin at records, so that they mean the same.
    pub fn parse(path: &Path, text: &str) -> (Self, Vec<Fault>) {
        let parts = if text.len() >= 2 * PART { parts(text) } else { None };
        let Some(parts) = parts.filter(|parts| parts.len() > 1) else {
            return Self::parse_part(path, text, 0);
        };
        let read = parts.into_par_iter().map(|(part, above)| Self::parse_part(path, part, above));
        let (mut all, mut faults) = (Self::default(), Vec::new());
        for (records, more) in read.collect::<Vec<_>>() {
            all.extend(records);
            faults.extend(more);
        }
        (all, faults)
    }

    fn parse_part(path: &Path, text: &str, above: u32) -> (Self, Vec<Fault>) {
        let document = match Document::parse_part(path, text, above) {
            Ok(document) => document,
            Err(faults) => return (Self::default(), faults),
        };
        let mut records = Self::default();
        let mut reader = Reader::default();
        for entry in document.root() {
            match entry.key() {
                "device" => reader.each(&entry, Reader::device, &mut records.devices),
                "extension" => reader.each(&entry, Reader::extension, &mut records.extensions),
                "grant" => reader.each(&entry, Reader::grant, &mut records.grants),
                "group" => reader.each(&entry, Reader::group, &mut records.groups),
                "job" => reader.each(&entry, Reader::job, &mut records.jobs),
                "login" => reader.each(&entry, Reader::login, &mut records.logins),
                "organization" => reader.each(&entry, Reader::organization, &mut records.organizations),
                "preferences" => {
                    if let Some((preferences, line)) = management::preferences(&entry) {
                        records.preferences.push(preferences, line);
                    }
                }
                "provider" => reader.each(&entry, Reader::provider, &mut records.providers),
                "template" => reader.each(&entry, Reader::template, &mut records.templates),
                "token" => reader.each(&entry, Reader::token, &mut records.tokens),
                "user" => reader.each(&entry, Reader::user, &mut records.users),
                _ => entry.unknown(ROOT_KEYS),
            }
        }
        records.open = records.devices.iter().filter_map(|(_, device)| open_phones(device)).collect();
        (records, document.into_faults())
    }
}

/// Fewest bytes of a text that are read as a part of it.
const PART: usize = 1 << 19;

/// Cuts a text at records, each part with the number of lines above it; `None` where it must be read as a whole.
fn parts(text: &str) -> Option<Vec<(&str, u32)>> {
    let cut = sections(text)?;
    let (mut parts, mut from, mut above) = (Vec::new(), 0, 0_u32);
    for section in cut.list {
        let at = section.bytes.start;
        if at >= from + PART {
            parts.push((&text[from..at], above));
            let lines = memchr::memchr_iter(b'\n', &text.as_bytes()[from..at]).count();
            above += u32::try_from(lines).ok()?;
            from = at;
        }
    }
    parts.push((&text[from..], above));
    Some(parts)
}

fn open_phones(device: &Device) -> Option<OpenPhones> {
    let by_mac = device.mac_based || device.credentials.is_some();
    let open = by_mac || device.protocol.is_none_or(|protocol| protocol == Protocol::Tftp);
    (open && device.enabled && device.mac.is_some()).then(|| OpenPhones {
        model: Arc::clone(&device.model),
        firmware: Arc::clone(&device.firmware),
        protocol: device.protocol,
        mac_based: device.mac_based,
        credentials: device.credentials.is_some(),
    })
}

/// What account records have in common.
#[derive(Default)]
struct Account {
    id: CompactString,
    name: CompactString,
    provisioning: Level,
    roles_management: bool,
    sip_management: bool,
    settings: Settings,
    raw: Raw,
    parent: Option<Arc<str>>,
}

/// Reads records, keeping names that many of them share only once.
#[derive(Default)]
struct Reader {
    names: HashMap<String, Arc<str>>,
}

impl Reader {
    fn each<T>(
        &mut self,
        entry: &Entry<'_>,
        read: fn(&mut Self, &Table<'_>) -> Option<T>,
        into: &mut Listed<T>,
    ) {
        for (table, line) in entry.records() {
            if let Some(record) = read(self, &table) {
                into.push(record, line);
            }
        }
        into.shrink();
    }

    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(name.to_owned(), Arc::clone(&new));
        new
    }

    fn provider(&mut self, table: &Table<'_>) -> Option<Provider> {
        let account = self.account(table, "provider", None)?;
        let Account { id, name, provisioning, roles_management, settings, raw, .. } = account;
        Some(Provider { id, name, provisioning, roles_management, settings, raw })
    }

    fn organization(&mut self, table: &Table<'_>) -> Option<Organization> {
        let account = self.account(table, "organization", Some("provider"))?;
        let Account { id, name, provisioning, roles_management, settings, raw, parent, .. } = account;
        Some(Organization { id, provider: parent?, name, provisioning, roles_management, settings, raw })
    }

    fn user(&mut self, table: &Table<'_>) -> Option<User> {
        let account = self.account(table, "user", Some("organization"))?;
        let Account { id, name, provisioning, roles_management, sip_management, settings, raw, parent } =
            account;
        let organization = parent?;
        Some(User { id, organization, name, provisioning, roles_management, sip_management, settings, raw })
    }

    fn account(&mut self, table: &Table<'_>, kind: &str, parent: Option<&'static str>) -> Option<Account> {
        let mut account = Account { roles_management: true, sip_management: true, ..Account::default() };
        let keys =
            ["id", "name"].into_iter().chain(parent).chain(["provisioning", "raw", "roles-management"]);
        let keys: Vec<&str> =
            keys.chain(["settings"]).chain((kind == "user").then_some("sip-management")).collect();
        for entry in table.clone() {
            match entry.key() {
                "id" => account.id = entry.checked(check_account_id).unwrap_or_default().into(),
                "name" => account.name = entry.text(TEXT_MAX).unwrap_or_default().into(),
                "provisioning" => account.provisioning = entry.one_of(Level::ALL).unwrap_or_default(),
                "raw" => account.raw = read_raw(&entry),
                "roles-management" => account.roles_management = entry.boolean().unwrap_or(true),
                "sip-management" if kind == "user" => {
                    account.sip_management = entry.boolean().unwrap_or(true);
                }
                "settings" => account.settings = read_settings(&entry, Scope::Phone),
                key if Some(key) == parent => {
                    account.parent = entry.checked(check_id).map(|id| self.shared(id));
                }
                _ => entry.unknown(&keys),
            }
        }
        required(table, "id", &format!("give the {kind} a unique one"));
        if let Some(parent) = parent {
            required(table, parent, &format!("say which {parent} the {kind} belongs to"));
        }
        (!account.id.is_empty() && (parent.is_none() || account.parent.is_some())).then_some(account)
    }

    fn extension(&mut self, table: &Table<'_>) -> Option<Extension> {
        let mut extension = Extension {
            number: CompactString::default(),
            user: "".into(),
            kind: ExtensionKind::default(),
            provisioning: None,
            display_name: CompactString::default(),
            label: CompactString::default(),
            sip: Sip::default(),
            settings: Settings::default(),
            raw: Raw::default(),
        };
        let this = &mut extension;
        for entry in table.clone() {
            match entry.key() {
                "display-name" => {
                    this.display_name = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into();
                }
                "kind" => this.kind = entry.one_of(ExtensionKind::ALL).unwrap_or_default(),
                "label" => this.label = entry.text_or_empty(64).unwrap_or_default().into(),
                "number" => this.number = entry.checked(check_own_number).unwrap_or_default().into(),
                "provisioning" => this.provisioning = entry.one_of(Level::ALL),
                "raw" => this.raw = read_raw(&entry),
                "settings" => this.settings = read_settings(&entry, Scope::Line),
                "sip" => this.sip = self.sip(&entry),
                "user" => this.user = self.shared(entry.checked(check_id).unwrap_or_default()),
                _ => entry.unknown(EXTENSION_KEYS),
            }
        }
        required(table, "number", "give the extension a unique one");
        required(table, "user", "say which user the extension belongs to");
        (!extension.number.is_empty() && !extension.user.is_empty()).then_some(extension)
    }

    fn sip(&mut self, entry: &Entry<'_>) -> Sip {
        let mut sip = Sip::default();
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "auth-user" => sip.auth_user = entry.text(TEXT_MAX).unwrap_or_default().into(),
                "password" => sip.password = read_secret(&entry, 1, TEXT_MAX),
                "port" => sip.port = entry.integer(1, 65_535).and_then(|port| u16::try_from(port).ok()),
                "server" => sip.server = entry.checked(check_host).map(|host| self.shared(host)),
                "transport" => sip.transport = entry.one_of(SipTransport::ALL),
                "user" => sip.user = entry.text(TEXT_MAX).unwrap_or_default().into(),
                _ => entry.unknown(&["auth-user", "password", "port", "server", "transport", "user"]),
            }
        }
        sip
    }
}

const EXTENSION_KEYS: &[&str] =
    &["display-name", "kind", "label", "number", "provisioning", "raw", "settings", "sip", "user"];

fn required(table: &Table<'_>, key: &str, cure: &str) {
    if table.get(key).is_none() {
        table.missing(key, cure);
    }
}

fn check_account_id(text: &str) -> Result<(), crate::model::InvalidText> {
    if text == ADMINISTRATOR {
        return Err(crate::model::InvalidText("is the administrator's own; choose another one"));
    }
    check_id(text)
}

fn check_own_number(text: &str) -> Result<(), crate::model::InvalidText> {
    if text == ADMINISTRATOR {
        return Err(crate::model::InvalidText("is the administrator's own; choose another one"));
    }
    check_number(text)
}

fn text_or_empty(entry: &Entry<'_>) -> CompactString {
    entry.text_or_empty(TEXT_MAX).unwrap_or_default().into()
}
