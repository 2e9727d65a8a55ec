//! The form of a job: a JSON Schema (2020-12) of what a run is given, from which a page can be drawn.
//!
//! Promises: only what is asked for is in it; what can be chosen is inside the job's platform; no secret is in it. What
//! it lets be, a run takes, as far as a schema can say: that a device of that name is there, the run itself finds out.

use serde_json::{Map, Value, json};

use crate::audit::is_secret;
use crate::model::{
    Cell, FieldKind, FieldRole, FieldSource, FieldValue, Job, JobField, JobOperation, OperationField,
};
use crate::operation::job::choices::{Chosen, choices};
use crate::rights::Actor;
use crate::snapshot::FieldLimits;

/// Most values of a field that a form lists itself.
const INLINE: usize = 200;

/// Describes what a run of a job is given; `actor` is the job's platform, as runs act.
pub fn form(actor: &Actor<'_>, job: &Job) -> Value {
    let asked = asked(job);
    let names = |field: &OperationField| matches!(field.role, FieldRole::Key | FieldRole::OtherKey);
    let keys: Vec<&str> =
        asked.iter().filter(|(field, _)| names(field)).map(|(field, _)| &*field.name).collect();
    let (mut properties, mut required, mut order) = (Map::new(), Vec::new(), Vec::new());
    for (field, told) in &asked {
        let limits = told.map(|told| FieldLimits::of_job(field.clone(), told));
        let limits = limits.and_then(Result::ok).unwrap_or_else(|| FieldLimits::new(field.clone()));
        let is_default = told.is_some_and(|told| matches!(told.from, FieldSource::Default(_)));
        let is_needed = match field.role {
            FieldRole::Key | FieldRole::OtherKey => keys.len() == 1,
            FieldRole::Needed => true,
            FieldRole::Optional => false,
        };
        let is_required = is_needed || told.is_some_and(|told| told.required);
        properties.insert(field.name.to_string(), property(actor, job, &limits, *told, is_required));
        order.push(json!(&*field.name));
        if is_required && !is_default {
            required.push(json!(&*field.name));
        }
    }
    let title = if job.name.is_empty() { &job.id } else { &job.name };
    let mut form = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title.as_str(),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "x-bellhop-job": job.id.as_str(),
        "x-bellhop-kind": job.kind.word(),
        "x-bellhop-order": order,
    });
    if !job.notes.is_empty() {
        form["description"] = json!(job.notes.as_str());
    }
    if keys.len() > 1 {
        form["anyOf"] = keys.iter().map(|key| json!({ "required": [key] })).collect();
    }
    form
}

/// Lists the fields that a run is asked for, what names the thing first: those of the job, and what the
/// operation cannot do without where the job does not name it.
fn asked(job: &Job) -> Vec<(OperationField, Option<&JobField>)> {
    let named = job.fields.iter().filter(|told| !matches!(told.from, FieldSource::Fixed(_)));
    let named = named.filter_map(|told| Some((job.operation.field(&told.name)?, Some(told))));
    let mut asked: Vec<(OperationField, Option<&JobField>)> = named.collect();
    let names_it = |field: &OperationField| matches!(field.role, FieldRole::Key | FieldRole::OtherKey);
    let is_named =
        job.fields.iter().filter_map(|told| job.operation.field(&told.name)).any(|field| {
            names_it(&field) || job.operation == JobOperation::DeviceEdit && field.name == "device"
        });
    let key = job.operation.key().filter(|_| !is_named).and_then(|key| job.operation.field(key));
    asked.extend(key.map(|key| (key, None)));
    let needed = job.operation.fields(0).into_iter().filter(|field| field.role == FieldRole::Needed);
    asked.extend(needed.filter(|field| job.field(&field.name).is_none()).map(|field| (field, None)));
    asked.sort_by_key(|(field, _)| {
        let rank = match field.role {
            FieldRole::Key => 0,
            FieldRole::OtherKey => 1,
            FieldRole::Needed => 2,
            FieldRole::Optional => 3,
        };
        (rank, field.name.clone())
    });
    asked
}

