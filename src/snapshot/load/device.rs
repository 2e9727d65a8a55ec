//! The record of a device.

use std::sync::Arc;

use compact_str::CompactString;

use crate::document::{Entry, Table, read_raw, read_secret, read_settings};
use crate::model::{
    Dates, Device, InvalidText, Mac, Network, Protocol, Raw, Scope, Secret, Serial, SettingId, Settings,
    TEXT_MAX, UpdateCredentials, Value, check_host, check_id, check_name, check_number, check_user,
};
use crate::snapshot::load::{ADMINISTRATOR, Reader, required, text_or_empty};

/// The keys that a device's record may have, in the order of their names.
pub const DEVICE_KEYS: &[&str] = &[
    "admin-password",
    "admin-user",
    "application-version",
    "created",
    "encryption-key",
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
    "update-password",
    "update-user",
    "updated",
];

impl Reader {
    pub(super) fn device(&mut self, table: &Table<'_>) -> Option<Device> {
        let mut device = Device::blank("-".parse().ok()?, self.shared("default"), &self.shared(""));
        let this = &mut device;
        let mut serial = None;
        let mut admin = Vec::new();
        let mut dates = Dates::default();
        let (mut update_user, mut update_password) = (None, None);
        for entry in table.clone() {
            match entry.key() {
                "admin-password" => admin.extend(admin_password(&entry)),
                "admin-user" => admin.extend(admin_user(&entry)),
                "application-version" => this.application_version = text_or_empty(&entry),
                "created" => dates.created = entry.time().map(Into::into),
                "encryption-key" => this.encryption_key = read_secret(&entry, 8, 64),
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
                    let owner = entry.checked(check_owner).filter(|id| *id != ADMINISTRATOR);
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
                "updated" => dates.updated = entry.time().map(Into::into),
                "update-interval" => this.update_interval = entry.integer(1, 99_999),
                "update-password" => update_password = read_secret(&entry, 8, 64),
                "update-user" => update_user = entry.checked(check_user),
                _ => entry.unknown(DEVICE_KEYS),
            }
        }
        if !admin.is_empty() {
            let own = device.settings.iter().map(|(id, value)| (id, value.clone()));
            device.settings = Settings::new(own.chain(admin).collect());
        }
        device.dates = (dates != Dates::default()).then(|| Box::new(dates));
        device.credentials = credentials(table, device.mac, update_user, update_password);
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
            credentials: None,
            encryption_key: None,
            enabled: true,
            notes: CompactString::default(),
            update_interval: None,
            protocol: None,
            template,
            owner: None,
            organization: None,
            lines: Box::default(),
            host: None,
            dates: None,
            network: None,
            settings: Settings::default(),
            raw: Raw::default(),
        }
    }
}

/// Checks an owner: an account's id, or an extension's number.
fn check_owner(text: &str) -> Result<(), InvalidText> {
    check_id(text).or_else(|_| check_number(text))
}

fn read_serial(entry: &Entry<'_>) -> Option<Serial> {
    if entry.text(TEXT_MAX)? == "generate" {
        entry.error("is still to be made; run `bellhop generate` to fill it in");
        return None;
    }
    if entry.text(TEXT_MAX)? == "assets" {
        entry.error(
            "is where files lie that are the same for everybody; let `bellhop generate` make another one",
        );
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

/// Puts together what a phone shows when it is asked for credentials.
fn credentials(
    table: &Table<'_>,
    mac: Option<Mac>,
    user: Option<&str>,
    password: Option<Secret>,
) -> Option<Box<UpdateCredentials>> {
    if user.is_some() {
        required(table, "update-password", "credentials need a password; `bellhop generate` makes it");
    }
    let own = || mac.map(|mac| mac.plain().into()).unwrap_or_default();
    Some(Box::new(UpdateCredentials {
        user: user.map_or_else(own, CompactString::from),
        password: password?,
    }))
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
