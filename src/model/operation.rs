//! The fields of the operations that jobs are built from.

use std::borrow::Cow;

use crate::model::{FieldKind, FieldValue, JobOperation, SETTINGS, SettingId, TEXT_MAX};

/// A field of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationField {
    /// Its name in forms, in the headers of tables and in jobs.
    pub name: Cow<'static, str>,
    /// What it takes.
    pub kind: FieldKind,
    /// What it is for.
    pub role: FieldRole,
    /// Whether the word `generate` has a value made for it.
    pub generates: bool,
    /// Whether the word `clear` takes it away.
    pub clears: bool,
    /// What it means, for people: one phrase.
    pub help: &'static str,
}

/// What a field of an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRole {
    /// It names what the operation is done to.
    Key,
    /// The operation makes no sense without it.
    Needed,
    /// It may be said.
    Optional,
    /// It names what the operation is done to, where the key is not given.
    OtherKey,
}

impl OperationField {
    /// Reads a value of the field, or the word `generate`.
    ///
    /// # Errors
    /// Says what is wrong and how to mend it, to follow the name of the field; a secret is not in it.
    pub fn read(&self, text: &str) -> Result<FieldValue, String> {
        // What is free text, or a secret, may begin and end as it likes.
        let is_exact = self.kind.is_secret() || matches!(self.kind, Text(_));
        let text = if is_exact { text } else { text.trim() };
        if text == "generate" && self.generates { Ok(FieldValue::Generate) } else { self.kind.read(text) }
    }

    const fn of(name: &'static str, kind: FieldKind, role: FieldRole, help: &'static str) -> Self {
        let clears = matches!(role, Optional);
        Self { name: Cow::Borrowed(name), kind, role, generates: false, clears, help }
    }

    const fn generates(mut self) -> Self {
        self.generates = true;
        self
    }

    const fn clears(mut self, clears: bool) -> Self {
        self.clears = clears;
        self
    }
}

impl JobOperation {
    /// Gives the field that names what the operation is done to; adding a device needs none.
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Self::DeviceCreate => None,
            Self::LevelSet => Some("account"),
            Self::LineSetSecret => Some("extension"),
            Self::DeviceAssign
            | Self::DeviceClear
            | Self::DeviceDelete
            | Self::DeviceEdit
            | Self::DeviceRotateUrl
            | Self::DeviceSetAdminPassword
            | Self::DeviceSetStatus
            | Self::TemplateApply => Some("device"),
        }
    }

    /// Finds a field of the operation by its name.
    pub fn field(self, name: &str) -> Option<OperationField> {
        let of_devices = matches!(self, Self::DeviceCreate | Self::DeviceEdit);
        if let Some(line) = name.strip_prefix("line-") {
            let number = line.parse().ok().filter(|number| (1..=LINES_MAX).contains(number));
            let number: u16 = number.filter(|number: &u16| number.to_string() == line)?;
            let takes = of_devices || self == Self::DeviceAssign;
            return takes.then(|| line_field(number));
        }
        if let Some(setting) = name.strip_prefix("settings.").filter(|_| of_devices) {
            return setting_field(SettingId::find(setting)?);
        }
        if let Some(parameter) = name.strip_prefix("raw.").filter(|_| of_devices) {
            let is_name = !parameter.is_empty() && !parameter.chars().any(char::is_control);
            return is_name.then(|| OperationField {
                name: Cow::Owned(name.to_owned()),
                ..OperationField::of("", Text(RAW_MAX), Optional, "a parameter in the vendor's own words")
            });
        }
        self.own_fields().into_iter().find(|field| field.name == name)
    }

    /// Lists the fields of the operation, with so many lines; the key is the first one, and `raw` is left out, which
    /// takes any name.
    pub fn fields(self, lines: u16) -> Vec<OperationField> {
        let mut fields = self.own_fields();
        if matches!(self, Self::DeviceAssign | Self::DeviceCreate | Self::DeviceEdit) {
            fields.extend((1..=lines.min(LINES_MAX)).map(line_field));
        }
        if matches!(self, Self::DeviceCreate | Self::DeviceEdit) {
            let settings = SETTINGS.iter().filter_map(|setting| SettingId::find(setting.name));
            fields.extend(settings.filter_map(setting_field));
        }
        fields
    }

    /// Lists the fields that have names of their own.
    fn own_fields(self) -> Vec<OperationField> {
        let device = OperationField::of("device", Device, Key, "its id, serial, MAC address or name");
        let serial = OperationField::of("serial", Serial, OtherKey, "the serial in its URL");
        let mac = OperationField::of("mac", Mac, OtherKey, "the MAC address on its box");
        let called = vec![device, serial, mac];
        let with = |mut fields: Vec<OperationField>, more: Vec<OperationField>| {
            fields.extend(more);
            fields
        };
        match self {
            Self::DeviceAssign => with(called, vec![organization()]),
            Self::DeviceClear | Self::DeviceDelete | Self::DeviceRotateUrl => called,
            Self::DeviceCreate => device_fields(Needed),
            Self::DeviceEdit => with(called[..1].to_vec(), device_fields(Optional)),
            Self::DeviceSetAdminPassword => {
                let password = OperationField { role: Needed, ..admin_password() };
                with(called, vec![password])
            }
            Self::DeviceSetStatus => with(called, vec![OperationField::of("status", Status, Needed, STATUS)]),
            Self::LevelSet => vec![
                OperationField::of("account", Account, Key, "an account's id, or an extension's number"),
                OperationField::of("level", Level, Needed, "what it may do; without one, what its user may")
                    .clears(true),
            ],
            Self::LineSetSecret => vec![
                OperationField::of("extension", Extension, Key, "the extension's number"),
                OperationField::of("secret", Secret(1, TEXT_MAX), Optional, "its SIP password").generates(),
                OperationField::of("passcode", Secret(4, 64), Optional, "what its user types at the phone")
                    .generates(),
            ],
            Self::TemplateApply => with(called, vec![OperationField { role: Needed, ..template() }]),
        }
    }
}

