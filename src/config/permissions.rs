//! How far permissions go where their rules leave a choice.

use crate::config::values::set;
use crate::document::Entry;

/// Where the rules of permissions leave the operator a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Whether an account on `none` sees, adds and edits nothing at all; else what the accounts below it may counts
    /// for it, too.
    pub strict_none: bool,
    /// Whether a provider or organization on `view` may add a device that is assigned to nobody, as long as no
    /// organization or user below it is on `modify`.
    pub view_may_add_unassigned: bool,
}

impl Permissions {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "strict-none" => set(&mut self.strict_none, entry.boolean()),
                "view-may-add-unassigned" => set(&mut self.view_may_add_unassigned, entry.boolean()),
                _ => entry.unknown(&["strict-none", "view-may-add-unassigned"]),
            }
        }
    }
}
