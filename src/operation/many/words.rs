//! What is said of rows that stand in each other's way.

use crate::operation::{Code, Problem};

/// What is said of a row that nobody has judged.
pub(super) fn unjudged() -> Problem {
    Problem::new(Code::Failed, "the row was not judged; run it again")
}

/// Says that a row is about what another one changes already.
pub(super) fn waits(other: u64) -> Problem {
    let message = format!("row {other} changes the same record; run this row again after it");
    Problem::new(Code::Conflict, message)
}

/// Says that several rows are about one record.
pub(super) fn same_record(others: &[u64]) -> Problem {
    let message = format!("{} about the same record; leave one of them", rows(others, "is", "are"));
    Problem::new(Code::Conflict, message)
}

/// Says that several rows claim what one record alone can have.
pub(super) fn same_value(what: &str, others: &[u64]) -> Problem {
    let message = format!("{} to have {what}, too; leave one of them", rows(others, "is", "are"));
    Problem::new(Code::Conflict, message)
}

/// Names rows, a few of many.
fn rows(numbers: &[u64], one: &str, several: &str) -> String {
    let told: Vec<String> = numbers.iter().take(5).map(u64::to_string).collect();
    let more = if numbers.len() > 5 { ", …" } else { "" };
    match told.as_slice() {
        [only] => format!("row {only} {one}"),
        _ => format!("rows {}{more} {several}", told.join(", ")),
    }
}
