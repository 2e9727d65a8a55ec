//! Files that the server writes for itself, and that it must find whole again.
//!
//! Promises: whatever ends the process or the machine, and whenever (promise H10), a file is as it was or as it
//! should become, never half; nobody reads it whose business it is not, not even for a moment.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Replaces a file by these contents, or makes it, in one step; `mode` are its permissions, less the umask.
///
/// When it returns, the disk has the new file. A file has one writer at a time.
///
/// # Errors
/// It cannot be written; what stood there before stays.
pub fn write(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    write_parts(path, &[contents], mode)
}

/// Replaces a file, like [`write()`], by contents that lie in several places.
///
/// # Errors
/// It cannot be written; what stood there before stays.
pub fn write_parts(path: &Path, contents: &[&[u8]], mode: u32) -> io::Result<()> {
    let next = beside(path)?;
    match fs::remove_file(&next) {
        // A writer that was killed left it behind.
        Ok(()) => (),
        Err(error) if error.kind() == ErrorKind::NotFound => (),
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&next)?;
    let all = contents.iter().try_for_each(|part| file.write_all(part));
    let written = all.and_then(|()| file.sync_all()).and_then(|()| {
        fs::rename(&next, path)?;
        // The name, too, must be on the disk.
        File::open(folder(path))?.sync_all()
    });
    if written.is_err() {
        fs::remove_file(&next).ok();
    }
    written
}

/// Gives the name under which a file's next contents are written.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut next = OsString::from(".");
    next.push(name);
    next.push(".new");
    Ok(path.with_file_name(next))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let site = tempfile::TempDir::new().unwrap();
        let path = site.path().join("file");
        write(&path, b"first, and longer", 0o600).unwrap();
        write(&path, b"second", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(site.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_behind_is_in_nobodys_way() {
        let site = tempfile::TempDir::new().unwrap();
        let path = site.path().join("file");
        fs::write(site.path().join(".file.new"), "half").unwrap();
        write(&path, b"whole", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(site.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays() {
        let site = tempfile::TempDir::new().unwrap();
        let path = site.path().join("taken");
        fs::create_dir_all(path.join("by a folder")).unwrap();
        write(&path, b"contents", 0o600).unwrap_err();
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(site.path()).unwrap().count(), 1);
    }
}
