//! The one place where the current snapshot stands.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::snapshot::Snapshot;

/// Holds the current snapshot and hands it to requests.
#[derive(Debug)]
pub struct Store(ArcSwap<Snapshot>);

impl Store {
    /// Begins with a snapshot.
    pub fn new(first: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// Gives the current snapshot; a request asks once and keeps it to its end.
    pub fn current(&self) -> Guard<Arc<Snapshot>> {
        self.0.load()
    }

    /// Gives the current snapshot to somebody who keeps it longer than a request.
    pub fn keep(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Publishes `next` to every request that starts after this call; requests under way keep theirs.
    pub fn publish(&self, next: impl Into<Arc<Snapshot>>) {
        self.0.store(next.into());
    }
}
