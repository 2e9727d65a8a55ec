//! Edits of the fleet's documents: the texts of a change that is being made.
//!
//! Promises: nothing is edited without the permit for it; what is not edited stays byte for byte, comments and order
//! with it; no secret is in a diff. Nothing is written here: read next `reload::Desk`, which tries a draft out and
//! commits it, and [`Documents`], which it is written to.

mod aside;
mod diff;
mod place;
mod text;
mod value;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

pub use self::aside::Noted;
pub use crate::documents::{Change, Documents, Folder, Ledger, Lock, Rewrite, WriteError};
use crate::edit::aside::What;
use crate::edit::text::Text;
use crate::model::{RecordKind, RecordRef};
use crate::rights::{self, Act, Permit};

/// The texts of a change that is being made.
pub struct Draft {
    documents: Arc<dyn Documents>,
    open: BTreeMap<PathBuf, Open>,
    revision: u64,
    is_spoiled: bool,
    id: u64,
    /// What was noted, where the draft stands aside.
    noted: Option<Vec<Noted>>,
}

/// Tells drafts of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A document that is edited.
struct Open {
    before: Option<Arc<str>>,
    text: Text,
    /// The text as it is written, once somebody has asked for it.
    written: OnceLock<Arc<str>>,
    /// The draft's revision that last changed it.
    revision: u64,
}

impl Open {
    fn written(&self) -> &Arc<str> {
        self.written.get_or_init(|| self.text.write().into())
    }
}

/// A document that a draft has changed.
#[derive(Debug)]
pub struct Redrafted<'d> {
    /// Which one.
    pub path: &'d Path,
    /// The draft's revision that last changed it.
    pub revision: u64,
    /// What it was; `None` where there was none.
    pub before: Option<&'d str>,
    /// What it shall be.
    pub after: Arc<str>,
}

