//! What a run is given: cells by the fields that they are for.

use std::collections::BTreeMap;

use crate::model::Cell;

/// What one run of an operation is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file that it begins on, from 1; values that were asked for are row 1.
    pub number: u64,
    /// What is said of each field; a field that is not there is left as it is.
    pub cells: BTreeMap<String, Cell>,
}
