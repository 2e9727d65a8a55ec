//! Rendered files, kept from snapshot to snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use compact_str::CompactString;
use quick_cache::DefaultHashBuilder;

use crate::snapshot::{Snapshot, Stamp};

/// A file as a phone gets it.
#[derive(Debug)]
pub struct Rendered {
    /// Its bytes.
    pub body: Bytes,
    /// Its Content-Type.
    pub content_type: Bytes,
    /// Its Content-Encoding, where it has one.
    pub content_coding: Option<&'static str>,
    /// Its entity tag, in quotes (RFC 9110, section 8.8.3).
    pub etag: Bytes,
    /// `since` as HTTP writes dates (RFC 9110, section 5.6.7).
    last_modified: Bytes,
    /// Whether the second of `since` is over.
    settled: AtomicBool,
    /// Since when all that it depends on is as it is.
    pub since: Stamp,
    /// The last snapshot that was found to have nothing newer that it depends on.
    checked: AtomicU64,
}

impl Rendered {
    /// Makes a file of a snapshot.
    pub fn new(
        snapshot: &Snapshot,
        body: Vec<u8>,
        content_type: Bytes,
        content_coding: Option<&'static str>,
        since: Stamp,
    ) -> Self {
        let etag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&body));
        Self {
            body: Bytes::from(body),
            content_type,
            content_coding,
            etag: etag.into(),
            last_modified: httpdate::fmt_http_date(since.time()).into(),
            settled: AtomicBool::new(false),
            since,
            checked: AtomicU64::new(snapshot.serial()),
        }
    }

    /// Tells whether the file is what a snapshot would make; `since` is asked once a snapshot.
    pub fn is_current(&self, snapshot: &Snapshot, since: impl FnOnce() -> Stamp) -> bool {
        if self.checked.load(Ordering::Relaxed) == snapshot.serial() {
            return true;
        }
        let current = self.since == since();
        if current {
            self.checked.store(snapshot.serial(), Ordering::Relaxed);
        }
        current
    }

    /// Gives `last_modified` once it can be relied on.
    ///
    /// Within the second of a change another one may follow that the date could not tell (RFC 9110, section
    /// 8.8.2.2); `now` is asked until that second is over.
    pub fn dated(&self, now: impl FnOnce() -> SystemTime) -> Option<&Bytes> {
        if !self.settled.load(Ordering::Relaxed) {
            if Stamp::of(now()).0 / 1000 <= self.since.0 / 1000 {
                return None;
            }
            self.settled.store(true, Ordering::Relaxed);
        }
        Some(&self.last_modified)
    }
}

/// Which file of whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OwnedKey {
    whose: CompactString,
    file: u16,
}

/// Which file of whom, for looking it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey<'k> {
    /// The device's serial, or what a common file is common to.
    pub whose: &'k str,
    /// The file's place in the firmware.
    pub file: u16,
}

impl quick_cache::Equivalent<OwnedKey> for CacheKey<'_> {
    fn equivalent(&self, key: &OwnedKey) -> bool {
        self.file == key.file && self.whose == key.whose
    }
}

/// Rendered files up to a budget of bytes; what is not asked for goes first.
pub struct Cache {
    files: quick_cache::sync::Cache<OwnedKey, Arc<Rendered>, Weight, DefaultHashBuilder, Evicted>,
    evictions: Arc<AtomicU64>,
}

/// Counts files that make room for others.
#[derive(Clone)]
struct Evicted(Arc<AtomicU64>);

impl quick_cache::Lifecycle<OwnedKey, Arc<Rendered>> for Evicted {
    /// Two files, freed only when the cache is unlocked, as few requests push out more.
    type RequestState = [Option<Arc<Rendered>>; 2];

    fn on_evict(&self, state: &mut Self::RequestState, _: OwnedKey, file: Arc<Rendered>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        if let Some(free) = state.iter_mut().find(|place| place.is_none()) {
            *free = Some(file);
        }
    }
}

/// Counts what an entry takes up, its keeping included.
#[derive(Clone)]
struct Weight;

impl quick_cache::Weighter<OwnedKey, Arc<Rendered>> for Weight {
    fn weight(&self, _: &OwnedKey, rendered: &Arc<Rendered>) -> u64 {
        const KEEPING: usize = 256;
        (rendered.body.len() + rendered.etag.len() + KEEPING) as u64
    }
}

impl Cache {
    /// Makes an empty cache for so many bytes.
    pub fn new(bytes: u64) -> Self {
        const USUAL_FILE: u64 = 4 * 1024;
        let items = usize::try_from(bytes / USUAL_FILE).unwrap_or(usize::MAX).clamp(64, 1 << 20);
        let evictions = Arc::default();
        let evicted = Evicted(Arc::clone(&evictions));
        let files =
            quick_cache::sync::Cache::with(items, bytes, Weight, DefaultHashBuilder::default(), evicted);
        Self { files, evictions }
    }

    /// Finds a file, fresh or not.
    pub fn get(&self, key: &CacheKey<'_>) -> Option<Arc<Rendered>> {
        self.files.get(key)
    }

    /// Keeps a file in place of an older one.
    pub fn put(&self, key: &CacheKey<'_>, rendered: Arc<Rendered>) {
        self.files.insert(OwnedKey { whose: key.whose.into(), file: key.file }, rendered);
    }

    /// Changes how many bytes may be kept.
    pub fn set_limit(&self, bytes: u64) {
        self.files.set_capacity(bytes);
    }

    /// Tells how many bytes are kept.
    pub fn bytes(&self) -> u64 {
        self.files.weight()
    }

    /// Tells how many bytes may be kept.
    pub fn limit_bytes(&self) -> u64 {
        self.files.capacity()
    }

    /// Tells how many files made room for others so far.
    pub fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    /// Tells how many files are kept.
    pub fn files(&self) -> usize {
        self.files.len()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} files, {} bytes)", self.files(), self.bytes())
    }
}
