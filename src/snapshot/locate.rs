//! Finds the lines that troubles are about.

use std::collections::BTreeMap;
use std::fs;

use crate::document::{Document, Fault};
use crate::model::RecordKind;
use crate::snapshot::Snapshot;
use crate::snapshot::check::Trouble;

/// Gives each trouble its file and line.
///
/// Records remember only where they begin, to be small; the lines of keys are found by reading the few files
/// concerned again.
pub(super) fn locate(snapshot: &Snapshot, troubles: Vec<Trouble>) -> Vec<Fault> {
    let mut by_file: BTreeMap<u32, Vec<Trouble>> = BTreeMap::new();
    for trouble in troubles {
        by_file.entry(trouble.place.file).or_default().push(trouble);
    }
    by_file.into_iter().flat_map(|(file, troubles)| in_file(snapshot, file, troubles)).collect()
}

fn in_file(snapshot: &Snapshot, file: u32, troubles: Vec<Trouble>) -> Vec<Fault> {
    let path = snapshot.slot(file).path.as_path();
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = Document::parse(path, &text).map(|document| key_lines(&document)).unwrap_or_default();
    let fault = |trouble: Trouble| {
        let begin = snapshot.line_number(trouble.kind, trouble.place);
        let key = trouble.key.and_then(|key| lines.get(&(trouble.kind.word(), begin, key.to_owned())));
        Fault {
            path: path.to_owned(),
            line: key.copied().unwrap_or(begin),
            severity: trouble.severity,
            message: trouble.message,
        }
    };
    troubles.into_iter().map(fault).collect()
}

/// Lists the line of each key by kind of record and line of its beginning.
fn key_lines(document: &Document<'_>) -> BTreeMap<(&'static str, u32, String), u32> {
    let mut lines = BTreeMap::new();
    // Preferences are one table, which is its own line.
    let kinds = RecordKind::ALL.iter().filter(|kind| kind.key().is_some());
    for kind in kinds.map(|kind| kind.word()) {
        for (table, begin) in document.root().get(kind).iter().flat_map(|entry| entry.records()) {
            lines
                .extend(table.into_iter().map(|entry| ((kind, begin, entry.key().to_owned()), entry.line())));
        }
    }
    lines
}
