//! The log on disk.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::audit::{Entry, Stamp, chain, files};

/// The audit log of a state folder.
///
/// It holds no file open: each addition takes the lock, finds the last line from the file's end, and lets go, so that
/// several processes can add, and a rotation can rename the file whenever it likes.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
}

/// The log cannot be read or added to.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} the audit log {}; check the state folder", path.display())]
pub struct AuditError {
    /// What was attempted.
    pub what: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Why it does not work.
    pub source: io::Error,
}

impl Log {
    /// Opens the log of a state folder, which is made where it is missing.
    ///
    /// A line that was never finished is set aside in `audit.torn`, and a line of the log tells so.
    ///
    /// # Errors
    /// The folder or the log cannot be made, read or mended.
    pub fn open(state: &Path) -> Result<Self, AuditError> {
        let log = Self::at(state);
        let failed = |source| log.error("open", source);
        if !state.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(failed)?;
        }
        log.add(&[]).map_err(failed)?;
        Ok(log)
    }

    /// Names the log of a state folder, to read in it; nothing is made or mended.
    pub fn at(state: &Path) -> Self {
        Self { path: state.join(files::NAME) }
    }

    /// Gives the file that grows.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&self, entry: &Entry) -> Result<Stamp, AuditError> {
        let added = self.add(&[&entry.text()]).map_err(|source| self.error("add to", source))?;
        added.ok_or_else(|| self.error("add to", io::ErrorKind::InvalidData.into()))
    }

    /// Adds those of these entries that the log does not hold yet; each is as [`Entry::text`] gave it, on a line of
    /// its own. What was added before a crash is so found after it, and not added twice.
    ///
    /// # Errors
    /// The log cannot be read or written, or the texts are no entries.
    pub fn append_once(&self, texts: &str) -> Result<(), AuditError> {
        let mut missing: Vec<(String, String)> = Vec::new();
        for text in texts.lines().filter(|text| !text.is_empty()) {
            let entry: Entry =
                serde_json::from_str(text).map_err(|error| self.error("add to", error.into()))?;
            missing.push((entry.id.clone(), entry.text()));
        }
        let known = self.known(missing.iter().map(|(id, _)| id.as_str()).collect())?;
        missing.retain(|(id, _)| !known.contains(id));
        let missing: Vec<String> = missing.into_iter().map(|(_, text)| text).collect();
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
            self.add(&missing).map_err(|source| self.error("add to", source))?;
        }
        Ok(())
    }

    /// Adds entries as one: all of them are on the disk when this returns.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn append_all(&self, entries: &[Entry]) -> Result<(), AuditError> {
        let texts: Vec<String> = entries.iter().map(Entry::text).collect();
        self.add(&texts.iter().map(String::as_str).collect::<Vec<_>>())
            .map(|_| ())
            .map_err(|source| self.error("add to", source))
    }

    /// Adds entries that were written by [`Entry::text`], each on a line of its own, as one: all of them are on the
    /// disk when this returns.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn append_texts(&self, texts: &str) -> Result<(), AuditError> {
        let texts: Vec<&str> = texts.lines().filter(|text| !text.is_empty()).collect();
        self.add(&texts).map(|_| ()).map_err(|source| self.error("add to", source))
    }

    /// Tells whether the log, or the file that a rotation renamed last, holds the entry with this id.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn has(&self, id: &str) -> Result<bool, AuditError> {
        Ok(!self.known(HashSet::from([id]))?.is_empty())
    }

    /// Gives those of these ids whose entries the log, or the file that a rotation renamed last, holds: both are read
    /// once, however many ids there are.
    fn known(&self, mut wanted: HashSet<&str>) -> Result<HashSet<String>, AuditError> {
        const KEY: &[u8] = b"\"id\":\"";
        let mut known = HashSet::new();
        let renamed = files::rotated(&self.path).map_err(|source| self.error("read", source))?.pop();
        for path in [Some(self.path.clone()), renamed].into_iter().flatten().filter(|path| path.exists()) {
            let failed = |source| AuditError { what: "read", path: path.clone(), source };
            let mut file = BufReader::new(File::open(&path).map_err(failed)?);
            let mut line = Vec::new();
            while !wanted.is_empty() && files::next_line(&mut file, &mut line).map_err(failed)? {
                if !line.ends_with(b"\n") {
                    continue;
                }
                // A text that somebody chose cannot hold these bytes: its quotes are escaped.
                for at in memchr::memmem::find_iter(&line, KEY) {
                    let id = line[at + KEY.len()..].split(|byte| *byte == b'"').next();
                    if let Some(id) = id.and_then(|id| std::str::from_utf8(id).ok())
                        && wanted.remove(id)
                    {
                        known.insert(id.to_owned());
                    }
                }
            }
        }
        Ok(known)
    }

    /// Gives the stamp of the last line.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn last(&self) -> Result<Option<Stamp>, AuditError> {
        self.find_last().map_err(|source| self.error("read", source))
    }

    /// Gives the files that can be read, the oldest first.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, AuditError> {
        let mut all = files::rotated(&self.path).map_err(|source| self.error("read", source))?;
        all.extend(self.path.exists().then(|| self.path.clone()));
        Ok(all)
    }

    pub(super) fn error(&self, what: &'static str, source: io::Error) -> AuditError {
        AuditError { what, path: self.path.clone(), source }
    }

    /// Adds texts of entries; gives the stamp of the last of them.
    fn add(&self, texts: &[&str]) -> io::Result<Option<Stamp>> {
        let lock = files::growing(&self.path.with_extension("lock"))?;
        lock.lock()?;
        let is_new = !self.path.exists();
        let mut file = files::growing(&self.path)?;
        let aside = self.path.with_extension("torn");
        let mut torn = files::set_aside(&mut file, &aside)?;
        if is_new && let Some(renamed) = files::rotated(&self.path)?.last() {
            torn += files::set_aside(&mut files::growing(renamed)?, &aside)?;
        }
        let mended = (torn > 0).then(|| told(torn, &aside).text());
        let (mut last, mut lines) = (self.find_last()?, String::new());
        for text in mended.as_deref().into_iter().chain(texts.iter().copied()) {
            let (line, stamp) = chain::seal(text, last.as_ref());
            lines.push_str(&line);
            last = Some(stamp);
        }
        if !lines.is_empty() {
            file.write_all(lines.as_bytes())?;
            file.sync_data()?;
        }
        if is_new {
            // The name, too, must be on the disk.
            File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(last)
    }

    /// Finds the last line, in the newest file that has one.
    fn find_last(&self) -> io::Result<Option<Stamp>> {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() > 0)
            && let Some(stamp) = files::last(&mut File::open(&self.path)?)?
        {
            return Ok(Some(stamp));
        }
        for renamed in files::rotated(&self.path)?.iter().rev() {
            if let Some(stamp) = files::last(&mut File::open(renamed)?)? {
                return Ok(Some(stamp));
            }
        }
        Ok(None)
    }
}

/// Tells of a line that was never finished.
fn told(bytes: u64, aside: &Path) -> Entry {
    let mut entry = Entry::new("administrator", "server", "audit-mend");
    let aside = aside.file_name().unwrap_or_default().display();
    entry.why = Some(format!("{bytes} bytes of a line that was never finished were set aside in {aside}"));
    entry
}
