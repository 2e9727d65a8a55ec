//! Rendered files, kept from snapshot to snapshot.

use std::sync::Arc;

use bytes::Bytes;
use compact_str::CompactString;

use crate::snapshot::Stamp;

/// A file as a phone gets it.
#[derive(Debug)]
pub struct Rendered {
    /// Its bytes.
    pub body: Bytes,
    /// Its Content-Type.
    pub content_type: Bytes,
    /// Its entity tag, in quotes (RFC 9110, section 8.8.3).
    pub etag: Bytes,
    /// `since` as HTTP writes dates (RFC 9110, section 5.6.7).
    pub last_modified: Bytes,
    /// Since when all that it depends on is as it is.
    pub since: Stamp,
}

impl Rendered {
    /// Gives the second that `last_modified` tells, counted from 1970.
    pub fn last_modified_second(&self) -> u64 {
        self.since.0 / 1000
    }
}

/// Which file of whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The device's serial, or what a common file is common to.
    pub whose: CompactString,
    /// The file's place in the firmware.
    pub file: u16,
}

/// Rendered files up to a budget of bytes; what is not asked for goes first.
pub struct Cache(quick_cache::sync::Cache<CacheKey, Arc<Rendered>, Weight>);

/// Counts what an entry takes up, its keeping included.
#[derive(Clone)]
struct Weight;

impl quick_cache::Weighter<CacheKey, Arc<Rendered>> for Weight {
    fn weight(&self, _: &CacheKey, rendered: &Arc<Rendered>) -> u64 {
        const KEEPING: usize = 256;
        (rendered.body.len() + rendered.etag.len() + KEEPING) as u64
    }
}

impl Cache {
    /// Makes an empty cache for so many bytes.
    pub fn new(bytes: u64) -> Self {
        const USUAL_FILE: u64 = 4 * 1024;
        let items = usize::try_from(bytes / USUAL_FILE).unwrap_or(usize::MAX).clamp(64, 1 << 20);
        Self(quick_cache::sync::Cache::with_weighter(items, bytes, Weight))
    }

    /// Finds a file, fresh or not.
    pub fn get(&self, key: &CacheKey) -> Option<Arc<Rendered>> {
        self.0.get(key)
    }

    /// Keeps a file in place of an older one.
    pub fn put(&self, key: CacheKey, rendered: Arc<Rendered>) {
        self.0.insert(key, rendered);
    }

    /// Tells how many bytes are kept.
    pub fn bytes(&self) -> u64 {
        self.0.weight()
    }

    /// Tells how many files are kept.
    pub fn files(&self) -> usize {
        self.0.len()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} files, {} bytes)", self.files(), self.bytes())
    }
}
