//! What came of rows, and the lines that tell of it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jobs::runs::given::{Planned, What};
use crate::jobs::runs::record::{RowResult, RowStatus};
use crate::operation::{Edit, ManyOutcome, RowOutcome, Status, Version};

/// How a row is taken back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Undo {
    pub(super) row: u64,
    /// What the row was about, for people.
    pub(super) record: Option<String>,
    pub(super) edits: Vec<Edit>,
    /// The records that it touched as they are then.
    pub(super) versions: Vec<Version>,
}

/// The lines that a batch adds to the files of its run.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) rows: Vec<u8>,
    pub(super) undo: Vec<u8>,
    pub(super) answers: Vec<u8>,
    pub(super) digests: Vec<u8>,
}

/// Gives the edits of rows, each with the number of its row.
pub(super) fn edits(rows: &[Planned]) -> Vec<(u64, Edit)> {
    let mut all = Vec::with_capacity(rows.len());
    for planned in rows {
        if let What::Edits(edits, _) = &planned.what {
            all.extend(edits.iter().map(|edit| (planned.row, edit.clone())));
        }
    }
    all
}

/// Puts together what became of each row of a batch, and the lines that tell of it.
pub(super) fn results(rows: &[Planned], outcome: &ManyOutcome) -> (Vec<RowStatus>, Lines) {
    let by_row: HashMap<u64, &RowOutcome> = outcome.rows.iter().map(|row| (row.row, row)).collect();
    let (mut statuses, mut lines) = (Vec::with_capacity(rows.len()), Lines::default());
    for planned in rows {
        let done = by_row.get(&planned.row).copied();
        let result = result(planned, done);
        statuses.push(result.status);
        push(&mut lines.rows, &result);
        if let Some(done) = done.filter(|_| result.status == RowStatus::Done) {
            let (edits, versions) = (done.inverse.clone(), done.after_version.clone());
            push(&mut lines.undo, &Undo { row: planned.row, record: done.record.clone(), edits, versions });
            if has_answer(&done.answer) {
                push(
                    &mut lines.answers,
                    &json!({ "row": planned.row, "record": done.record, "answer": done.answer }),
                );
            }
            if let Some(digest) = &planned.digest {
                push(&mut lines.digests, digest);
            }
        }
    }
    (statuses, lines)
}

/// Says what became of a row.
pub(super) fn result(planned: &Planned, done: Option<&RowOutcome>) -> RowResult {
    match (&planned.what, done) {
        (What::Refused(problem), _) => {
            RowResult::new(planned.row, RowStatus::Refused).because(problem.clone())
        }
        (What::Repeated(run), _) => {
            let note = format!("run {run} has done this row already; order it with `again` to do it again");
            RowResult { note: Some(note), ..RowResult::new(planned.row, RowStatus::Unchanged) }
        }
        // Without any edit there is nothing to change.
        (What::Edits(edits, note), None) => {
            let status = if edits.is_empty() { RowStatus::Unchanged } else { RowStatus::Pending };
            RowResult { note: note.clone(), ..RowResult::new(planned.row, status) }
        }
        (What::Edits(_, note), Some(done)) => RowResult {
            row: planned.row,
            status: match done.status {
                Status::Done => RowStatus::Done,
                Status::Refused => RowStatus::Refused,
                Status::Unchanged => RowStatus::Unchanged,
            },
            record: done.record.clone(),
            problem: done.problem.clone(),
            note: note.clone(),
            before: done.before.clone(),
            after: done.after.clone(),
        },
    }
}

fn has_answer(answer: &Value) -> bool {
    match answer {
        Value::Null => false,
        Value::Array(items) => items.iter().any(has_answer),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Adds a line.
pub(super) fn push(lines: &mut Vec<u8>, value: &impl Serialize) {
    // Texts, numbers and maps with texts for keys: all of it has a form in JSON.
    serde_json::to_writer(&mut *lines, value).ok();
    lines.push(b'\n');
}
