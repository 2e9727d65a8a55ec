//! An index that snapshots share until they differ.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use rayon::prelude::*;

/// How many parts an index has; a change copies only the parts that it touches.
const SHARDS: usize = 256;

/// A hash table of places, whose keys lie in the records themselves.
///
/// Hashes are keyed at random, so that nobody can choose names that collide.
#[derive(Debug, Clone)]
pub(super) struct Index<R> {
    shards: Box<[Arc<HashTable<R>>]>,
    hasher: RandomState,
}

/// Places that leave an index and places that enter it, each with the hash of its key.
#[derive(Debug)]
pub(super) struct Changes<R> {
    pub(super) removed: Vec<(u64, R)>,
    pub(super) added: Vec<(u64, R)>,
}

impl<R> Default for Changes<R> {
    fn default() -> Self {
        Self { removed: Vec::new(), added: Vec::new() }
    }
}

impl<R> Default for Index<R> {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Arc::new(HashTable::new())).collect(), hasher: RandomState::new() }
    }
}

impl<R: Copy + Eq + Send + Sync> Index<R> {
    /// Gives the hash of a key.
    pub(super) fn hash<K: Hash + ?Sized>(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Finds the place whose key has this hash and is the one meant.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(R) -> bool) -> Option<R> {
        self.shard(hash).find(hash, |place| is_it(*place)).copied()
    }

    /// Gives some place that a hash leads to, any one as likely as another: what a search that found nothing can
    /// look at instead.
    pub(super) fn neighbour(&self, hash: u64) -> Option<R> {
        let own = self.shard(hash);
        // Steps of an odd width reach every bucket, as there is a power of two of them. Many are full, so that a few
        // steps find one, and the place after a gap is not likelier than others.
        let (bucket, step) = (hash >> 16, hash >> 32 | 1);
        let at = |nth: u64| usize::try_from(step.wrapping_mul(nth).wrapping_add(bucket)).unwrap_or_default();
        let near = (0..64).find_map(|nth| own.get_bucket(at(nth) & own.num_buckets().wrapping_sub(1)));
        near.or_else(|| own.iter().next())
            .or_else(|| self.shards.iter().find_map(|shard| shard.iter().next()))
            .copied()
    }

    /// Tells how many places there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// Takes places out and puts others in; gives each place whose key was there, after the one that is kept.
    ///
    /// `hash_of` gives the hash of a place's key, `same` tells whether two places have the same key.
    pub(super) fn apply(
        &mut self,
        changes: Changes<R>,
        hash_of: impl Fn(R) -> u64 + Sync,
        same: impl Fn(R, R) -> bool + Sync,
    ) -> Vec<(R, R)> {
        let mut parts: Vec<Changes<R>> = (0..SHARDS).map(|_| Changes::default()).collect();
        for (hash, place) in changes.removed {
            parts[shard_of(hash)].removed.push((hash, place));
        }
        for (hash, place) in changes.added {
            parts[shard_of(hash)].added.push((hash, place));
        }
        let touched = self.shards.par_iter_mut().zip(parts).filter(|(_, part)| !part.is_empty());
        touched.flat_map_iter(|(shard, part)| change(Arc::make_mut(shard), part, &hash_of, &same)).collect()
    }

    fn shard(&self, hash: u64) -> &HashTable<R> {
        &self.shards[shard_of(hash)]
    }
}

impl<R> Changes<R> {
    fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

fn change<R: Copy + Eq>(
    table: &mut HashTable<R>,
    changes: Changes<R>,
    hash_of: impl Fn(R) -> u64,
    same: impl Fn(R, R) -> bool,
) -> Vec<(R, R)> {
    let mut twins = Vec::new();
    for (hash, place) in changes.removed {
        if let Ok(entry) = table.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
    }
    table.reserve(changes.added.len(), |place| hash_of(*place));
    for (hash, place) in changes.added {
        if let Some(first) = table.find(hash, |other| same(*other, place)) {
            twins.push((*first, place));
        } else {
            table.insert_unique(hash, place, |place| hash_of(*place));
        }
    }
    twins
}

/// Picks a part by bits that the tables themselves use least.
fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> 40).unwrap_or_default() % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(index: &Index<u32>, removed: &[u32], added: &[u32], key: impl Fn(u32) -> u32) -> Changes<u32> {
        let with_hash =
            |places: &[u32]| places.iter().map(|place| (index.hash(&key(*place)), *place)).collect();
        Changes { removed: with_hash(removed), added: with_hash(added) }
    }

    #[test]
    fn places_are_found_by_key_until_they_are_removed() {
        let mut index = Index::default();
        let key = |place: u32| place * 7;
        let all: Vec<u32> = (0..10_000).collect();
        let hasher = index.clone();
        let hash_of = |place| hasher.hash(&key(place));
        let same = |a, b| key(a) == key(b);
        assert_eq!(index.apply(changes(&index, &[], &all, key), hash_of, same), []);
        let before = index.clone();
        assert_eq!(index.apply(changes(&index, &[7], &[], key), hash_of, same), []);
        assert_eq!((index.len(), before.len()), (9_999, 10_000));
        let find =
            |index: &Index<u32>, wanted: u32| index.find(index.hash(&wanted), |place| key(place) == wanted);
        assert_eq!((find(&index, 49), find(&before, 49), find(&index, 56)), (None, Some(7), Some(8)));
        assert_eq!(find(&index, 50), None);
        assert!(index.neighbour(index.hash(&50)).is_some());
    }

    #[test]
    fn a_second_place_with_the_same_key_is_told() {
        let mut index = Index::default();
        let hasher = index.clone();
        let key = |place: u32| place % 10;
        let hash_of = |place| hasher.hash(&key(place));
        let twins = index.apply(changes(&index, &[], &[3, 4, 13], key), hash_of, |a, b| key(a) == key(b));
        assert_eq!(twins, [(3, 13)]);
    }

    #[test]
    fn a_change_copies_only_what_it_touches() {
        let mut index: Index<u32> = Index::default();
        let hasher = index.clone();
        let hash_of = |place: u32| hasher.hash(&place);
        let all: Vec<u32> = (0..1000).collect();
        index.apply(changes(&index, &[], &all, |place| place), hash_of, |a, b| a == b);
        let before = index.clone();
        index.apply(changes(&index, &[5], &[], |place| place), hash_of, |a, b| a == b);
        let copied = index.shards.iter().zip(&before.shards).filter(|(a, b)| !Arc::ptr_eq(a, b));
        assert_eq!(copied.count(), 1);
    }
}
