//! Reads the text of a fleet file into records.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use compact_str::CompactString;

use crate::document::{Document, Entry, Fault, Table, read_raw, read_secret, read_settings};
use crate::model::{
    Device, Extension, ExtensionKind, Level, Mac, Network, Organization, Protocol, Provider, Raw, Scope,
    Serial, SettingId, Settings, Sip, SipTransport, TEXT_MAX, User, Value, check_host, check_id, check_name,
    check_number,
};
use crate::snapshot::records::{Listed, OpenPhones, Records};

/// The owner that stands for the administrator.
pub(super) const ADMINISTRATOR: &str = "administrator";

const ROOT_KEYS: &[&str] = &["device", "extension", "organization", "provider", "user"];

impl Records {
    /// Reads a file's text; what cannot be read is told and left out.
    pub fn parse(path: &Path, text: &str) -> (Self, Vec<Fault>) {
        let document = match Document::parse(path, text) {
            Ok(document) => document,
            Err(faults) => return (Self::default(), faults),
        };
        let mut records = Self::default();
        let mut reader = Reader::default();
        for entry in document.root() {
            match entry.key() {
                "device" => reader.each(&entry, Reader::device, &mut records.devices),
                "extension" => reader.each(&entry, Reader::extension, &mut records.extensions),
                "organization" => reader.each(&entry, Reader::organization, &mut records.organizations),
                "provider" => reader.each(&entry, Reader::provider, &mut records.providers),
                "user" => reader.each(&entry, Reader::user, &mut records.users),
                _ => entry.unknown(ROOT_KEYS),
            }
        }
        records.open = records.devices.iter().filter_map(|(_, device)| open_phones(device)).collect();
        (records, document.into_faults())
    }
}

fn open_phones(device: &Device) -> Option<OpenPhones> {
    let open = device.mac_based || device.protocol.is_none_or(|protocol| protocol == Protocol::Tftp);
    (open && device.enabled && device.mac.is_some()).then(|| OpenPhones {
        model: Arc::clone(&device.model),
        firmware: Arc::clone(&device.firmware),
        protocol: device.protocol,
        mac_based: device.mac_based,
    })
}

