//! Files that are the same for everybody: firmware, ringtones, logos, language packs.
//!
//! Promises: nothing outside the folder is ever opened, whatever a path or a symbolic link says; no hidden file, no
//! folder, no device; a file stays the one that was opened, whatever takes its place. Nothing here is a secret, so
//! nobody is asked who they are. Read next: [`open`]; `listen/assets.rs` hands them out over HTTP, `listen/tftp` over
//! TFTP.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// The first segment of paths to assets.
const SEGMENT: &[u8] = b"assets/";

/// How often a file is looked for that others move about meanwhile.
const TRIES: usize = 8;

/// The name of an asset: its path below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Vec<u8>);

/// A file that was opened.
#[derive(Debug)]
pub struct Asset {
    file: File,
    metadata: Metadata,
}

/// Why there is no asset.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It may be there, and cannot be opened now.
    #[error("an asset cannot be opened")]
    Failed(#[source] io::Error),
    /// There is none of that name that may be handed out.
    #[error("there is no such asset")]
    Missing,
}

/// Gives what follows `/assets/` in a path, behind the prefix that all paths have; none where it is no such path.
pub fn below<'a>(path: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let path = match prefix {
        "" => path,
        prefix => path.strip_prefix(prefix.as_bytes())?.strip_prefix(b"/")?,
    };
    path.strip_prefix(SEGMENT)
}

impl Name {
    /// Reads the path of a URL, encoded as it was sent; a query does not count.
    pub fn read_encoded(path: &[u8]) -> Option<Self> {
        let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
        Self::read(&Cow::from(percent_encoding::percent_decode(path)))
    }

    /// Reads a decoded path; none where a file of that name is never handed out.
    pub fn read(path: &[u8]) -> Option<Self> {
        if path.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') || path.ends_with(b"/") {
            return None;
        }
        let segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
        let is_hidden = segments.iter().any(|segment| segment.starts_with(b"."));
        (!segments.is_empty() && !is_hidden).then(|| Self(segments.join(&b'/')))
    }
}

/// Opens an asset. It may take as long as the disk takes.
///
/// Symbolic links are followed inside the folder and not out of it; one that begins with a slash leads out of it.
///
/// # Errors
/// There is none of that name, or it cannot be opened.
pub fn open(folder: &Path, name: &Name) -> Result<Asset, OpenError> {
    let file = open_below(folder, name).map_err(|error| match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV => OpenError::Missing,
        Errno::NAMETOOLONG | Errno::NXIO | Errno::NODEV => OpenError::Missing,
        error => OpenError::Failed(error.into()),
    })?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(OpenError::Failed)?;
    if metadata.is_file() { Ok(Asset { file, metadata }) } else { Err(OpenError::Missing) }
}

fn open_below(folder: &Path, name: &Name) -> Result<OwnedFd, Errno> {
    let folder = openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    // A pipe without a writer would hold the thread up for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut last = Err(Errno::AGAIN);
    for _ in 0..TRIES {
        last = openat2(&folder, name.0.as_slice(), flags, Mode::empty(), within);
        if last.as_ref().err() != Some(&Errno::AGAIN) {
            break;
        }
    }
    last
}

impl Asset {
    /// Gives how many bytes it had when it was opened.
    pub fn size(&self) -> u64 {
        self.metadata.len()
    }

