//! The records of a fleet: accounts, extensions and devices, as the files give them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use compact_str::CompactString;

use crate::model::{Level, Mac, Protocol, Raw, Secret, Serial, Settings, SipTransport};

/// A service provider, below the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Unique among providers.
    pub id: CompactString,
    /// Name for people.
    pub name: CompactString,
    /// What it may do with devices; `none` when not set.
    pub provisioning: Level,
    /// Whether it may set the levels of accounts below it; `true` when not set.
    pub roles_management: bool,
    /// Settings of its whole tree.
    pub settings: Settings,
    /// Vendor parameters of its whole tree.
    pub raw: Raw,
}

/// An organization of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Unique among organizations.
    pub id: CompactString,
    /// The provider that it belongs to.
    pub provider: Arc<str>,
    /// Name for people.
    pub name: CompactString,
    /// What it may do with devices; `none` when not set.
    pub provisioning: Level,
    /// Whether it may set the levels of accounts below it; `true` when not set.
    pub roles_management: bool,
    /// Settings of its whole tree.
    pub settings: Settings,
    /// Vendor parameters of its whole tree.
    pub raw: Raw,
}

/// A user of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Unique among users.
    pub id: CompactString,
    /// The organization that it belongs to.
    pub organization: Arc<str>,
    /// Name for people.
    pub name: CompactString,
    /// What it may do with devices; `none` when not set.
    pub provisioning: Level,
    /// Whether it may set the levels of accounts below it; `true` when not set.
    pub roles_management: bool,
    /// Whether it, and its extensions, may do anything with devices; `true` when not set.
    pub sip_management: bool,
    /// Settings of its extensions and devices.
    pub settings: Settings,
    /// Vendor parameters of its devices.
    pub raw: Raw,
}

/// An extension of a user: a SIP line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Extended number, like `0087*001`; unique.
    pub number: CompactString,
    /// The user that it belongs to.
    pub user: Arc<str>,
    /// What it is; only a phone terminal can be put on a line.
    pub kind: ExtensionKind,
    /// What it may do with its device; the user's level when not set.
    pub provisioning: Option<Level>,
    /// Name that calls show.
    pub display_name: CompactString,
    /// Text beside its line key; the display name, or else the number, when empty.
    pub label: CompactString,
    /// How it registers.
    pub sip: Sip,
    /// Settings of its line.
    pub settings: Settings,
    /// Vendor parameters of its line.
    pub raw: Raw,
}

/// What an extension registers with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sip {
    /// User part of its address; the number when empty.
    pub user: CompactString,
    /// Name in the authentication; the user part when empty.
    pub auth_user: CompactString,
    /// Password in the authentication.
    pub password: Option<Secret>,
    /// Registrar; the setting `registrar` when not set.
    pub server: Option<Arc<str>>,
    /// Port of the registrar; the setting `registrar-port` when not set.
    pub port: Option<u16>,
    /// Transport; the setting `transport` when not set.
    pub transport: Option<SipTransport>,
}

/// What an extension is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExtensionKind {
    /// Callback service.
    Callback,
    /// Calling card.
    CallingCard,
    /// Conference room.
    Conference,
    /// Intercom or paging group.
    Intercom,
    /// Voice menu.
    Ivr,
    /// A phone: the one kind that can be put on a line.
    #[default]
    PhoneTerminal,
    /// Call queue.
    Queue,
    /// Queue login centre.
    QueueLogin,
    /// Voicemail centre.
    Voicemail,
}

impl ExtensionKind {
    /// Every kind with its word in files, in the order of the words.
    pub const ALL: &[(&'static str, Self)] = &[
        ("callback", Self::Callback),
        ("calling-card", Self::CallingCard),
        ("conference", Self::Conference),
        ("intercom", Self::Intercom),
        ("ivr", Self::Ivr),
        ("phone-terminal", Self::PhoneTerminal),
        ("queue", Self::Queue),
        ("queue-login", Self::QueueLogin),
        ("voicemail", Self::Voicemail),
    ];
}

/// A phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The secret part of its update URL; unique.
    pub serial: Serial,
    /// Friendly name, 3 to 32 characters.
    pub name: CompactString,
    /// Its model, `vendor/model` of the catalog.
    pub model: Arc<str>,
    /// Its firmware, by the catalog's id; the model's only or default one when empty.
    pub firmware: Arc<str>,
    /// Version printed into the files of models that need one.
    pub application_version: CompactString,
    /// Its address; unique when set.
    pub mac: Option<Mac>,
    /// Whether its update URL is built from the MAC address instead of the serial.
    pub mac_based: bool,
    /// What it shows when it is asked for credentials; its update URL is then built from the MAC address.
    pub credentials: Option<Box<UpdateCredentials>>,
    /// What its files are encrypted by over plain transports, 8 to 64 characters; not at all when not set.
    pub encryption_key: Option<Secret>,
    /// Whether it gets any file.
    pub enabled: bool,
    /// Free text of at most 255 characters.
    pub notes: CompactString,
    /// How often it asks, in the unit of its firmware, 1 to 99,999; about ten minutes when not set.
    pub update_interval: Option<u32>,
    /// How it asks; the first that its firmware offers when not set.
    pub protocol: Option<Protocol>,
    /// Template that its files come from; `default` when empty.
    pub template: Arc<str>,
    /// The account or, by its number, the extension that owns it; the administrator when not set.
    pub owner: Option<Arc<str>>,
    /// The organization that it is assigned to; that of its lines when not set.
    pub organization: Option<Arc<str>>,
    /// The extension on line 1, 2, …; `None` leaves a line free.
    pub lines: Box<[Option<CompactString>]>,
    /// Host in its update URL; the server's when not set.
    pub host: Option<Box<str>>,
    /// When its record was made and last edited, where whoever wrote it says so.
    pub dates: Option<Box<Dates>>,
    /// Its static address; DHCP when not set.
    pub network: Option<Box<Network>>,
    /// Its own settings, administrator's name and password among them.
    pub settings: Settings,
    /// Its own vendor parameters.
    pub raw: Raw,
}

/// What a phone shows when it is asked for digest credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateCredentials {
    /// Its user name; the MAC address as twelve digits in lower case when its record names none.
    pub user: CompactString,
    /// Its password, 8 to 64 characters.
    pub password: Secret,
}

/// When a record was made and last edited, as RFC 3339 writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub created: Option<Box<str>>,
    /// When it was last edited.
    pub updated: Option<Box<str>>,
}

/// A phone's static address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its IPv4 address.
    pub address: Ipv4Addr,
    /// Its netmask.
    pub netmask: Ipv4Addr,
    /// Its router.
    pub gateway: Ipv4Addr,
    /// Its name servers, at most two.
    pub dns_servers: Box<[Ipv4Addr]>,
}
