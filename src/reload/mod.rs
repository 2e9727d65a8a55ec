//! From the disk to the next snapshot.
//!
//! Promises: whatever makes the server read again (a signal, a command, an event, a clock) comes through
//! [`Loader::load`]; what did not change is not read again; a bad state of the files yields faults and no
//! snapshot. Read next: `snapshot::build` for what happens to the records.

mod bell;
mod desk;
mod doubt;
mod events;
mod keeper;
mod last;
mod last_good;
mod sources;
mod start;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::catalog::{Catalog, CatalogFiles};
use crate::config::Config;
use crate::document::Fault;
use crate::snapshot::{Built, Cache, Fleet, Rules, Snapshot, Stamp, World};
use crate::template::Limits;

pub use self::bell::Bell;
pub use self::desk::{CommitError, Desk};
pub use self::doubt::unrendered;
pub use self::last::{Last, Reading, Report};
use self::sources::Sources;
pub use self::start::{Origin, StandIn, Started, start};
pub use self::watch::{Beside, Moment, Watch};

/// Reads the files of one configuration, again and again.
#[derive(Debug)]
pub struct Loader {
    sources: Sources,
    /// Whether the files are kept ones, whose configuration is known.
    is_kept: bool,
    /// Whether the documents are locked for edits.
    is_held: bool,
    fleet: Fleet,
    /// The configuration that was last read without a fault.
    config: Arc<Config>,
    /// What the catalog's files looked like when it was last read.
    catalog_seen: u64,
    catalog: Arc<Catalog>,
}

/// What is to be done with files that are without fault and yet doubtful.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Doubt {
    /// They are refused, as if they had faults.
    #[default]
    Refuse,
    /// They are taken: somebody said that they are meant.
    Waive,
}

/// What reading brought.
#[derive(Debug)]
pub struct Loaded {
    /// The snapshot that may be published.
    pub snapshot: Snapshot,
    /// What somebody should look at.
    pub warnings: Vec<Fault>,
}

