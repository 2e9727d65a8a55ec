//! The fields of each operation, by the names that forms, headers and jobs have for them.

use crate::model::{JobOperation, SETTINGS};

/// The greatest number of a line.
pub(super) const LINES_MAX: u16 = 999;

const DEVICE: &[&str] = &[
    "serial",
    "mac",
    "name",
    "vendor",
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
];

/// Finds the field of an operation that a header names, in any case and with blanks or `_` for `-`.
pub(super) fn named(operation: JobOperation, header: &str) -> Option<String> {
    let header = header.trim();
    let name = normal(header);
    if let Some(known) = names(operation).into_iter().find(|known| **known == *name) {
        return Some(known);
    }
    if !has_record(operation) {
        return is_line(operation, &name).then_some(name);
    }
    // A vendor's names keep their case.
    let raw = header.get(..4).filter(|start| start.eq_ignore_ascii_case("raw.")).map(|_| &header[4..]);
    match raw {
        Some(raw) if !raw.is_empty() => Some(format!("raw.{raw}")),
        _ => is_line(operation, &name).then_some(name),
    }
}

/// Lists the fields of an operation, those without a number or a free name in it.
pub(super) fn names(operation: JobOperation) -> Vec<String> {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut names: Vec<String> = match operation {
        JobOperation::DeviceAssign => own(&["device", "serial", "mac", "organization"]),
        JobOperation::DeviceClear | JobOperation::DeviceDelete | JobOperation::DeviceRotateUrl => {
            own(&["device", "serial", "mac"])
        }
        JobOperation::DeviceCreate => own(DEVICE),
        JobOperation::DeviceEdit => own(&[&["device"], DEVICE].concat()),
        JobOperation::DeviceSetAdminPassword => own(&["device", "serial", "mac", "admin-password"]),
        JobOperation::DeviceSetStatus => own(&["device", "serial", "mac", "status"]),
        JobOperation::LevelSet => own(&["account", "level"]),
        JobOperation::LineSetSecret => own(&["extension", "secret", "passcode"]),
        JobOperation::TemplateApply => own(&["device", "serial", "mac", "template"]),
    };
    if has_record(operation) {
        names.extend(SETTINGS.iter().map(|setting| format!("settings.{}", setting.name)));
    }
    names
}

/// Tells whether a field names the record that a row is about.
pub(super) fn is_key(operation: JobOperation, field: &str) -> bool {
    match operation {
        JobOperation::DeviceCreate => false,
        JobOperation::LevelSet => field == "account",
        JobOperation::LineSetSecret => field == "extension",
        JobOperation::DeviceAssign
        | JobOperation::DeviceClear
        | JobOperation::DeviceDelete
        | JobOperation::DeviceEdit
        | JobOperation::DeviceRotateUrl
        | JobOperation::DeviceSetAdminPassword
        | JobOperation::DeviceSetStatus
        | JobOperation::TemplateApply => matches!(field, "device" | "serial" | "mac"),
    }
}

/// Gives a header as fields are written.
pub(super) fn normal(header: &str) -> String {
    header.trim().to_lowercase().replace([' ', '_'], "-")
}

fn has_record(operation: JobOperation) -> bool {
    matches!(operation, JobOperation::DeviceCreate | JobOperation::DeviceEdit)
}

fn is_line(operation: JobOperation, name: &str) -> bool {
    let number = name.strip_prefix("line-").filter(|number| !number.starts_with(['0', '+']));
    let number = number.and_then(|number| number.parse::<u16>().ok());
    (has_record(operation) || operation == JobOperation::DeviceAssign)
        && number.is_some_and(|number| (1..=LINES_MAX).contains(&number))
}
