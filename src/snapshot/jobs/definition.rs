//! What can be wrong with a job by itself, whatever else there is.

use std::collections::HashSet;

use crate::document::{nearest, one_of};
use crate::model::{
    FieldRole, FieldSource, Job, JobField, JobKind, JobOperation, MAPPINGS, OperationField, Zone, local_time,
};
use crate::snapshot::jobs::FieldLimits;

/// Lists what is wrong with a job: the key that it is about, and a sentence.
pub(super) fn faults(job: &Job) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    kind(job, &mut faults);
    for told in &job.fields {
        match known(job.operation, &told.name) {
            Err(fault) => faults.push(("fields", fault)),
            Ok(field) => {
                faults.extend(key_of_rows(job, told, &field).map(|fault| ("fields", fault)));
                let found = FieldLimits::of_job(field, told).err();
                faults.extend(found.into_iter().flatten().map(|fault| ("fields", fault)));
            }
        }
    }
    needs(job, &mut faults);
    faults.extend(job.mapping.as_deref().and_then(mapping).map(|fault| ("mapping", fault)));
    columns(job, &mut faults);
    schedule(job, &mut faults);
    faults
}

/// Checks that nothing is said that is for jobs of the other kind.
fn kind(job: &Job, faults: &mut Vec<(&'static str, String)>) {
    let bulk = [
        ("mapping", job.mapping.is_some()),
        ("columns", !job.columns.is_empty()),
        ("rows", job.rows.is_some()),
        ("batch", job.batch.is_some()),
        ("stop-on-error", !job.stop_on_error),
    ];
    if job.kind == JobKind::OnDemand {
        for (key, _) in bulk.into_iter().filter(|(_, is_set)| *is_set) {
            faults.push((key, format!("`{key}` is for bulk jobs, which run over rows; leave it out")));
        }
    } else if !job.stop_on_error && job.batch.is_none() {
        let cure = "give `batch`, or leave it out";
        faults.push(("stop-on-error", format!("`stop-on-error` is for jobs in batches; {cure}")));
    }
}

/// Finds a field of an operation, or says which one may be meant.
fn known(operation: JobOperation, name: &str) -> Result<OperationField, String> {
    let hint = match name {
        _ if let Some(field) = operation.field(name) => return Ok(field),
        "lines" => Some("name them one by one: `line-1`, `line-2`"),
        _ if name.starts_with("line-") => Some("lines are counted from 1: `line-1`, `line-2`"),
        "network" => Some("name its parts: `network.address`, `network.netmask`, `network.gateway`"),
        "raw" => Some("name the parameter: `raw.NAME`"),
        "settings" => Some("name the setting, like `settings.time-zone`"),
        "settings.admin-password" => Some("write `admin-password`"),
        "settings.admin-user" => Some("write `admin-user`"),
        "settings.line-keys" => Some("the keys beside the display are edited with the device itself"),
        "password" if operation == JobOperation::LineSetSecret => Some("write `secret` or `passcode`"),
        _ => None,
    };
    let fields = operation.fields(LINES_TOLD);
    let cure = match (hint, nearest(name, fields.iter().map(|field| &*field.name))) {
        (Some(hint), _) => hint.to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => {
            let names: Vec<String> =
                fields.iter().take(12).map(|field| format!("`{}`", field.name)).collect();
            format!("it has {}", names.join(", "))
        }
    };
    let (operation, name) = (operation.word(), name.escape_debug());
    Err(format!("{operation} has no field `{name}`; {cure}"))
}

/// Checks that what every row of a bulk job names differently is not the same for all of them.
fn key_of_rows(job: &Job, told: &JobField, field: &OperationField) -> Option<String> {
    let what = match told.from {
        FieldSource::Asked => return None,
        FieldSource::Default(_) => "a default",
        FieldSource::Fixed(_) => "a fixed value",
    };
    let is_generated = matches!(&told.from, FieldSource::Fixed(text) | FieldSource::Default(text)
        if &**text == "generate" && field.generates);
    let names_one = matches!(field.role, FieldRole::Key | FieldRole::OtherKey)
        || matches!(&*field.name, "mac" | "serial") && !is_generated
        || field.name.starts_with("line-") && job.operation != JobOperation::DeviceEdit;
    (names_one && job.kind == JobKind::Bulk).then(|| {
        let name = &field.name;
        format!("field `{name}`: {what} would be the same in every row of a bulk job; have it asked for")
    })
}

/// Checks that the operation can do something with what it is given.
fn needs(job: &Job, faults: &mut Vec<(&'static str, String)>) {
    let word = job.operation.word();
    let changes = |field: &&JobField| {
        let known = job.operation.field(&field.name);
        known.is_some_and(|field| !matches!(field.role, FieldRole::Key | FieldRole::OtherKey))
    };
    let needs_some = match job.operation {
        JobOperation::DeviceAssign => "`line-1` or `organization`",
        JobOperation::DeviceEdit => "`name` or `settings.time-zone`",
        JobOperation::LineSetSecret => "`secret` or `passcode`",
        _ => return,
    };
    if !job.fields.iter().any(|field| changes(&field)) {
        let what = format!("{word} is given nothing to change; name a field of it, like {needs_some}");
        faults.push(("fields", what));
    }
}

fn mapping(id: &str) -> Option<String> {
    if MAPPINGS.contains(&id) {
        return None;
    }
    let near = nearest(id, MAPPINGS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let cure = near.unwrap_or_else(|| format!("write {}", one_of(MAPPINGS)));
    Some(format!("there is no mapping `{}`; {cure}", id.escape_debug()))
}

fn columns(job: &Job, faults: &mut Vec<(&'static str, String)>) {
    let (mut headers, mut fields) = (HashSet::new(), HashSet::new());
    for (header, field) in &job.columns {
        let told = header.escape_debug();
        if header.trim().is_empty() {
            faults.push(("columns", "`columns` has a blank header; leave it out".to_owned()));
        }
        if !headers.insert(header.trim().to_lowercase()) {
            let cure = "upper and lower case make no difference; leave one of them out";
            faults.push(("columns", format!("`columns` has the header `{told}` twice; {cure}")));
        }
        if field.is_empty() {
            continue;
        }
        if !fields.insert(field) {
            let cure = "leave one of them out";
            faults.push(("columns", format!("`columns` has two headers for the field `{field}`; {cure}")));
        }
        match known(job.operation, field) {
            Err(fault) => faults.push(("columns", format!("`columns`, header `{told}`: {fault}"))),
            Ok(known) if !job.takes(&known) => {
                let cure = "name it in `fields`, or leave the column out";
                let what = format!("header `{told}` stands for `{field}`, which runs do not give");
                faults.push(("columns", format!("`columns`: {what}; {cure}")));
            }
            Ok(_) => (),
        }
    }
}

fn schedule(job: &Job, faults: &mut Vec<(&'static str, String)>) {
    if let Some(start) = job.start_at.as_deref()
        && local_time(start).is_none()
    {
        let cure = "write one like `2026-12-01T22:00`, without an offset";
        faults.push(("start-at", format!("`start-at` is no local time; {cure}")));
    }
    if let Some(zone) = job.time_zone.as_deref() {
        if Zone::find(zone).is_none() {
            let cure = "write one like `Europe/Bucharest`";
            let what =
                format!("`time-zone` is `{}`, which is not in the time-zone database", zone.escape_debug());
            faults.push(("time-zone", format!("{what}; {cure}")));
        } else if job.start_at.is_none() {
            let what = "`time-zone` is for `start-at`, which is missing; give it, or leave the zone out";
            faults.push(("time-zone", what.to_owned()));
        }
    }
}

/// How many lines are thought of when a name is mistaken.
const LINES_TOLD: u16 = 12;