impl Loader {
    /// Reads a configuration for the first time; nothing else is read yet.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(path: &Path) -> Result<Self, Vec<Fault>> {
        Config::read(path).map(|config| Self::with(path, config))
    }

    /// Takes a configuration as that which was last read without a fault.
    fn with(path: &Path, config: Config) -> Self {
        Self::of(Sources::new(path, &config), config, false)
    }

    /// Reads files that were kept, under the configuration that was kept with them.
    fn of_kept(sources: Sources, config: Config) -> Self {
        Self::of(sources, config, true)
    }

    fn of(sources: Sources, config: Config, is_kept: bool) -> Self {
        Self {
            fleet: Fleet::new(&sources.fleet),
            sources,
            is_kept,
            is_held: false,
            config: Arc::new(config),
            catalog_seen: 0,
            catalog: Arc::default(),
        }
    }

    /// Gives the file of the configuration.
    pub fn path(&self) -> &Path {
        &self.sources.config
    }

    /// Gives the configuration as it was last read without a fault.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes the snapshot that stands before the first [`Loader::load`].
    pub fn nothing(&self) -> Snapshot {
        let cache = Arc::new(Cache::new(self.config.rendering.cache_bytes));
        Snapshot::empty(Arc::default(), Arc::clone(&self.config), cache)
    }

    /// Reads what changed and builds the snapshot that follows `previous`; `None` when nothing changed.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files, in one go; if nothing is, what makes them doubtful.
    pub fn load(&mut self, previous: &Snapshot) -> Result<Option<Loaded>, Vec<Fault>> {
        self.load_with(previous, Doubt::Refuse)
    }

    /// Reads like [`Loader::load`], and may take what is doubtful.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files, in one go.
    pub fn load_with(&mut self, previous: &Snapshot, doubt: Doubt) -> Result<Option<Loaded>, Vec<Fault>> {
        match self.read(previous)? {
            Some(built) => self.judge(previous, built, doubt).map(Some),
            None => Ok(None),
        }
    }

    fn sources(&self) -> Sources {
        self.sources.clone()
    }

    /// Hashes all that shows a change of the files, without reading one.
    pub fn look(&self) -> u64 {
        self.sources.look()
    }

    fn read(&mut self, previous: &Snapshot) -> Result<Option<Built>, Vec<Fault>> {
        let first = previous.serial() == 0;
        let now = Stamp::of(SystemTime::now()).max(Stamp(previous.published().0 + 1));
        let mut faults = Vec::new();
        if !self.is_kept {
            match Config::read(&self.sources.config) {
                Ok(config) => self.take(config),
                Err(broken) => faults.extend(broken),
            }
        }
        self.read_catalog(&mut faults);
        let shared = self.share();
        self.fleet.refresh();
        if let Err(error) = &shared {
            faults.push(self.unlocked(error));
        }
        drop(shared);
        let rules = Rules::new(&self.config, &host_name());
        let catalog_changed = !Arc::ptr_eq(&self.catalog, &previous.world().catalog);
        let world_changed = first || catalog_changed || rules != previous.world().configured;
        let world = if world_changed {
            let since = if first { self.oldest_possible(now) } else { now };
            let before = (!first).then(|| previous.world());
            Arc::new(World::new(Arc::clone(&self.catalog), rules, before, since))
        } else {
            previous.share_world()
        };
        match previous.next(world, Arc::clone(&self.config), &self.fleet, now) {
            Ok(built) if faults.is_empty() => Ok(built),
            Ok(built) => Err(sorted(faults, built.map(|built| built.warnings).unwrap_or_default())),
            Err(more) => Err(sorted(faults, more)),
        }
    }

    /// Doubts what was read without a fault.
    fn judge(&self, previous: &Snapshot, built: Built, doubt: Doubt) -> Result<Loaded, Vec<Fault>> {
        let Built { snapshot, warnings, losses } = built;
        if doubt == Doubt::Refuse && previous.serial() > 0 {
            let mut faults = doubt::implausible(&losses, &self.config.reload, &self.config.fleet);
            if !std::ptr::eq(previous.world(), snapshot.world()) {
                faults.extend(doubt::spoiled(previous, &snapshot));
            }
            if !faults.is_empty() {
                return Err(sorted(faults, warnings));
            }
        }
        Ok(Loaded { snapshot, warnings })
    }

    fn take(&mut self, config: Config) {
        if self.sources.follow(&config) {
            self.fleet = Fleet::new(&config.fleet);
        }
        self.config = Arc::new(config);
    }

    /// Reads the catalog if its files are not as they were.
    fn read_catalog(&mut self, faults: &mut Vec<Fault>) {
        let rendering = &self.config.rendering;
        let seen = self.sources.look_at_catalog((rendering.fuel, rendering.output_bytes, rendering.time));
        if seen == self.catalog_seen {
            return;
        }
        let limits =
            Limits { fuel: rendering.fuel, output_bytes: rendering.output_bytes, time: rendering.time };
        let (files, broken) = CatalogFiles::read(&self.sources.catalog);
        faults.extend(broken);
        let (catalog, broken) = Catalog::resolve(files, limits);
        faults.extend(broken);
        self.catalog = Arc::new(catalog);
        if faults.is_empty() {
            self.catalog_seen = seen;
        }
    }

    /// Gives the time since when files have been what this process makes of them: that of the newest of the
    /// program and its configuration, so that a restart keeps `Last-Modified` as it was.
    fn oldest_possible(&self, now: Stamp) -> Stamp {
        let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let program = std::env::current_exe().ok().and_then(|path| modified(&path));
        let newest = program.max(modified(self.path())).max(self.sources.youngest_of_catalog());
        newest.map_or(now, Stamp::of).min(now)
    }
}

fn sorted(mut faults: Vec<Fault>, more: Vec<Fault>) -> Vec<Fault> {
    faults.extend(more);
    faults.sort();
    faults.dedup();
    faults
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
