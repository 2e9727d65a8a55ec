//! Documents in a folder: every `*.toml` below it that is not hidden.
//!
//! Whoever reads takes a shared lock on the folder, whoever writes an exclusive one (`flock`); editors that know nothing
//! of locks are noticed by what they wrote.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustix::fs::{CWD, Gid, RenameFlags, Uid, fchown, renameat_with};

use crate::documents::{Change, Documents, Ledger, Lock, Rewrite, WriteError, journal};

/// How long somebody else may hold the lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often is looked whether the lock is free.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Deepest nesting of folders that is followed, so that a circle of links ends.
const DEEPEST: u8 = 16;

/// A folder of documents.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Names a folder; nothing is read yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "whoever edits or reads has a thread of its own to wait on"
    )]
    fn held(&self, take: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Lock, WriteError> {
        let failed = |source| WriteError::Write { path: self.root.clone(), source };
        let folder = File::open(&self.root).map_err(failed)?;
        let since = Instant::now();
        loop {
            match take(&folder) {
                Ok(()) => return Ok(Lock { _held: Some(folder) }),
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => {
                    return Err(WriteError::Busy { folder: self.root.clone(), waited: PATIENCE.as_secs() });
                }
                // Not every file system of a network has locks; what somebody else writes is noticed without them.
                Err(TryLockError::Error(_)) => return Ok(Lock { _held: None }),
            }
        }
    }

    fn journal(&self) -> PathBuf {
        self.root.join(journal::NAME)
    }

    /// Puts a change's documents in place, each in one step; takes back what was done when one is not as it was.
    fn replace_all(&self, ready: &[Ready<'_>]) -> Result<(), WriteError> {
        for (done, next) in ready.iter().enumerate() {
            let Err(error) = next.put_in_place() else { continue };
            for ready in ready[..done].iter().rev() {
                ready.take_back()?;
            }
            fs::remove_file(self.journal()).map_err(failed(&self.journal()))?;
            return Err(error);
        }
        Ok(())
    }
}

impl Documents for Folder {
    fn root(&self) -> &Path {
        &self.root
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        list(&self.root, DEEPEST, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn watched(&self) -> Vec<PathBuf> {
        vec![self.root.clone()]
    }

    fn share(&self) -> Result<Lock, WriteError> {
        self.held(File::try_lock_shared)
    }

    fn lock(&self) -> Result<Lock, WriteError> {
        self.held(File::try_lock)
    }

    fn write(&self, _: &Lock, change: &Change) -> Result<(), WriteError> {
        for rewrite in &change.rewrites {
            rewrite.check(&rewrite.path)?;
        }
        for rewrite in &change.rewrites {
            make_folder_of(&self.root, rewrite)?;
        }
        // Side by side, the disk brings many of them home at once.
        let ready = change.rewrites.par_iter().map(|rewrite| Ready::prepare(&self.root, rewrite));
        let ready = ready.collect::<Result<Vec<_>, _>>()?;
        // From here on the change is made, whoever is left to make it.
        journal::write(&self.journal(), &self.root, change).map_err(failed(&self.journal()))?;
        self.replace_all(&ready)?;
        for ready in &ready {
            forget(&ready.beside).map_err(failed(&ready.beside))?;
        }
        let folders: BTreeSet<&Path> = ready.iter().map(|ready| ready.folder()).collect();
        folders.into_iter().try_for_each(bring_home)
    }

    fn conclude(&self, _: &Lock, change: &Change, ledger: &dyn Ledger) -> Result<(), WriteError> {
        ledger.append(&change.audit).map_err(WriteError::Audit)?;
        fs::remove_file(self.journal()).map_err(failed(&self.journal()))
    }

    fn is_unfinished(&self) -> bool {
        self.journal().symlink_metadata().is_ok()
    }

    fn recover(&self, _: &Lock, ledger: &dyn Ledger) -> Result<Vec<PathBuf>, WriteError> {
        let Some(left) = journal::read(&self.journal(), &self.root)? else {
            return Ok(Vec::new());
        };
        let mut kept = Vec::new();
        for document in left.documents {
            let now = self.read(&document.path).map_err(failed(&document.path))?;
            let is_as_before = document.is_as_before(now.as_deref());
            let rewrite = Rewrite { path: document.path, before: now.map(Into::into), after: document.after };
            if rewrite.before.as_ref() == Some(&rewrite.after) {
                Ready::of(&rewrite.path, &rewrite)?.settle()?;
            } else if is_as_before {
                let ready = Ready::prepare(&self.root, &rewrite)?;
                ready.put_in_place()?;
                ready.settle()?;
            } else {
                kept.push(rewrite.path);
            }
        }
        ledger.append_once(&left.audit).map_err(WriteError::Audit)?;
        fs::remove_file(self.journal()).map_err(failed(&self.journal()))?;
        Ok(kept)
    }
}

impl Rewrite {
    /// Makes sure that a document is as it was.
    fn check(&self, at: &Path) -> Result<(), WriteError> {
        let now = match fs::read(at) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(WriteError::Write { path: at.to_owned(), source }),
        };
        if now.as_deref() == self.before.as_deref().map(str::as_bytes) {
            return Ok(());
        }
        Err(WriteError::Changed(self.path.clone()))
    }
}

/// A document whose next text lies beside it, on the disk.
struct Ready<'c> {
    rewrite: &'c Rewrite,
    /// The file itself, where the path is a link.
    real: PathBuf,
    /// Where the other text lies.
    beside: PathBuf,
}

impl<'c> Ready<'c> {
    fn of(real: &Path, rewrite: &'c Rewrite) -> Result<Self, WriteError> {
        let real = match fs::canonicalize(real) {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound => real.to_owned(),
            Err(source) => return Err(WriteError::Write { path: real.to_owned(), source }),
        };
        let name = real.file_name().ok_or(ErrorKind::InvalidFilename.into()).map_err(failed(&real))?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".new");
        Ok(Self { rewrite, beside: real.with_file_name(hidden), real })
    }

    /// Writes the next text beside the document, with the document's own rights, or for a new one the folder's.
    fn prepare(root: &Path, rewrite: &'c Rewrite) -> Result<Self, WriteError> {
        make_folder_of(root, rewrite)?;
        let ready = Self::of(&rewrite.path, rewrite)?;
        ready.write_beside().map_err(failed(&ready.real))?;
        Ok(ready)
    }

    fn write_beside(&self) -> io::Result<()> {
        forget(&self.beside)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.beside)?;
        let written = file.write_all(self.rewrite.after.as_bytes()).and_then(|()| {
            let (like, mode) = match fs::metadata(&self.real) {
                Ok(old) => (old.clone(), old.mode() & 0o7777),
                Err(_) => {
                    let folder = fs::metadata(self.folder())?;
                    let mode = folder.mode() & 0o644 | 0o600;
                    (folder, mode)
                }
            };
            let (owner, group) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
            // Only root gives files away; anybody else's belong to the group that the folder says.
            if fchown(&file, Some(owner), Some(group)).is_err() {
                fchown(&file, None, Some(group)).ok();
            }
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()
        });
        if written.is_err() {
            fs::remove_file(&self.beside).ok();
        }
        written
    }

    /// Changes places with the document, and back again if that is not what it was.
    fn put_in_place(&self) -> Result<(), WriteError> {
        let flags =
            if self.rewrite.before.is_some() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
        match renameat_with(CWD, &self.beside, CWD, &self.real, flags) {
            Ok(()) if self.rewrite.before.is_none() => Ok(()),
            Ok(()) => match self.rewrite.check(&self.beside) {
                Ok(()) => Ok(()),
                Err(error) => {
                    renameat_with(CWD, &self.beside, CWD, &self.real, flags)
                        .map_err(|error| failed(&self.real)(error.into()))?;
                    forget(&self.beside).map_err(failed(&self.beside))?;
                    Err(error)
                }
            },
            Err(rustix::io::Errno::EXIST | rustix::io::Errno::NOENT) => {
                forget(&self.beside).map_err(failed(&self.beside))?;
                Err(WriteError::Changed(self.rewrite.path.clone()))
            }
            // Not every file system lets files change places.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
                self.rewrite.check(&self.real)?;
                fs::rename(&self.beside, &self.real).map_err(failed(&self.real))
            }
            Err(error) => Err(failed(&self.real)(error.into())),
        }
    }

    /// Has the document as it was.
    fn take_back(&self) -> Result<(), WriteError> {
        let Some(before) = &self.rewrite.before else {
            return forget(&self.real).map_err(failed(&self.real));
        };
        if fs::symlink_metadata(&self.beside).is_err() {
            fs::write(&self.beside, before.as_bytes()).map_err(failed(&self.beside))?;
        }
        fs::rename(&self.beside, &self.real).map_err(failed(&self.real))
    }

    /// Brings the names onto the disk and forgets the old text.
    fn settle(&self) -> Result<(), WriteError> {
        forget(&self.beside).map_err(failed(&self.beside))?;
        bring_home(self.folder())
    }

    fn folder(&self) -> &Path {
        match self.real.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WriteError + Clone + use<> {
    let path = path.to_owned();
    move |source| WriteError::Write { path, source }
}

fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the folder that a document goes to.
fn make_folder_of(root: &Path, rewrite: &Rewrite) -> Result<(), WriteError> {
    let folder = rewrite.path.parent().unwrap_or(root);
    make_folders(root, folder).map_err(failed(folder))
}

/// Has the disk keep the names in a folder.
fn bring_home(folder: &Path) -> Result<(), WriteError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

/// Makes the folders between the root and a document, with the root's rights.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| above.starts_with(root)) {
        make_folders(root, above)?;
    }
    let like = fs::metadata(folder.parent().unwrap_or(root))?;
    DirBuilder::new().mode(like.mode() & 0o777).create(folder)?;
    let made = File::open(folder)?;
    let (owner, group) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
    if fchown(&made, Some(owner), Some(group)).is_err() {
        fchown(&made, None, Some(group)).ok();
    }
    // The umask has its say about what is made, and has none here; a folder's group goes on by itself.
    if made.metadata()?.mode() & 0o777 != like.mode() & 0o777 {
        let group_bit = made.metadata()?.mode() & 0o2000;
        let rights = Permissions::from_mode(like.mode() & 0o777 | group_bit);
        match made.set_permissions(rights) {
            // A unit may forbid to set that bit; what the umask leaves is enough for the server.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => (),
            other => other?,
        }
    }
    Ok(())
}

