//! Doubts about files that are without fault: what they would take away, and what would not render any more.

use std::collections::HashSet;
use std::path::Path;

use crate::config::Reload;
use crate::document::Fault;
use crate::render::{Subject, whole};
use crate::snapshot::{Losses, Phone, Snapshot};

/// What an operator does who means it.
const CURE: &str = "mend the files or, if it is meant, have it published: bellhop reload --force";

/// Renders every file of a phone and tells those that fail.
pub fn unrendered(snapshot: &Snapshot, phone: &Phone<'_>) -> Vec<Fault> {
    let (path, line) = phone.written_at();
    failures(snapshot, phone)
        .map(|why| Fault::error(path, line, format!("{why}; mend the template")))
        .collect()
}

fn failures<'s>(snapshot: &'s Snapshot, phone: &Phone<'s>) -> impl Iterator<Item = String> + use<'s> {
    let phone = *phone;
    let files = (0..).zip(&phone.firmware.files).map(|(at, _)| at);
    files.filter_map(move |at| {
        let error = whole(snapshot, &Subject::Phone(phone, at)).err()?;
        Some(format!("{error}: {}", error.source))
    })
}

/// Tells what a reading takes away, where that is too much to be meant.
pub(super) fn implausible(losses: &Losses, rules: &Reload, fleet: &Path) -> Vec<Fault> {
    let (before, after) = losses.devices;
    let lost = before.saturating_sub(after);
    let mut faults = Vec::new();
    if lost > rules.loss_devices && lost * 100 > before * rules.loss_percent {
        faults.push(Fault::error(
            fleet,
            0,
            format!("has {after} devices of {before} that are served; {CURE}"),
        ));
    }
    let emptied = losses.emptied.iter().map(|(holder, devices)| {
        Fault::error(fleet, 0, format!("has no device of `{holder}` any more, of {devices}; {CURE}"))
    });
    faults.extend(emptied);
    faults
}

/// Tells what no longer renders of what did: tried with one device of each model, firmware and template.
pub(super) fn spoiled(previous: &Snapshot, next: &Snapshot) -> Vec<Fault> {
    let mut tried = HashSet::new();
    let kind =
        |phone: &Phone<'_>| (std::ptr::from_ref(phone.firmware), phone.template().map(std::ptr::from_ref));
    let samples = next.phones().filter(|phone| tried.insert(kind(phone)));
    let mut faults = Vec::new();
    for phone in samples {
        let (path, line) = phone.written_at();
        for why in failures(next, &phone) {
            let before = previous.phone_by_serial(phone.device.serial.expose());
            // What failed before, or was not there, has nobody to miss it.
            if before.is_some_and(|before| failures(previous, &before).next().is_none()) {
                faults.push(Fault::error(path, line, format!("{why}; {CURE}")));
            }
        }
    }
    faults
}
