//! The files of the last good snapshot, kept in the state folder for a start at which the operator's own are broken.
//!
//! Promises: a state is kept whole or not at all, whenever the process is killed (promise H10); it is what a published
//! snapshot was made of, byte for byte; a damaged one is told from a good one and never used (promise H3). It lies
//! there as a tree like the operator's, to look at and to copy back. Read next: [`keep`], then [`restore`].

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::config::Config;
use crate::durable;
use crate::reload::sources::{Identity, Sources};
use crate::snapshot::Holders;

/// What the shape of a kept state is called; another one is not read.
const VERSION: u64 = 1;

/// A state that was kept.
pub(super) struct Kept {
    /// Where its files lie.
    pub(super) sources: Sources,
    /// Its configuration, with the operator's own paths.
    pub(super) config: Config,
    /// When it was kept.
    pub(super) since: SystemTime,
}

/// Why no kept state can stand in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error("nothing was kept yet")]
    Nothing,
    #[error("{} is damaged; remove the folder that it lies in", .0.display())]
    Damaged(PathBuf),
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
}

/// What is known of the files that were kept last, so that those that stayed the same are kept by a link.
#[derive(Default)]
pub(super) struct Known(HashMap<PathBuf, (Identity, u128)>);

/// Keeps the files that a snapshot was made of; tells whether they still are what was `seen` then, else nothing
/// was kept.
///
/// # Errors
/// The state folder cannot be written; what was kept before stays.
pub(super) fn keep(
    state: &Path,
    sources: &Sources,
    seen: u64,
    holders: &Holders,
    known: &mut Known,
) -> io::Result<bool> {
    let folder = folder(state);
    let before = Manifest::read(&folder).ok();
    let number = before.as_ref().map_or(1, |before| before.number + 1);
    let last = before.map(|before| folder.join(before.number.to_string()));
    let next = folder.join(number.to_string());
    // A process that was killed may have left it half done.
    remove(&next)?;
    make_folder(&next)?;
    let mut files = BTreeMap::new();
    let mut now = Known::default();
    for file in sources.files() {
        let identity = Identity::of(&file.metadata);
        let to = next.join(&file.name);
        make_folder(to.parent().unwrap_or(&next))?;
        let same = known.0.get(&file.name).filter(|(before, _)| *before == identity);
        let linked = same.zip(last.as_ref()).filter(|_| {
            let from = last.as_ref().map(|last| last.join(&file.name));
            from.is_some_and(|from| fs::hard_link(from, &to).is_ok())
        });
        let checksum = match linked {
            Some(((_, checksum), _)) => *checksum,
            None => copy(&file.path, &to)?,
        };
        files.insert(file.name.clone(), checksum);
        now.0.insert(file.name, (identity, checksum));
    }
    if sources.look() != seen {
        remove(&next)?;
        return Ok(false);
    }
    sync_folders(&next)?;
    File::open(&folder)?.sync_all()?;
    let config = std::path::absolute(&sources.config)?;
    let manifest = Manifest { number, since: SystemTime::now(), config, holders: holders.clone(), files };
    manifest.write(&folder)?;
    *known = now;
    forget_others(&folder, number)?;
    Ok(true)
}

/// Finds the state that was kept last and makes sure that it is whole.
///
/// # Errors
/// There is none, or it is damaged.
pub(super) fn restore(state: &Path) -> Result<Kept, NotKept> {
    let folder = folder(state);
    let manifest = Manifest::read(&folder)?;
    let files = folder.join(manifest.number.to_string());
    for (name, checksum) in &manifest.files {
        let path = files.join(name);
        match checksum_of(&path) {
            Ok(found) if found == *checksum => (),
            Ok(_) => return Err(NotKept::Damaged(path)),
            Err(source) => return Err(NotKept::Read { path, source }),
        }
    }
    let own = files.join("bellhop.toml");
    let text = fs::read_to_string(&own).map_err(|source| NotKept::Read { path: own.clone(), source })?;
    let config = Config::read_text(&manifest.config, &text).map_err(|_| NotKept::Damaged(own))?;
    Ok(Kept { sources: Sources::kept(&files, &config), config, since: manifest.since })
}

