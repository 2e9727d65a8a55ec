//! The parts that schemas are made of.

use serde_json::{Map, Value, json};

use crate::model::TEXT_MAX;

/// The pattern of identifiers of accounts, logins and templates.
const ID: &str = "^[A-Za-z0-9_.@-]{1,64}$";

/// The pattern of extended numbers.
const NUMBER: &str = r"^[A-Za-z0-9*#+_.-]{1,64}$";

/// A record of the fleet's files: its keys with their schemas.
pub(super) struct Shape {
    what: &'static str,
    /// The keys that a new one must have.
    required: &'static [&'static str],
    /// The keys that cannot be changed later.
    fixed: &'static [&'static str],
    pub(super) keys: Map<String, Value>,
}

impl Shape {
    /// Describes a record.
    pub(super) fn new(
        what: &'static str,
        required: &'static [&'static str],
        fixed: &'static [&'static str],
        keys: Value,
    ) -> Self {
        let keys = if let Value::Object(keys) = keys { keys } else { Map::new() };
        Self { what, required, fixed, keys }
    }

    /// Adds what tells the three kinds of accounts apart.
    pub(super) fn with_kind(mut self) -> Self {
        let help = "what it is; an organization names its `provider`, a user its `organization`";
        self.keys.insert("kind".to_owned(), words(["provider", "organization", "user"], help));
        self
    }

    /// Gives the schema of a new one.
    pub(super) fn new_one(self) -> Value {
        let description = format!("{}; keys are those of the fleet's files.", self.what);
        closed(&description, self.required, &self.keys)
    }

    /// Gives the schema of changes: what is not there stays, null takes a key away.
    pub(super) fn edit(self) -> Value {
        let description = format!("{}; keys that are missing stay, null takes one away.", self.what);
        let keys = self.keys.into_iter().filter(|(key, _)| !self.fixed.contains(&key.as_str()));
        closed(&description, &[], &keys.map(|(key, schema)| (key, nullable(schema))).collect())
    }
}

/// A table that has these keys and no others.
pub(super) fn closed(description: &str, required: &[&str], keys: &Map<String, Value>) -> Value {
    let mut schema = json!({
        "type": "object", "description": description, "properties": keys, "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The same as `keys`, out of `json!`.
pub(super) fn table(description: &str, required: &[&str], keys: Value) -> Value {
    closed(description, required, &if let Value::Object(keys) = keys { keys } else { Map::new() })
}

/// Lets null in, which takes a key away; in tables, for each key too.
pub(super) fn nullable(mut schema: Value) -> Value {
    if let Some(ways) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        ways.push(json!({ "type": "null" }));
        return schema;
    }
    if let Some(kind) = schema["type"].as_str().map(str::to_owned) {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    if let Some(Value::Object(keys)) = schema.get_mut("properties").map(Value::take) {
        schema["properties"] = keys.into_iter().map(|(key, schema)| (key, nullable(schema))).collect();
        // What is not changed need not be said again.
        schema.as_object_mut().map(|schema| schema.remove("required"));
    }
    if schema["additionalProperties"].is_object() {
        let others = schema["additionalProperties"].take();
        schema["additionalProperties"] = nullable(others);
    }
    schema
}

pub(super) fn id(help: &str) -> Value {
    json!({ "type": "string", "pattern": ID, "description": help })
}

/// An account's id or an extension's number.
pub(super) fn account_or_number(help: &str) -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_.@*#+-]{1,64}$", "description": help })
}

pub(super) fn number(help: &str) -> Value {
    json!({ "type": "string", "pattern": NUMBER, "description": help })
}

pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>, help: &str) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    json!({ "type": "string", "enum": words, "description": help })
}

/// The words of one of the model's tables.
pub(super) fn words_of<T>(table: &[(&'static str, T)], help: &str) -> Value {
    words(table.iter().map(|(word, _)| *word), help)
}

pub(super) fn flag(help: &str) -> Value {
    json!({ "type": "boolean", "description": help })
}

pub(super) fn integer(low: u32, high: u32, help: &str) -> Value {
    json!({ "type": "integer", "minimum": low, "maximum": high, "description": help })
}

pub(super) fn text(max: usize, help: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max, "description": help })
}

pub(super) fn text_or_empty(max: usize, help: &str) -> Value {
    json!({ "type": "string", "maxLength": max, "description": help })
}

pub(super) fn name(help: &str) -> Value {
    text(TEXT_MAX, help)
}

/// A password: no control characters, and no blanks at its ends.
pub(super) fn secret(low: usize, high: usize, help: &str) -> Value {
    json!({
        "type": "string", "minLength": low, "maxLength": high, "description": help,
        "pattern": r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",
    })
}

pub(super) fn host(help: &str) -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,253}$", "description": help })
}

pub(super) fn url(help: &str) -> Value {
    json!({
        "type": "string", "maxLength": TEXT_MAX, "description": help,
        "pattern": r"^(https?|t?ftp)://[!#-;=?-\[\]_a-z~]+$",
    })
}

pub(super) fn ipv4(help: &str) -> Value {
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    json!({ "type": "string", "pattern": format!("^{octet}([.]{octet}){{3}}$"), "description": help })
}

pub(super) fn time(help: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "maxLength": 64, "description": help })
}