fn list(folder: &Path, depth: u8, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() && depth > 0 => list(&path, depth - 1, into)?,
            Ok(metadata) if metadata.is_file() && is_toml => into.push(path),
            _ => (),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_writes_at_the_last_moment_stays_and_the_rest_is_taken_back() {
        for moved in [false, true] {
            let site = tempfile::TempDir::new().unwrap();
            let path = |name: &str| site.path().join(name);
            let rewrite =
                |name: &str| Rewrite { path: path(name), before: Some("1".into()), after: "2".into() };
            for name in ["a.toml", "b.toml"] {
                fs::write(path(name), "1").unwrap();
            }
            let new = Rewrite { before: None, ..rewrite("0.toml") };
            let change =
                Change { rewrites: vec![new, rewrite("a.toml"), rewrite("b.toml")], ..Change::default() };
            let folder = Folder::new(site.path());
            let ready = change.rewrites.iter().map(|rewrite| Ready::prepare(site.path(), rewrite));
            let ready: Vec<_> = ready.collect::<Result<_, _>>().unwrap();
            journal::write(&folder.journal(), site.path(), &change).unwrap();
            if moved {
                // As editors do that write beside and rename.
                fs::write(path("mine"), "mine").unwrap();
                fs::rename(path("mine"), path("b.toml")).unwrap();
            } else {
                fs::write(path("b.toml"), "mine").unwrap();
            }
            let error = folder.replace_all(&ready).unwrap_err();
            assert!(matches!(&error, WriteError::Changed(changed) if *changed == path("b.toml")), "{error}");
            let text = |name: &str| fs::read_to_string(path(name)).ok();
            assert_eq!(
                [text("0.toml"), text("a.toml"), text("b.toml")],
                [None, Some("1".to_owned()), Some("mine".to_owned())]
            );
            assert_eq!(fs::read_dir(site.path()).unwrap().count(), 2, "nothing else is left");
        }
    }
}