/// Tells how many devices the state that was kept last had, in all and by holder; `None` where there is none.
pub(super) fn holders(state: &Path) -> Option<Holders> {
    Manifest::read(&folder(state)).ok().map(|manifest| manifest.holders)
}

fn folder(state: &Path) -> PathBuf {
    state.join("last-good")
}

/// What is told of a kept state: as long as it is not written, the state is not there.
struct Manifest {
    number: u64,
    since: SystemTime,
    config: PathBuf,
    holders: Holders,
    files: BTreeMap<PathBuf, u128>,
}

impl Manifest {
    fn path(folder: &Path) -> PathBuf {
        folder.join("manifest")
    }

    /// Writes it behind its own checksum.
    fn write(&self, folder: &Path) -> io::Result<()> {
        let since = self.since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let text = |path: &Path| path.to_str().map(str::to_owned).ok_or(io::ErrorKind::InvalidFilename);
        let files =
            self.files.iter().map(|(name, checksum)| Ok((text(name)?, json!(format!("{checksum:032x}")))));
        let body = json!({
            "version": VERSION,
            "number": self.number,
            "since": since,
            "config": text(&self.config)?,
            "devices": self.holders.devices,
            "holders": self.holders.each,
            "files": files.collect::<Result<serde_json::Map<_, _>, io::ErrorKind>>()?,
        });
        let body = body.to_string();
        let whole = format!("{:032x}\n{body}\n", xxh3_128(body.as_bytes()));
        durable::write(&Self::path(folder), whole.as_bytes(), 0o600)
    }

    fn read(folder: &Path) -> Result<Self, NotKept> {
        let path = Self::path(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NotKept::Nothing),
            Err(source) => return Err(NotKept::Read { path, source }),
        };
        Self::parse(&text).ok_or(NotKept::Damaged(path))
    }

    fn parse(text: &str) -> Option<Self> {
        let (checksum, body) = text.strip_suffix('\n')?.split_once('\n')?;
        if checksum != format!("{:032x}", xxh3_128(body.as_bytes())) {
            return None;
        }
        let body: Value = serde_json::from_str(body).ok()?;
        let number = |name: &str| body.get(name)?.as_u64();
        if number("version")? != VERSION {
            return None;
        }
        let files = body.get("files")?.as_object()?.iter();
        let file = |(name, checksum): (&String, &Value)| {
            Some((PathBuf::from(name), u128::from_str_radix(checksum.as_str()?, 16).ok()?))
        };
        let holders = body.get("holders")?.as_object()?.iter();
        let holder = |(name, devices): (&String, &Value)| {
            Some((name.clone(), usize::try_from(devices.as_u64()?).ok()?))
        };
        Some(Self {
            number: number("number")?,
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(number("since")?),
            config: body.get("config")?.as_str()?.into(),
            holders: Holders {
                devices: usize::try_from(number("devices")?).ok()?,
                each: holders.map(holder).collect::<Option<_>>()?,
            },
            files: files.map(file).collect::<Option<_>>()?,
        })
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<u128> {
    let mut from = File::open(from)?;
    let mut into = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let checksum = each_piece(&mut from, |piece| into.write_all(piece))?;
    into.sync_all()?;
    Ok(checksum)
}

fn checksum_of(path: &Path) -> io::Result<u128> {
    each_piece(&mut File::open(path)?, |_| Ok(()))
}

fn each_piece(from: &mut File, mut visit: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u128> {
    let mut hasher = Xxh3::new();
    let mut room = vec![0; 64 * 1024];
    loop {
        match from.read(&mut room)? {
            0 => return Ok(hasher.digest128()),
            length => {
                let piece = &room[..length];
                hasher.update(piece);
                visit(piece)?;
            }
        }
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Removes what was kept before, and what a killed process left.
fn forget_others(folder: &Path, number: u64) -> io::Result<()> {
    let keep = number.to_string();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != keep.as_str() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
