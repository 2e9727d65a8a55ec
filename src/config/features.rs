//! What is switched on beyond provisioning itself.

use crate::config::values::set;
use crate::document::Entry;

/// What is switched on beyond provisioning itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features {
    /// Whether logins and groups run jobs by grants; without, no grant counts, and their records are kept.
    pub provisioning_jobs: bool,
}

impl Features {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "provisioning-jobs" => set(&mut self.provisioning_jobs, entry.boolean()),
                _ => entry.unknown(&["provisioning-jobs"]),
            }
        }
    }
}
