//! The records of those who manage: logins, tokens, templates and preferences; and what names a record.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;

use crate::model::{Protocol, Secret};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Unique among logins.
    pub id: CompactString,
    /// Name for people.
    pub name: CompactString,
    /// The account that it acts as: an id, an extension's number, or `administrator`.
    pub account: Arc<str>,
    /// Its password as a PHC string of argon2id; without one it cannot sign in by password.
    pub password: Option<Secret>,
    /// Whether it, and its tokens, open anything.
    pub enabled: bool,
}

/// A token of a login, for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Unique among tokens; its public half.
    pub id: CompactString,
    /// The login that it stands for.
    pub login: Arc<str>,
    /// What it is for.
    pub name: CompactString,
    /// SHA-256 of its secret half, in hexadecimal digits.
    pub hash: Secret,
    /// What it opens.
    pub scope: TokenScope,
    /// When it ends, as RFC 3339 writes it; never when not set.
    pub expires: Option<Box<str>>,
    /// When it was made.
    pub created: Option<Box<str>>,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// Looking.
    #[default]
    Read,
    /// Looking and changing.
    Write,
}

impl TokenScope {
    /// Every scope with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[("read", Self::Read), ("write", Self::Write)];
}

/// A provisioning template: what its equipment's files are made of where that is not the catalog's own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Unique among templates; `default` is the one that the catalog is.
    pub id: CompactString,
    /// Name for people, unique for its owner.
    pub name: CompactString,
    /// The provider or organization that owns it; the administrator when not set.
    pub owner: Option<Arc<str>>,
    /// Who may use it.
    pub visibility: Visibility,
    /// The phones that it is for; a model and firmware once.
    pub equipment: Box<[Equipment]>,
}

/// The files of one model and firmware in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equipment {
    /// The model, `vendor/model` of the catalog.
    pub model: Arc<str>,
    /// The firmware, by the catalog's id.
    pub firmware: Arc<str>,
    /// The files that have a body of their own; all others use the default one.
    pub files: Box<[TemplateFile]>,
}

/// A file's own body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// The file's name in the catalog, like `{mac}.cfg`.
    pub name: Box<str>,
    /// What it is rendered from.
    pub body: Arc<str>,
}

/// The lowest kind of account, at or below the owner, that sees a template; those between see it as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// The administrator alone.
    #[default]
    Administrator,
    /// Providers, too.
    Provider,
    /// Organizations, too, with their users.
    Organization,
}

impl Visibility {
    /// Every visibility with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[
        ("administrator", Self::Administrator),
        ("organization", Self::Organization),
        ("provider", Self::Provider),
    ];

    /// Gives the word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Organization => "organization",
            Self::Provider => "provider",
        }
    }
}

/// What the administrator prefers for every device; goes before the server's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Whether phones may be known by their MAC address alone over HTTP and HTTPS.
    pub mac_based: Option<bool>,
    /// Protocol of devices that name none, where their firmware offers it.
    pub protocol: Option<Protocol>,
    /// Seconds between the requests of devices that name no interval, 60 to 5,999,940.
    pub update_interval: Option<u32>,
}

/// The kinds of records that a fleet is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// `[[device]]`
    Device,
    /// `[[extension]]`
    Extension,
    /// `[[grant]]`
    Grant,
    /// `[[group]]`
    Group,
    /// `[[job]]`
    Job,
    /// `[[login]]`
    Login,
    /// `[[organization]]`
    Organization,
    /// `[preferences]`
    Preferences,
    /// `[[provider]]`
    Provider,
    /// `[[template]]`
    Template,
    /// `[[token]]`
    Token,
    /// `[[user]]`
    User,
}

impl RecordKind {
    /// Every kind, in the order of their names.
    pub const ALL: &[Self] = &[
        Self::Device,
        Self::Extension,
        Self::Grant,
        Self::Group,
        Self::Job,
        Self::Login,
        Self::Organization,
        Self::Preferences,
        Self::Provider,
        Self::Template,
        Self::Token,
        Self::User,
    ];

    /// Gives its name in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Extension => "extension",
            Self::Grant => "grant",
            Self::Group => "group",
            Self::Job => "job",
            Self::Login => "login",
            Self::Organization => "organization",
            Self::Preferences => "preferences",
            Self::Provider => "provider",
            Self::Template => "template",
            Self::Token => "token",
            Self::User => "user",
        }
    }

    /// Gives the key whose value names a record of the kind; preferences, of which there is one, need none.
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Self::Device => Some("serial"),
            Self::Extension => Some("number"),
            Self::Preferences => None,
            Self::Grant
            | Self::Group
            | Self::Job
            | Self::Login
            | Self::Organization
            | Self::Provider
            | Self::Template
            | Self::Token
            | Self::User => Some("id"),
        }
    }
}

/// What names a record: its kind, and the value of its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// Its kind.
    pub kind: RecordKind,
    /// Its serial, number or id; a device's is a secret.
    pub key: CompactString,
}

impl RecordRef {
    /// Names a record.
    pub fn new(kind: RecordKind, key: &str) -> Self {
        Self { kind, key: key.into() }
    }
}

impl fmt::Debug for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.kind == RecordKind::Device { "••••" } else { &self.key };
        write!(f, "{} {key}", self.kind.word())
    }
}
