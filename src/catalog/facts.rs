//! What the catalog's files say, at one level: vendor, family, model or firmware.
//!
//! Every fact may stand at every level; [`Facts::over`] puts a level over the one that it inherits from, so that
//! a fact is written once, where it first becomes true.

use std::collections::BTreeMap;

use crate::catalog::dhcp::Dhcp;
use crate::catalog::files::FileFacts;
use crate::catalog::finish::FinishFacts;
use crate::catalog::values::{ValueFacts, WithoutFacts};
use crate::document::Entry;
use crate::model::Protocol;
use crate::template::{Charset, Newline, Quote};

/// The facts of one level; `None` and empty mean that the level below it decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) application_version: Option<bool>,
    pub(super) classic_response: Option<bool>,
    pub(super) content_type: Option<String>,
    pub(super) dhcp: Option<Dhcp>,
    pub(super) doubts: Vec<String>,
    pub(super) expansion_keys: Option<u16>,
    pub(super) expansion_modules: Option<u16>,
    pub(super) files: BTreeMap<String, FileFacts>,
    pub(super) finish: FinishFacts,
    pub(super) interval: IntervalFacts,
    pub(super) line_keys: Option<u16>,
    pub(super) lines: Option<u16>,
    pub(super) password: PasswordFacts,
    pub(super) probes: Vec<String>,
    pub(super) protocols: Vec<Protocol>,
    pub(super) syntax: SyntaxFacts,
    pub(super) unproven: Option<String>,
    pub(super) values: ValueFacts,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) web_interface: Option<bool>,
    pub(super) without: WithoutFacts,
}

/// How a phone is told to ask for updates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct IntervalFacts {
    pub(super) max: Option<u32>,
    pub(super) min: Option<u32>,
    pub(super) parameter: Option<String>,
    pub(super) unit: Option<IntervalUnit>,
}

/// The unit that a vendor counts update intervals in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalUnit {
    /// 86,400 seconds.
    Days,
    /// 3,600 seconds.
    Hours,
    /// 60 seconds.
    Minutes,
    /// One second.
    Seconds,
}

impl IntervalUnit {
    /// Every unit with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] = &[
        ("days", Self::Days),
        ("hours", Self::Hours),
        ("minutes", Self::Minutes),
        ("seconds", Self::Seconds),
    ];

    /// Gives the word in the catalog.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Hours => "hours",
            Self::Minutes => "minutes",
            Self::Seconds => "seconds",
        }
    }

    /// Gives its length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Days => 86_400,
            Self::Hours => 3_600,
            Self::Minutes => 60,
            Self::Seconds => 1,
        }
    }
}

/// What an administrator's password may consist of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PasswordFacts {
    pub(super) characters: Option<PasswordCharacters>,
    pub(super) max: Option<u16>,
}

/// The characters that a phone accepts in passwords.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PasswordCharacters {
    /// `0` to `9`.
    Digits,
    /// Letters and digits of ASCII.
    #[default]
    LettersAndDigits,
}

impl PasswordCharacters {
    /// Every set with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] =
        &[("digits", Self::Digits), ("letters-and-digits", Self::LettersAndDigits)];
}

/// How parameters are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SyntaxFacts {
    pub(super) charset: Option<Charset>,
    pub(super) indexed: Option<String>,
    pub(super) newline: Option<Newline>,
    pub(super) null: Option<String>,
    pub(super) parameter: Option<String>,
    pub(super) quote: Option<Quote>,
    pub(super) quoted: Option<String>,
}

/// The keys that every level takes.
pub(super) const FACT_KEYS: &[&str] = &[
    "application-version",
    "classic-response",
    "content-type",
    "doubts",
    "encoding",
    "encryption",
    "end",
    "expansion-keys",
    "expansion-modules",
    "files",
    "interval",
    "line-keys",
    "line-max",
    "lines",
    "password",
    "probes",
    "protocols",
    "size-max",
    "syntax",
    "unproven",
    "values",
    "vars",
    "web-interface",
    "without",
];

impl Facts {
    /// Reads one entry of a level; `false` when its key is none of [`FACT_KEYS`].
    pub(super) fn read(&mut self, entry: &Entry<'_>, vendor: &str) -> bool {
        match entry.key() {
            "application-version" => self.application_version = entry.boolean(),
            "classic-response" => self.classic_response = entry.boolean(),
            "content-type" => self.content_type = text(entry),
            "dhcp" => self.dhcp = Some(Dhcp::read(entry)),
            "doubts" => self.doubts = entry.list().filter_map(|item| text(&item)).collect(),
            "expansion-keys" => self.expansion_keys = count(entry, 999),
            "expansion-modules" => self.expansion_modules = count(entry, 9),
            "files" => {
                for entry in entry.table().into_iter().flatten() {
                    let facts =
                        entry.table().map(|table| FileFacts::read(&table, vendor)).unwrap_or_default();
                    self.files.insert(entry.key().to_owned(), facts);
                }
            }
            "interval" => self.interval.read(entry),
            "line-keys" => self.line_keys = count(entry, 999),
            "lines" => self.lines = count(entry, 999),
            "password" => self.password.read(entry),
            "probes" => self.probes = entry.list().filter_map(|item| text(&item)).collect(),
            "protocols" => {
                self.protocols = entry.list().filter_map(|item| item.one_of(Protocol::ALL)).collect();
            }
            "syntax" => self.syntax.read(entry),
            "unproven" => self.unproven = text(entry),
            "values" => self.values.read(entry),
            "vars" => {
                for entry in entry.table().into_iter().flatten() {
                    self.vars.extend(entry.scalar().map(|value| (entry.key().to_owned(), value)));
                }
            }
            "web-interface" => self.web_interface = entry.boolean(),
            "without" => self.without.read(entry),
            _ => return self.finish.read(entry),
        }
        true
    }

