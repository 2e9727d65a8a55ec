//! Finds the lines that troubles are about.

use std::collections::BTreeMap;

use crate::document::{Document, Fault};
use crate::model::RecordKind;
use crate::snapshot::check::Trouble;
use crate::snapshot::{Fleet, Snapshot};

/// Gives each trouble its file and line.
///
/// Records remember only where they begin, to be small; the lines of keys are found by reading the few files
/// concerned again.
pub(super) fn locate(snapshot: &Snapshot, fleet: &Fleet, troubles: Vec<Trouble>) -> Vec<Fault> {
    let mut by_file: BTreeMap<u32, Vec<Trouble>> = BTreeMap::new();
    for trouble in troubles {
        by_file.entry(trouble.place.file).or_default().push(trouble);
    }
    by_file.into_iter().flat_map(|(file, troubles)| in_file(snapshot, fleet, file, troubles)).collect()
}

fn in_file(snapshot: &Snapshot, fleet: &Fleet, file: u32, troubles: Vec<Trouble>) -> Vec<Fault> {
    let path = snapshot.slot(file).path.as_path();
    let text = fleet.text(path);
    let lines = Document::parse(path, &text).map(|document| key_lines(&document)).unwrap_or_default();
    let fault = |trouble: Trouble| {
        let begin = snapshot.line_number(trouble.kind, trouble.place);
        let line = trouble.key.and_then(|key| lines.get(&(trouble.kind.word(), begin, key.to_owned())));
        Fault {
            path: path.to_owned(),
            line: line.copied().unwrap_or(begin),
            severity: trouble.severity,
            message: trouble.message,
            key: trouble.key.map(Into::into),
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
