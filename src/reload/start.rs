//! The first snapshot of a process: from the operator's files or, where those are broken, from what was kept of them.

use std::path::Path;
use std::time::SystemTime;

use crate::config::Config;
use crate::document::Fault;
use crate::reload::last_good::{self, NotKept};
use crate::reload::{Loaded, Loader, doubt};
use crate::snapshot::{Losses, Snapshot};

/// What a process begins with.
pub struct Started {
    /// Reads the operator's files from now on.
    pub loader: Loader,
    /// The first snapshot.
    pub snapshot: Snapshot,
    /// What somebody should look at.
    pub warnings: Vec<Fault>,
    /// What the snapshot is made of.
    pub origin: Origin,
    /// Whether a server that ran here before kept what it served.
    pub served_before: bool,
}

/// What the first snapshot is made of.
pub enum Origin {
    /// The operator's files.
    Files {
        /// How they looked.
        seen: u64,
    },
    /// A kept state.
    StandIn(StandIn),
}

/// A kept state that is served in place of the operator's files.
pub struct StandIn {
    /// When it was kept.
    pub since: SystemTime,
    /// What is wrong with the operator's files.
    pub faults: Vec<Fault>,
}

/// Reads everything for the first time; what was kept stands in for files that are faulty, or that have lost what
/// nobody would take away on purpose.
///
/// # Errors
/// Everything that is wrong with the files, where nothing can stand in for them.
pub fn start(path: &Path) -> Result<Started, Vec<Fault>> {
    let mut loader = match Loader::new(path) {
        Ok(loader) => loader,
        Err(faults) => {
            let kept = stand_in(&Config::state_of(path), faults)?;
            let loader = Loader::with(path, kept.config.clone());
            return Ok(kept.started(loader));
        }
    };
    let (nothing, seen) = (loader.nothing(), loader.look());
    let state = loader.config().state.clone();
    let Loaded { snapshot, mut warnings } = match loader.load(&nothing) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Err(vec![Fault::error(path, 0, "nothing was read")]),
        Err(faults) => return stand_in(&state, faults).map(|kept| kept.started(loader)),
    };
    let faults = doubts(&loader, &snapshot);
    if !faults.is_empty() {
        match stand_in(&state, faults) {
            Ok(kept) => return Ok(kept.started(loader)),
            // What is there is better than nothing.
            Err(doubts) => warnings.extend(doubts),
        }
    }
    let served_before = last_good::holders(&state).is_some();
    Ok(Started { loader, snapshot, warnings, origin: Origin::Files { seen }, served_before })
}

/// What was kept, read.
struct Restored {
    config: Config,
    loaded: Loaded,
    stand_in: StandIn,
}

impl Restored {
    fn started(self, loader: Loader) -> Started {
        let Loaded { snapshot, warnings } = self.loaded;
        Started { loader, snapshot, warnings, origin: Origin::StandIn(self.stand_in), served_before: true }
    }
}

fn stand_in(state: &Path, faults: Vec<Fault>) -> Result<Restored, Vec<Fault>> {
    let and = |mut faults: Vec<Fault>, what: &str| {
        faults.push(Fault::error(state, 0, what));
        faults
    };
    let kept = match last_good::restore(state) {
        Ok(kept) => kept,
        Err(NotKept::Nothing) => return Err(faults),
        Err(why) => return Err(and(faults, &format!("the last good state cannot stand in: {why}"))),
    };
    let (since, config) = (kept.since, kept.config.clone());
    let mut reader = Loader::of_kept(kept.sources, kept.config);
    let nothing = reader.nothing();
    match reader.load(&nothing) {
        Ok(Some(loaded)) => Ok(Restored { config, loaded, stand_in: StandIn { since, faults } }),
        Ok(None) => Err(faults),
        // It was good for the program that kept it.
        Err(more) => {
            let faults = and(faults, "the last good state is not good for this version of the program");
            Err(faults.into_iter().chain(more).collect())
        }
    }
}

/// Compares what was read with what was kept.
fn doubts(loader: &Loader, snapshot: &Snapshot) -> Vec<Fault> {
    let config = loader.config();
    let Some(before) = last_good::holders(&config.state) else {
        return Vec::new();
    };
    let losses = Losses::since(&before, snapshot, config.reload.loss_devices);
    doubt::implausible(&losses, &config.reload, &config.fleet)
}
