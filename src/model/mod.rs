//! The domain's plain data: parsed at the door, never checked again.
//!
//! Promises: no I/O, no clock, nothing but values; what is secret prints as dots.
//! Read next: [`records`](crate::model) for what a fleet is made of, then `snapshot` for how it is kept.

mod cell;
mod field;
mod jobs;
mod local_time;
mod mac;
mod management;
mod operation;
mod oui;
mod records;
mod secret;
mod settings;
mod subnet;
mod text;
mod vocabulary;
mod words;
mod zone;

pub use self::cell::Cell;
pub use self::field::{FieldKind, FieldValue, join_list};
pub use self::jobs::{FieldSource, Grant, Group, Holder, Job, JobField, JobKind, JobOperation, MAPPINGS};
pub use self::local_time::local_time;
pub use self::mac::{InvalidMac, Mac};
pub use self::management::{
    Equipment, Login, Preferences, RecordKind, RecordRef, Template, TemplateFile, Token, TokenScope,
    Visibility,
};
pub use self::operation::{FieldRole, OperationField};
pub use self::oui::{InvalidOui, Oui};
pub use self::records::{
    Dates, Device, Extension, ExtensionKind, Network, Organization, Provider, Sip, UpdateCredentials, User,
};
pub use self::secret::Secret;
pub use self::settings::{KeyKind, LineKey, Raw, RawParameter, Settings, Value};
pub use self::subnet::{LONGEST_IPV6, Subnet};
pub use self::text::{
    InvalidText, Serial, TEXT_MAX, check_host, check_id, check_name, check_number, check_url, check_user,
};
pub use self::vocabulary::{CODECS, COUNTRIES, Kind, LANGUAGES, Preset, SETTINGS, Scope, Setting, SettingId};
pub use self::words::{DigestAlgorithm, Level, Protocol, SipTransport};
pub use self::zone::{Change, Zone};
