//! Finding lines.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::time::SystemTime;

use serde::Deserialize;

use crate::audit::{AuditError, Entry, Log, Outcome, files};

/// Which lines to find; what is not set does not count.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// By this account, this login, or from this address.
    pub who: Option<String>,
    /// This operation, or all of a noun: `device-edit`, `device`.
    pub operation: Option<String>,
    /// About this record: `device 2f9c0d1e4b5a6978`, its id, its name, or all of a kind: `device`.
    pub record: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Not before this.
    pub since: Option<SystemTime>,
    /// Before this.
    pub until: Option<SystemTime>,
    /// With this text anywhere, in any case.
    pub text: Option<String>,
    /// The last so many; all when not set.
    pub limit: Option<usize>,
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its number.
    pub number: u64,
    /// What it tells.
    pub entry: Entry,
    /// The line as it stands in the log.
    pub text: String,
}

#[derive(Deserialize)]
struct Line {
    number: u64,
    #[serde(flatten)]
    entry: Entry,
}

impl Log {
    /// Finds lines, the newest last; lines that are no entries are left out, which [`Log::verify`] tells of.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn search(&self, wanted: &Search) -> Result<Vec<Found>, AuditError> {
        let time = |time: SystemTime| humantime::format_rfc3339_millis(time).to_string();
        let (since, until) = (wanted.since.map(time), wanted.until.map(time));
        let text = wanted.text.as_ref().map(|text| text.to_lowercase());
        let (mut found, mut line) = (VecDeque::new(), Vec::new());
        for path in self.files()? {
            let failed = |source| AuditError { what: "read", path: path.clone(), source };
            let mut file = BufReader::new(File::open(&path).map_err(failed)?);
            while files::next_line(&mut file, &mut line).map_err(failed)? {
                let Some(next) = read(&line) else { continue };
                let is_in_time = since.as_ref().is_none_or(|since| next.entry.at >= *since)
                    && until.as_ref().is_none_or(|until| next.entry.at < *until);
                let has_text = text.as_ref().is_none_or(|text| next.text.to_lowercase().contains(text));
                if !is_in_time || !has_text || !wanted.takes(&next.entry) {
                    continue;
                }
                found.push_back(next);
                if wanted.limit.is_some_and(|limit| found.len() > limit) {
                    found.pop_front();
                }
            }
        }
        Ok(found.into())
    }
}

impl Search {
    fn takes(&self, entry: &Entry) -> bool {
        let who = |who: &String| {
            let peer = entry.peer.map(|peer| peer.to_string());
            entry.account == *who || entry.login.as_ref() == Some(who) || peer.as_ref() == Some(who)
        };
        let operation = |operation: &String| {
            let rest = entry.operation.strip_prefix(operation.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let record = |record: &String| {
            let whole = entry.record.as_deref().unwrap_or_default();
            let (kind, id) = whole.split_once(' ').unwrap_or((whole, ""));
            [whole, kind, id, entry.name.as_deref().unwrap_or_default()].contains(&record.as_str())
        };
        self.who.as_ref().is_none_or(who)
            && self.operation.as_ref().is_none_or(operation)
            && self.record.as_ref().is_none_or(record)
            && self.outcome.is_none_or(|outcome| entry.outcome == outcome)
    }
}

/// Reads a line, if it is an entry.
fn read(line: &[u8]) -> Option<Found> {
    let text = std::str::from_utf8(line).ok()?.trim_end_matches('\n');
    let Line { number, entry } = serde_json::from_str(text).ok()?;
    Some(Found { number, entry, text: text.to_owned() })
}
