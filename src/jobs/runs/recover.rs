//! What a crash left: decided by the audit log, once the documents are in order.

use std::time::{Duration, SystemTime};

use tracing::{error, info};

use crate::jobs::runs::Runs;
use crate::jobs::runs::kept::Kept;
use crate::jobs::runs::note::entry;
use crate::jobs::runs::record::{RunId, RunState};
use crate::jobs::runs::store::{ANSWERS, DIGESTS, HEADER, LIVE, ROWS, StoreError, UNDO, UNDOING, UNDONE};
use crate::jobs::runs::undo::Undoing;
use crate::operation::Problem;
use crate::reload::Desk;

/// Age after which the folder of an order that never came to be is removed.
const ABANDONED: Duration = Duration::from_secs(3600);

impl Runs {
    /// Brings what a crash left in order: a batch that was made is told as made, one that was not is forgotten, lines
    /// that the audit log lacks are added, and a run that all rows are done of is ended. Runs that others work on are
    /// left alone. What is to be gone on with, [`Runs::ready`] tells.
    ///
    /// It takes a desk, as whoever opens one finishes first what a killed writer of the records has begun.
    ///
    /// # Errors
    /// The folder of the runs cannot be read; what is wrong with a single run is logged.
    pub fn recover(&self, desk: &Desk<'_>) -> Result<(), Problem> {
        if desk.is_unfinished() {
            return Ok(());
        }
        for id in self.store.live()? {
            if self.working(&id).is_some() {
                continue;
            }
            if let Err(error) = self.recover_one(&id) {
                error!(error = &error as &dyn std::error::Error, run = %id, "a run cannot be brought in order");
            }
        }
        Ok(())
    }

    fn recover_one(&self, id: &RunId) -> Result<(), StoreError> {
        let Some(_lock) = self.store.lock(id)? else { return Ok(()) };
        if !self.store.has(id, HEADER) {
            if self.store.age(id, SystemTime::now()) > ABANDONED {
                self.store.forget(id);
            }
            return Ok(());
        }
        self.store.note(id)?;
        let Some(mut kept) = self.store.header(id)? else { return Ok(()) };
        self.settle(&mut kept)?;
        let is_through = kept.run.state == RunState::Running && kept.run.counts.pending == 0;
        if is_through {
            kept.run.state = RunState::Done;
            let entry = entry(&kept.run.runner, None, "run-end", &kept.run);
            self.end(&mut kept, entry)?;
            info!(run = %id, "a run that was interrupted at its end is done");
        }
        self.recover_undo(&kept)?;
        if kept.run.state.is_end() && !self.store.has(id, UNDOING) {
            self.store.remove(id, LIVE)?;
        }
        Ok(())
    }

    /// Decides whether a batch that was about to be made was, and keeps that.
    pub(super) fn settle(&self, kept: &mut Kept) -> Result<(), StoreError> {
        let Some(intent) = &kept.intent else { return Ok(()) };
        if self.store.has_changed(&kept.run.id, intent.after)? {
            kept.stand();
            return self.store.save(kept);
        }
        self.revert(kept)
    }

    /// Takes back what was written of a batch that was not made.
    pub(super) fn revert(&self, kept: &mut Kept) -> Result<(), StoreError> {
        let (id, lengths) = (&kept.run.id, kept.lengths);
        for (name, length) in [
            (ROWS, lengths.rows),
            (UNDO, lengths.undo),
            (ANSWERS, lengths.answers),
            (DIGESTS, lengths.digests),
        ] {
            self.store.cut(id, name, length)?;
        }
        if kept.intent.take().is_some() {
            self.store.save(kept)?;
        }
        Ok(())
    }

    /// Decides whether a run that was being taken back was.
    fn recover_undo(&self, kept: &Kept) -> Result<(), StoreError> {
        let id = &kept.run.id;
        let Some(undoing) = self.store.json::<Undoing>(id, UNDOING)? else { return Ok(()) };
        if !self.store.has(id, UNDONE) && self.store.has_changed(id, undoing.after)? {
            self.undone(kept, &undoing)?;
        }
        self.store.remove(id, UNDOING)
    }
}
