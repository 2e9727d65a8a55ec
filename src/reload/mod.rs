//! From the disk to the next snapshot.
//!
//! Promises: whatever makes the server read again (a signal, a command, an event, a clock) comes through
//! [`Loader::load`]; what did not change is not read again; a bad state of the files yields faults and no
//! snapshot. Read next: `snapshot::build` for what happens to the records.

mod doubt;
mod events;
mod last;
mod watch;

use std::hash::{BuildHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::catalog::{Catalog, CatalogFiles};
use crate::config::Config;
use crate::document::Fault;
use crate::snapshot::{Built, Cache, Fleet, Rules, Snapshot, Stamp, World};
use crate::template::Limits;

pub use self::doubt::unrendered;
pub use self::last::{Last, Reading};
pub use self::watch::{Bell, Moment, Report, Watch};

/// Reads the files of one configuration, again and again.
#[derive(Debug)]
pub struct Loader {
    path: PathBuf,
    fleet: Fleet,
    /// The configuration that was last read without a fault.
    config: Arc<Config>,
    /// What the catalog's files looked like when it was last read.
    catalog_seen: u64,
    catalog: Arc<Catalog>,
    hasher: foldhash::quality::RandomState,
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
        let config = Config::read(path)?;
        Ok(Self {
            path: path.to_owned(),
            fleet: Fleet::new(&config.fleet),
            config: Arc::new(config),
            catalog_seen: 0,
            catalog: Arc::default(),
            hasher: foldhash::quality::RandomState::default(),
        })
    }

    /// Gives the file of the configuration.
    pub fn path(&self) -> &Path {
        &self.path
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

    /// Hashes all that shows a change of the files, without reading one.
    pub fn look(&self) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        if let Ok(metadata) = std::fs::metadata(&self.path) {
            look_at(&self.path, &metadata, &mut hasher);
        }
        self.config.catalog.iter().for_each(|folder| look(folder, &mut hasher));
        for (path, metadata) in Fleet::list(&self.config.fleet) {
            look_at(&path, &metadata, &mut hasher);
        }
        hasher.finish()
    }

    fn read(&mut self, previous: &Snapshot) -> Result<Option<Built>, Vec<Fault>> {
        let first = previous.serial() == 0;
        let now = Stamp::of(SystemTime::now()).max(Stamp(previous.published().0 + 1));
        let mut faults = Vec::new();
        match Config::read(&self.path) {
            Ok(config) => self.take(config),
            Err(broken) => faults.extend(broken),
        }
        self.read_catalog(&mut faults);
        self.fleet.refresh();
        let rules = Rules::new(&self.config, &host_name());
        let catalog_changed = !Arc::ptr_eq(&self.catalog, &previous.world().catalog);
        let world_changed = first || catalog_changed || rules != previous.world().rules;
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
        if config.fleet != self.config.fleet {
            self.fleet = Fleet::new(&config.fleet);
        }
        self.config = Arc::new(config);
    }

    /// Reads the catalog if its files are not as they were.
    fn read_catalog(&mut self, faults: &mut Vec<Fault>) {
        let mut hasher = self.hasher.build_hasher();
        for folder in &self.config.catalog {
            look(folder, &mut hasher);
        }
        let rendering = &self.config.rendering;
        (rendering.fuel, rendering.output_bytes, rendering.time).hash(&mut hasher);
        let seen = hasher.finish();
        if seen == self.catalog_seen {
            return;
        }
        let limits =
            Limits { fuel: rendering.fuel, output_bytes: rendering.output_bytes, time: rendering.time };
        let (files, broken) = CatalogFiles::read(&self.config.catalog);
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
        let newest = program.max(modified(&self.path)).max(newest_below(&self.config.catalog));
        newest.map_or(now, Stamp::of).min(now)
    }
}

fn sorted(mut faults: Vec<Fault>, more: Vec<Fault>) -> Vec<Fault> {
    faults.extend(more);
    faults.sort();
    faults.dedup();
    faults
}

/// Takes note of all that shows a change of the files below a folder.
fn look(path: &Path, into: &mut impl Hasher) {
    for (path, metadata) in below(path) {
        look_at(&path, &metadata, into);
    }
}

fn look_at(path: &Path, metadata: &std::fs::Metadata, into: &mut impl Hasher) {
    (path, metadata.dev(), metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec())
        .hash(into);
}

fn newest_below(folders: &[PathBuf]) -> Option<SystemTime> {
    let files = folders.iter().flat_map(|folder| below(folder));
    files.filter_map(|(_, metadata)| metadata.modified().ok()).max()
}

/// Lists everything below a folder, hidden entries and golden cases left out.
fn below(folder: &Path) -> Vec<(PathBuf, std::fs::Metadata)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            if name.starts_with(b".") || name == b"cases" {
                continue;
            }
            if let Ok(metadata) = std::fs::metadata(&path) {
                if metadata.is_dir() && folders.len() < 10_000 {
                    folders.push(path.clone());
                }
                found.push((path, metadata));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
