//! Whether answers are what the document says, to the last key.

use serde_json::Value;

use crate::support::Reply;

/// Checks an answer against what the document says of its operation: its status, its headers, and its body, which may
/// have no key that the document does not name.
pub(crate) fn check(document: &Value, operation: &Value, reply: &Reply) -> Result<(), String> {
    let told = &operation["responses"][reply.status.to_string()];
    if told.is_null() {
        return Err(format!("{} is not in the document", reply.status));
    }
    for (name, header) in told["headers"].as_object().into_iter().flatten() {
        if header["required"] == true && reply.header(name).is_none() {
            return Err(format!("{name} is missing"));
        }
    }
    for name in ["ETag", "Bellhop-Snapshot", "WWW-Authenticate", "Retry-After", "Location"] {
        if reply.header(name).is_some() && told["headers"][name].is_null() {
            return Err(format!("{name} is not in the document"));
        }
    }
    let body = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    fits(document, &told["content"]["application/json"]["schema"], &body, "")
}

/// Checks a value against a schema; whatever is not named is wrong.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let named = &document["components"]["schemas"][name];
        assert!(named.is_object(), "there is no schema {name}");
        return fits(document, named, value, at);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(ways) = schema[key].as_array() {
            let told: Vec<_> = ways.iter().filter_map(|way| fits(document, way, value, at).err()).collect();
            if told.len() == ways.len() {
                return Err(format!("{at}: fits none: {}", told.join("; ")));
            }
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fits_open(document, part, value, at)?;
    }
    fits_open(document, schema, value, at)?;
    let Some(members) = value.as_object() else { return Ok(()) };
    let (keys, others) = (&schema["properties"], &schema["additionalProperties"]);
    let is_free = keys.is_null() && others.is_null() || others == true;
    let unknown = members.keys().find(|key| keys[key.as_str()].is_null() && !others.is_object());
    match unknown.filter(|_| !is_free && schema["anyOf"].is_null() && schema["allOf"].is_null()) {
        Some(key) => Err(format!("{at}.{key} is not in the document")),
        None => Ok(()),
    }
}

fn fits_open(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return fits_open(document, &document["components"]["schemas"][name], value, at);
    }
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let is = |kind: &Value| match kind.as_str() {
        None => true,
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => panic!("{other}"),
    };
    if !kinds.iter().any(is) {
        return Err(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for item in value.as_array().into_iter().flatten().filter(|_| !schema["items"].is_null()) {
        fits(document, &schema["items"], item, &format!("{at}[]"))?;
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(key) {
            return Err(format!("{at}.{key} is missing"));
        }
    }
    for (key, value) in members {
        let below = match &schema["properties"][key] {
            Value::Null => &schema["additionalProperties"],
            below => below,
        };
        if below.is_object() {
            fits(document, below, value, &format!("{at}.{key}"))?;
        }
    }
    Ok(())
}
