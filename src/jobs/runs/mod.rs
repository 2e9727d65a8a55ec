//! What a run of a job is, from its order to its end.
//!
//! Promises: the rights of whoever ordered it are checked when it is ordered and again when it begins; every row is
//! validated before anything changes; what a batch does is on the disk before it is done, so that after a crash the
//! audit log decides whether it was, and a run is finished, resumed or undone, never half-told; a run that has ended is
//! never changed, which the digest in the audit log proves; no secret is in its record. Read next: [`Runs::order`],
//! [`Runs::advance`], `store` for the files.

mod batch;
mod clerk;
mod decide;
mod digest;
mod engine;
mod given;
mod kept;
mod look;
mod note;
mod order;
mod outbox;
mod preview;
mod progress;
mod record;
mod recover;
mod results;
mod schedule;
mod store;
mod take;
mod undo;
mod verify;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

pub use self::clerk::Endings;
pub use self::engine::Advance;
pub use self::look::RunFilter;
pub use self::order::{Input, Order};
pub use self::preview::Preview;
pub use self::progress::{Phase, Progress};
pub use self::record::{Act, Counts, InvalidRunId, RowResult, RowStatus, Run, RunId, RunState, Who};
pub use self::store::StoreError;
pub use self::verify::{RunFault, VerifyError};

use self::engine::Active;
use self::store::Store;

/// All runs of a state folder.
///
/// Several processes may have it open at once: whoever does something with a run holds its lock.
pub struct Runs {
    store: Store,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// The runs that this process works on.
    active: Mutex<HashMap<RunId, Arc<Active>>>,
    endings: Endings,
}

impl Runs {
    /// Opens the runs of a state folder; nothing is read or made yet.
    ///
    /// Whoever opens them and may write calls [`Runs::recover`] first, at the desk.
    pub fn open(state: &Path) -> Self {
        Self::with_clock(state, SystemTime::now)
    }

    /// Opens the runs of a state folder under a clock of the caller's own.
    pub fn with_clock(state: &Path, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            store: Store::at(state),
            clock: Box::new(clock),
            active: Mutex::default(),
            endings: Endings::default(),
        }
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    fn active(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Active>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what this process does with a run, if it does anything.
    fn working(&self, id: &RunId) -> Option<Arc<Active>> {
        self.active().get(id).map(Arc::clone)
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runs").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Writes an instant as RFC 3339 does, UTC, to the millisecond.
fn written(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}
