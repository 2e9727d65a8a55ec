//! The log's files: the one that grows, and those that a rotation renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid, fchown};

use crate::audit::Stamp;
use crate::audit::chain;

/// The log's name in the state folder.
pub(super) const NAME: &str = "audit.log";

/// What a rotation may have packed, which is not read.
const PACKED: &[&str] = &["bz2", "gz", "lz4", "xz", "zst"];

/// Longest line that is read as one, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;

/// Bytes that are looked at first for the last line.
const TAIL: u64 = 64 << 10;

/// Opens a file to add to, or makes it, for its owner's eyes only: that of its folder, whoever adds first.
pub(super) fn growing(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    let (own, folder) = (file.metadata()?, fs::metadata(path.parent().unwrap_or(Path::new(".")))?);
    if own.len() == 0 && own.uid() != folder.uid() {
        // Root may add before the server does, and gives it what is the server's; nobody else can.
        fchown(&file, Some(Uid::from_raw(folder.uid())), Some(Gid::from_raw(folder.gid()))).ok();
    }
    Ok(file)
}

/// Gives the renamed files that can be read, the oldest first; the chain's numbers tell.
pub(super) fn rotated(log: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in renamed(log)? {
        let is_packed = path.extension().is_some_and(|ending| PACKED.iter().any(|packed| ending == *packed));
        if !is_packed && path.is_file() {
            found.push((first_number(&path)?, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Tells whether a rotation has renamed files, packed or not.
pub(super) fn has_older(log: &Path) -> io::Result<bool> {
    Ok(!renamed(log)?.is_empty())
}

/// Lists what a rotation has renamed.
fn renamed(log: &Path) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(log.parent().unwrap_or(Path::new("."))) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.strip_prefix(NAME).is_some_and(|rest| rest.starts_with(['.', '-'])) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Reads the next line with its end; false at the end of the file.
pub(super) fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    file.by_ref().take(LONGEST).read_until(b'\n', line)?;
    Ok(!line.is_empty())
}

/// Finds the last line that is as it was written, from the end.
pub(super) fn last(file: &mut File) -> io::Result<Option<Stamp>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut window = TAIL;
    loop {
        let from = length.saturating_sub(window);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(length - from).read_to_end(&mut bytes)?;
        let mut lines = bytes.split(|byte| *byte == b'\n');
        if from > 0 {
            // What begins before the window.
            lines.next();
        }
        if let Some(link) = lines.rev().find_map(chain::open) {
            return Ok(Some(link.stamp()));
        }
        if from == 0 {
            return Ok(None);
        }
        window = window.saturating_mul(8);
    }
}

/// Moves what stands behind the last line's end to a file beside; tells how many bytes that were.
pub(super) fn set_aside(file: &mut File, aside: &Path) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let (mut from, mut torn) = (length, Vec::new());
    while from > 0 {
        let start = from.saturating_sub(TAIL);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(from - start).read_to_end(&mut bytes)?;
        let end = memchr::memrchr(b'\n', &bytes).map(|at| at + 1);
        torn = [bytes.get(end.unwrap_or(0)..).unwrap_or_default(), &torn].concat();
        if end.is_some() {
            break;
        }
        from = start;
    }
    if torn.is_empty() {
        return Ok(0);
    }
    let bytes = torn.len() as u64;
    torn.push(b'\n');
    let mut beside = growing(aside)?;
    beside.write_all(&torn)?;
    beside.sync_all()?;
    file.set_len(length - bytes)?;
    file.sync_all()?;
    Ok(bytes)
}

/// Gives the number of a file's first line; 0 where it cannot be read.
fn first_number(path: &Path) -> io::Result<u64> {
    let mut line = Vec::new();
    next_line(&mut io::BufReader::new(File::open(path)?), &mut line)?;
    Ok(chain::open(line.strip_suffix(b"\n").unwrap_or(&line)).map_or(0, |link| link.number))
}
