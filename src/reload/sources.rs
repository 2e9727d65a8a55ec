//! Where the files lie that a snapshot is made of, and how they look from outside.

use std::fs::Metadata;
use std::hash::{BuildHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::Config;
use crate::snapshot::Fleet;

/// The files that are read.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    /// The configuration.
    pub(super) config: PathBuf,
    /// The folder of the records.
    pub(super) fleet: PathBuf,
    /// The folders of the catalog.
    pub(super) catalog: Vec<PathBuf>,
    hasher: foldhash::quality::RandomState,
}

/// One of the files.
pub(super) struct SourceFile {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// What it is called where the files are kept together.
    pub(super) name: PathBuf,
    /// What the file system says of it.
    pub(super) metadata: Metadata,
}

impl Sources {
    /// Names the files of a configuration.
    pub(super) fn new(path: &Path, config: &Config) -> Self {
        Self {
            config: path.to_owned(),
            fleet: config.fleet.clone(),
            catalog: config.catalog.clone(),
            hasher: foldhash::quality::RandomState::default(),
        }
    }

    /// Follows a configuration that names other folders; tells whether that of the records is another one.
    pub(super) fn follow(&mut self, config: &Config) -> bool {
        self.catalog.clone_from(&config.catalog);
        let moved = self.fleet != config.fleet;
        self.fleet.clone_from(&config.fleet);
        moved
    }

    /// Hashes all that shows a change of the files, without reading one.
    pub(super) fn look(&self) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        if let Ok(metadata) = std::fs::metadata(&self.config) {
            look_at(&self.config, &metadata, &mut hasher);
        }
        for (path, metadata) in self.catalog.iter().flat_map(|folder| below(folder)) {
            look_at(&path, &metadata, &mut hasher);
        }
        for (path, metadata) in Fleet::list(&self.fleet) {
            look_at(&path, &metadata, &mut hasher);
        }
        hasher.finish()
    }

    /// Hashes what shows a change of the catalog, and what else the catalog depends on.
    pub(super) fn look_at_catalog(&self, besides: impl Hash) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for (path, metadata) in self.catalog.iter().flat_map(|folder| below(folder)) {
            look_at(&path, &metadata, &mut hasher);
        }
        besides.hash(&mut hasher);
        hasher.finish()
    }

    /// Gives the time of the youngest file of the catalog.
    pub(super) fn youngest_of_catalog(&self) -> Option<SystemTime> {
        let files = self.catalog.iter().flat_map(|folder| below(folder));
        files.filter_map(|(_, metadata)| metadata.modified().ok()).max()
    }

    /// Lists the files.
    pub(super) fn files(&self) -> Vec<SourceFile> {
        let mut files = Vec::new();
        if let Ok(metadata) = std::fs::metadata(&self.config) {
            files.push(SourceFile { path: self.config.clone(), name: CONFIG.into(), metadata });
        }
        let mut add = |folder: &Path, name: &Path, found: Vec<(PathBuf, Metadata)>| {
            for (path, metadata) in found.into_iter().filter(|(_, metadata)| metadata.is_file()) {
                if let Ok(below) = path.strip_prefix(folder) {
                    files.push(SourceFile { name: name.join(below), path, metadata });
                }
            }
        };
        add(&self.fleet, Path::new(FLEET), Fleet::list(&self.fleet).into_iter().collect());
        for (number, folder) in self.catalog.iter().enumerate() {
            add(folder, &catalog(Path::new(""), number), below(folder));
        }
        files
    }

    /// Names the files where they are kept together in a folder.
    pub(super) fn kept(folder: &Path, config: &Config) -> Self {
        Self {
            config: folder.join(CONFIG),
            fleet: folder.join(FLEET),
            catalog: (0..config.catalog.len()).map(|number| catalog(folder, number)).collect(),
            hasher: foldhash::quality::RandomState::default(),
        }
    }
}

/// Where the files of a kept state lie in its folder.
const CONFIG: &str = "bellhop.toml";
const FLEET: &str = "fleet";

fn catalog(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("catalog/{number}"))
}

/// Takes note of all that shows a change of a file.
fn look_at(path: &Path, metadata: &Metadata, into: &mut impl Hasher) {
    (path, Identity::of(metadata)).hash(into);
}

/// What changes when somebody writes or replaces a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity(u64, u64, u64, i64, i64);

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec())
    }
}

/// Lists everything below a folder, hidden entries and golden cases left out.
fn below(folder: &Path) -> Vec<(PathBuf, Metadata)> {
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
