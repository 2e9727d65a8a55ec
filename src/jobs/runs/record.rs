//! What is told of a run: its header, and what became of each row.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jobs::ResultRow;
use crate::operation::{Caller, Fields, Problem, Through};

/// Names a run: when it was ordered, to the millisecond, and what tells it from others of that time:
/// `20261122-084512-3f9a2c`.
///
/// Sorted as texts, runs are in the order in which they were ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(CompactString);

/// The text is no name of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no name of a run; they look like `20261122-084512-3f9a2c`")]
pub struct InvalidRunId;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It was ended before all of it was done; what was done stays.
    Cancelled,
    /// All of it was done, but for rows that were refused and left out.
    Done,
    /// The disk or the system did not do what it should, and nothing was changed.
    Failed,
    /// Rows, or the run itself, were found impossible or not allowed before anything changed; nothing was.
    Refused,
    /// Whoever was to approve it did not.
    Rejected,
    /// It is under way.
    Running,
    /// It begins when it is due.
    Scheduled,
    /// It ended at a batch that could not be done; the batches before stay.
    Stopped,
    /// All that it did was taken back.
    Undone,
    /// It waits for the approval of a second person.
    Waiting,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowStatus {
    /// It changed something.
    Done,
    /// It was good, and could not be written.
    Failed,
    /// It was not reached, or nothing of its batch was done.
    Pending,
    /// It is impossible or not allowed.
    Refused,
    /// Everything is as it asks for already.
    Unchanged,
}

/// Somebody who had a part in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Who {
    /// The account that acted.
    pub account: String,
    /// The login behind it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Through what.
    pub through: Through,
}

/// What somebody did with a run, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Act {
    /// Who.
    pub by: Who,
    /// When (RFC 3339, UTC).
    pub at: String,
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// All of them.
    pub rows: u64,
    /// Those that changed something.
    pub done: u64,
    /// Those that found everything as they ask for.
    pub unchanged: u64,
    /// Those that are impossible or not allowed.
    pub refused: u64,
    /// Those that could not be written.
    pub failed: u64,
    /// Those that are still to come, or were never reached.
    pub pending: u64,
}

/// A run; once it has ended, all but `undone` is never changed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
    /// The job.
    pub job: String,
    /// The job's name for people, as it was.
    pub job_name: String,
    /// The job's edition; another one does not run in its place.
    pub job_version: u32,
    /// `bulk` or `on-demand`.
    pub kind: String,
    /// What it does: `device.create`.
    pub operation: String,
    /// The provider or organization that it reaches.
    pub platform: String,
    /// Who ordered it; with their rights it begins.
    pub runner: Who,
    /// What the runner said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// When it was ordered (RFC 3339, UTC).
    pub ordered: String,
    /// When it begins (RFC 3339, UTC), unless it waits for an approval then.
    pub due: String,
    /// The local time that it was ordered for, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// The zone of that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether a second person has to approve it.
    pub approval: bool,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Act>,
    /// Who rejected it; the server does it for one that nobody approved in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Act>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Act>,
    /// Who had all that it did taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Act>,
    /// When it began (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// How many rows are one change; all of them when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Whether one row that cannot be done ends it.
    pub stop_on_error: bool,
    /// Whether rows that generate something do it again, though an earlier run did the same row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The run whose rows that were not done this one tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    /// What came of its rows.
    pub counts: Counts,
    /// How many batches changed something.
    pub batches: u32,
    /// The serial of the last snapshot that it made, where a server ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<u64>,
    /// What somebody should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it ended as it did, where that is not as ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of a row, secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RowResult {
    /// The line of the input that it begins on, from 1; values that were asked for are row 1.
    pub row: u64,
    /// What became of it.
    pub status: RowStatus,
    /// The record that it is about: `device 2f9c0d1e4b5a6978`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What the runner should know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The keys that changed as they were.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub before: Fields,
    /// The keys that changed as they are.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub after: Fields,
}

impl RunState {
    /// Every state with its word.
    pub const ALL: &[(&'static str, Self)] = &[
        ("cancelled", Self::Cancelled),
        ("done", Self::Done),
        ("failed", Self::Failed),
        ("refused", Self::Refused),
        ("rejected", Self::Rejected),
        ("running", Self::Running),
        ("scheduled", Self::Scheduled),
        ("stopped", Self::Stopped),
        ("undone", Self::Undone),
        ("waiting", Self::Waiting),
    ];

    /// Gives its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, state)| *state == self).map_or("", |(word, _)| word)
    }

