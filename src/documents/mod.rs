//! The set of documents that a fleet is made of, through one small interface: list, read, write if unchanged, lock,
//! watch.
//!
//! Promises: a change of several documents is made as a whole or not at all, whenever the writer is killed (promise
//! H10); nobody's work is overwritten unseen; what was changed is noted in the audit log once. A folder is the one
//! implementation; where one machine is not enough, a replicated store can stand in. Read next: [`Folder`].

mod folder;
mod journal;

pub use self::folder::Folder;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where documents are read and written.
pub trait Documents: fmt::Debug + Send + Sync {
    /// Gives what the paths of all documents begin with.
    fn root(&self) -> &Path;

    /// Lists the documents.
    ///
    /// # Errors
    /// They cannot be listed.
    fn list(&self) -> io::Result<Vec<PathBuf>>;

    /// Reads a document; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is not text.
    fn read(&self, path: &Path) -> io::Result<Option<String>>;

    /// Gives what has to be watched to hear of a change.
    fn watched(&self) -> Vec<PathBuf>;

    /// Keeps others from writing while the documents are read; nobody else who reads waits.
    ///
    /// # Errors
    /// Somebody has been writing for too long, or the documents cannot be locked.
    fn share(&self) -> Result<Lock, WriteError>;

    /// Keeps others from reading and writing while the documents are edited.
    ///
    /// # Errors
    /// Somebody has been reading or writing for too long, or the documents cannot be locked.
    fn lock(&self) -> Result<Lock, WriteError>;

    /// Writes all documents of a change, unless one of them is not as it was; the change then waits for
    /// [`Documents::conclude`].
    ///
    /// # Errors
    /// Nothing was written.
    fn write(&self, lock: &Lock, change: &Change) -> Result<(), WriteError>;

    /// Notes in the audit log what was written, and forgets that it was under way.
    ///
    /// # Errors
    /// It could not be noted; [`Documents::recover`] will try again.
    fn conclude(&self, lock: &Lock, change: &Change, ledger: &dyn Ledger) -> Result<(), WriteError>;

    /// Tells whether a writer was killed before it had concluded.
    fn is_unfinished(&self) -> bool;

    /// Finishes what a writer that was killed has begun, and gives the documents that somebody else has written since.
    ///
    /// # Errors
    /// It cannot be finished.
    fn recover(&self, lock: &Lock, ledger: &dyn Ledger) -> Result<Vec<PathBuf>, WriteError>;
}

/// Where changes are noted: the audit log.
pub trait Ledger {
    /// Notes a change.
    ///
    /// # Errors
    /// It cannot be written.
    fn append(&self, line: &str) -> io::Result<()>;

    /// Notes a change of a writer that was killed, unless the writer had done so itself.
    ///
    /// # Errors
    /// It cannot be read or written.
    fn append_once(&self, line: &str) -> io::Result<()>;
}

/// The right to read, or to write, for as long as it is held.
#[derive(Debug)]
pub struct Lock {
    /// Absent where the file system knows no locks.
    _held: Option<std::fs::File>,
}

/// Documents that are changed together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Each document as it was and as it shall be.
    pub rewrites: Vec<Rewrite>,
    /// What the audit log is told, one line or several.
    pub audit: String,
}

/// A document as it was and as it shall be.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Which one.
    pub path: PathBuf,
    /// What it must still be; `None` where there must be none.
    pub before: Option<Arc<str>>,
    /// What it shall be.
    pub after: Arc<str>,
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts hold secrets.
        write!(f, "Rewrite({})", self.path.display())
    }
}

/// Why documents are not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody has changed a document meanwhile.
    #[error("{} was changed by somebody else meanwhile; look at it and try again", .0.display())]
    Changed(PathBuf),
    /// Somebody else holds the documents.
    #[error("{} has been in use by another program for {} seconds; try again", folder.display(), waited)]
    Busy {
        /// Where they lie.
        folder: PathBuf,
        /// How long it was waited, in seconds.
        waited: u64,
    },
    /// The audit log cannot be written.
    #[error("cannot note the change in the audit log; check the state folder and its rights")]
    Audit(#[source] io::Error),
    /// The disk refuses.
    #[error("cannot write {}; {}", path.display(), cure(source))]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What a killed writer left cannot be understood.
    #[error("{} is damaged; compare the records with what they should be, then remove it", .0.display())]
    Damaged(PathBuf),
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "give the user that bellhop runs as the right to write into the folder (`chgrp bellhop`, `chmod g+ws`)"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the folder is read-only here: name it in `ReadWritePaths=` of the unit, or mount it writable"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
        _ => "check the folder and the disk",
    }
}

#[cfg(test)]
mod tests;
