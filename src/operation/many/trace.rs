//! Which rows the faults come from that a trial found.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::document::Fault;
use crate::edit::Draft;
use crate::model::RecordRef;
use crate::operation::{Problem, faults};
use crate::rights::Actor;

/// Gives the rows whose records have faults, each with what is wrong; `owner` tells which row a record is of.
///
/// Nothing where a fault lies in a record that no row is about: then one of them has spoiled another's.
pub(super) fn culprits(
    actor: &Actor<'_>,
    draft: &Draft,
    found: &[Fault],
    owner: impl Fn(&RecordRef) -> Option<usize>,
) -> HashMap<usize, Problem> {
    let mut by_path: BTreeMap<&Path, Vec<&Fault>> = BTreeMap::new();
    for fault in found.iter().filter(|fault| fault.is_error()) {
        by_path.entry(&fault.path).or_default().push(fault);
    }
    let mut by_row: BTreeMap<usize, Vec<Fault>> = BTreeMap::new();
    for (path, faults) in by_path {
        let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
        for (fault, record) in faults.into_iter().zip(draft.records_at(path, &lines)) {
            if let Some(row) = record.as_ref().and_then(&owner) {
                by_row.entry(row).or_default().push(fault.clone());
            }
        }
    }
    by_row.into_iter().map(|(row, faults)| (row, faults::problem(actor, &faults))).collect()
}
