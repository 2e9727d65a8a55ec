//! A file's place in a snapshot.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::snapshot::build::Changed;
use crate::snapshot::{Since, Slot, Source, Stamp};

impl Slot {
    pub(super) fn new(path: PathBuf, source: &Source) -> Self {
        let since = Arc::new(Since::All(Stamp::default()));
        Self { path: Arc::new(path), records: Arc::clone(&source.records), since, fetched: Arc::default() }
    }

    /// Puts a file's records into its slot; tells what was there before, unless it is the same.
    pub(super) fn renew(slot: &mut Option<Self>, file: u32, path: &Path, source: &Source) -> Option<Changed> {
        let same =
            |slot: &Self| Arc::ptr_eq(&slot.records, &source.records) || slot.records == source.records;
        if slot.as_ref().is_some_and(same) {
            return None;
        }
        let old = slot.replace(Self::new(path.to_owned(), source));
        Some(Changed { file, old, new: Some(Arc::clone(&source.records)) })
    }
}
