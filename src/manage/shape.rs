//! Bodies are checked against the very schemas that the API's document shows, so that the two cannot disagree.
//!
//! What is understood of JSON Schema is what the document uses; a test holds that it uses nothing else.

use std::collections::HashMap;
use std::fmt::Display;

use regex::Regex;
use serde_json::Value;

use crate::document::nearest;

/// The schemas of a document by their names.
pub(super) struct Shapes {
    schemas: Value,
    paths: Value,
    patterns: HashMap<String, Regex>,
}

/// What does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// Where, as keys and places with points between; empty for the whole.
    pub(super) field: String,
    /// What is wrong, and the cure.
    pub(super) message: String,
}

impl Shapes {
    /// Takes the schemas out of a document.
    pub(super) fn of(document: &Value) -> Self {
        let schemas = document["components"]["schemas"].clone();
        let mut patterns = HashMap::new();
        collect(&schemas, &mut patterns);
        Self { schemas, paths: document["paths"].clone(), patterns }
    }

    /// Checks a value against the schema of a name.
    pub(super) fn check(&self, name: &str, value: &Value) -> Result<(), Misfit> {
        self.fits(&self.schemas[name], value, "")
    }

    /// Checks what stands after the `?` of a request against the parameters of its route.
    ///
    /// Texts alone: whoever reads the others says what is wrong with them.
    pub(super) fn check_query(&self, path: &str, method: &str, key: &str, text: &str) -> Result<(), Misfit> {
        let parameters = self.paths[path][method]["parameters"].as_array().into_iter().flatten();
        let mut asked = parameters.filter(|parameter| parameter["in"] == "query" && parameter["name"] == key);
        let Some(schema) = asked.next().map(|parameter| &parameter["schema"]) else { return Ok(()) };
        let is_text = schema["type"] == "string" || schema.get("$ref").is_some();
        if is_text { self.fits(schema, &Value::from(text), key) } else { Ok(()) }
    }

