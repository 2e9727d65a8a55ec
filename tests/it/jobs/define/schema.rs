//! A judge of values by a JSON Schema, as far as forms use it, written from the specification alone.

use regex::Regex;
use serde_json::{Map, Value};

/// Says where values break a schema; nothing where they keep it.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    judge(schema.as_object().unwrap(), value, "", &mut faults);
    faults
}

fn judge(schema: &Map<String, Value>, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (word, rule) in schema {
        if !keeps(word, rule, schema, value, at, faults) {
            faults.push(format!("{at}: {word}"));
        }
    }
}

fn is_good(schema: &Value, value: &Value) -> bool {
    faults(schema, value).is_empty()
}

fn keeps(
    word: &str,
    rule: &Value,
    schema: &Map<String, Value>,
    value: &Value,
    at: &str,
    faults: &mut Vec<String>,
) -> bool {
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let items = value.as_array();
    let all = |is: &dyn Fn(&Value) -> bool| rule.as_array().unwrap().iter().filter(|one| is(one)).count();
    match word {
        "type" if rule.is_array() => all(&|kind| is_of(kind.as_str().unwrap(), value)) > 0,
        "type" => is_of(rule.as_str().unwrap(), value),
        "not" => !is_good(rule, value),
        "const" => rule == value,
        "enum" => all(&|one| one == value) > 0,
        "anyOf" => all(&|one| is_good(one, value)) > 0,
        "oneOf" => all(&|one| is_good(one, value)) == 1,
        "minimum" => value.as_u64().is_none_or(|number| number >= rule.as_u64().unwrap()),
        "maximum" => value.as_u64().is_none_or(|number| number <= rule.as_u64().unwrap()),
        "minLength" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
        "maxLength" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| Regex::new(&ascii(rule)).unwrap().is_match(text)),
        "format" => match (rule.as_str(), value.as_str()) {
            (Some("ipv4"), Some(text)) => text.parse::<std::net::Ipv4Addr>().is_ok(),
            (Some("ipv4" | "password"), _) => true,
            other => panic!("{other:?}"),
        },
        "items" => {
            for item in items.into_iter().flatten() {
                judge(rule.as_object().unwrap(), item, at, faults);
            }
            true
        }
        "minItems" => items.is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => items.is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "uniqueItems" => {
            items.is_none_or(|items| (1..items.len()).all(|at| !items[..at].contains(&items[at])))
        }
        "required" => all(&|name| value.get(name.as_str().unwrap()).is_none()) == 0,
        "properties" => {
            for (name, value) in value.as_object().unwrap() {
                if let Some(property) = rule.get(name) {
                    judge(property.as_object().unwrap(), value, &format!("{at}/{name}"), faults);
                }
            }
            true
        }
        "additionalProperties" => {
            assert_eq!(rule, &Value::Bool(false));
            value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some())
        }
        "$schema" | "default" | "description" | "title" | "writeOnly" => true,
        _ => word.starts_with("x-bellhop-"),
    }
}

/// Gives a pattern in which the short form of a digit is one of ASCII, as it is in forms.
fn ascii(pattern: &Value) -> String {
    pattern.as_str().unwrap().replace("\\d", "[0-9]")
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("{other}"),
    }
}
