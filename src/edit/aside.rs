//! Edits that are decided apart from each other, and drafted together.
//!
//! A draft that stands [`Draft::aside`] notes what would be done, permit in hand, and does nothing: so many can be
//! decided at once, each by itself, and those that may stand are drafted in one go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::edit::{Draft, DraftError};
use crate::model::{RecordKind, RecordRef};

/// An edit of a document that a permit was there for, and that is not drafted yet.
#[derive(Clone)]
pub struct Noted {
    pub(super) path: PathBuf,
    pub(super) record: RecordRef,
    pub(super) what: What,
}

/// What is done with a record.
#[derive(Clone)]
pub(super) enum What {
    /// It is added with these fields.
    Add(Map<String, Value>),
    /// These fields are merged into it.
    Change(Map<String, Value>),
    /// It goes.
    Remove,
}

impl Noted {
    /// Names the document.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names the record.
    pub fn record(&self) -> &RecordRef {
        &self.record
    }

    /// Gives what its keys are to say; nothing where it goes.
    pub fn fields(&self) -> Option<&Map<String, Value>> {
        match &self.what {
            What::Add(fields) | What::Change(fields) => Some(fields),
            What::Remove => None,
        }
    }
}

impl Draft {
    /// Gives a draft of the same documents that only notes what would be done.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { noted: Some(Vec::new()), ..Self::new(Arc::clone(&self.documents)) }
    }

    /// Gives what a draft that stands aside has noted.
    pub fn into_noted(self) -> Vec<Noted> {
        self.noted.unwrap_or_default()
    }

    /// Drafts what was noted.
    ///
    /// # Errors
    /// Gives the place of the first that cannot be drafted, and why; the draft is spoiled then.
    pub fn replay(&mut self, noted: &[&Noted]) -> Result<(), (usize, DraftError)> {
        for (at, one) in noted.iter().enumerate() {
            self.edit(&one.path, |text| one.what.draft(text, &one.record)).map_err(|error| (at, error))?;
        }
        Ok(())
    }

    pub(super) fn note(&mut self, path: &Path, record: &RecordRef, what: impl FnOnce() -> What) -> bool {
        let Some(noted) = &mut self.noted else { return false };
        noted.push(Noted { path: path.to_owned(), record: record.clone(), what: what() });
        true
    }
}

impl Draft {
    /// Names the record that a line of a document as it shall be belongs to; the first line is 1.
    pub fn record_at(&self, path: &Path, line: u32) -> Option<RecordRef> {
        let text = self.open.get(path)?.text.write();
        let lines: Vec<&str> = text.lines().collect();
        let line = usize::try_from(line).ok()?.clamp(1, lines.len().max(1));
        let is_record = |line: &&str| line.starts_with("[[") && !line.contains('.');
        let begin = lines.get(..line)?.iter().rposition(is_record)?;
        let word = lines.get(begin)?.trim_start_matches('[').split(']').next()?.trim();
        let kind = *RecordKind::ALL.iter().find(|kind| kind.word() == word)?;
        let key = kind.key()?;
        let own = lines.get(begin + 1..)?.iter().take_while(|line| !is_record(line));
        let value = own.filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == key)?.1;
        Some(RecordRef::new(kind, value.trim().split(['"', '\'']).nth(1)?))
    }
}
