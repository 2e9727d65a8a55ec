//! Edits that are decided apart from each other, and drafted together.
//!
//! A draft that stands [`Draft::aside`] notes what would be done, permit in hand, and does nothing: so many can be
//! decided at once, each by itself, and those that may stand are drafted in one go.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::edit::text::{OfRecord, Text, records_at};
use crate::edit::{Draft, DraftError};
use crate::model::RecordRef;

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
        let mut by_path: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
        for (at, one) in noted.iter().enumerate() {
            by_path.entry(&one.path).or_default().push(at);
        }
        for (path, places) in by_path {
            let mut wrong = places.first().copied().unwrap_or_default();
            let own: Vec<&Noted> = places.iter().map(|at| noted[*at]).collect();
            self.edit(path, |text| {
                together(text, &own).map_err(|(at, error)| {
                    wrong = places[at];
                    error
                })
            })
            .map_err(|error| (wrong, error))?;
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
    /// Names the records that lines of a document as it shall be belong to; the first line is 1.
    pub fn records_at(&self, path: &Path, lines: &[u32]) -> Vec<Option<RecordRef>> {
        match self.open.get(path) {
            Some(open) => records_at(open.written(), lines),
            None => vec![None; lines.len()],
        }
    }
}

/// Drafts what was noted of one document: where no record is named twice, those that change at once, and then those
/// that go and those that come.
fn together(text: &mut Text, noted: &[&Noted]) -> Result<(), (usize, DraftError)> {
    let mut seen = HashSet::with_capacity(noted.len());
    let name = |one: &Noted| {
        let key = one.record.kind.key().and_then(|key| one.fields()?.get(key)?.as_str());
        key.map(|key| RecordRef::new(one.record.kind, key))
    };
    let is_again = |one: &&Noted| {
        let new = name(one).filter(|new| *new != one.record);
        let names = [Some(one.record.clone()), new];
        names.into_iter().flatten().any(|record| !seen.insert(record))
    };
    // Preferences may be there or not.
    let is_odd = |one: &&Noted| one.record.kind.key().is_none();
    if noted.len() < 2 || noted.iter().any(is_odd) || noted.iter().any(is_again) {
        let one =
            |(at, one): (usize, &&Noted)| one.what.draft(text, &one.record).map_err(|error| (at, error));
        return noted.iter().enumerate().try_for_each(one);
    }
    let (mut changes, mut new, mut gone) = (Places::default(), Places::default(), Vec::new());
    for (at, one) in noted.iter().enumerate() {
        match &one.what {
            What::Change(fields) => changes.push(at, (&one.record, fields)),
            What::Add(_) if text.has(&one.record) => {
                return Err((at, DraftError::Present(one.record.clone())));
            }
            What::Add(fields) => new.push(at, (&one.record, fields)),
            What::Remove => gone.push((at, &one.record)),
        }
    }
    text.change_all(&changes.what).map_err(|error| changes.of(error))?;
    for (at, record) in gone {
        text.remove(record).map_err(|error| (at, error))?;
    }
    text.add_all(&new.what).map_err(|error| new.of(error))
}

/// Edits, and which of all each is.
#[derive(Default)]
struct Places<'n> {
    at: Vec<usize>,
    what: Vec<OfRecord<'n>>,
}

impl<'n> Places<'n> {
    fn push(&mut self, at: usize, what: OfRecord<'n>) {
        self.at.push(at);
        self.what.push(what);
    }

    fn of(&self, (place, error): (usize, DraftError)) -> (usize, DraftError) {
        (self.at.get(place).copied().unwrap_or_default(), error)
    }
}
