//! The fields of operations, by headers as people write them.

use crate::model::JobOperation;

/// The greatest number of a line.
pub(super) const LINES_MAX: u16 = 999;

/// Finds the field of an operation that a header names, in any case and with blanks or `_` for `-`.
pub(super) fn named(operation: JobOperation, header: &str) -> Option<String> {
    let header = header.trim();
    // A vendor's names keep their case and their signs.
    let name = match header.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("raw.") => format!("raw.{}", &header[4..]),
        _ => normal(header),
    };
    operation.field(&name).map(|field| field.name.into_owned())
}

/// Lists the fields of an operation, as somebody may have meant them.
pub(super) fn names(operation: JobOperation) -> Vec<String> {
    operation.fields(1).into_iter().map(|field| field.name.into_owned()).collect()
}

/// Gives a header as fields are written.
pub(super) fn normal(header: &str) -> String {
    header.trim().to_lowercase().replace([' ', '_'], "-")
}
