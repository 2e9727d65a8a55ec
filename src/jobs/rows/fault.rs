//! What is wrong with a file of rows.

use std::fmt;

use crate::operation::{Code, Problem};

/// Most faults that are told; of more, only how many there are.
const TOLD: usize = 100;

/// Most characters of a header that are told.
const NAME: usize = 64;

/// One thing that is wrong with a file of rows; never the content of a cell, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The line that it is on, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The column as the file calls it.
    pub column: Option<String>,
    /// What is wrong, and the cure.
    pub message: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if let Some(column) = &self.column {
            write!(f, "column `{column}`: ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<&RowFault> for Problem {
    fn from(fault: &RowFault) -> Self {
        let problem = Self::new(Code::Invalid, fault.to_string());
        match &fault.column {
            Some(column) => problem.of_field(column),
            None => problem,
        }
    }
}

/// The faults of a file, as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults {
    told: Vec<RowFault>,
    more: u64,
}

impl Faults {
    /// Notes what is wrong with the file as a whole, or with a line.
    pub(super) fn line(&mut self, line: u64, message: impl Into<String>) {
        self.note(line, None, message.into());
    }

    /// Notes what is wrong with a cell, or with a column.
    pub(super) fn cell(&mut self, line: u64, column: &str, message: impl Into<String>) {
        self.note(line, Some(shown(column)), message.into());
    }

    fn note(&mut self, line: u64, column: Option<String>, message: String) {
        if self.told.len() < TOLD {
            self.told.push(RowFault { line, column, message });
        } else {
            self.more += 1;
        }
    }

    /// Tells whether nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Gives the faults by their lines, and how many more there are.
    pub(super) fn finish(mut self) -> Vec<RowFault> {
        self.told.sort_by_key(|fault| fault.line);
        if self.more > 0 {
            let message = format!("{} more faults are not told; mend these first", self.more);
            self.told.push(RowFault { line: 0, column: None, message });
        }
        self.told
    }
}

/// Gives a header as it can be told: without control characters, and not longer than people read.
pub(super) fn shown(name: &str) -> String {
    let mut shown = String::new();
    for c in name.chars().take(NAME) {
        if c.is_control() { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    if name.chars().nth(NAME).is_some() {
        shown.push('…');
    }
    shown
}
