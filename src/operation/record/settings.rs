//! Settings and vendor parameters as JSON.

use serde_json::{Value as Json, json};

use crate::model::{LineKey, Raw, Settings, Value};
use crate::operation::Fields;
use crate::operation::record::{MASK, Secrets};

/// Gives a level's settings.
pub(in crate::operation) fn settings(settings: &Settings, secrets: Secrets) -> Fields {
    settings.iter().map(|(id, value)| (id.setting().name.to_owned(), json(value, secrets))).collect()
}

/// Gives a level's vendor parameters, those of one vendor in a table of its name.
pub(in crate::operation) fn raw(raw: &Raw, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    for parameter in &raw.0 {
        let hide = secrets == Secrets::Mask && parameter.is_secret();
        let value = Json::from(if hide { MASK } else { &*parameter.value });
        let name = parameter.name.to_string();
        let Some(vendor) = parameter.vendor.as_deref() else {
            fields.insert(name, value);
            continue;
        };
        let table = fields.entry(vendor).or_insert_with(|| Json::Object(Fields::new()));
        if let Some(table) = table.as_object_mut() {
            table.insert(name, value);
        }
    }
    fields
}

fn json(value: &Value, secrets: Secrets) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Integer(number) => json!(number),
        Value::LineKeys(keys) => keys.iter().map(line_key).collect(),
        Value::Secret(_) if secrets == Secrets::Mask => json!(MASK),
        Value::Secret(secret) => json!(secret.expose()),
        Value::Text(text) => json!(&**text),
        Value::Texts(texts) => texts.iter().map(|text| json!(&**text)).collect(),
    }
}

fn line_key(key: &LineKey) -> Json {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Json| fields.insert(name.to_owned(), value);
    put("type", json!(key.kind.word()));
    put("key", json!(key.key));
    if !key.value.is_empty() {
        put("value", json!(&*key.value));
    }
    if !key.label.is_empty() {
        put("label", json!(&*key.label));
    }
    if key.line != 1 {
        put("line", json!(key.line));
    }
    if key.expansion != 0 {
        put("expansion", json!(key.expansion));
    }
    Json::Object(fields)
}
