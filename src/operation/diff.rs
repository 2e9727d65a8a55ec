//! What would change: in what phones get, with secrets masked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use similar::TextDiff;

use crate::catalog::FileScope;
use crate::model::RecordKind;
use crate::operation::RenderedDiff;
use crate::operation::engine::Changed;
use crate::render::{Subject, preview};
use crate::rights::Actor;
use crate::snapshot::{Phone, Snapshot};

/// Most devices whose files are told of.
const MOST: usize = 20;

/// Compares what devices get before and after, of those touched that the actor sees.
///
/// Gives the differences of twenty devices at most, and how many more are touched.
pub(super) fn rendered(
    before: &Actor<'_>,
    after: &Actor<'_>,
    phones: &[Phone<'_>],
    changes: &[Changed],
) -> (Vec<RenderedDiff>, usize) {
    let touched = touched(before, after, phones, changes);
    let more = touched.len().saturating_sub(MOST);
    let diffs = touched.into_iter().take(MOST).flat_map(|pair| {
        let (old, new) = (files(before.snapshot(), pair.old), files(after.snapshot(), pair.new));
        differences(&pair.name, &old, &new)
    });
    (diffs.collect(), more)
}

/// Lists what names devices afterwards that another serial named before.
fn renamed(changes: &[Changed]) -> HashMap<&str, &str> {
    let mut names = HashMap::new();
    for change in changes {
        if let (Some(old), Some(new)) = (&change.before, &change.after)
            && old.kind == RecordKind::Device
            && old.key != new.key
        {
            // A device may have got another one before, in the same request.
            let first = names.remove(old.key.as_str()).unwrap_or(old.key.as_str());
            names.insert(new.key.as_str(), first);
        }
    }
    names
}

/// A device as it was, and as it would be.
struct Pair<'s> {
    name: String,
    old: Option<Phone<'s>>,
    new: Option<Phone<'s>>,
}

/// Lists the devices that the actor sees and that something touches, by name.
fn touched<'s>(
    before: &Actor<'s>,
    after: &Actor<'s>,
    phones: &[Phone<'s>],
    changes: &[Changed],
) -> Vec<Pair<'s>> {
    let names = renamed(changes);
    let mut pairs = Vec::new();
    for new in phones.iter().copied().filter(|phone| after.see_device(phone).is_ok()) {
        let serial = new.device.serial.expose();
        let old = before.snapshot().phone_by_serial(names.get(serial).copied().unwrap_or(serial));
        pairs.push(Pair { name: new.device.name.to_string(), old, new: Some(new) });
    }
    let removed =
        changes.iter().filter(|change| change.after.is_none()).filter_map(|change| change.before.as_ref());
    for record in removed.filter(|record| record.kind == RecordKind::Device) {
        let old = before.snapshot().phone_by_serial(&record.key).filter(|old| before.see_device(old).is_ok());
        pairs.extend(old.map(|old| Pair { name: old.device.name.to_string(), old: Some(old), new: None }));
    }
    pairs.sort_by(|one, other| one.name.cmp(&other.name));
    pairs
}

/// Renders the files of a phone, with secrets masked; a disabled one has none.
fn files(snapshot: &Snapshot, phone: Option<Phone<'_>>) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let Some(phone) = phone.filter(|phone| phone.device.enabled) else {
        return files;
    };
    for (at, file) in (0..).zip(&phone.firmware.files).filter(|(_, file)| file.scope == FileScope::Phone) {
        let text = match preview(snapshot, &Subject::Phone(phone, at), false) {
            Ok(body) => String::from_utf8_lossy(&body).into_owned(),
            Err(error) => format!("({error})\n"),
        };
        files.insert(phone.file_name(file), text);
    }
    files
}

/// Compares files by name; one that is only on one side is compared with nothing.
fn differences(
    device: &str,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<RenderedDiff> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let text = |files: &BTreeMap<String, String>, name: &str| files.get(name).cloned().unwrap_or_default();
    let diff = |file: &String| {
        let (old, new) = (text(old, file), text(new, file));
        let diff = TextDiff::from_lines(&old, &new).unified_diff().header(file, file).to_string();
        RenderedDiff { device: device.to_owned(), file: file.clone(), diff }
    };
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).map(diff).collect()
}