    fn fits(&self, schema: &Value, value: &Value, field: &str) -> Result<(), Misfit> {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.fits(&self.schemas[name], value, field);
        }
        let mut all = schema["allOf"].as_array().into_iter().flatten();
        all.try_for_each(|each| self.fits(each, value, field))?;
        for key in ["oneOf", "anyOf"] {
            if let Some(ways) = schema[key].as_array() {
                self.fits_one(ways, value, field)?;
            }
        }
        self.is_of_type(schema, value, field)?;
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(misfit(field, format!("is none of its words; write {}", listed(words))));
        }
        match value {
            Value::String(text) => self.text(schema, text, field),
            Value::Number(number) => in_range(schema, number.as_f64().unwrap_or_default(), field),
            Value::Array(items) => self.items(schema, items, field),
            Value::Object(members) => self.members(schema, members, field),
            Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    /// Has a value fit one of several ways; where they are told apart by a word, what is wrong with that one is told.
    fn fits_one(&self, ways: &[Value], value: &Value, field: &str) -> Result<(), Misfit> {
        let mut told = Vec::new();
        for way in ways {
            match self.fits(way, value, field) {
                Ok(()) => return Ok(()),
                Err(misfit) => told.push((self.is_meant(way, value), misfit)),
            }
        }
        let meant = told.iter().position(|(meant, _)| *meant);
        let nothing = || misfit(field, "is not what is possible here; see /api/v1/openapi.json".to_owned());
        Err(meant.map_or_else(nothing, |at| told.swap_remove(at).1))
    }

    /// Tells whether a way is the one that a value is meant for: its word or its type is the value's.
    fn is_meant(&self, way: &Value, value: &Value) -> bool {
        if let Some(name) = way["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.is_meant(&self.schemas[name], value);
        }
        let word = way["properties"].as_object().into_iter().flatten().find_map(|(key, schema)| {
            schema["enum"].as_array().filter(|words| words.len() == 1).map(|words| (key, &words[0]))
        });
        match word {
            Some((key, word)) => value.get(key) == Some(word),
            None => way["type"] != "null" && !value.is_null() && self.is_of_type(way, value, "").is_ok(),
        }
    }

    fn is_of_type(&self, schema: &Value, value: &Value, field: &str) -> Result<(), Misfit> {
        let fits = |kind: &str| match kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        };
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        if kinds.iter().any(|kind| fits(kind)) {
            return Ok(());
        }
        Err(misfit(field, format!("is of another type; give {}", kinds.join(" or "))))
    }

    fn text(&self, schema: &Value, text: &str, field: &str) -> Result<(), Misfit> {
        let (low, high) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
        let length = text.chars().count() as u64;
        if low.is_some_and(|low| length < low) || high.is_some_and(|high| length > high) {
            let (low, high) =
                (low.unwrap_or(0), high.map_or("any number of".to_owned(), |high| high.to_string()));
            return Err(misfit(field, format!("has {length} characters; use {low} to {high}")));
        }
        let pattern = schema["pattern"].as_str().and_then(|pattern| self.patterns.get(pattern));
        if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
            let what = schema["description"].as_str().unwrap_or("see /api/v1/openapi.json");
            return Err(misfit(field, format!("has characters, or a form, that it may not have: {what}")));
        }
        Ok(())
    }

    fn items(&self, schema: &Value, items: &[Value], field: &str) -> Result<(), Misfit> {
        let (low, high) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        let count = items.len() as u64;
        if low.is_some_and(|low| count < low) || high.is_some_and(|high| count > high) {
            return Err(misfit(field, format!("has {count} items, which is more or less than is possible")));
        }
        if schema["uniqueItems"] == true && (1..items.len()).any(|at| items[..at].contains(&items[at])) {
            return Err(misfit(field, "holds the same twice; keep one".to_owned()));
        }
        for (at, item) in items.iter().enumerate() {
            self.fits(&schema["items"], item, &below(field, &at.to_string()))?;
        }
        Ok(())
    }

    fn members(
        &self,
        schema: &Value,
        members: &serde_json::Map<String, Value>,
        field: &str,
    ) -> Result<(), Misfit> {
        let none = serde_json::Map::new();
        let known = schema["properties"].as_object().unwrap_or(&none);
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(key) {
                return Err(misfit(&below(field, key), "is missing; give it".to_owned()));
            }
        }
        let others = &schema["additionalProperties"];
        for (key, value) in members {
            let place = below(field, key);
            let names = &schema["propertyNames"];
            if !names.is_null() {
                self.fits(names, &Value::from(key.as_str()), &place)?;
            }
            match known.get(key) {
                Some(schema) => self.fits(schema, value, &place)?,
                None if others == false => return Err(misfit(&place, unknown(key, known))),
                None if others.is_object() => self.fits(others, value, &place)?,
                None => (),
            }
        }
        Ok(())
    }
}

fn unknown(key: &str, known: &serde_json::Map<String, Value>) -> String {
    match nearest(key, known.keys().map(String::as_str)) {
        Some(near) => format!("is not known here; did you mean `{near}`?"),
        None => {
            format!("is not known here; known are {}", known.keys().cloned().collect::<Vec<_>>().join(", "))
        }
    }
}

fn in_range(schema: &Value, number: f64, field: &str) -> Result<(), Misfit> {
    let (low, high) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    if low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high) {
        let end = |end: Option<f64>| end.map_or("any".to_owned(), |end| end.to_string());
        return Err(misfit(field, format!("is out of range; give {} to {}", end(low), end(high))));
    }
    Ok(())
}

fn listed(words: &[Value]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect();
    words.join(", ")
}

fn below(field: &str, key: &str) -> String {
    if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") }
}

/// Tells what does not fit; the message names the field, as a person may see nothing else.
fn misfit(field: &str, message: impl Display) -> Misfit {
    let name = if field.is_empty() { "the body".to_owned() } else { format!("`{}`", field.escape_debug()) };
    Misfit { field: field.to_owned(), message: format!("{name} {message}") }
}

