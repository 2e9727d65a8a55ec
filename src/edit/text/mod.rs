//! The text of one document: records are found, added, changed and removed in it; every other byte stays.
//!
//! A text that can be cut at its records is edited record by record, so that a change of a few costs little in a large
//! one, and one of many is made by all cores ([`parts`]); any other is parsed as a whole ([`whole`]).

mod parts;
mod whole;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::document::sections;
use crate::edit::DraftError;
use crate::edit::text::parts::Parts;
use crate::edit::text::whole::Whole;
use crate::model::RecordRef;

/// A document's text.
pub(super) enum Text {
    Parts(Box<Parts>),
    Whole(Box<Whole>),
}

/// What of a text is not in its lines.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    has_mark: bool,
    has_returns: bool,
    is_cut: bool,
}

/// Fields for a record: merged into one that is there, or those of a new one.
pub(super) type OfRecord<'f> = (&'f RecordRef, &'f Map<String, Json>);

impl Style {
    fn of(text: &str) -> Self {
        Self {
            has_mark: text.starts_with('\u{feff}'),
            has_returns: text.contains("\r\n"),
            is_cut: !text.is_empty() && !text.ends_with('\n'),
        }
    }

    /// Gives the lines of a text as TOML's parser keeps them.
    fn plain(self, text: &str) -> Cow<'_, str> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if self.has_returns { text.replace("\r\n", "\n").into() } else { text.into() }
    }

    /// Gives lines as they were in the text.
    fn dress(self, mut text: String) -> String {
        if self.is_cut && text.ends_with('\n') {
            text.pop();
        }
        if self.has_returns {
            text = text.replace('\n', "\r\n");
        }
        if self.has_mark {
            text.insert(0, '\u{feff}');
        }
        text
    }
}

impl Text {
    /// Reads a text; `None` where it is not TOML, or could not be written again as it is.
    pub(super) fn parse(text: &Arc<str>) -> Option<Self> {
        match Parts::cut(text) {
            Some(parts) => Some(Self::Parts(Box::new(parts))),
            None => Whole::parse(text).map(|whole| Self::Whole(Box::new(whole))),
        }
    }

    /// Writes the text.
    pub(super) fn write(&self) -> String {
        match self {
            Self::Parts(parts) => parts.write(),
            Self::Whole(whole) => whole.write(),
        }
    }

    /// Tells whether there is such a record.
    pub(super) fn has(&self, record: &RecordRef) -> bool {
        match self {
            Self::Parts(parts) => parts.has(record),
            Self::Whole(whole) => whole.has(record),
        }
    }

    /// Adds a record at the end.
    pub(super) fn add(&mut self, record: &RecordRef, fields: &Map<String, Json>) -> Result<(), DraftError> {
        match self {
            Self::Parts(parts) => parts.add(record, fields),
            Self::Whole(whole) => whole.add(record.kind, fields),
        }
    }

    /// Merges fields into a record (RFC 7396).
    pub(super) fn change(
        &mut self,
        record: &RecordRef,
        fields: &Map<String, Json>,
    ) -> Result<(), DraftError> {
        match self {
            Self::Parts(parts) => parts.change(record, fields),
            Self::Whole(whole) => whole.change(record, fields),
        }
    }

    /// Removes a record, and the comment right above it.
    pub(super) fn remove(&mut self, record: &RecordRef) -> Result<(), DraftError> {
        match self {
            Self::Parts(parts) => parts.remove(record),
            Self::Whole(whole) => whole.remove(record),
        }
    }

    /// Adds records at the end, none of which is there; gives the place of one that cannot be.
    pub(super) fn add_all(&mut self, new: &[OfRecord<'_>]) -> Result<(), (usize, DraftError)> {
        match self {
            Self::Parts(parts) => parts.add_all(new),
            Self::Whole(whole) => each(new, |(record, fields)| whole.add(record.kind, fields)),
        }
    }

    /// Merges fields into records, each of which is named once; gives the place of one that cannot be changed.
    pub(super) fn change_all(&mut self, changes: &[OfRecord<'_>]) -> Result<(), (usize, DraftError)> {
        match self {
            Self::Parts(parts) => parts.change_all(changes),
            Self::Whole(whole) => each(changes, |(record, fields)| whole.change(record, fields)),
        }
    }
}

/// Names the records that lines of a text belong to; the first line is 1.
pub(super) fn records_at(text: &str, lines: &[u32]) -> Vec<Option<RecordRef>> {
    let Some(cut) = sections(text) else { return vec![None; lines.len()] };
    let begins: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1).collect();
    let record = |line: &u32| {
        let begin = match usize::try_from(*line).ok()?.checked_sub(2) {
            Some(above) => *begins.get(above)?,
            None => 0,
        };
        let before = cut.list.partition_point(|section| section.bytes.start <= begin);
        let section = cut.list.get(before.checked_sub(1)?)?;
        let name = section.name.clone().map_or("", |name| &text[name]);
        Some(RecordRef::new(section.kind?, name))
    };
    lines.iter().map(record).collect()
}

/// Does one after the other; gives the place of the first that fails.
fn each<T: Copy>(
    all: &[T],
    mut one: impl FnMut(T) -> Result<(), DraftError>,
) -> Result<(), (usize, DraftError)> {
    all.iter().enumerate().try_for_each(|(at, item)| one(*item).map_err(|error| (at, error)))
}

#[cfg(test)]
mod tests;
