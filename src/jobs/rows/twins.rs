//! Two rows for one record: what the text of a file tells of it.

use std::collections::HashMap;

use crate::jobs::rows::fault::Faults;
use crate::jobs::{Cell, Row};
use crate::model::{JobOperation, Mac};

/// Notes rows that are about the same record as an earlier one, or give a second device the same MAC address or serial.
///
/// Names are compared as they stand; whoever resolves them finds the rest.
pub(super) fn find(operation: JobOperation, rows: &[Row], faults: &mut Faults) {
    let keys: &[&str] = match operation {
        JobOperation::LevelSet => &["account"],
        JobOperation::LineSetSecret => &["extension"],
        JobOperation::DeviceAssign
        | JobOperation::DeviceClear
        | JobOperation::DeviceCreate
        | JobOperation::DeviceDelete
        | JobOperation::DeviceEdit
        | JobOperation::DeviceRotateUrl
        | JobOperation::DeviceSetAdminPassword
        | JobOperation::DeviceSetStatus
        | JobOperation::TemplateApply => &["device", "serial", "mac"],
    };
    let mut seen: HashMap<String, u64> = HashMap::with_capacity(rows.len());
    for row in rows {
        let mut own: Vec<String> = Vec::new();
        for key in keys {
            let Some(Cell::Value(text)) = row.cells.get(*key) else {
                continue;
            };
            let name = normal(text);
            // A device may be named by the same address that its row sets.
            if name.is_empty() || own.contains(&name) || (*key == "serial" && name == "generate") {
                continue;
            }
            if let Some(first) = seen.get(&name) {
                let message = format!("names what line {first} names already; keep one row for each");
                faults.cell(row.number, key, message);
            } else {
                own.push(name);
            }
        }
        seen.extend(own.into_iter().map(|name| (name, row.number)));
    }
}

/// Gives a name so that every spelling of a MAC address is the same.
pub(super) fn normal(text: &str) -> String {
    let text = text.trim();
    text.parse::<Mac>().map_or_else(|_| text.to_owned(), Mac::plain)
}