fn collect(schema: &Value, patterns: &mut HashMap<String, Regex>) {
    match schema {
        Value::Object(members) => {
            if let Some(pattern) = members.get("pattern").and_then(Value::as_str)
                && let Ok(regex) = Regex::new(pattern)
            {
                patterns.insert(pattern.to_owned(), regex);
            }
            members.values().for_each(|value| collect(value, patterns));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manage::schema;

    /// What is understood, and what says something to people alone.
    const KEYWORDS: &[&str] = &[
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "oneOf",
        "pattern",
        "properties",
        "propertyNames",
        "required",
        "type",
        "uniqueItems",
    ];

    fn shapes() -> Shapes {
        let schemas: serde_json::Map<String, Value> =
            schema::all().into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        Shapes::of(&json!({ "components": { "schemas": schemas } }))
    }

    fn walk(schema: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
        let Value::Object(members) = schema else { return };
        visit(members);
        for (key, value) in members {
            match (key.as_str(), value) {
                ("properties", Value::Object(keys)) => keys.values().for_each(|schema| walk(schema, visit)),
                ("allOf" | "anyOf" | "oneOf", Value::Array(ways)) => {
                    ways.iter().for_each(|way| walk(way, visit));
                }
                ("items" | "additionalProperties" | "propertyNames", schema) => walk(schema, visit),
                _ => (),
            }
        }
    }

    #[test]
    fn the_schemas_use_nothing_that_is_not_understood() {
        let shapes = shapes();
        for (name, schema) in schema::all() {
            walk(&schema, &mut |members| {
                for key in members.keys() {
                    assert!(KEYWORDS.contains(&key.as_str()), "{name}: {key}");
                }
                if let Some(pattern) = members.get("pattern").and_then(Value::as_str) {
                    assert!(shapes.patterns.contains_key(pattern), "{name}: {pattern} is no pattern");
                }
            });
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_field_and_a_cure() {
        let shapes = shapes();
        let rows = [
            (json!({ "name": "Desk" }), "model", "`model` is missing; give it"),
            (json!({ "name": "ab", "model": "a/b" }), "name", "`name` has 2 characters; use 3 to 32"),
            (
                json!({ "name": "Desk", "model": "a/b", "nmae": 1 }),
                "nmae",
                "`nmae` is not known here; did you mean `name`?",
            ),
            (json!({ "name": "Desk", "model": 1 }), "model", "`model` is of another type; give string"),
            (
                json!({ "name": "Desk", "model": "a/b", "settings": { "vlan": 5000 } }),
                "settings.vlan",
                "`settings.vlan` is out of range; give 1 to 4094",
            ),
            (
                json!({ "name": "Desk", "model": "a/b", "status": "on" }),
                "status",
                "`status` is none of its words; write enabled, disabled",
            ),
            (json!([]), "", "the body is of another type; give object"),
        ];
        for (value, field, message) in rows {
            let misfit = shapes.check("DeviceNew", &value).unwrap_err();
            assert_eq!((misfit.field.as_str(), misfit.message.as_str()), (field, message));
        }
        let whole = json!({
            "name": "Büro 3.OG", "model": "yealink/t46s", "mac": "00-15-65-4a-a9-37", "update-interval": 10.0,
            "lines": ["0087*001", ""], "raw": { "a": 1, "yealink": { "b": true } },
            "settings": { "codecs": ["pcma", "g722"], "line-keys": [{ "type": "blf", "value": "1" }] },
        });
        assert_eq!(shapes.check("DeviceNew", &whole), Ok(()));
        assert!(shapes.check("DeviceNew", &json!({ "name": "Desk", "model": "a/b", "mac": null })).is_err());
        assert_eq!(shapes.check("DeviceEdit", &json!({ "mac": null, "settings": { "vlan": null } })), Ok(()));
    }

    #[test]
    fn of_several_edits_the_one_that_does_not_fit_is_told() {
        let edits = json!({ "edits": [{ "operation": "device-remove", "device": "x" }, { "operation": "level-set" }] });
        let misfit = shapes().check("Edits", &edits).unwrap_err();
        assert_eq!(misfit.field, "edits.1.account");
        let unknown = json!({ "edits": [{ "operation": "device-steal", "device": "x" }] });
        assert_eq!(shapes().check("Edits", &unknown).unwrap_err().field, "edits.0");
    }
}
