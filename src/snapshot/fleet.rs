//! The fleet's files: what lies on disk, read again only where it changed.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::hash::BuildHasher;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use crate::document::Fault;
use crate::snapshot::{Records, Stamp};

/// Deepest nesting of folders that is followed, so that a circle of links ends.
const DEEPEST: u8 = 16;

/// A folder of fleet files and what was last read of it.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    folder: PathBuf,
    files: BTreeMap<PathBuf, Source>,
    faults: Vec<Fault>,
    hasher: foldhash::quality::RandomState,
}

/// One file as it was last read.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it holds.
    pub records: Arc<Records>,
    /// When it was written, as far as the file system says.
    pub modified: Stamp,
    /// Absent while it cannot be told from a later one.
    identity: Option<Identity>,
    text_hash: u64,
    faults: Vec<Fault>,
    /// The text that it would have, where it is not written yet.
    draft: Option<Arc<str>>,
}

/// What reading a file again brought.
enum Outcome {
    New(Source),
    Same(Option<Identity>),
    Unreadable(std::io::Error),
}

/// What changes when somebody writes or replaces a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
}

/// Time within which a second write may leave a file's identity as it was: clocks of file systems are coarse.
const COARSE: Duration = Duration::from_secs(2);

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        }
    }

    /// Gives the identity unless it is too young to tell a later change.
    fn if_settled(metadata: &Metadata, now: SystemTime) -> Option<Self> {
        let age = now.duration_since(metadata.modified().ok()?).ok()?;
        (age > COARSE).then(|| Self::of(metadata))
    }
}

impl Fleet {
    /// Names a folder; nothing is read yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..Self::default() }
    }

    /// Lists the files below a folder that hold records, with what the file system says of them.
    pub fn list(folder: &Path) -> BTreeMap<PathBuf, Metadata> {
        let mut listed = BTreeMap::new();
        list(folder, DEEPEST, &mut listed, &mut Vec::new());
        listed
    }

    /// Reads what is new or changed since the last call.
    pub fn refresh(&mut self) {
        let now = SystemTime::now();
        let mut listed = BTreeMap::new();
        self.faults.clear();
        list(&self.folder, DEEPEST, &mut listed, &mut self.faults);
        self.files.retain(|path, _| listed.contains_key(path));
        let same =
            |source: &Source, metadata: &Metadata| source.identity.as_ref() == Some(&Identity::of(metadata));
        listed.retain(|path, metadata| !self.files.get(path).is_some_and(|source| same(source, metadata)));
        let (files, hasher) = (&self.files, &self.hasher);
        let read = listed.into_par_iter().map(|(path, metadata)| {
            let identity = Identity::if_settled(&metadata, now);
            let outcome = match fs::read_to_string(&path) {
                Err(error) => Outcome::Unreadable(error),
                Ok(text) => {
                    let hash = hasher.hash_one(text.as_bytes());
                    match files.get(&path) {
                        Some(known) if known.text_hash == hash => Outcome::Same(identity),
                        _ => Outcome::New(Source::parse(&path, &text, hash, &metadata, identity)),
                    }
                }
            };
            (path, outcome)
        });
        let read: Vec<_> = read.collect();
        for (path, outcome) in read {
            match outcome {
                Outcome::New(source) => {
                    self.files.insert(path, source);
                }
                Outcome::Same(identity) => {
                    self.files.entry(path).and_modify(|source| source.identity = identity);
                }
                Outcome::Unreadable(error) => {
                    let message = format!("cannot be read: {error}; check its rights and encoding");
                    self.faults.push(Fault::error(&path, 0, message));
                    self.files.remove(&path);
                }
            }
        }
    }

    /// Gives the fleet as it would be with these texts in the place of what the files hold.
    #[must_use]
    pub fn with<'t, T: Into<Arc<str>>>(&self, texts: impl IntoIterator<Item = (&'t Path, T)>) -> Self {
        let mut fleet = self.clone();
        let modified = Stamp::of(SystemTime::now());
        let texts = texts.into_iter().map(|(path, text)| (path, text.into()));
        let texts: Vec<(&Path, Arc<str>)> = texts.collect();
        let read = texts.into_par_iter().map(|(path, text)| {
            let (records, faults) = Records::parse(path, &text);
            let source = Source {
                records: Arc::new(records),
                modified,
                identity: None,
                text_hash: self.hasher.hash_one(text.as_bytes()),
                faults,
                draft: Some(text),
            };
            (path.to_owned(), source)
        });
        fleet.files.par_extend(read);
        fleet
    }

    /// Takes what was drafted as written.
    pub fn settle(&mut self) {
        self.files.values_mut().for_each(|source| source.draft = None);
    }

    /// Gives the text of a file, as it would be or as it is on the disk.
    pub(super) fn text(&self, path: &Path) -> Arc<str> {
        let draft = self.files.get(path).and_then(|source| source.draft.clone());
        draft.unwrap_or_else(|| fs::read_to_string(path).unwrap_or_default().into())
    }

    /// Gives every fault of the files by themselves: unreadable files, broken syntax, wrong values.
    pub fn faults(&self) -> Vec<Fault> {
        let of_files = self.files.values().flat_map(|source| &source.faults);
        self.faults.iter().chain(of_files).cloned().collect()
    }

    /// Goes through the files in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Source)> {
        self.files.iter().map(|(path, source)| (path.as_path(), source))
    }
}

impl Source {
    fn parse(
        path: &Path,
        text: &str,
        text_hash: u64,
        metadata: &Metadata,
        identity: Option<Identity>,
    ) -> Self {
        let (records, faults) = Records::parse(path, text);
        let modified = metadata.modified().map(Stamp::of).unwrap_or_default();
        Self { records: Arc::new(records), modified, identity, text_hash, faults, draft: None }
    }
}

/// Lists the `*.toml` files below a folder, hidden ones left out, links followed.
fn list(folder: &Path, depth: u8, into: &mut BTreeMap<PathBuf, Metadata>, faults: &mut Vec<Fault>) {
    let cannot = |path: &Path, error: std::io::Error| {
        Fault::error(path, 0, format!("cannot be listed: {error}; check `fleet` and its rights"))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return faults.push(cannot(folder, error)),
    };
    for entry in entries {
        let path = match entry {
            Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => continue,
            Ok(entry) => entry.path(),
            Err(error) => {
                faults.push(cannot(folder, error));
                continue;
            }
        };
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() && depth > 0 => list(&path, depth - 1, into, faults),
            Ok(metadata) if metadata.is_file() && is_toml => {
                into.insert(path, metadata);
            }
            Ok(_) => (),
            // A file that vanished between listing and looking is no fault; the next reading will not list it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.is_symlink() => (),
            Err(error) if is_toml => faults.push(cannot(&path, error)),
            Err(_) => (),
        }
    }
}

impl Stamp {
    /// Gives the point in time.
    pub fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0)
    }

    /// Gives a point in time.
    pub fn of(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
