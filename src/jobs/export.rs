//! An inventory as CSV, which a bulk job that edits devices reads again.
//!
//! Promises: reading it back changes nothing; nothing is in it that the account may not see, and no password; a
//! spreadsheet runs none of its cells. A value that no cell can hold is left blank, and that is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::io::Write;

use serde_json::Value;

use crate::jobs::cell::{MASK, control, push};
use crate::model::{Cell, FieldValue, JobOperation, OperationField, join_list};
use crate::operation::{Caller, Fields, Filter, Inventory, Problem};
use crate::snapshot::Snapshot;

/// The columns that every inventory has, in their order; those of lines and tables follow.
const COLUMNS: &[&str] = &[
    "device",
    "serial",
    "mac",
    "name",
    "model",
    "firmware",
    "application-version",
    "protocol",
    "host",
    "mac-based",
    "organization",
    "owner",
    "template",
    "status",
    "notes",
    "admin-user",
    "admin-password",
    "update-interval",
    "update-user",
    "update-password",
    "encryption-key",
];

/// What an export wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many devices.
    pub devices: u64,
    /// What somebody should know of what is not in it.
    pub warnings: Vec<String>,
}

/// Why an inventory is not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The account may not look, or the filter makes no sense.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// What it is written to takes no more.
    #[error("cannot write the inventory")]
    Write(#[from] io::Error),
}

/// Writes the devices that an account sees as CSV, one at a time.
///
/// # Errors
/// The account may not look, the filter makes no sense, or `into` takes no more.
pub fn export(
    snapshot: &Snapshot,
    caller: &Caller,
    filter: &Filter,
    into: &mut dyn Write,
) -> Result<Exported, ExportError> {
    let inventory = Inventory::new(snapshot, caller, filter)?;
    let mut columns = Columns::default();
    inventory.devices().for_each(|fields| columns.note(&fields));
    let columns = columns.all();
    let mut line = String::new();
    for (at, column) in columns.iter().enumerate() {
        line.push_str(if at > 0 { "," } else { "" });
        push(&mut line, column);
    }
    line.push_str("\r\n");
    into.write_all(line.as_bytes())?;
    let mut exported = Exported::default();
    let mut left_out = BTreeSet::new();
    let known: Vec<_> = columns.iter().map(|column| JobOperation::DeviceEdit.field(column)).collect();
    for fields in inventory.devices() {
        let mut cells = flat(&fields);
        line.clear();
        for (at, (column, field)) in columns.iter().zip(&known).enumerate() {
            line.push_str(if at > 0 { "," } else { "" });
            match cells.remove(column).map(|value| written(field.as_ref()?, value)) {
                Some(Some(text)) => push(&mut line, &text),
                Some(None) => drop(left_out.insert(column.clone())),
                None => {}
            }
        }
        left_out.extend(cells.into_keys());
        line.push_str("\r\n");
        into.write_all(line.as_bytes())?;
        exported.devices += 1;
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
        exported.warnings.push(format!("leaves out what no cell can hold: {}", names.join(", ")));
    }
    Ok(exported)
}

/// The columns that an inventory has besides those of every one.
#[derive(Default)]
struct Columns {
    lines: usize,
    tables: BTreeSet<String>,
}

impl Columns {
    fn note(&mut self, fields: &Fields) {
        let lines = fields.get("lines").and_then(Value::as_array).map_or(0, Vec::len);
        self.lines = self.lines.max(lines);
        for (name, value) in flat(fields) {
            let own = COLUMNS.contains(&name.as_str()) || name.starts_with("line-");
            if !own && !self.tables.contains(&name) && !is_keys(value) {
                self.tables.insert(name);
            }
        }
    }

    fn all(self) -> Vec<String> {
        let own = COLUMNS.iter().map(|name| (*name).to_owned());
        own.chain((1..=self.lines).map(|line| format!("line-{line}"))).chain(self.tables).collect()
    }
}

/// Gives fields by the names of columns: lines one by one, tables with a point.
fn flat(fields: &Fields) -> BTreeMap<String, &Value> {
    let mut cells = BTreeMap::new();
    for (name, value) in fields {
        match value {
            Value::Array(lines) if name == "lines" => {
                cells.extend((1..).zip(lines).map(|(line, value): (u32, _)| (format!("line-{line}"), value)));
            }
            Value::Object(table) => {
                for (key, value) in table {
                    match value {
                        Value::Object(inner) => cells.extend(
                            inner.iter().map(|(inner, value)| (format!("{name}.{key}.{inner}"), value)),
                        ),
                        value => drop(cells.insert(format!("{name}.{key}"), value)),
                    }
                }
            }
            value => drop(cells.insert(name.clone(), value)),
        }
    }
    cells
}

/// Tells whether a value is a list of tables, like the keys beside the display, which no cell holds.
fn is_keys(value: &Value) -> bool {
    value.as_array().is_some_and(|values| values.iter().any(Value::is_object))
}

/// Writes a value as a cell of a field; none where no cell can hold it, since it would not read back the same.
fn written(field: &OperationField, value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text == MASK => return Some(text.clone()),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            join_list(&texts?)?
        }
        Value::Null => return Some(String::new()),
        Value::Object(_) => return None,
    };
    if text.is_empty() && field.name.starts_with("line-") {
        // A line that is free stays so.
        return Some(text);
    }
    let same = match field.read(&text).ok()? {
        FieldValue::Flag(flag) => *value == flag,
        FieldValue::Generate => false,
        FieldValue::Number(number) => *value == number,
        FieldValue::Text(text) => *value == text,
        FieldValue::Texts(texts) => *value == Value::from(texts),
    };
    (same && control(&text).is_none()).then(|| Cell::Value(text).written().into_owned())
}
