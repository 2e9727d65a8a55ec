//! The records of delegated provisioning as JSON: groups, grants and jobs.

use serde_json::{Value, json};

use crate::audit::is_secret;
use crate::model::{FieldSource, Grant, Group, Holder, Job, JobField};
use crate::operation::Fields;
use crate::operation::record::{MASK, Secrets, put, put_table};

/// Gives a group.
pub(in crate::operation) fn group(group: &Group) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &group.id);
    put(&mut fields, "name", &group.name);
    put_list(&mut fields, "logins", group.logins.iter().map(|id| &**id));
    fields
}

/// Gives a grant.
pub(in crate::operation) fn grant(grant: &Grant) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &grant.id);
    match &grant.holder {
        Holder::Login(id) => put(&mut fields, "login", id),
        Holder::Group(id) => put(&mut fields, "group", id),
    }
    put(&mut fields, "platform", &grant.platform);
    put_flag(&mut fields, "provisioning", grant.provisioning);
    put_flag(&mut fields, "provisioning-administrator", grant.provisioning_administrator);
    put_flag(&mut fields, "bulk-admin", grant.bulk_admin);
    put_flag(&mut fields, "on-demand-admin", grant.on_demand_admin);
    put_list(&mut fields, "bulk-jobs", grant.bulk_jobs.iter().map(|id| &**id));
    put_list(&mut fields, "on-demand-jobs", grant.on_demand_jobs.iter().map(|id| &**id));
    fields
}

/// Gives a job; its rows, and what it fixes of secrets, are secrets.
pub(in crate::operation) fn job(job: &Job, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &job.id);
    put(&mut fields, "name", &job.name);
    put(&mut fields, "notes", &job.notes);
    put(&mut fields, "platform", &job.platform);
    put(&mut fields, "kind", job.kind.word());
    put(&mut fields, "operation", job.operation.word());
    fields.insert("version".to_owned(), json!(job.version));
    let told = job.fields.iter().map(|told| (told.name.to_string(), field(told, secrets)));
    put_table(&mut fields, "fields", told.collect());
    put(&mut fields, "mapping", job.mapping.as_deref().unwrap_or_default());
    let columns = job.columns.iter().map(|(header, field)| (header.to_string(), json!(&**field)));
    put_table(&mut fields, "columns", columns.collect());
    if let Some(rows) = &job.rows {
        put(&mut fields, "rows", if secrets == Secrets::Write { rows.expose() } else { MASK });
    }
    fields.extend(job.batch.map(|batch| ("batch".to_owned(), json!(batch))));
    if !job.stop_on_error {
        fields.insert("stop-on-error".to_owned(), Value::Bool(false));
    }
    put_flag(&mut fields, "approval", job.approval);
    put(&mut fields, "start-at", job.start_at.as_deref().unwrap_or_default());
    put(&mut fields, "time-zone", job.time_zone.as_deref().unwrap_or_default());
    fields
}

fn field(field: &JobField, secrets: Secrets) -> Value {
    let mut fields = Fields::new();
    let hide = secrets == Secrets::Mask && is_secret(&field.name);
    match &field.from {
        FieldSource::Fixed(value) => put_value(&mut fields, "fixed", if hide { MASK } else { value }),
        FieldSource::Default(value) => put_value(&mut fields, "default", if hide { MASK } else { value }),
        FieldSource::Asked => (),
    }
    put(&mut fields, "label", &field.label);
    put(&mut fields, "help", &field.help);
    put_flag(&mut fields, "required", field.required);
    put_list(&mut fields, "choices", field.choices.iter().map(|choice| &**choice));
    fields.extend(field.minimum.map(|least| ("minimum".to_owned(), json!(least))));
    fields.extend(field.maximum.map(|most| ("maximum".to_owned(), json!(most))));
    put(&mut fields, "pattern", field.pattern.as_deref().unwrap_or_default());
    Value::Object(fields)
}

/// Puts a value that says something even where it is empty.
fn put_value(fields: &mut Fields, key: &str, text: &str) {
    fields.insert(key.to_owned(), Value::from(text));
}

fn put_flag(fields: &mut Fields, key: &str, flag: bool) {
    if flag {
        fields.insert(key.to_owned(), Value::Bool(true));
    }
}

fn put_list<'t>(fields: &mut Fields, key: &str, texts: impl Iterator<Item = &'t str>) {
    let list: Vec<Value> = texts.map(Value::from).collect();
    if !list.is_empty() {
        fields.insert(key.to_owned(), Value::Array(list));
    }
}
