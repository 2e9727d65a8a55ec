//! Events of the file system: hints that something may have changed, never more than that.
//!
//! Promises: whatever way a folder or file is put in place of another, by a rename, a link that leads elsewhere, a
//! folder that is removed and made again, is noticed, as the folders of everything on the way to it are listened to,
//! too. Where the system gives no events, the clock is left.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

/// Most links that are followed on the way to one file (as Linux does).
const MOST_LINKS: u8 = 40;

/// Deepest nesting of folders in which links are looked for.
const DEEPEST: u8 = 16;

/// The events that are listened to.
#[derive(Default)]
pub(super) struct Events {
    watcher: Option<RecommendedWatcher>,
    /// What is listened to, hashed.
    heard: u64,
}

/// Folders to listen to, and the paths that matter in them.
#[derive(Default)]
struct Places {
    folders: BTreeMap<PathBuf, RecursiveMode>,
    matters: Vec<PathBuf>,
}

impl Events {
    /// Listens to nothing any more.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Listens to everything that leads to `paths` and lies below them, unless it does already; tells whether it began
    /// anew, so that something may have been missed.
    pub(super) fn listen(&mut self, paths: &[PathBuf], hint: impl Fn() + Send + 'static) -> bool {
        let mut places = Places::default();
        for path in paths {
            places.add(path);
        }
        let heard = places.hash();
        if self.watcher.is_some() && self.heard == heard {
            return false;
        }
        let Places { folders, matters } = places;
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_hint = event.is_ok_and(|event| {
                // Reading files is an event, too; it would make the server read for ever.
                let matters = |path: &PathBuf| {
                    matters.iter().any(|known| path.starts_with(known) || known.starts_with(path))
                };
                !event.kind.is_access()
                    && (event.paths.is_empty() || event.need_rescan() || event.paths.iter().any(matters))
            });
            if is_hint {
                hint();
            }
        });
        let mut watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "cannot listen to the file system; files are compared by the clock");
                return false;
            }
        };
        for (folder, mode) in &folders {
            if let Err(error) = watcher.watch(folder, *mode) {
                let error = &error as &dyn std::error::Error;
                warn!(folder = %folder.display(), error, "cannot listen to a folder; it is compared by the clock");
            }
        }
        (self.watcher, self.heard) = (Some(watcher), heard);
        true
    }
}

impl Places {
    /// Adds what a path leads to, the links on the way and the folders that they lie in.
    fn add(&mut self, path: &Path) {
        let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        for _ in 0..MOST_LINKS {
            let Some(next) = self.step(&path) else {
                break;
            };
            path = next;
        }
        self.matters.push(path.clone());
        if path.is_dir() {
            self.folders.insert(path.clone(), RecursiveMode::Recursive);
            links_below(&path, DEEPEST, &mut |link| self.add(link));
        }
        // The nearest folder that is there hears of those that are not.
        let above = path.ancestors().skip(1).find(|above| above.is_dir());
        self.note(above);
    }

    /// Follows the first link in a path; `None` where there is none.
    fn step(&mut self, path: &Path) -> Option<PathBuf> {
        let mut so_far = PathBuf::new();
        let mut components = path.components();
        while let Some(component) = components.next() {
            if component == Component::ParentDir {
                so_far.pop();
                continue;
            }
            so_far.push(component);
            let Ok(target) = fs::read_link(&so_far) else {
                continue;
            };
            self.matters.push(so_far.clone());
            self.note(so_far.parent());
            let target = so_far.parent().unwrap_or(Path::new("/")).join(target);
            return Some(target.join(components.as_path()));
        }
        None
    }

    fn note(&mut self, folder: Option<&Path>) {
        if let Some(folder) = folder {
            self.folders.entry(folder.to_owned()).or_insert(RecursiveMode::NonRecursive);
        }
    }

    /// Hashes what is listened to, so that a folder in place of another is told from it.
    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for path in self.folders.keys().chain(&self.matters) {
            let identity = fs::metadata(path).ok().filter(Metadata::is_dir).map(|metadata| {
                // A folder that is made anew may get the number of the one that it replaces.
                let born = metadata.created().ok();
                let changed = born.is_none().then(|| (metadata.ctime(), metadata.ctime_nsec()));
                (metadata.dev(), metadata.ino(), born, changed)
            });
            (path, identity).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Visits the links to folders below a folder.
fn links_below(folder: &Path, depth: u8, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && depth > 0 {
            links_below(&entry.path(), depth - 1, visit);
        } else if kind.is_symlink() && entry.path().is_dir() {
            visit(&entry.path());
        }
    }
}