    /// Tells whether nothing more comes of the run by itself.
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Running | Self::Scheduled | Self::Waiting)
    }
}

impl RowStatus {
    /// Every status with its word.
    pub const ALL: &[(&'static str, Self)] = &[
        ("done", Self::Done),
        ("failed", Self::Failed),
        ("pending", Self::Pending),
        ("refused", Self::Refused),
        ("unchanged", Self::Unchanged),
    ];

    /// Gives its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, status)| *status == self).map_or("", |(word, _)| word)
    }

    /// Tells whether another run may try the row again.
    pub const fn is_to_retry(self) -> bool {
        matches!(self, Self::Failed | Self::Pending | Self::Refused)
    }
}

impl Counts {
    /// Takes a row that was pending as come to something.
    pub(super) fn settle(&mut self, status: RowStatus) {
        let place = match status {
            RowStatus::Done => &mut self.done,
            RowStatus::Failed => &mut self.failed,
            RowStatus::Pending => return,
            RowStatus::Refused => &mut self.refused,
            RowStatus::Unchanged => &mut self.unchanged,
        };
        *place += 1;
        self.pending = self.pending.saturating_sub(1);
    }
}

impl RowResult {
    /// Gives it as a row of a table of results: which keys changed, and no values.
    pub fn told(&self) -> ResultRow {
        let mut changed: Vec<String> = [&self.before, &self.after].into_iter().flat_map(keys).collect();
        changed.sort();
        changed.dedup();
        let why = self.problem.as_ref().map(|problem| problem.message.clone());
        ResultRow {
            row: self.row,
            record: self.record.clone().unwrap_or_default(),
            status: self.status.word(),
            message: why.or_else(|| self.note.clone()).unwrap_or_default(),
            changed,
        }
    }

    /// Says what became of a row, and nothing else of it.
    pub(super) fn new(row: u64, status: RowStatus) -> Self {
        Self {
            row,
            status,
            record: None,
            problem: None,
            note: None,
            before: Fields::new(),
            after: Fields::new(),
        }
    }

    /// Says why it was refused.
    #[must_use]
    pub(super) fn because(mut self, problem: Problem) -> Self {
        self.problem = Some(problem);
        self
    }
}

impl Who {
    /// Names a caller.
    pub(super) fn of(caller: &Caller) -> Self {
        Self { account: caller.account.clone(), login: caller.login.clone(), through: caller.through }
    }

    /// Tells whether it is the same person: the same login, or the same account where neither has one.
    pub(super) fn is(&self, caller: &Caller) -> bool {
        self.login == caller.login && (self.login.is_some() || self.account == caller.account)
    }
}

/// Lists the keys of a record, those inside a table after a point.
fn keys(fields: &Fields) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in fields {
        match value {
            Value::Object(table) if !table.is_empty() => {
                keys.extend(table.keys().map(|inner| format!("{key}.{inner}")));
            }
            _ => keys.push(key.clone()),
        }
    }
    keys
}

impl RunId {
    /// Gives the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let mut parts = text.split('-');
        let mut part = |digits: usize, fits: fn(&u8) -> bool| {
            parts.next().is_some_and(|part| part.len() == digits && part.as_bytes().iter().all(fits))
        };
        let is_hexadecimal = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let fits = part(8, u8::is_ascii_digit) && part(6, u8::is_ascii_digit) && part(6, is_hexadecimal);
        // It is the name of a folder: nothing but this gets there.
        if fits && parts.next().is_none() { Ok(Self(text.into())) } else { Err(InvalidRunId) }
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;

    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_a_run_opens_no_folder() {
        let good = "20261122-084512-3f9a2c";
        assert_eq!(good.parse::<RunId>().unwrap().to_string(), good);
        for text in [
            "",
            "..",
            "20261122-084512",
            "20261122-084512-3F9A2C",
            "20261122-084512-3f9a2c-1",
            "20261122/084512/3f9a2c",
        ] {
            assert_eq!(text.parse::<RunId>(), Err(InvalidRunId), "{text}");
        }
    }
}
