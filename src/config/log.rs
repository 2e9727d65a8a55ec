//! What the server tells of itself, how, and where.

use crate::config::values::set;
use crate::document::Entry;

/// What is logged, how, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least important that is told; `BELLHOP_LOG` in the environment overrides it.
    pub level: Level,
    /// The shape of a line on standard error.
    pub format: Format,
    /// Where it goes.
    pub to: Destination,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every request, too.
    Debug,
    /// What somebody must act on.
    Error,
    /// Starts, stops and publications, too.
    Info,
    /// Every step, too.
    Trace,
    /// What makes service worse, too.
    Warn,
}

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON.
    Json,
    /// A line for people.
    Text,
}

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The system's journal, each fact in a field of its own.
    Journald,
    /// Standard error.
    Stderr,
}

impl Level {
    /// Every level with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, format: Format::Text, to: Destination::Stderr }
    }
}

impl Log {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        const FORMATS: &[(&str, Format)] = &[("json", Format::Json), ("text", Format::Text)];
        const DESTINATIONS: &[(&str, Destination)] =
            &[("journald", Destination::Journald), ("stderr", Destination::Stderr)];
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "format" => set(&mut self.format, entry.one_of(FORMATS)),
                "level" => set(&mut self.level, entry.one_of(Level::ALL)),
                "to" => set(&mut self.to, entry.one_of(DESTINATIONS)),
                _ => entry.unknown(&["format", "level", "to"]),
            }
        }
    }
}
