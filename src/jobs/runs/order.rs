//! What somebody orders: a job, what it is given, and when.

use std::fmt;

use crate::jobs::Format;
use crate::operation::Fields;

/// A run that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The job's id.
    pub job: String,
    /// What it is given.
    pub input: Input,
    /// Whether rows that generate something do it again, though an earlier run did the same row.
    pub again: bool,
    /// When it begins, as local time (`2026-12-01T22:00`); as the job says when not set, else at once.
    pub start_at: Option<String>,
    /// The zone of that time, by its name in the time-zone database; the job's when not set, else UTC.
    pub time_zone: Option<String>,
    /// How many rows are one change: 1 to 100,000; as the job says when not set.
    pub batch: Option<u32>,
    /// Whether one row that cannot be done ends it; as the job says when not set.
    pub stop_on_error: Option<bool>,
    /// What the runner says of it.
    pub notes: String,
}

/// What a run is given.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// The rows that are kept with the job.
    Kept,
    /// Rows as they came.
    Rows {
        /// What came.
        bytes: Vec<u8>,
        /// How it is written.
        format: Format,
    },
    /// Values by the fields that they are for.
    Values(Fields),
}

impl Order {
    /// Orders a job with some input, at once where the job says nothing else.
    pub fn new(job: &str, input: Input) -> Self {
        Self {
            job: job.to_owned(),
            input,
            again: false,
            start_at: None,
            time_zone: None,
            batch: None,
            stop_on_error: None,
            notes: String::new(),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it holds may be secrets.
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Rows { .. } => "Rows",
            Self::Values(_) => "Values",
        })
    }
}