    /// Gives what the system told of it when it was opened.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Gives a second handle of the same file.
    ///
    /// # Errors
    /// There is no descriptor.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Reads a part of it. It may take as long as the disk takes.
    ///
    /// # Errors
    /// The file cannot be read, or has become shorter than that.
    pub fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut room = vec![0; length];
        self.file.read_exact_at(&mut room, offset)?;
        Ok(room.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_one_of_assets_behind_the_prefix() {
        let rows: [(&str, &str, Option<&str>); 10] = [
            ("/assets/x", "", Some("x")),
            ("assets/x", "", Some("x")),
            ("/assets/", "", Some("")),
            ("/assets", "", None),
            ("/assetsx/x", "", None),
            ("/x/assets/x", "", None),
            ("/p/q/assets/x/y", "p/q", Some("x/y")),
            ("/assets/x", "p/q", None),
            ("/p/qassets/x", "p/q", None),
            ("/p/q/x", "p/q", None),
        ];
        for (path, prefix, expected) in rows {
            assert_eq!(below(path.as_bytes(), prefix), expected.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn names_that_climb_or_hide_are_none() {
        let name = |path: &[u8]| Name::read(path).map(|name| String::from_utf8(name.0).unwrap());
        assert_eq!(name(b"a//b c.wav").as_deref(), Some("a/b c.wav"));
        assert_eq!(name(b"/a").as_deref(), Some("a"));
        for path in [
            &b""[..],
            b"/",
            b"a/",
            b".",
            b"..",
            b"../a",
            b"a/../b",
            b".git/config",
            b"a/.b",
            b"a\\b",
            b"a\0b",
        ] {
            assert_eq!(name(path), None, "{}", String::from_utf8_lossy(path));
        }
    }

    #[test]
    fn nothing_is_opened_but_files_below_the_folder() {
        let site = tempfile::tempdir().unwrap();
        let (folder, outside) = (site.path().join("assets"), site.path().join("outside"));
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(&outside, "secret").unwrap();
        fs::write(folder.join("sub/file"), "public").unwrap();
        symlink("sub/file", folder.join("inside")).unwrap();
        symlink("../assets/sub/file", folder.join("out-and-in")).unwrap();
        symlink("../outside", folder.join("out")).unwrap();
        symlink(&outside, folder.join("absolute")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        symlink("/proc/self/fd", folder.join("magic")).unwrap();
        rustix::fs::mkfifoat(CWD, folder.join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        let body = |name: &str| {
            let asset = open(&folder, &Name::read(name.as_bytes()).unwrap());
            asset.map(|asset| asset.read(0, usize::try_from(asset.size()).unwrap()).unwrap())
        };
        for name in ["sub/file", "inside"] {
            assert_eq!(body(name).unwrap(), "public", "{name}");
        }
        for name in [
            "out",
            "absolute",
            "out-and-in",
            "up/outside",
            "loop",
            "magic/0",
            "pipe",
            "sub",
            "nothing",
            "inside/x",
        ] {
            assert!(matches!(body(name), Err(OpenError::Missing)), "{name}");
        }
        assert!(matches!(body(&"a".repeat(300)), Err(OpenError::Missing)));
        let name = Name::read(b"file").unwrap();
        assert!(matches!(open(&site.path().join("none"), &name), Err(OpenError::Missing)));
    }

    proptest! {
        #[test]
        fn whatever_a_path_says_nothing_comes_but_what_lies_in_the_folder(
            segments in prop::collection::vec(
                prop_oneof![
                    Just("..".to_owned()),
                    Just("sub".to_owned()),
                    Just("file".to_owned()),
                    Just("out".to_owned()),
                    Just("up".to_owned()),
                    Just("outside".to_owned()),
                    Just(".hidden".to_owned()),
                    "[./a-z\\\\\\PC]{0,6}",
                ],
                0..6,
            ),
        ) {
            let site = tempfile::tempdir().unwrap();
            let folder = site.path().join("assets");
            fs::create_dir_all(folder.join("sub/sub")).unwrap();
            for public in ["file", "sub/file", "sub/sub/file"] {
                fs::write(folder.join(public), "public").unwrap();
            }
            for secret in [site.path().join("outside"), folder.join(".hidden"), folder.join("sub/.hidden")] {
                fs::write(secret, "secret").unwrap();
            }
            symlink("../outside", folder.join("out")).unwrap();
            symlink("..", folder.join("up")).unwrap();
            symlink("..", folder.join("sub/up")).unwrap();
            if let Some(name) = Name::read(segments.join("/").as_bytes())
                && let Ok(asset) = open(&folder, &name)
            {
                prop_assert_eq!(asset.read(0, 6).unwrap(), "public");
            }
        }
    }

    #[test]
    fn an_asset_stays_the_one_that_was_opened() {
        let site = tempfile::tempdir().unwrap();
        let path = site.path().join("file");
        fs::write(&path, "first").unwrap();
        let asset = open(site.path(), &Name::read(b"file").unwrap()).unwrap();
        fs::write(site.path().join("next"), "second").unwrap();
        fs::rename(site.path().join("next"), &path).unwrap();
        assert_eq!(asset.read(1, 4).unwrap(), "irst");
        assert!(asset.read(1, 5).is_err(), "it is no longer than that");
    }
}
