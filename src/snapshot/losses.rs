//! What the next snapshot would take away, so that somebody can doubt it before it is published.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use compact_str::CompactString;

use crate::snapshot::build::Changed;
use crate::snapshot::{Records, Snapshot};

/// What a snapshot has no more that the one before it had.
#[derive(Debug, Default)]
pub struct Losses {
    /// Devices before and after.
    pub devices: (usize, usize),
    /// Providers and organizations that have no device left, each with the number that it loses.
    pub emptied: Vec<(CompactString, usize)>,
}

impl Losses {
    /// Compares a snapshot with what was there at another time.
    pub fn since(before: &Holders, next: &Snapshot, few: usize) -> Self {
        let after = next.holders();
        let many = before
            .each
            .iter()
            .filter(|(holder, devices)| **devices > few && !after.each.contains_key(*holder));
        let emptied = many.map(|(holder, devices)| (holder.into(), *devices)).collect();
        Self { devices: (before.devices, after.devices), emptied }
    }

    /// Compares; whoever loses no more than `few` devices is left out.
    pub(super) fn between(previous: &Snapshot, next: &Snapshot, changed: &[Changed], few: usize) -> Self {
        let devices = (previous.devices(), next.devices());
        let mut lost: HashMap<&str, isize> = HashMap::new();
        let old = |change: &'_ Changed| change.old.as_ref().map(|slot| Arc::clone(&slot.records));
        let touched: usize =
            changed.iter().filter_map(old).map(|records| records.devices.len() as usize).sum();
        // What cannot lose enough need not be counted.
        for change in changed.iter().filter(|_| touched > few) {
            tally(change.old.as_ref().map(|slot| slot.records.as_ref()), 1, &mut lost);
            tally(change.new.as_deref(), -1, &mut lost);
        }
        lost.retain(|_, devices| usize::try_from(*devices).is_ok_and(|devices| devices > few));
        if !lost.is_empty() {
            for slot in next.files.iter().flatten() {
                each_holder(&slot.records, |holder| {
                    lost.remove(holder);
                });
            }
        }
        let emptied = lost.into_iter().map(|(holder, lost)| (holder.into(), lost.unsigned_abs()));
        let mut emptied: Vec<_> = emptied.collect();
        emptied.sort();
        Self { devices, emptied }
    }
}

/// How many devices there are, in all and of each provider and organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// All devices.
    pub devices: usize,
    /// Devices that a provider owns or that are of an organization, by its id.
    pub each: BTreeMap<String, usize>,
}

impl Snapshot {
    /// Counts the devices of everybody.
    pub fn holders(&self) -> Holders {
        let mut lost = HashMap::new();
        for slot in self.files.iter().flatten() {
            tally(Some(&slot.records), 1, &mut lost);
        }
        let each = lost.into_iter().map(|(holder, devices)| (holder.to_owned(), devices.unsigned_abs()));
        Holders { devices: self.devices(), each: each.collect() }
    }
}

fn tally<'r>(records: Option<&'r Records>, each: isize, lost: &mut HashMap<&'r str, isize>) {
    if let Some(records) = records {
        each_holder(records, |holder| *lost.entry(holder).or_default() += each);
    }
}

/// Visits the owner and the organization of every device.
fn each_holder<'r>(records: &'r Records, mut visit: impl FnMut(&'r str)) {
    for (_, device) in records.devices.iter() {
        device.owner.as_deref().into_iter().chain(device.organization.as_deref()).for_each(&mut visit);
    }
}
