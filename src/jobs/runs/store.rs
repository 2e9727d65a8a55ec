//! The folders of runs: `runs/<run>/` of the state folder.
//!
//! `run.json` is the header, `rows.jsonl` what became of each row; both are the record. `input` is what the run was
//! given, `undo.jsonl` how it is taken back, `answers.jsonl` what it generated, `digests` the rows that generated it:
//! they hold secrets, or their traces, and go when their time is over. `lock` is held by whoever does something with the
//! run, `live` is there until nothing more comes of it by itself, `cancel` asks for its end, `unnoted` is a line that the
//! audit log does not have yet (see `outbox`), `undoing` and `undone` tell of a run that was taken back. Everything is for its owner's
//! eyes only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use tracing::error;

use crate::durable;
use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::record::{Act, Run, RunId, RunState};
use crate::operation::{Code, Problem};

/// The header.
pub(super) const HEADER: &str = "run.json";
/// What became of each row.
pub(super) const ROWS: &str = "rows.jsonl";
/// What the run is given.
pub(super) const INPUT: &str = "input";
/// The rows of the input that are the run's, where not all of them are.
pub(super) const ONLY: &str = "only";
/// How each row is taken back.
pub(super) const UNDO: &str = "undo.jsonl";
/// What rows generated, for the runner to collect.
pub(super) const ANSWERS: &str = "answers.jsonl";
/// Keyed digests of the rows that generated something.
pub(super) const DIGESTS: &str = "digests";
/// Who wants the run to end, while somebody works on it.
pub(super) const CANCEL: &str = "cancel";
/// That the run is being taken back.
pub(super) const UNDOING: &str = "undoing";
/// Who had the run taken back.
pub(super) const UNDONE: &str = "undone";

/// That something may still come of the run by itself.
pub(super) const LIVE: &str = "live";

const LOCK: &str = "lock";
/// The key of [`DIGESTS`], beside the runs.
const KEY: &str = "key";

/// All runs of a state folder.
#[derive(Debug, Clone)]
pub(super) struct Store {
    state: PathBuf,
    folder: PathBuf,
}

/// The folder of a run cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}; check the state folder and the disk", path.display())]
pub struct StoreError {
    /// What was attempted.
    what: &'static str,
    /// The file.
    path: PathBuf,
    /// Why it does not work.
    source: io::Error,
}

impl StoreError {
    pub(super) fn of(what: &'static str, path: PathBuf, source: io::Error) -> Self {
        Self { what, path, source }
    }
}

impl Store {
    /// Names the runs of a state folder; nothing is made.
    pub(super) fn at(state: &Path) -> Self {
        Self { state: state.to_owned(), folder: state.join("runs") }
    }

    /// Gives the state folder.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Gives the path of a file of a run.
    pub(super) fn path(&self, id: &RunId, name: &str) -> PathBuf {
        self.folder.join(id.as_str()).join(name)
    }

    /// Makes the folder of a run; false where there is one.
    pub(super) fn make(&self, id: &RunId) -> Result<bool, StoreError> {
        let folder = self.folder.join(id.as_str());
        let failed = |source| StoreError { what: "make", path: folder.clone(), source };
        self.make_folder()?;
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => {
                self.give_away(&folder);
                sync(&self.folder).map_err(failed)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn make_folder(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError { what: "make", path: self.folder.clone(), source };
        if !self.folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
            self.give_away(&self.folder);
        }
        Ok(())
    }

    /// Removes a run that never came to be.
    pub(super) fn forget(&self, id: &RunId) {
        let folder = self.folder.join(id.as_str());
        if let Err(error) = fs::remove_dir_all(&folder) {
            error!(error = &error as &dyn std::error::Error, "a run that was not ordered cannot be removed");
        }
    }

    /// Lists the runs, the oldest first.
    pub(super) fn ids(&self) -> Result<Vec<RunId>, StoreError> {
        let failed = |source| StoreError { what: "list", path: self.folder.clone(), source };
        let listing = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(failed)?,
        };
        let mut ids = Vec::new();
        for entry in listing {
            let name = entry.map_err(failed)?.file_name();
            ids.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        ids.sort();
        Ok(ids)
    }

    /// Lists the runs that something may still come of by itself, the oldest first.
    pub(super) fn live(&self) -> Result<Vec<RunId>, StoreError> {
        let mut ids = self.ids()?;
        ids.retain(|id| self.has(id, LIVE));
        Ok(ids)
    }

    /// Tells how long ago the folder of a run was last written to.
    pub(super) fn age(&self, id: &RunId, now: SystemTime) -> Duration {
        let changed = fs::metadata(self.folder.join(id.as_str())).and_then(|folder| folder.modified());
        changed.ok().and_then(|changed| now.duration_since(changed).ok()).unwrap_or_default()
    }

    /// Locks a run; nothing where somebody else has it.
    pub(super) fn lock(&self, id: &RunId) -> Result<Option<File>, StoreError> {
        let path = self.path(id, LOCK);
        let failed = |source| StoreError { what: "lock", path: path.clone(), source };
        let is_new = !path.exists();
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = open.map_err(failed)?;
        if is_new {
            self.give_away(&path);
        }
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Reads the header of a run as it stands; nothing where there is none.
    pub(super) fn header(&self, id: &RunId) -> Result<Option<Kept>, StoreError> {
        let Some(bytes) = self.read(id, HEADER)? else { return Ok(None) };
        let kept = serde_json::from_slice::<Kept>(&bytes);
        kept.map(Some).map_err(|error| self.damaged(id, HEADER, error))
    }

    /// Reads a run as it is told of: with what was done to it after its end.
    pub(super) fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let Some(Kept { mut run, .. }) = self.header(id)? else { return Ok(None) };
        if run.state.is_end()
            && let Some(act) = self.json::<Act>(id, UNDONE)?
        {
            run.state = RunState::Undone;
            run.undone = Some(act);
        }
        Ok(Some(run))
    }

    /// Reads a file of a run; nothing where there is none.
    pub(super) fn read(&self, id: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(id, name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError { what: "read", path, source }),
        }
    }

