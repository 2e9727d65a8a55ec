//! What can be looked at.

use serde::{Deserialize, Serialize};

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Page {
    /// How many rows to leave out.
    #[serde(default)]
    pub offset: usize,
    /// How many rows to give at most.
    pub limit: usize,
}

/// Which devices to list; what is not set does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Filter {
    /// Seen by this account, which is the actor or one below it.
    pub context: Option<String>,
    /// Owned by this account.
    pub owner: Option<String>,
    /// Assigned to this organization.
    pub organization: Option<String>,
    /// With this extension on a line.
    pub extension: Option<String>,
    /// Of this model, or of all of a vendor.
    pub model: Option<String>,
    /// `enabled` or `disabled`.
    pub status: Option<String>,
    /// With this text in its name, MAC address, notes or lines, in any case.
    pub text: Option<String>,
}

/// Which jobs to list; what is not set does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JobFilter {
    /// Of this provider or organization.
    pub platform: Option<String>,
    /// `bulk` or `on-demand`.
    pub kind: Option<String>,
    /// That do this, like `device.create`.
    pub operation: Option<String>,
    /// That the caller may run, alone.
    pub runnable: bool,
}

/// One look; lists answer with `{"rows": […], "total": N}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Query {
    /// The actor itself: its account, kind, level, what it has any sight of, and what its login may do with jobs.
    #[serde(rename = "self")]
    Self_,
    /// The accounts that the actor sees, below one of them.
    Accounts {
        /// `provider`, `organization` or `user`; all when not set.
        kind: Option<String>,
        /// Below this account.
        below: Option<String>,
        /// Which part.
        page: Page,
    },
    /// One account, with the levels that the actor may set it to.
    Account {
        /// Its id.
        account: String,
    },
    /// Extensions.
    Extensions {
        /// Below this account.
        below: Option<String>,
        /// Those that the actor may put on a line, alone.
        assignable: bool,
        /// Which part.
        page: Page,
    },
    /// One extension.
    Extension {
        /// Its number.
        extension: String,
    },
    /// Devices, with state per row.
    Devices {
        /// Which.
        filter: Filter,
        /// Which part.
        page: Page,
    },
    /// One device.
    Device {
        /// What it is called.
        device: String,
    },
    /// Whether a device can be added at all, and what can be chosen for it.
    DeviceOptions {
        /// For this model: its firmwares, protocols, templates, lines and first MAC bytes; all models when not set.
        model: Option<String>,
    },
    /// Templates that the actor sees.
    Templates {
        /// Which part.
        page: Page,
    },
    /// One template, with its bodies.
    Template {
        /// Its id.
        template: String,
    },
    /// What a device's file would be with a template, secrets masked.
    TemplatePreview {
        /// Its id.
        template: String,
        /// The device.
        device: String,
        /// The file; the main one when not set.
        file: Option<String>,
        /// A body to try that is not saved, in place of the file's own.
        #[serde(default)]
        body: Option<String>,
    },
    /// Whether every device that uses a template renders.
    TemplateCheck {
        /// Its id.
        template: String,
    },
    /// A template as it can be imported.
    TemplateExport {
        /// Its id; `default` gives the catalog's own texts of a model.
        template: String,
        /// Of this model alone.
        model: Option<String>,
    },
    /// The global preferences.
    Preferences,
    /// Jobs.
    Jobs {
        /// Which.
        #[serde(default)]
        filter: JobFilter,
        /// Which part.
        page: Page,
    },
    /// One job: all of it for those who administer it, its name and what it is for to those who run it.
    Job {
        /// Its id.
        job: String,
    },
    /// What a run of a job is given, as a JSON Schema.
    JobForm {
        /// The job's id.
        job: String,
    },
    /// What can be chosen for a field of a job's form, where that is too long for the form.
    JobChoices {
        /// The job's id.
        job: String,
        /// The field.
        field: String,
        /// With this text in it, in any case.
        #[serde(default)]
        text: Option<String>,
        /// Which part.
        page: Page,
    },
    /// Logins.
    Logins {
        /// Which part.
        page: Page,
    },
    /// One login.
    Login {
        /// Its id.
        login: String,
    },
    /// Groups of logins.
    Groups {
        /// Which part.
        page: Page,
    },
    /// One group, with its grants.
    Group {
        /// Its id.
        group: String,
    },
    /// Grants.
    Grants {
        /// Of this login, its groups' included.
        #[serde(default)]
        login: Option<String>,
        /// Of this group.
        #[serde(default)]
        group: Option<String>,
        /// For this platform.
        #[serde(default)]
        platform: Option<String>,
        /// Which part.
        page: Page,
    },
    /// One grant.
    Grant {
        /// Its id.
        grant: String,
    },
    /// Tokens.
    Tokens {
        /// Of this login.
        login: Option<String>,
        /// Which part.
        page: Page,
    },
}