use FieldKind::{
    Account, Address, Addresses, Boolean, Choice, Device, Extension, Firmware, Host, Integer, Level, Mac,
    Model, Name, Organization, Secret, Serial, Status, Template, Text, User, Vendor,
};
use FieldRole::{Key, Needed, Optional, OtherKey};

/// Lists the keys of a device's record that have names of their own; `first` is the role of what none is without.
fn device_fields(first: FieldRole) -> Vec<OperationField> {
    let of = OperationField::of;
    vec![
        of("serial", Serial, Optional, "the serial in its URL").generates().clears(false),
        of("mac", Mac, Optional, "the MAC address on its box"),
        of("name", Name, first, "what people call it").clears(false),
        of("vendor", Vendor, Optional, "who made it").clears(false),
        of("model", Model, first, "its model").clears(false),
        of("firmware", Firmware, Optional, "the range of versions that its firmware is of"),
        of("application-version", Text(TEXT_MAX), Optional, "the version that its files name"),
        of("protocol", Choice(PROTOCOLS), Optional, "how it asks for its files"),
        of("host", Host, Optional, "the host that it asks, where not the server's own"),
        of("mac-based", Boolean, Optional, "whether its MAC address stands in its URL"),
        organization(),
        of("owner", Account, Optional, "the account or extension that owns it"),
        template(),
        of("status", Status, Optional, STATUS),
        of("notes", Text(TEXT_MAX), Optional, "notes"),
        of("admin-user", Text(TEXT_MAX), Optional, "the name of its administrator"),
        admin_password(),
        of(
            "update-interval",
            Integer(1, 99_999),
            Optional,
            "how often it asks for updates, in its vendor's unit",
        ),
        of("update-user", User, Optional, "the name that it asks for its files by"),
        of("update-password", Secret(8, 64), Optional, "the password that it asks for its files by")
            .generates(),
        of("encryption-key", Secret(8, 64), Optional, "the key that its files are encrypted by").generates(),
        of("network.address", Address, Optional, "its address, where DHCP gives none; cleared, DHCP does"),
        of("network.netmask", Address, Optional, "its netmask").clears(false),
        of("network.gateway", Address, Optional, "its router").clears(false),
        of("network.dns-servers", Addresses, Optional, "its name servers"),
    ]
}

fn organization() -> OperationField {
    OperationField::of("organization", Organization, Optional, "the organization that it is assigned to")
}

fn template() -> OperationField {
    OperationField::of("template", Template, Optional, "the template of its files; cleared, the default one")
        .clears(true)
}

fn admin_password() -> OperationField {
    OperationField::of("admin-password", Secret(4, 64), Optional, "the password of its administrator")
        .generates()
        .clears(true)
}

fn line_field(number: u16) -> OperationField {
    let name = Cow::Owned(format!("line-{number}"));
    OperationField { name, ..OperationField::of("", Extension, Optional, "the extension on this line") }
}

fn setting_field(id: SettingId) -> Option<OperationField> {
    let setting = id.setting();
    // They are keys of the record.
    if matches!(id, SettingId::ADMIN_PASSWORD | SettingId::ADMIN_USER) {
        return None;
    }
    let kind = FieldKind::of_setting(setting.kind)?;
    let name = Cow::Owned(format!("settings.{}", setting.name));
    let generates = id == SettingId::USER_PASSWORD;
    Some(OperationField { name, generates, ..OperationField::of("", kind, Optional, setting.help) })
}

/// Most lines of a device that a field can name.
const LINES_MAX: u16 = 999;

/// Most characters of a vendor's parameter.
const RAW_MAX: usize = 4096;

const PROTOCOLS: &[&str] = &["http", "https", "tftp"];

const STATUS: &str = "whether it gets its files";
