//! What of a run the audit log tells: noted with what it tells of, whatever happens between the two.

use std::io;

use serde::{Deserialize, Serialize};
use tracing::error;

use crate::audit::{AuditError, Entry, Found, Log, Outcome, Search};
use crate::jobs::runs::digest;
use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::record::RunId;
use crate::jobs::runs::store::{HEADER, ROWS, Store, StoreError};

const UNNOTED: &str = "unnoted";

/// A line of the audit log that may not stand there yet; it counts if the file that it goes with is this one.
#[derive(Serialize, Deserialize)]
struct Unnoted {
    file: String,
    sha256: String,
    entry: Entry,
}

impl Store {
    /// Gives the audit log beside the runs.
    pub(super) fn log(&self) -> Result<Log, StoreError> {
        Log::open(self.state()).map_err(|error| self.unnotable(error))
    }

    fn unnotable(&self, error: AuditError) -> StoreError {
        StoreError::of("add to", self.state().join("audit.log"), io::Error::other(error))
    }

    /// Brings a run into another state: the header, and the line of the audit log that tells of it.
    pub(super) fn turn(&self, kept: &Kept, entry: &Entry) -> Result<(), StoreError> {
        self.write_noted(&kept.run.id, HEADER, &kept.text(), entry)
    }

    /// Writes a file of a run, and the line of the audit log that tells of it.
    ///
    /// A crash between the two leaves both done or both undone once [`Store::note`] was called. A line that cannot be
    /// added is added then, too: what it tells of stands.
    pub(super) fn write_noted(
        &self,
        id: &RunId,
        name: &str,
        bytes: &[u8],
        entry: &Entry,
    ) -> Result<(), StoreError> {
        self.note(id)?;
        let unnoted = Unnoted { file: name.to_owned(), sha256: digest::of_text(bytes), entry: entry.clone() };
        self.write(id, UNNOTED, &serde_json::to_vec(&unnoted).unwrap_or_default())?;
        self.write(id, name, bytes)?;
        let noted = self.log().and_then(|log| log.append(entry).map_err(|error| self.unnotable(error)));
        match noted {
            Ok(_) => self.remove(id, UNNOTED),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, run = %id, "a run is not in the audit log yet");
                Ok(())
            }
        }
    }

    /// Notes in the audit log what a crash or a full disk kept out of it.
    pub(super) fn note(&self, id: &RunId) -> Result<(), StoreError> {
        let Some(unnoted) = self.json::<Unnoted>(id, UNNOTED)? else { return Ok(()) };
        let written = self.read(id, &unnoted.file)?.unwrap_or_default();
        if digest::of_text(&written) == unnoted.sha256 {
            let log = self.log()?;
            log.append_once(&unnoted.entry.text()).map_err(|error| self.unnotable(error))?;
        }
        self.remove(id, UNNOTED)
    }

    /// Gives the number of the last line of the audit log.
    pub(super) fn last_noted(&self) -> Result<u64, StoreError> {
        let last = self.log()?.last().map_err(|error| self.unnotable(error))?;
        Ok(last.map_or(0, |stamp| stamp.number))
    }

    /// Tells whether the audit log tells of a change that a run made behind a line of it.
    pub(super) fn has_changed(&self, id: &RunId, after: u64) -> Result<bool, StoreError> {
        let wanted = Search { outcome: Some(Outcome::Done), text: Some(id.to_string()), ..Search::default() };
        let found = self.log()?.search(&wanted).map_err(|error| self.unnotable(error))?;
        let is_of = |found: &Found| {
            let entry = &found.entry;
            entry.run.as_deref() == Some(id.as_str()) && !entry.operation.starts_with("run-")
        };
        Ok(found.iter().any(|found| found.number > after && is_of(found)))
    }

    /// Tells whether a line of a run is not in the audit log yet.
    pub(super) fn is_unnoted(&self, id: &RunId) -> bool {
        self.has(id, UNNOTED)
    }

    /// Gives the digest that the record of a run has with this header.
    pub(super) fn digest_with(&self, kept: &Kept) -> Result<String, StoreError> {
        self.digest_of(&kept.run.id, &kept.text())
    }

    /// Gives the digest of the record of a run as it stands.
    pub(super) fn digest(&self, id: &RunId) -> Result<String, StoreError> {
        self.digest_of(id, &self.read(id, HEADER)?.unwrap_or_default())
    }

    fn digest_of(&self, id: &RunId, header: &[u8]) -> Result<String, StoreError> {
        let path = self.path(id, ROWS);
        digest::of_record(header, &path).map_err(|source| StoreError::of("read", path, source))
    }
}