fn property(
    actor: &Actor<'_>,
    job: &Job,
    limits: &FieldLimits,
    told: Option<&JobField>,
    is_required: bool,
) -> Value {
    let field = &limits.field;
    let mut property = typed(limits);
    let label = told.map(|told| &*told.label).filter(|label| !label.is_empty());
    let help = told.map(|told| &*told.help).filter(|help| !help.is_empty());
    property.insert("title".to_owned(), json!(label.unwrap_or(&field.name)));
    property.insert("description".to_owned(), json!(help.unwrap_or(field.help)));
    property.insert("x-bellhop-type".to_owned(), json!(field.kind.word()));
    let found = choices(actor, job, limits);
    if field.kind.is_secret() {
        property.insert("writeOnly".to_owned(), json!(true));
        property.insert("format".to_owned(), json!("password"));
    }
    let can_clear = !is_required && limits.clear().is_ok();
    if let Some(found) = &found {
        choose(&mut property, job, field, found, can_clear);
    }
    if can_clear && let Some(kind) = property.get("type").cloned() {
        property.insert("type".to_owned(), json!([kind, "null"]));
    }
    if let Some(told) = told
        && let FieldSource::Default(text) = &told.from
        && !is_secret(&field.name)
    {
        property.extend(default(limits, text).map(|value| ("default".to_owned(), value)));
    }
    Value::Object(property)
}

/// Lists what can be chosen, or says where the list is that is too long.
fn choose(
    property: &mut Map<String, Value>,
    job: &Job,
    field: &OperationField,
    found: &[Chosen],
    can_clear: bool,
) {
    if found.len() > INLINE {
        let query = json!({
            "query": "job-choices",
            "job": job.id.as_str(),
            "field": &*field.name,
            "total": found.len(),
        });
        property.insert("x-bellhop-choices".to_owned(), query);
        return;
    }
    let one = |chosen: &Chosen| json!({ "const": chosen.value, "title": chosen.title });
    let nothing = can_clear && !found.iter().any(|chosen| chosen.value.is_null());
    let nothing = nothing.then(|| json!({ "const": null, "title": "—" }));
    property.insert("oneOf".to_owned(), found.iter().map(one).chain(nothing).collect());
    for bound in ["enum", "maxLength", "minLength", "pattern"] {
        property.remove(bound);
    }
}

/// Says what a field takes.
fn typed(limits: &FieldLimits) -> Map<String, Value> {
    let kind = limits.field.kind;
    let value = match kind {
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Integer(low, high) => json!({
            "type": "integer",
            "minimum": limits.minimum.unwrap_or(low),
            "maximum": limits.maximum.unwrap_or(high),
        }),
        FieldKind::Addresses => json!({
            "type": "array", "items": { "type": "string", "format": "ipv4" },
            "minItems": 1, "maxItems": 2, "uniqueItems": true,
        }),
        FieldKind::Choices(words) => json!({
            "type": "array", "items": { "type": "string", "enum": words }, "minItems": 1, "uniqueItems": true,
        }),
        FieldKind::Texts(most) => json!({
            "type": "array", "items": { "type": "string", "minLength": 1, "maxLength": most },
            "minItems": 1, "uniqueItems": true,
        }),
        FieldKind::Address => json!({ "type": "string", "format": "ipv4" }),
        FieldKind::Mac => json!({ "type": "string", "pattern": MAC }),
        FieldKind::Zone => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        _ => match kind.words() {
            Some(words) => json!({ "type": "string", "enum": words }),
            None => text(limits),
        },
    };
    let Value::Object(value) = value else { return Map::new() };
    value
}

/// Says what a text is: its length and pattern; what is bounded so cannot be made.
fn text(limits: &FieldLimits) -> Value {
    let (low, high) = limits.field.kind.length().unwrap_or((1, 130));
    let mut text = Map::new();
    text.insert("minLength".to_owned(), json!(limits.minimum.unwrap_or(low)));
    text.insert("maxLength".to_owned(), json!(limits.maximum.unwrap_or(high)));
    text.extend(limits.pattern.as_ref().map(|pattern| ("pattern".to_owned(), json!(pattern.anchored()))));
    if limits.field.generates && limits.is_bound() {
        text.insert("not".to_owned(), json!({ "const": "generate" }));
    }
    text.insert("type".to_owned(), json!("string"));
    Value::Object(text)
}

fn default(limits: &FieldLimits, text: &str) -> Option<Value> {
    let Cell::Value(text) = Cell::read(text) else { return None };
    Some(match limits.read(&text).ok()? {
        FieldValue::Flag(flag) => json!(flag),
        FieldValue::Generate => json!("generate"),
        FieldValue::Number(number) => json!(number),
        FieldValue::Text(text) => json!(text),
        FieldValue::Texts(texts) => json!(texts),
    })
}

/// A MAC address as people write it, or its last three bytes.
const MAC: &str = "^(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{12}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){2}|\
                   [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){2}|\
                   [0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5})$";
