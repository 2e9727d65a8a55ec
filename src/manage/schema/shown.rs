//! The parts that schemas of answers are made of.
//!
//! They say what is always there and what may be; a client that is made of them must not mind keys that come later.

use serde_json::{Map, Value, json};

/// What an answer shows.
pub(super) struct Answer {
    what: &'static str,
    always: Map<String, Value>,
    sometimes: Map<String, Value>,
}

impl Answer {
    /// Describes an answer by the keys that are always there.
    pub(super) fn new(what: &'static str, always: Value) -> Self {
        Self { what, always: members(always), sometimes: Map::new() }
    }

    /// Adds keys that are there only where they say something; what was said of a key before stays.
    pub(super) fn with(mut self, sometimes: Value) -> Self {
        for (key, schema) in members(sometimes) {
            if !self.always.contains_key(&key) {
                self.sometimes.entry(key).or_insert(schema);
            }
        }
        self
    }

    /// Gives the schema.
    pub(super) fn schema(self) -> Value {
        let mut required: Vec<String> = self.always.keys().cloned().collect();
        required.sort_unstable();
        let keys: Map<String, Value> = self.always.into_iter().chain(self.sometimes).collect();
        json!({ "type": "object", "description": self.what, "required": required, "properties": keys })
    }
}

fn members(keys: Value) -> Map<String, Value> {
    if let Value::Object(keys) = keys { keys } else { Map::new() }
}

/// Gives what is shown of a value that may be given so: its types and words, as secrets are masked and what is there
/// already need not keep today's rules.
pub(super) fn loose(schema: &Value) -> Value {
    let mut kept = Map::new();
    for key in ["type", "description", "enum", "format", "$ref"] {
        kept.extend(schema.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    for key in ["items", "additionalProperties"] {
        let below = schema.get(key).filter(|below| below.is_object());
        kept.extend(below.map(|below| (key.to_owned(), loose(below))));
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        kept.insert("anyOf".to_owned(), ways.iter().map(loose).collect());
    }
    if let Some(keys) = schema["properties"].as_object() {
        let keys = keys.iter().map(|(key, schema)| (key.clone(), loose(schema)));
        kept.insert("properties".to_owned(), Value::Object(keys.collect()));
    }
    Value::Object(kept)
}

/// Text that is shown.
pub(super) fn told(help: &str) -> Value {
    json!({ "type": "string", "description": help })
}

/// Text, or null where there is none or it is not the actor's to know.
pub(super) fn maybe(help: &str) -> Value {
    json!({ "type": ["string", "null"], "description": help })
}

/// A number that counts something.
pub(super) fn count(help: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": help })
}

/// A list of texts.
pub(super) fn texts(help: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": help })
}

/// A list of what a schema describes.
pub(super) fn each(items: &Value, help: &str) -> Value {
    json!({ "type": "array", "items": items, "description": help })
}

/// What the schema of a name describes.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A part of a list of what the schema of a name describes.
pub(super) fn list_of(name: &str) -> Value {
    let keys = json!({
        "rows": { "type": "array", "items": named(name) },
        "total": count("how many there are in all parts"),
        "offset": count("how many were left out"),
        "limit": count("how many are given at most"),
    });
    Answer::new("A part of a list.", keys).schema()
}

/// What came of an edit of what the schema of a name describes.
pub(super) fn change_of(name: &str) -> Value {
    let result = json!({
        "description": "The record as it is now, as the actor may see it; null when it is gone. What was generated is \
                        shown this once.",
        "anyOf": [named(name), { "type": "null" }],
    });
    change(&result)
}

/// What came of an edit that removes something.
pub(super) fn removal() -> Value {
    change(&json!({ "type": "null", "description": "Nothing: it is gone." }))
}

fn change(result: &Value) -> Value {
    let keys = json!({
        "result": result,
        "snapshot": {
            "type": ["integer", "null"], "minimum": 0,
            "description": "The serial of the snapshot that holds the change; null when nothing changed.",
        },
        "changed": { "type": "boolean", "description": "Whether anything changed, or would." },
        "warnings": texts("What somebody should look at."),
    });
    Answer::new("What came of an edit.", keys).with(json!({ "diff": diff() })).schema()
}

/// What would change.
pub(super) fn diff() -> Value {
    let rendered = json!({
        "device": told("the device's name"), "file": told("the file that it asks for"), "diff": told("a unified diff"),
    });
    let rendered = Answer::new("What would change in a file that a phone gets.", rendered).schema();
    let keys = json!({
        "files": told("the records' files, as a unified diff"),
        "rendered": each(&rendered, "files of the devices that it touches"),
    });
    Answer::new("With a dry run: what would change, secrets masked.", keys).schema()
}
