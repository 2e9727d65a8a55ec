//! The records of delegated provisioning: groups of logins, what they may do on a platform, and the jobs that they run.
//!
//! A platform is a provider or an organization: a job and a grant reach what is below it, and nothing else.

use std::sync::Arc;

use compact_str::CompactString;

use crate::model::{FieldRole, OperationField, Secret};

/// Logins that are granted something together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Unique among groups.
    pub id: CompactString,
    /// Name for people.
    pub name: CompactString,
    /// The logins that are in it.
    pub logins: Box<[Arc<str>]>,
}

/// What a login or a group may do with the jobs of a platform.
///
/// What one switch makes needless stays kept and counts again when the switch is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Unique among grants.
    pub id: CompactString,
    /// Who holds it; one grant for each holder and platform.
    pub holder: Holder,
    /// The provider or organization whose jobs it is about.
    pub platform: Arc<str>,
    /// Whether it counts at all.
    pub provisioning: bool,
    /// Whether its holder does everything with the platform's jobs.
    pub provisioning_administrator: bool,
    /// Whether its holder creates, runs and deletes bulk jobs.
    pub bulk_admin: bool,
    /// Whether its holder builds, edits, deletes and runs on-demand jobs.
    pub on_demand_admin: bool,
    /// The bulk jobs that its holder may run without being an administrator of them.
    pub bulk_jobs: Box<[Arc<str>]>,
    /// The on-demand jobs that its holder may run without being an administrator of them.
    pub on_demand_jobs: Box<[Arc<str>]>,
}

/// Who holds a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A login by its id.
    Login(Arc<str>),
    /// A group by its id.
    Group(Arc<str>),
}

/// An operation that is prepared, so that others can run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique among jobs.
    pub id: CompactString,
    /// Name for people.
    pub name: CompactString,
    /// What it is for, for people.
    pub notes: CompactString,
    /// The provider or organization that it reaches.
    pub platform: Arc<str>,
    /// Whether it is run once or over rows.
    pub kind: JobKind,
    /// What it does.
    pub operation: JobOperation,
    /// Which edition of the job it is, from 1; each edit counts it up.
    pub version: u32,
    /// What is known of its fields before it runs, in the order of their names; all others are not taken.
    pub fields: Box<[JobField]>,
    /// Of a bulk job: the shipped mapping that its columns are read by.
    pub mapping: Option<Box<str>>,
    /// Of a bulk job: headers of columns, each with the field that it stands for; an empty field leaves a column out.
    pub columns: Box<[(Box<str>, Box<str>)]>,
    /// Of a bulk job: rows that are kept with it and run where a run brings none, as CSV or JSON lines.
    pub rows: Option<Secret>,
    /// Of a bulk job: how many rows are one change, 1 to 100,000; all of them when not set.
    pub batch: Option<u32>,
    /// Of a bulk job in batches: whether the first row that fails ends it.
    pub stop_on_error: bool,
    /// Whether a second person has to approve each run.
    pub approval: bool,
    /// When its runs begin that say nothing else, as local time without an offset: `2026-12-01T22:00`; at once when
    /// not set.
    pub start_at: Option<Box<str>>,
    /// The time zone of `start_at`, by its name in the time-zone database; UTC when not set.
    pub time_zone: Option<Box<str>>,
}

impl Job {
    /// Finds what the job says of a field.
    pub fn field(&self, name: &str) -> Option<&JobField> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// Tells whether a run may say what a field of the operation is: it is asked for, or the operation cannot do
    /// without it and the job does not name it.
    pub fn takes(&self, field: &OperationField) -> bool {
        let is_needed = match field.role {
            FieldRole::Key | FieldRole::Needed | FieldRole::OtherKey => true,
            // What a device is called otherwise, its own operation changes, too.
            FieldRole::Optional => {
                self.operation == JobOperation::DeviceEdit && matches!(&*field.name, "mac" | "serial")
            }
        };
        match self.field(&field.name) {
            Some(told) => !matches!(told.from, FieldSource::Fixed(_)),
            None => is_needed,
        }
    }

    /// Tells whether another edition of the job is one for whoever may run this one.
    pub fn is_like(&self, other: &Self) -> bool {
        self.platform == other.platform && self.kind == other.kind
    }
}

/// The shipped mappings of columns, by what a job names them.
pub const MAPPINGS: &[&str] = &["freepbx-endpoint-manager", "fusionpbx", "issabel", "plain-list", "yeastar"];

/// How a job is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Over rows.
    Bulk,
    /// Once, with values that are asked for.
    OnDemand,
}

impl JobKind {
    /// Every kind with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[("bulk", Self::Bulk), ("on-demand", Self::OnDemand)];

    /// Gives the word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::OnDemand => "on-demand",
        }
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobOperation {
    /// Puts extensions on a device's lines, and it into an organization.
    DeviceAssign,
    /// Takes a device's extensions off its lines, and its organization.
    DeviceClear,
    /// Adds a device.
    DeviceCreate,
    /// Removes a device.
    DeviceDelete,
    /// Changes a device.
    DeviceEdit,
    /// Gives a device a new serial, which is in its URL.
    DeviceRotateUrl,
    /// Sets or generates the password of a device's administrator.
    DeviceSetAdminPassword,
    /// Enables or disables a device.
    DeviceSetStatus,
    /// Sets what an account or an extension may do.
    LevelSet,
    /// Sets or generates the SIP secret of an extension, or the passcode of the phone that it is on.
    LineSetSecret,
    /// Gives a device a template.
    TemplateApply,
}

impl JobOperation {
    /// Every operation with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[
        ("device.assign", Self::DeviceAssign),
        ("device.clear", Self::DeviceClear),
        ("device.create", Self::DeviceCreate),
        ("device.delete", Self::DeviceDelete),
        ("device.edit", Self::DeviceEdit),
        ("device.rotate-url", Self::DeviceRotateUrl),
        ("device.set-admin-password", Self::DeviceSetAdminPassword),
        ("device.set-status", Self::DeviceSetStatus),
        ("level.set", Self::LevelSet),
        ("line.set-secret", Self::LineSetSecret),
        ("template.apply", Self::TemplateApply),
    ];

    /// Gives the word in files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }
}

/// What is known of a field of a job before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobField {
    /// The field: a key of the record, `line-1`, `settings.time-zone`, or what the record is called.
    pub name: Box<str>,
    /// Where its value comes from.
    pub from: FieldSource,
    /// What it is called in a form; its name when not set.
    pub label: Box<str>,
    /// What helps to fill it in.
    pub help: Box<str>,
    /// Whether a run must give it.
    pub required: bool,
    /// The values that can be given; any that the field takes, when there are none.
    pub choices: Box<[Box<str>]>,
    /// The least value of a number, or the fewest characters of a text.
    pub minimum: Option<u32>,
    /// The greatest value of a number, or the most characters of a text.
    pub maximum: Option<u32>,
    /// A regular expression that the whole of a text must match.
    pub pattern: Option<Box<str>>,
}

/// Where the value of a job's field comes from; values are written as in a cell of a table.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldSource {
    /// It is always this, and nobody is asked.
    Fixed(Box<str>),
    /// It is asked for, and this where nothing is said.
    Default(Box<str>),
    /// It is asked for.
    Asked,
}

impl std::fmt::Debug for FieldSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What it holds may be a secret.
        f.write_str(match self {
            Self::Fixed(_) => "Fixed",
            Self::Default(_) => "Default",
            Self::Asked => "Asked",
        })
    }
}
