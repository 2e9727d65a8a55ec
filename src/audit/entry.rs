//! What a line tells.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::audit::mask::differences;
use crate::model::RecordKind;

/// A change, or a refusal, as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// When, as RFC 3339 writes it, UTC, to the millisecond.
    pub at: String,
    /// What tells this entry from all others, wherever it stands.
    pub id: String,
    /// The account that acted.
    pub account: String,
    /// The login that stood behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Through what: `shell`, `session`, `token`; `server` for what the server does by itself.
    pub through: String,
    /// What it did or wanted to: `device-edit`.
    pub operation: String,
    /// To what: `device 2f9c0d1e4b5a6978`, `user jsmith`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The record's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The job that did it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The run of that job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The rule that allowed or forbade it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The kind of refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The keys that changed as they were, secrets masked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub before: Map<String, Value>,
    /// The keys that changed as they are, secrets masked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub after: Map<String, Value>,
    /// The serial of the snapshot that holds the change; without one, no server ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<u64>,
}

/// What became of what somebody wanted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// Gives the word in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl Entry {
    /// Says that an account does something now, through something; done, unless it is said to be refused.
    pub fn new(account: &str, through: &str, operation: &str) -> Self {
        Self {
            at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            // Keys that the system made at random, and another pair of them each time.
            id: format!("{:016x}", RandomState::new().build_hasher().finish()),
            account: account.to_owned(),
            login: None,
            peer: None,
            through: through.to_owned(),
            operation: operation.to_owned(),
            record: None,
            name: None,
            job: None,
            run: None,
            rule: None,
            outcome: Outcome::Done,
            code: None,
            why: None,
            before: Map::new(),
            after: Map::new(),
            snapshot: None,
        }
    }

    /// Names the login and the address behind it.
    #[must_use]
    pub fn by(mut self, login: Option<&str>, peer: Option<IpAddr>) -> Self {
        self.login = login.map(str::to_owned);
        self.peer = peer;
        self
    }

    /// Names the record: a device by its public id, never by its serial, everything else by the value of its key.
    #[must_use]
    pub fn on(mut self, kind: RecordKind, id: &str, name: &str) -> Self {
        self.record = Some(format!("{} {id}", kind.word()).trim_end().to_owned());
        self.name = (!name.is_empty()).then(|| name.to_owned());
        self
    }

    /// Names the job, and the run of it, that does it.
    #[must_use]
    pub fn in_run(mut self, job: &str, run: &str) -> Self {
        self.job = Some(job.to_owned());
        self.run = Some(run.to_owned());
        self
    }

    /// Names the rule that decided.
    #[must_use]
    pub fn rule(mut self, rule: &str) -> Self {
        self.rule = Some(rule.to_owned());
        self
    }

    /// Says that it was refused, in the words of the refusal.
    #[must_use]
    pub fn refused(mut self, code: &str, why: &str) -> Self {
        self.outcome = Outcome::Refused;
        self.code = Some(code.to_owned());
        self.why = Some(why.to_owned());
        self
    }

    /// Keeps what differs between the record as it was and as it is, secrets masked.
    #[must_use]
    pub fn changed(mut self, before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        (self.before, self.after) = differences(before, after);
        self
    }

    /// Names the snapshot that holds the change.
    #[must_use]
    pub fn snapshot(mut self, serial: u64) -> Self {
        self.snapshot = Some(serial);
        self
    }

    /// Writes it as one JSON object without a line break, as a journal keeps it until it is in the log.
    pub fn text(&self) -> String {
        // Maps with texts for keys, texts and numbers: all of it has a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}
