//! What became of a row, told with its secrets masked, and what undoes it.

use serde_json::{Map, Value};

use crate::operation::engine::Changed;
use crate::operation::inverse::inverse;
use crate::operation::many::work::{Judged, Unit};
use crate::operation::many::{RowOutcome, Status};
use crate::operation::perform::entry;
use crate::operation::record::{self, Secrets};
use crate::operation::told;
use crate::operation::{Caller, Edit, Problem, Version};
use crate::rights::Actor;

/// What became of a row that stands.
pub(super) struct Told {
    pub(super) outcome: RowOutcome,
    pub(super) changes: Vec<Changed>,
    pub(super) warnings: Vec<String>,
    /// The lines for the audit log, one a changed record.
    pub(super) lines: Vec<String>,
}

impl RowOutcome {
    pub(super) fn refused(row: u64, problem: Problem) -> Self {
        Self { status: Status::Refused, problem: Some(problem), ..Self::unchanged(row) }
    }

    fn unchanged(row: u64) -> Self {
        Self {
            row,
            status: Status::Unchanged,
            problem: None,
            record: None,
            before: Map::new(),
            after: Map::new(),
            answer: Value::Null,
            inverse: Vec::new(),
            after_version: Vec::new(),
        }
    }
}

/// Tells of a row that stands: `old` is what it was decided on, `new` what holds it.
pub(super) fn tell(
    caller: &Caller,
    old: &Actor<'_>,
    new: &Actor<'_>,
    unit: &Unit<'_>,
    judged: &[Judged],
) -> Told {
    let mut outcome = RowOutcome::unchanged(unit.row);
    let (mut changes, mut warnings, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut undo: Vec<Edit> = Vec::new();
    let mut made = Map::new();
    let (before, after) = (old.snapshot(), new.snapshot());
    for (edit, judged) in unit.edits.iter().zip(judged) {
        made.extend(judged.made.clone());
        warnings.extend(judged.warnings.iter().cloned());
        for change in &judged.changes {
            let fields =
                |snapshot, record: Option<&_>| record.and_then(|it| record::of(snapshot, it, Secrets::Write));
            let (was, is) = (fields(before, change.before.as_ref()), fields(after, change.after.as_ref()));
            let named = change.after.as_ref().or(change.before.as_ref());
            let told = entry(caller, edit, judged.rule, named, is.as_ref().or(was.as_ref()));
            outcome.record = outcome.record.take().or_else(|| told.record.clone());
            if was == is {
                continue;
            }
            outcome.status = Status::Done;
            undo.extend(inverse(change, was.as_ref(), is.as_ref()));
            outcome.after_version.extend(named.map(|record| Version::of(after, record)));
            let mut told =
                told.changed(&was.unwrap_or_default(), &is.unwrap_or_default()).snapshot(after.serial());
            lines.push(told.text());
            let own = outcome.record == told.record;
            if !named.is_some_and(|record| told::sees(new, record) || told::sees(old, record)) {
                continue;
            }
            // The log tells all; whoever runs this, nothing out of its sight.
            told::hide(old, &mut told.before);
            told::hide(new, &mut told.after);
            put(&mut outcome.before, own, told.record.as_deref(), told.before);
            put(&mut outcome.after, own, told.record.as_deref(), told.after);
        }
        changes.extend(judged.changes.iter().cloned());
    }
    // What was added is taken away last, what hangs on it first: the other way round than it was done.
    undo.reverse();
    undo.sort_by_key(rank);
    outcome.inverse = undo;
    if !made.is_empty() && outcome.status == Status::Done {
        outcome.answer = Value::Object(made);
    }
    Told { outcome, changes, warnings, lines }
}

/// Orders edits so that what others refer to is there before, and goes after them.
fn rank(edit: &Edit) -> u8 {
    match edit {
        Edit::AccountAdd { .. } => 0,
        Edit::ExtensionAdd { .. } => 1,
        Edit::DeviceAdd { .. } => 2,
        Edit::DeviceRemove { .. } => 4,
        Edit::ExtensionRemove { .. } => 5,
        Edit::AccountRemove { .. } => 6,
        _ => 3,
    }
}

/// Puts the keys of a record: the row's own at the top, another one's under its name.
fn put(into: &mut Map<String, Value>, own: bool, record: Option<&str>, fields: Map<String, Value>) {
    if own {
        into.extend(fields);
    } else if !fields.is_empty() {
        into.insert(record.unwrap_or_default().to_owned(), Value::Object(fields));
    }
}
