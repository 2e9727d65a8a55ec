//! The records of delegated provisioning: groups, grants, jobs.

use std::sync::Arc;

use compact_str::CompactString;

use crate::document::{Entry, Table};
use crate::model::{
    FieldSource, Grant, Group, Holder, Job, JobField, JobKind, JobOperation, Secret, TEXT_MAX, check_id,
};
use crate::snapshot::load::{Reader, required};

const GROUP_KEYS: &[&str] = &["id", "logins", "name"];
const GRANT_KEYS: &[&str] = &[
    "bulk-admin",
    "bulk-jobs",
    "group",
    "id",
    "login",
    "on-demand-admin",
    "on-demand-jobs",
    "platform",
    "provisioning",
    "provisioning-administrator",
];
const JOB_KEYS: &[&str] = &[
    "approval",
    "batch",
    "columns",
    "fields",
    "id",
    "kind",
    "mapping",
    "name",
    "notes",
    "operation",
    "platform",
    "rows",
    "start-at",
    "stop-on-error",
    "time-zone",
    "version",
];
const FIELD_KEYS: &[&str] =
    &["choices", "default", "fixed", "help", "label", "maximum", "minimum", "pattern", "required"];

/// Most bytes of the rows that a job keeps.
const ROWS_MAX: usize = 1 << 20;

/// Most rows that are one change.
const BATCH_MAX: u32 = 100_000;

impl Reader {
    pub(super) fn group(&mut self, table: &Table<'_>) -> Option<Group> {
        let (mut id, mut name, mut logins) = (None, CompactString::default(), Vec::new());
        for entry in table.clone() {
            match entry.key() {
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "logins" => logins = self.ids(&entry),
                "name" => name = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
                _ => entry.unknown(GROUP_KEYS),
            }
        }
        required(table, "id", "give the group a unique one");
        Some(Group { id: id?, name, logins: logins.into_boxed_slice() })
    }

    pub(super) fn grant(&mut self, table: &Table<'_>) -> Option<Grant> {
        let (mut id, mut login, mut group, mut platform) = (None, None, None, None);
        let (mut provisioning, mut administrator) = (None, None);
        let (mut bulk_admin, mut on_demand_admin) = (None, None);
        let (mut bulk_jobs, mut on_demand_jobs) = (Vec::new(), Vec::new());
        for entry in table.clone() {
            match entry.key() {
                "bulk-admin" => bulk_admin = entry.boolean(),
                "bulk-jobs" => bulk_jobs = self.ids(&entry),
                "group" => group = entry.checked(check_id).map(|id| self.shared(id)),
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "login" => login = entry.checked(check_id).map(|id| self.shared(id)),
                "on-demand-admin" => on_demand_admin = entry.boolean(),
                "on-demand-jobs" => on_demand_jobs = self.ids(&entry),
                "platform" => platform = entry.checked(check_id).map(|id| self.shared(id)),
                "provisioning" => provisioning = entry.boolean(),
                "provisioning-administrator" => administrator = entry.boolean(),
                _ => entry.unknown(GRANT_KEYS),
            }
        }
        required(table, "id", "give the grant a unique one");
        required(table, "platform", "name the provider or organization whose jobs it is about");
        let holder = match (login, group) {
            (Some(login), None) => Holder::Login(login),
            (None, Some(group)) => Holder::Group(group),
            (Some(_), Some(_)) => {
                table.error("names a login and a group; write one grant for each of them");
                return None;
            }
            (None, None) => {
                if table.get("login").is_none() && table.get("group").is_none() {
                    table.error("says not who holds it; write `login` or `group`");
                }
                return None;
            }
        };
        Some(Grant {
            id: id?,
            holder,
            platform: platform?,
            provisioning: provisioning.unwrap_or_default(),
            provisioning_administrator: administrator.unwrap_or_default(),
            bulk_admin: bulk_admin.unwrap_or_default(),
            on_demand_admin: on_demand_admin.unwrap_or_default(),
            bulk_jobs: bulk_jobs.into_boxed_slice(),
            on_demand_jobs: on_demand_jobs.into_boxed_slice(),
        })
    }

