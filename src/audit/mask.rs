//! What changed in a record, without its secrets.

use serde_json::{Map, Value};

/// What stands in the place of a secret.
pub const DOTS: &str = "••••";

/// Keys whose values are secrets, beside those whose names say so; `rows` of a job may hold any of them.
const SECRET: &[&str] = &["hash", "passcode", "pin", "rows", "serial", "token"];

/// Parts of a key's name that make its value a secret.
const SAYS_SO: &[&str] = &["passphrase", "password", "secret"];

/// Tells whether a key's value must not be shown.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.contains(&key.as_str()) || key.starts_with("raw.") || SAYS_SO.iter().any(|part| key.contains(part))
}

/// Gives a record with dots in the place of its secrets; of `raw`, which speaks a vendor's language, all values.
pub fn masked(record: &Map<String, Value>) -> Map<String, Value> {
    record.iter().map(|(key, value)| (key.clone(), without_secrets(key, value))).collect()
}

/// Gives the keys in which two records differ, as they were and as they are, secrets masked.
pub fn differences(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut was, mut is) = (Map::new(), Map::new());
    for (key, old) in before {
        match (old, after.get(key)) {
            (old, Some(new)) if old == new => (),
            (Value::Object(old), Some(Value::Object(new))) if key != "raw" && !is_secret(key) => {
                let (old, new) = differences(old, new);
                was.insert(key.clone(), old.into());
                is.insert(key.clone(), new.into());
            }
            (old, new) => {
                was.insert(key.clone(), without_secrets(key, old));
                is.extend(new.map(|new| (key.clone(), without_secrets(key, new))));
            }
        }
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        is.insert(key.clone(), without_secrets(key, new));
    }
    (was, is)
}

fn without_secrets(key: &str, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    if is_secret(key) {
        return DOTS.into();
    }
    match value {
        Value::Object(table) if key == "raw" => {
            table.keys().map(|key| (key.clone(), DOTS.into())).collect::<Map<_, _>>().into()
        }
        Value::Object(table) => masked(table).into(),
        Value::Array(items) => items.iter().map(|item| without_secrets(key, item)).collect(),
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
