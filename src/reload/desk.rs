//! Where edits are tried out and committed.
//!
//! Promises: nothing is written that the server would refuse to read; a change is served the moment it stands on the
//! disk, and stands there as a whole or not at all (promise H10); two editors never lose each other's work. Read next:
//! [`Desk::commit`].

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::error;

use crate::audit::{AuditError, Log};
use crate::document::Fault;
use crate::edit::{Change, Documents, Draft, Folder, Ledger, Lock, WriteError};
use crate::reload::{Loader, unrendered};
use crate::snapshot::{Fleet, Phone, Snapshot, Stamp};

/// Devices that a change may touch and that are all rendered before it is made; of more, one of each firmware is.
const MOST_RENDERED: usize = 256;

/// A place to edit at: the documents are locked, and what is served is what they say.
pub struct Desk<'d> {
    loader: &'d mut Loader,
    base: Arc<Snapshot>,
    lock: Option<Arc<Lock>>,
    faults: Vec<Fault>,
    candidate: Option<Candidate>,
    publish: Publish<'d>,
    committed: Vec<Fault>,
    is_committed: bool,
}

/// What becomes of a snapshot that stands.
pub(super) enum Publish<'d> {
    /// No server runs: the one that starts next reads the files.
    Nowhere,
    /// It is served.
    Served(&'d dyn Fn(Arc<Snapshot>)),
}

/// What a draft would make of what is served.
struct Candidate {
    draft: u64,
    revision: u64,
    fleet: Fleet,
    /// Absent while the draft changes no record.
    snapshot: Option<Arc<Snapshot>>,
    warnings: Vec<Fault>,
}

/// What the documents would be; no snapshot where no record changed.
#[derive(Default)]
struct Next {
    snapshot: Option<Arc<Snapshot>>,
    warnings: Vec<Fault>,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The server would refuse the files as they would be, or refuses them as they are.
    #[error("the files would be faulty")]
    Faulty(Vec<Fault>),
    /// An edit of the draft failed half-way.
    #[error("an edit of this change failed before; make it anew")]
    Spoiled,
    /// The audit log cannot be opened.
    #[error("nothing is changed that cannot be noted")]
    Audit(#[from] AuditError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Loader {
    /// Opens a desk where no server runs; what is wrong with the files is among the desk's faults.
    pub fn desk(&mut self) -> Desk<'_> {
        let lock = self.hold();
        let nothing = self.nothing();
        let (lock, base, faults) = match lock {
            Err(error) => (None, Arc::new(nothing), vec![self.unlocked(&error)]),
            Ok(lock) => match self.load(&nothing) {
                Ok(Some(loaded)) => (Some(lock), Arc::new(loaded.snapshot), Vec::new()),
                Ok(None) => (Some(lock), Arc::new(nothing), Vec::new()),
                Err(faults) => (Some(lock), Arc::new(nothing), faults),
            },
        };
        Desk::new(self, base, lock, faults, Publish::Nowhere)
    }

    /// Locks the documents for edits, and finishes what a killed writer left.
    pub(super) fn hold(&mut self) -> Result<Lock, WriteError> {
        let documents = self.documents();
        let lock = documents.lock()?;
        self.recover(documents.as_ref(), &lock)?;
        self.is_held = true;
        Ok(lock)
    }

    /// Keeps writers away while the documents are read, and finishes first what a killed writer left.
    pub(super) fn share(&self) -> Result<Option<Lock>, WriteError> {
        if self.is_kept || self.is_held || !self.config.fleet.is_dir() {
            return Ok(None);
        }
        let documents = self.documents();
        let lock = documents.share()?;
        if !documents.is_unfinished() {
            return Ok(Some(lock));
        }
        drop(lock);
        let lock = documents.lock()?;
        self.recover(documents.as_ref(), &lock)?;
        Ok(Some(lock))
    }