    pub(super) fn job(&mut self, table: &Table<'_>) -> Option<Job> {
        let (mut id, mut platform, mut kind, mut operation) = (None, None, None, None);
        let (mut name, mut notes) = (CompactString::default(), CompactString::default());
        let (mut version, mut fields, mut columns) = (1, Vec::new(), Vec::new());
        let (mut mapping, mut rows, mut batch, mut stop_on_error) = (None, None, None, true);
        let (mut approval, mut start_at, mut time_zone) = (false, None, None);
        for entry in table.clone() {
            match entry.key() {
                "approval" => approval = entry.boolean().unwrap_or_default(),
                "batch" => batch = entry.integer(1, BATCH_MAX),
                "columns" => columns = columns_of(&entry),
                "fields" => {
                    let table = entry.table().into_iter().flatten();
                    fields = table.filter_map(|entry| field(&entry)).collect();
                }
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "kind" => kind = entry.one_of(JobKind::ALL),
                "mapping" => mapping = entry.checked(check_id).map(Box::from),
                "name" => name = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
                "notes" => notes = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
                "operation" => operation = entry.one_of(JobOperation::ALL),
                "platform" => platform = entry.checked(check_id).map(|id| self.shared(id)),
                "rows" => rows = entry.text(ROWS_MAX).map(Secret::new),
                "start-at" => start_at = entry.text(TEXT_MAX).map(Box::from),
                "stop-on-error" => stop_on_error = entry.boolean().unwrap_or(true),
                "time-zone" => time_zone = entry.text(TEXT_MAX).map(Box::from),
                "version" => version = entry.integer(1, u32::MAX).unwrap_or(1),
                _ => entry.unknown(JOB_KEYS),
            }
        }
        required(table, "id", "give the job a unique one");
        required(table, "platform", "name the provider or organization that it reaches");
        required(table, "kind", "write `on-demand` or `bulk`");
        required(table, "operation", "say what it does, like `device.create`");
        fields.sort_by(|a: &JobField, b| a.name.cmp(&b.name));
        Some(Job {
            id: id?,
            name,
            notes,
            platform: platform?,
            kind: kind?,
            operation: operation?,
            version,
            fields: fields.into_boxed_slice(),
            mapping,
            columns: columns.into_boxed_slice(),
            rows,
            batch,
            stop_on_error,
            approval,
            start_at,
            time_zone,
        })
    }

    /// Reads a list of ids.
    fn ids(&mut self, entry: &Entry<'_>) -> Vec<Arc<str>> {
        entry.list().filter_map(|entry| entry.checked(check_id).map(|id| self.shared(id))).collect()
    }
}

fn field(entry: &Entry<'_>) -> Option<JobField> {
    let table = entry.table()?;
    let (mut fixed, mut default) = (None, None);
    let mut field = JobField {
        name: entry.key().into(),
        from: FieldSource::Asked,
        label: Box::default(),
        help: Box::default(),
        required: false,
        choices: Box::default(),
        minimum: None,
        maximum: None,
        pattern: None,
    };
    for entry in table.clone() {
        match entry.key() {
            "choices" => {
                let choices = entry.list().filter_map(|entry| entry.scalar());
                field.choices = choices.map(String::into_boxed_str).collect();
            }
            "default" => default = entry.scalar(),
            "fixed" => fixed = entry.scalar(),
            "help" => field.help = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
            "label" => field.label = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
            "maximum" => field.maximum = entry.integer(0, u32::MAX),
            "minimum" => field.minimum = entry.integer(0, u32::MAX),
            "pattern" => field.pattern = entry.text(TEXT_MAX).map(Box::from),
            "required" => field.required = entry.boolean().unwrap_or_default(),
            _ => entry.unknown(FIELD_KEYS),
        }
    }
    field.from = match (fixed, default) {
        (Some(_), Some(_)) => {
            table.error("is fixed and has a default; leave one of them out");
            FieldSource::Asked
        }
        (Some(fixed), None) => FieldSource::Fixed(fixed.into()),
        (None, Some(default)) => FieldSource::Default(default.into()),
        (None, None) => FieldSource::Asked,
    };
    Some(field)
}

fn columns_of(entry: &Entry<'_>) -> Vec<(Box<str>, Box<str>)> {
    let columns = entry.table().into_iter().flatten();
    columns.filter_map(|entry| Some((entry.key().into(), entry.text_or_empty(TEXT_MAX)?.into()))).collect()
}