/// Why an edit cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The record is not where it was said to be.
    #[error("there is no {0:?} in this document any more")]
    Missing(RecordRef),
    /// There is one already.
    #[error("there is a {0:?} in this document already")]
    Present(RecordRef),
    /// The permit does not let this key change, or names another record; whoever asked should have known.
    #[error("`{0}` may not be changed with this permit")]
    Locked(String),
    /// The value has no form in TOML.
    #[error("`{0}` cannot be written into a file; leave nulls out of lists, and numbers within 64 bits")]
    Value(String),
    /// The document cannot be edited without changing more than the record.
    #[error("{} is not TOML that can be edited; mend its syntax, and use one kind of line ends", .0.display())]
    Unfit(PathBuf),
    /// The document cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Draft {
    /// Begins a change of documents.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { documents, open: BTreeMap::new(), revision: 0, is_spoiled: false, id, noted: None }
    }

    /// Gives the document that the new records of an organization, of a provider, or of the administrator go to.
    pub fn place(&self, provider: Option<&str>, organization: Option<&str>) -> PathBuf {
        self.documents.root().join(place::usual(provider, organization))
    }

    /// Adds a record at the end of a document, which is made if there is none.
    ///
    /// # Errors
    /// The permit is for another record, or the document cannot be edited.
    pub fn add(
        &mut self,
        permit: &Permit<rights::Add>,
        into: &Path,
        fields: &Map<String, Value>,
    ) -> Result<(), DraftError> {
        let record = permit.record();
        allowed(permit, fields)?;
        if let Some(key) = record.kind.key() {
            let named = fields.get(key).and_then(Value::as_str);
            if named != Some(&*record.key) {
                return Err(DraftError::Locked(key.to_owned()));
            }
        }
        if self.note(into, record, || What::Add(fields.clone())) {
            return Ok(());
        }
        self.edit(into, |text| draft_add(text, record, fields))
    }

    /// Merges fields into a record (RFC 7396): tables merge, null takes a key away.
    ///
    /// # Errors
    /// The permit does not let one of the keys change, the record is not there, or the document cannot be edited.
    pub fn change(
        &mut self,
        permit: &Permit<rights::Change>,
        at: &Path,
        fields: &Map<String, Value>,
    ) -> Result<(), DraftError> {
        let record = permit.record();
        allowed(permit, fields)?;
        if self.note(at, record, || What::Change(fields.clone())) {
            return Ok(());
        }
        self.edit(at, |text| draft_change(text, record, fields))
    }

    /// Removes a record.
    ///
    /// # Errors
    /// The record is not there, or the document cannot be edited.
    pub fn remove(&mut self, permit: &Permit<rights::Remove>, at: &Path) -> Result<(), DraftError> {
        if self.note(at, permit.record(), || What::Remove) {
            return Ok(());
        }
        self.edit(at, |text| text.remove(permit.record()))
    }

    /// Does an edit; one that fails spoils the draft.
    fn edit(
        &mut self,
        path: &Path,
        edit: impl FnOnce(&mut Text) -> Result<(), DraftError>,
    ) -> Result<(), DraftError> {
        let unfit = |error| match error {
            DraftError::Unfit(_) => DraftError::Unfit(path.to_owned()),
            other => other,
        };
        let done = self.open(path).and_then(|open| edit(&mut open.text)).map_err(unfit);
        self.is_spoiled |= done.is_err();
        self.revision += 1;
        if let Some(open) = self.open.get_mut(path) {
            open.revision = self.revision;
            open.written = OnceLock::new();
        }
        done
    }

    fn open(&mut self, path: &Path) -> Result<&mut Open, DraftError> {
        match self.open.entry(path.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let before = self.documents.read(path);
                let before = before.map_err(|source| DraftError::Read { path: path.to_owned(), source })?;
                let before: Option<Arc<str>> = before.map(Into::into);
                let text = Text::parse(before.as_ref().unwrap_or(&Arc::from("")));
                let text = text.ok_or_else(|| DraftError::Unfit(path.to_owned()))?;
                Ok(entry.insert(Open { before, text, written: OnceLock::new(), revision: 0 }))
            }
        }
    }

    /// Tells whether an edit failed half-way, so that nothing may come of the draft.
    pub fn is_spoiled(&self) -> bool {
        self.is_spoiled
    }

    /// Gives a number that no other draft of this process has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Names the documents that were edited.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.open.keys().map(PathBuf::as_path)
    }

    /// Gives how long the documents are that were edited.
    pub fn bytes(&self) -> usize {
        self.open.values().map(|open| open.before.as_deref().map_or(0, str::len)).sum()
    }

    /// Gives a number that grows with each edit.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Gives the documents that were edited after a revision, or ever (0), as they shall be.
    pub fn since(&self, revision: u64) -> Vec<Redrafted<'_>> {
        let open = self.open.iter().filter(|(_, open)| open.revision > revision);
        open.map(|(path, open)| Redrafted {
            path,
            revision: open.revision,
            before: open.before.as_deref(),
            after: Arc::clone(open.written()),
        })
        .collect()
    }

    /// Gives every document that would not be as it was, before and after.
    pub fn rewrites(&self) -> Vec<Rewrite> {
        let rewrites = self.open.iter().map(|(path, open)| Rewrite {
            path: path.to_owned(),
            before: open.before.clone(),
            after: Arc::clone(open.written()),
        });
        rewrites.filter(|rewrite| rewrite.before.as_deref() != Some(&rewrite.after)).collect()
    }

    /// Gives what would change as a unified diff, secrets masked.
    pub fn diff(&self) -> String {
        diff::unified(self.documents.root(), &self.rewrites())
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({} documents)", self.open.len())
    }
}

impl What {
    fn draft(&self, text: &mut Text, record: &RecordRef) -> Result<(), DraftError> {
        match self {
            Self::Add(fields) => draft_add(text, record, fields),
            Self::Change(fields) => draft_change(text, record, fields),
            Self::Remove => text.remove(record),
        }
    }
}

fn draft_add(text: &mut Text, record: &RecordRef, fields: &Map<String, Value>) -> Result<(), DraftError> {
    if text.has(record) {
        return Err(DraftError::Present(record.clone()));
    }
    text.add(record, fields)
}

fn draft_change(text: &mut Text, record: &RecordRef, fields: &Map<String, Value>) -> Result<(), DraftError> {
    if record.kind == RecordKind::Preferences && !text.has(record) {
        return text.add(record, fields);
    }
    text.change(record, fields)
}

/// Refuses once more what the permit does not let change; of a table, key by key.
fn allowed<A: Act>(permit: &Permit<A>, fields: &Map<String, Value>) -> Result<(), DraftError> {
    let locked = |(key, value): (&String, &Value)| match value {
        _ if permit.lets(key) => None,
        Value::Object(table) => {
            table.keys().map(|inner| format!("{key}.{inner}")).find(|inner| !permit.lets(inner))
        }
        _ => Some(key.clone()),
    };
    fields.iter().find_map(locked).map_or(Ok(()), |key| Err(DraftError::Locked(key)))
}