    fn recover(&self, documents: &dyn Documents, lock: &Lock) -> Result<(), WriteError> {
        if !documents.is_unfinished() {
            return Ok(());
        }
        let log =
            Log::open(&self.config.state).map_err(|error| WriteError::Audit(io::Error::other(error)))?;
        for path in documents.recover(lock, &log)? {
            let path = path.display();
            error!(%path, "written by somebody else while a change of it was under way; compare it with the audit log");
        }
        Ok(())
    }

    /// Tells why the documents cannot be locked.
    pub(super) fn unlocked(&self, error: &WriteError) -> Fault {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Fault::error(&self.config.fleet, 0, format!("{error}{cause}"))
    }

    /// Gives the documents of the fleet.
    pub(super) fn documents(&self) -> Arc<dyn Documents> {
        Arc::new(Folder::new(&self.config.fleet))
    }
}

impl<'d> Desk<'d> {
    pub(super) fn new(
        loader: &'d mut Loader,
        base: Arc<Snapshot>,
        lock: Option<Lock>,
        faults: Vec<Fault>,
        publish: Publish<'d>,
    ) -> Self {
        let faults = faults.into_iter().filter(Fault::is_error).collect();
        let (candidate, committed) = (None, Vec::new());
        let lock = lock.map(Arc::new);
        Self { loader, base, lock, faults, candidate, publish, committed, is_committed: false }
    }

    /// Gives what is wrong with the files as they are; while there is anything, nothing can be edited.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Tells whether a server runs that serves what is committed.
    pub fn is_served(&self) -> bool {
        matches!(self.publish, Publish::Served(_))
    }

    /// Tells whether a change was begun and is not noted yet: whether it stands is known when the next desk is opened.
    pub fn is_unfinished(&self) -> bool {
        self.loader.documents().is_unfinished()
    }

    /// Gives what the files say, with all that was tried out.
    pub fn snapshot(&self) -> &Snapshot {
        self.candidate.as_ref().and_then(|candidate| candidate.snapshot.as_deref()).unwrap_or(&self.base)
    }

    /// Gives what the files say, with all that was tried out, to somebody who keeps it.
    pub fn share(&self) -> Arc<Snapshot> {
        let tried = self.candidate.as_ref().and_then(|candidate| candidate.snapshot.as_ref());
        Arc::clone(tried.unwrap_or(&self.base))
    }

    /// Gives what the files say, without what was tried out.
    pub fn base(&self) -> &Snapshot {
        &self.base
    }

    /// Forgets what was tried out, and not committed.
    pub fn clear(&mut self) {
        self.candidate = None;
    }

    /// Begins a change.
    pub fn draft(&self) -> Draft {
        Draft::new(self.loader.documents())
    }

    /// Gives what somebody should look at in the documents that were tried out, or else were committed.
    pub fn warnings(&self) -> &[Fault] {
        self.candidate.as_ref().map_or(&self.committed, |candidate| &candidate.warnings)
    }