    /// Reads a file that is one JSON value; nothing where there is none.
    pub(super) fn json<T: DeserializeOwned>(&self, id: &RunId, name: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.read(id, name)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| self.damaged(id, name, error))
    }

    /// Goes through the lines of a file that were made, up to a length, until `take` has had enough.
    pub(super) fn lines<T: DeserializeOwned>(
        &self,
        id: &RunId,
        name: &str,
        length: u64,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<(), StoreError> {
        let path = self.path(id, name);
        let failed = |source| StoreError { what: "read", path: path.clone(), source };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.map_err(failed)?,
        };
        let (mut file, mut line) = (BufReader::new(io::Read::take(file, length)), Vec::new());
        while file.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            let read = serde_json::from_slice(&line).map_err(|error| self.damaged(id, name, error))?;
            if !take(read) {
                break;
            }
            line.clear();
        }
        Ok(())
    }

    /// Writes a file of a run in one step.
    pub(super) fn write(&self, id: &RunId, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(id, name);
        durable::write(&path, bytes, 0o600).map_err(|source| StoreError {
            what: "write",
            path: path.clone(),
            source,
        })?;
        self.give_away(&path);
        Ok(())
    }

    /// Writes lines behind the first `from` bytes of a file; gives its length then. They are on the disk.
    pub(super) fn grow(&self, id: &RunId, name: &str, from: u64, lines: &[u8]) -> Result<u64, StoreError> {
        let path = self.path(id, name);
        if lines.is_empty() {
            return Ok(from);
        }
        let is_new = !path.exists();
        let written = (|| {
            let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
            let mut file = open?;
            file.set_len(from)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(lines)?;
            file.sync_all()?;
            if is_new { sync(path.parent().unwrap_or(Path::new("."))) } else { Ok(()) }
        })();
        written.map_err(|source| StoreError { what: "write", path: path.clone(), source })?;
        if is_new {
            self.give_away(&path);
        }
        Ok(from + lines.len() as u64)
    }

    /// Has a file of a run end after so many bytes.
    pub(super) fn cut(&self, id: &RunId, name: &str, length: u64) -> Result<(), StoreError> {
        let path = self.path(id, name);
        let cut = match OpenOptions::new().write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(file) => file.set_len(length).and_then(|()| file.sync_all()),
        };
        cut.map_err(|source| StoreError { what: "write", path, source })
    }

    /// Removes a file of a run, where there is one.
    pub(super) fn remove(&self, id: &RunId, name: &str) -> Result<(), StoreError> {
        let path = self.path(id, name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(StoreError { what: "remove", path, source }),
            Ok(()) => Ok(()),
        }
    }

    /// Tells whether a run has a file.
    pub(super) fn has(&self, id: &RunId, name: &str) -> bool {
        self.path(id, name).exists()
    }

    /// Writes a header that no line of the audit log goes with.
    pub(super) fn save(&self, kept: &Kept) -> Result<(), StoreError> {
        self.write(&kept.run.id, HEADER, &kept.text())
    }

    /// Gives the key of rows' digests, which is made where it is missing.
    pub(super) fn key(&self) -> Result<[u8; 32], StoreError> {
        let path = self.folder.join(KEY);
        let failed = |source| StoreError { what: "write", path: path.clone(), source };
        if let Ok(bytes) = fs::read(&path)
            && let Ok(key) = bytes.try_into()
        {
            return Ok(key);
        }
        self.make_folder()?;
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| failed(io::Error::other(error)))?;
        durable::write(&path, &key, 0o600).map_err(failed)?;
        self.give_away(&path);
        Ok(key)
    }

    fn damaged(&self, id: &RunId, name: &str, error: serde_json::Error) -> StoreError {
        StoreError { what: "understand", path: self.path(id, name), source: error.into() }
    }

    /// Gives what root makes to the owner of the state folder, who is to go on with it.
    fn give_away(&self, path: &Path) {
        let owners = (fs::metadata(path), fs::metadata(&self.state));
        if let (Ok(own), Ok(state)) = owners
            && own.uid() != state.uid()
        {
            std::os::unix::fs::lchown(path, Some(state.uid()), Some(state.gid())).ok();
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        error!(error = &error as &dyn std::error::Error, "the record of a run cannot be kept");
        Self::new(
            Code::Failed,
            "the record of the run cannot be read or written; look at the state folder and the server's log",
        )
    }
}

/// Has the names in a folder on the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
