//! The operations of those who manage: the same words for the command line and the API.
//!
//! A [`Query`] looks, an [`Edit`] changes; each is a value that reads from and writes to JSON. Promises: nothing is
//! seen or changed without the permission of the account that acts; the edits of one [`Request`] are one atomic change;
//! what the actor may not see is told of like what does not exist.

mod account;
mod apply;
mod asked;
mod batch;
mod changes;
mod device;
mod diff;
mod edit;
mod engine;
mod extension;
mod faults;
mod grant;
mod group;
mod inverse;
mod job;
mod login;
mod look;
mod many;
mod perform;
mod preferences;
mod problem;
mod query;
mod record;
mod template;
mod told;
mod version;

pub use self::device::{Inventory, whole_mac};
pub use self::edit::{Edit, Fields};
pub use self::job::job_form;
pub use self::look::look;
pub use self::many::{Many, ManyOutcome, RowOutcome, Status, perform_many};
pub use self::perform::perform;
pub use self::problem::{Code, Problem};
pub use self::query::{Filter, JobFilter, Page, Query};
pub use self::version::{Version, version};

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rights::{Account, JobRights};
use crate::snapshot::Snapshot;

/// Who acts, and through what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Caller {
    /// The account that acts: an id, an extension's number, or `administrator`.
    pub account: String,
    /// The login that stands behind it, where there is one.
    pub login: Option<String>,
    /// Through what it acts.
    pub through: Through,
    /// Where it connects from, where it connects.
    pub peer: Option<IpAddr>,
    /// The run of a job that it acts in: with the rights of a grant, and inside the job's platform alone.
    pub run: Option<RunRef>,
}

/// A run of a job, as whatever it does is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunRef {
    /// The job's id.
    pub job: String,
    /// The run's id.
    pub run: String,
    /// The provider or organization that it reaches.
    pub platform: String,
    /// Whether what it did is taken back, which gives records owners and templates again that it could not choose.
    #[serde(default)]
    pub undoes: bool,
}

impl Caller {
    /// Gives what the caller may do with the jobs of a platform; within a run that is nothing.
    pub fn job_rights<'s>(&self, snapshot: &'s Snapshot, platform: &str) -> JobRights<'s> {
        match Account::find(snapshot, &self.account).filter(|_| self.run.is_none()) {
            Some(account) => JobRights::of(snapshot, account, self.login.as_deref(), platform),
            None => JobRights::none(platform),
        }
    }
}

/// Through what somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Through {
    /// The operator's shell, which is trusted.
    Shell,
    /// A session of a login.
    Session,
    /// A token of a login.
    Token,
}

/// Edits that are one change: all of them, or none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Request {
    /// What to do, in this order; a later one sees what an earlier one did.
    pub edits: Vec<Edit>,
    /// Whether to tell what would come of it, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The version that the first edit's record must have, as the API gave it in `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// What each edit gives: the record as it is now, as the actor may see it; what was generated is shown once.
    pub results: Vec<Value>,
    /// The serial of the snapshot that holds the change; absent where no server runs, or nothing changed.
    pub snapshot: Option<u64>,
    /// Whether anything changed.
    pub changed: bool,
    /// What somebody should look at.
    pub warnings: Vec<String>,
    /// With a dry run: what would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
}

/// What would change, secrets masked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diff {
    /// The records' files, as a unified diff.
    pub files: String,
    /// The rendered files of the devices that it touches, as unified diffs.
    pub rendered: Vec<RenderedDiff>,
}

/// What would change in what a phone gets, secrets masked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RenderedDiff {
    /// The device's name.
    pub device: String,
    /// The file that it asks for.
    pub file: String,
    /// A unified diff.
    pub diff: String,
}
