//! The thread that keeps the last good state: after everybody has been served, and not more often than needed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tracing::{debug, warn};

use crate::reload::last_good::{Known, keep};
use crate::reload::sources::Sources;
use crate::snapshot::Snapshot;

/// Time that a state has to stand before it is kept: clocks of file systems are coarse, and what is replaced soon is
/// not worth the writing.
const STANDING: Duration = Duration::from_secs(2);

/// Has states kept.
pub(super) struct Keeper(Sender<State>);

/// What a published snapshot was made of.
pub(super) struct State {
    /// The state folder.
    pub(super) folder: PathBuf,
    /// The files.
    pub(super) sources: Sources,
    /// How the files looked.
    pub(super) seen: u64,
    /// The snapshot.
    pub(super) snapshot: Arc<Snapshot>,
}

impl Keeper {
    /// Starts the thread; it ends with the keeper.
    pub(super) fn start() -> Self {
        let (sender, states) = channel();
        if let Err(error) = thread::Builder::new().name("keep".to_owned()).spawn(move || run(&states)) {
            warn!(error = &error as &dyn std::error::Error, "cannot keep the last good state");
        }
        Self(sender)
    }

    /// Has a state kept, unless another one follows soon.
    pub(super) fn keep(&self, state: State) {
        self.0.send(state).ok();
    }
}

fn run(states: &Receiver<State>) {
    let mut known = Known::default();
    while let Ok(mut state) = states.recv() {
        loop {
            match states.recv_timeout(STANDING) {
                Ok(next) => state = next,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let serial = state.snapshot.serial();
        let holders = state.snapshot.holders();
        match keep(&state.folder, &state.sources, state.seen, &holders, &mut known) {
            Ok(true) => debug!(serial, "kept as the last good state"),
            // The reading that notices the change brings the next one.
            Ok(false) => debug!(serial, "not kept; the files have changed since"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(serial, error, "cannot keep the last good state; check the state folder");
            }
        }
    }
}