    /// Gives these facts with `base` below them.
    pub(super) fn over(self, base: &Self) -> Self {
        let mut files = base.files.clone();
        for (name, facts) in self.files {
            let below = files.remove(&name).unwrap_or_default();
            files.insert(name, facts.over(&below));
        }
        let mut vars = base.vars.clone();
        vars.extend(self.vars);
        Self {
            application_version: self.application_version.or(base.application_version),
            classic_response: self.classic_response.or(base.classic_response),
            content_type: self.content_type.or_else(|| base.content_type.clone()),
            dhcp: self.dhcp.or_else(|| base.dhcp.clone()),
            doubts: joined(&base.doubts, self.doubts),
            expansion_keys: self.expansion_keys.or(base.expansion_keys),
            expansion_modules: self.expansion_modules.or(base.expansion_modules),
            files,
            finish: self.finish.over(&base.finish),
            interval: self.interval.over(&base.interval),
            line_keys: self.line_keys.or(base.line_keys),
            lines: self.lines.or(base.lines),
            password: PasswordFacts {
                characters: self.password.characters.or(base.password.characters),
                max: self.password.max.or(base.password.max),
            },
            probes: joined(&base.probes, self.probes),
            protocols: if self.protocols.is_empty() { base.protocols.clone() } else { self.protocols },
            syntax: self.syntax.over(&base.syntax),
            unproven: self.unproven.or_else(|| base.unproven.clone()),
            values: self.values.over(&base.values),
            vars,
            web_interface: self.web_interface.or(base.web_interface),
            without: self.without.over(&base.without),
        }
    }
}

impl IntervalFacts {
    fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "max" => self.max = entry.integer(1, u32::MAX),
                "min" => self.min = entry.integer(1, u32::MAX),
                "parameter" => self.parameter = text(&entry),
                "unit" => self.unit = entry.one_of(IntervalUnit::ALL),
                _ => entry.unknown(&["max", "min", "parameter", "unit"]),
            }
        }
    }

    fn over(self, base: &Self) -> Self {
        Self {
            max: self.max.or(base.max),
            min: self.min.or(base.min),
            parameter: self.parameter.or_else(|| base.parameter.clone()),
            unit: self.unit.or(base.unit),
        }
    }
}

impl PasswordFacts {
    fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "characters" => self.characters = entry.one_of(PasswordCharacters::ALL),
                "max" => self.max = count(&entry, 64),
                _ => entry.unknown(&["characters", "max"]),
            }
        }
    }
}

impl SyntaxFacts {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "charset" => self.charset = entry.one_of(Charset::ALL),
                "indexed" => self.indexed = text(&entry),
                "newline" => self.newline = entry.one_of(Newline::ALL),
                "null" => self.null = entry.text_or_empty(64).map(str::to_owned),
                "parameter" => self.parameter = text(&entry),
                "quote" => self.quote = entry.one_of(Quote::ALL),
                "quoted" => self.quoted = entry.text_or_empty(64).map(str::to_owned),
                _ => {
                    entry.unknown(&["charset", "indexed", "newline", "null", "parameter", "quote", "quoted"]);
                }
            }
        }
    }

    pub(super) fn over(self, base: &Self) -> Self {
        Self {
            charset: self.charset.or(base.charset),
            indexed: self.indexed.or_else(|| base.indexed.clone()),
            newline: self.newline.or(base.newline),
            null: self.null.or_else(|| base.null.clone()),
            parameter: self.parameter.or_else(|| base.parameter.clone()),
            quote: self.quote.or(base.quote),
            quoted: self.quoted.or_else(|| base.quoted.clone()),
        }
    }
}

fn joined(base: &[String], own: Vec<String>) -> Vec<String> {
    let mut all = base.to_vec();
    all.extend(own.into_iter().filter(|item| !base.contains(item)));
    all
}

pub(super) fn text(entry: &Entry<'_>) -> Option<String> {
    entry.text(1024).map(str::to_owned)
}

fn count(entry: &Entry<'_>, max: u16) -> Option<u16> {
    entry.integer(1, u32::from(max)).and_then(|number| u16::try_from(number).ok())
}