    /// Gives the devices whose files what was tried out may change.
    pub fn touched(&self) -> Vec<Phone<'_>> {
        self.snapshot().touched_since(&self.base)
    }

    /// Makes the snapshot that would stand after a change, with every check that a reading does; the devices that the
    /// change touches must render if they did before. What was tried out of the same draft before stays in it.
    ///
    /// # Errors
    /// All that is wrong; [`Desk::snapshot`] stays as it was.
    pub fn try_out(&mut self, draft: &Draft) -> Result<(), Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults.clone());
        }
        let before = self.candidate.take_if(|candidate| candidate.draft == draft.id());
        self.candidate = None;
        let redrafted = draft.since(before.as_ref().map_or(0, |before| before.revision));
        if redrafted.is_empty() {
            self.candidate = before;
            return Ok(());
        }
        let of_draft: HashSet<PathBuf> = draft.paths().map(ToOwned::to_owned).collect();
        let texts = redrafted.into_iter().map(|text| (text.path, text.after));
        let fleet = before.as_ref().map_or(&self.loader.fleet, |before| &before.fleet).with(texts);
        let tried = before.as_ref().and_then(|before| before.snapshot.clone());
        let next = self.build(tried.as_ref().unwrap_or(&self.base), &fleet);
        match next {
            Ok(Next { snapshot: next, warnings }) => {
                let warnings = warnings.into_iter().filter(|fault| of_draft.contains(&fault.path)).collect();
                let (draft, revision) = (draft.id(), draft.revision());
                let snapshot = next.or(tried);
                self.candidate = Some(Candidate { draft, revision, fleet, snapshot, warnings });
                Ok(())
            }
            Err(faults) => {
                self.candidate = before;
                Err(faults)
            }
        }
    }

    fn build(&self, previous: &Arc<Snapshot>, fleet: &Fleet) -> Result<Next, Vec<Fault>> {
        let now = Stamp::of(SystemTime::now());
        let world = previous.share_world();
        let errors = |faults: Vec<Fault>| faults.into_iter().filter(Fault::is_error).collect::<Vec<_>>();
        let built = previous.next(world, Arc::clone(&self.loader.config), fleet, now).map_err(errors)?;
        let Some(built) = built else {
            return Ok(Next::default());
        };
        let snapshot = built.snapshot.following_at(self.base.serial());
        let faults = unrenderable(previous, &snapshot);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Next { snapshot: Some(Arc::new(snapshot)), warnings: built.warnings })
    }

    /// Makes a change: it is written, served, and noted in the audit log with the lines that `audit` gives for the
    /// serial of its snapshot, each an [`Entry::text`](crate::audit::Entry::text). Gives that serial.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn commit(&mut self, draft: &Draft, audit: impl FnOnce(u64) -> String) -> Result<u64, CommitError> {
        if draft.is_spoiled() {
            return Err(CommitError::Spoiled);
        }
        self.try_out(draft).map_err(CommitError::Faulty)?;
        let rewrites = draft.rewrites();
        let Some(lock) = self.lock.clone().filter(|_| !rewrites.is_empty()) else {
            return Ok(self.base.serial());
        };
        let log = Log::open(&self.loader.config.state)?;
        let serial = self.snapshot().serial();
        let change = Change { rewrites, audit: audit(serial) };
        let documents = self.loader.documents();
        documents.write(&lock, &change)?;
        self.stand();
        if let Err(error) = documents.conclude(&lock, &change, &log) {
            // The change stands and is served; whoever reads or writes next will note it.
            error!(error = &error as &dyn std::error::Error, "a change is not in the audit log yet");
        }
        Ok(serial)
    }

    /// Has the candidate in the place of what was served.
    fn stand(&mut self) {
        let Some(Candidate { mut fleet, snapshot, warnings, .. }) = self.candidate.take() else {
            return;
        };
        fleet.settle();
        self.loader.fleet = fleet;
        self.committed = warnings;
        self.is_committed = true;
        let Some(snapshot) = snapshot else { return };
        if let Publish::Served(publish) = &self.publish {
            publish(Arc::clone(&snapshot));
        }
        self.base = snapshot;
    }

    /// Tells whether something was committed.
    pub(super) fn is_committed(&self) -> bool {
        self.is_committed
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        self.loader.is_held = false;
    }
}

/// Tells which files do not render that did, or that were not there, of the devices that a change touches.
fn unrenderable(before: &Snapshot, after: &Snapshot) -> Vec<Fault> {
    let touched = after.touched_since(before);
    let is_many = touched.len() > MOST_RENDERED;
    let mut tried = HashSet::new();
    let mut faults = Vec::new();
    for phone in touched {
        let kind = (std::ptr::from_ref(phone.firmware), &phone.device.template);
        if is_many && !tried.insert(kind) {
            continue;
        }
        let now = unrendered(after, &phone);
        let old = before.phone_by_serial(phone.device.serial.expose());
        if !now.is_empty() && old.is_none_or(|old| unrendered(before, &old).is_empty()) {
            faults.extend(now);
        }
    }
    faults
}

impl Ledger for Log {
    fn append(&self, line: &str) -> io::Result<()> {
        self.append_texts(line).map_err(io::Error::other)
    }

    fn append_once(&self, line: &str) -> io::Result<()> {
        Self::append_once(self, line).map_err(io::Error::other)
    }
}
