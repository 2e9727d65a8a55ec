//! What is decided about runs of jobs.

use std::time::Duration;

use crate::config::values::{seconds, set};
use crate::document::Entry;

/// How large runs of jobs may be, and how long they can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// Most rows of a run: 1 to 1,000,000.
    pub most_rows: u32,
    /// Time after the end of a run for which it can be undone and tried again, and its generated secrets collected:
    /// 1 to 3650 days. What is needed for that holds secrets, and is dropped then; its record is kept.
    pub undo_days: u32,
    /// Longest time that a run waits for the approval of a second person before it is rejected: 1 h to 366 days.
    pub approval: Duration,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { most_rows: 1_000_000, undo_days: 30, approval: Duration::from_secs(30 * 86_400) }
    }
}

impl Jobs {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "approval" => set(&mut self.approval, seconds(&entry, 3600, 366 * 86_400)),
                "most-rows" => set(&mut self.most_rows, entry.integer(1, 1_000_000)),
                "undo-days" => set(&mut self.undo_days, entry.integer(1, 3650)),
                _ => entry.unknown(&["approval", "most-rows", "undo-days"]),
            }
        }
    }
}