/// What account records have in common.
#[derive(Default)]
struct Account {
    id: CompactString,
    name: CompactString,
    provisioning: Level,
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
        let Account { id, name, provisioning, settings, raw, .. } = account;
        Some(Provider { id, name, provisioning, settings, raw })
    }

    fn organization(&mut self, table: &Table<'_>) -> Option<Organization> {
        let account = self.account(table, "organization", Some("provider"))?;
        let Account { id, name, provisioning, settings, raw, parent } = account;
        Some(Organization { id, provider: parent?, name, provisioning, settings, raw })
    }

    fn user(&mut self, table: &Table<'_>) -> Option<User> {
        let account = self.account(table, "user", Some("organization"))?;
        let Account { id, name, provisioning, settings, raw, parent } = account;
        Some(User { id, organization: parent?, name, provisioning, settings, raw })
    }

    fn account(&mut self, table: &Table<'_>, kind: &str, parent: Option<&'static str>) -> Option<Account> {
        let mut account = Account::default();
        for entry in table.clone() {
            match entry.key() {
                "id" => account.id = entry.checked(check_account_id).unwrap_or_default().into(),
                "name" => account.name = entry.text(TEXT_MAX).unwrap_or_default().into(),
                "provisioning" => account.provisioning = entry.one_of(Level::ALL).unwrap_or_default(),
                "raw" => account.raw = read_raw(&entry),
                "settings" => account.settings = read_settings(&entry, Scope::Phone),
                key if Some(key) == parent => {
                    account.parent = entry.checked(check_id).map(|id| self.shared(id));
                }
                _ => {
                    let keys = [
                        Some("id"),
                        Some("name"),
                        parent,
                        Some("provisioning"),
                        Some("raw"),
                        Some("settings"),
                    ];
                    entry.unknown(&keys.into_iter().flatten().collect::<Vec<_>>());
                }
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
                "number" => this.number = entry.checked(check_number).unwrap_or_default().into(),
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

    fn device(&mut self, table: &Table<'_>) -> Option<Device> {
        let mut device = Device::blank("-".parse().ok()?, self.shared("default"), &self.shared(""));
        let this = &mut device;
        let mut serial = None;
        let mut admin = Vec::new();
        for entry in table.clone() {
            match entry.key() {
                "admin-password" => admin.extend(admin_password(&entry)),
                "admin-user" => admin.extend(admin_user(&entry)),
                "application-version" => this.application_version = text_or_empty(&entry),
                "firmware" => this.firmware = self.shared(entry.text_or_empty(64).unwrap_or_default()),
                "host" => this.host = entry.checked(check_host).map(Into::into),
                "lines" => this.lines = lines(&entry),
                "mac" => this.mac = mac(&entry),
                "mac-based" => this.mac_based = entry.boolean().unwrap_or_default(),
                "model" => this.model = self.shared(entry.text(130).unwrap_or_default()),
                "name" => this.name = entry.checked(check_name).unwrap_or_default().into(),
                "network" => this.network = network(&entry).map(Box::new),
                "notes" => this.notes = text_or_empty(&entry),
                "organization" => this.organization = entry.checked(check_id).map(|id| self.shared(id)),
                "owner" => {
                    let owner = entry.checked(check_id).filter(|id| *id != ADMINISTRATOR);
                    this.owner = owner.map(|id| self.shared(id));
                }
                "protocol" => this.protocol = entry.one_of(Protocol::ALL),
                "raw" => this.raw = read_raw(&entry),
                "serial" => serial = read_serial(&entry),
                "settings" => this.settings = read_settings(&entry, Scope::Phone),
                "status" => {
                    this.enabled = entry.one_of(&[("disabled", false), ("enabled", true)]).unwrap_or(true);
                }
                "template" => this.template = self.shared(entry.checked(check_id).unwrap_or("default")),
                "update-interval" => this.update_interval = entry.integer(1, 99_999),
                _ => entry.unknown(DEVICE_KEYS),
            }
        }
        if !admin.is_empty() {
            let own = device.settings.iter().map(|(id, value)| (id, value.clone()));
            device.settings = Settings::new(own.chain(admin).collect());
        }
        required(
            table,
            "serial",
            "give the device a unique one; `bellhop generate` fills in `serial = \"generate\"`",
        );
        required(table, "name", "give it 3 to 32 characters for people");
        required(table, "model", "name its model, like `aastra/51i`; `bellhop catalog` lists them");
        device.serial = serial?;
        Some(device)
    }
}

impl Device {
    fn blank(serial: Serial, template: Arc<str>, nothing: &Arc<str>) -> Self {
        Self {
            serial,
            name: CompactString::default(),
            model: Arc::clone(nothing),
            firmware: Arc::clone(nothing),
            application_version: CompactString::default(),
            mac: None,
            mac_based: false,
            enabled: true,
            notes: CompactString::default(),
            update_interval: None,
            protocol: None,
            template,
            owner: None,
            organization: None,
            lines: Box::default(),
            host: None,
            network: None,
            settings: Settings::default(),
            raw: Raw::default(),
        }
    }
}

const EXTENSION_KEYS: &[&str] =
    &["display-name", "kind", "label", "number", "provisioning", "raw", "settings", "sip", "user"];

const DEVICE_KEYS: &[&str] = &[
    "admin-password",
    "admin-user",
    "application-version",
    "firmware",
    "host",
    "lines",
    "mac",
    "mac-based",
    "model",
    "name",
    "network",
    "notes",
    "organization",
    "owner",
    "protocol",
    "raw",
    "serial",
    "settings",
    "status",
    "template",
    "update-interval",
];

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

fn text_or_empty(entry: &Entry<'_>) -> CompactString {
    entry.text_or_empty(TEXT_MAX).unwrap_or_default().into()
}

fn read_serial(entry: &Entry<'_>) -> Option<Serial> {
    if entry.text(TEXT_MAX)? == "generate" {
        entry.error("is still to be made; run `bellhop generate` to fill it in");
        return None;
    }
    let serial: Serial = entry.parse()?;
    if let Some(weakness) = serial.weakness() {
        entry.warning(format!("{weakness}; let `bellhop generate` make one of 128 bits"));
    }
    Some(serial)
}

fn mac(entry: &Entry<'_>) -> Option<Mac> {
    let mac: Mac = entry.parse()?;
    let octets = mac.octets();
    // A multicast address, or none, cannot be an interface's (IEEE 802, section 8.2).
    if octets == [0; 6] || octets[0] & 1 == 1 {
        entry.error("is no phone's address; write the one on its box");
        return None;
    }
    Some(mac)
}

fn admin_password(entry: &Entry<'_>) -> Option<(SettingId, Value)> {
    read_secret(entry, 4, 64).map(|secret| (SettingId::ADMIN_PASSWORD, Value::Secret(secret)))
}

fn admin_user(entry: &Entry<'_>) -> Option<(SettingId, Value)> {
    entry.text(TEXT_MAX).map(|name| (SettingId::ADMIN_USER, Value::Text(name.into())))
}

fn lines(entry: &Entry<'_>) -> Box<[Option<CompactString>]> {
    let mut lines: Vec<Option<CompactString>> = Vec::new();
    for item in entry.list() {
        let number = item.checked(|text| if text.is_empty() { Ok(()) } else { check_number(text) });
        let number = number.filter(|number| !number.is_empty());
        if number.is_some_and(|number| lines.iter().flatten().any(|known| known == number)) {
            item.error("names the same extension twice; put it on one line");
        }
        lines.push(number.map(CompactString::from));
    }
    while lines.last().is_some_and(Option::is_none) {
        lines.pop();
    }
    lines.into_boxed_slice()
}

fn network(entry: &Entry<'_>) -> Option<Network> {
    let table = entry.table()?;
    let (mut address, mut netmask, mut gateway) = (None, None, None);
    let mut dns_servers = Vec::new();
    let ip = |entry: &Entry<'_>| {
        let parsed = entry.text(15)?.parse().ok();
        if parsed.is_none() {
            entry.error("is not an IPv4 address; write it like 192.0.2.10");
        }
        parsed
    };
    for entry in table.clone() {
        match entry.key() {
            "address" => address = ip(&entry),
            "dns-servers" => dns_servers = entry.list().filter_map(|item| ip(&item)).collect(),
            "gateway" => gateway = ip(&entry),
            "netmask" => netmask = ip(&entry),
            _ => entry.unknown(&["address", "dns-servers", "gateway", "netmask"]),
        }
    }
    for key in ["address", "gateway", "netmask"] {
        required(&table, key, "a static address needs all three; without `network` the phone uses DHCP");
    }
    if dns_servers.len() > 2 {
        entry.error("has more than two name servers; keep two");
    }
    let dns_servers = dns_servers.into_boxed_slice();
    Some(Network { address: address?, netmask: netmask?, gateway: gateway?, dns_servers })
}
