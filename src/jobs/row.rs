//! What a run is given: cells by the fields that they are for.

use std::collections::BTreeMap;
use std::fmt;

/// What is said of a field.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// It stays as it is: the cell is blank, or holds the mask that stands for a secret.
    Leave,
    /// It is taken away: the cell holds the word `clear`.
    Clear,
    /// It is to be this.
    Value(String),
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value may be a secret.
        f.write_str(match self {
            Self::Leave => "Leave",
            Self::Clear => "Clear",
            Self::Value(_) => "Value",
        })
    }
}

/// What one run of an operation is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file that it begins on, from 1; values that were asked for are row 1.
    pub number: u64,
    /// What is said of each field; a field that is not there is left as it is.
    pub cells: BTreeMap<String, Cell>,
}
