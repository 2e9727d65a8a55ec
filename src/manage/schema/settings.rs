//! Settings and vendor parameters, out of the vocabulary itself.

use serde_json::{Map, Value, json};

use crate::manage::schema::parts::{
    closed, flag, host, integer, nullable, secret, table, text, text_or_empty, url, words, words_of,
};
use crate::manage::schema::shown::loose;
use crate::model::{KeyKind, Kind, SETTINGS, Scope};

/// The settings of a level; those of a line alone where `scope` is [`Scope::Line`].
pub(super) fn settings(scope: Scope) -> Value {
    let fit = SETTINGS.iter().filter(|setting| scope == Scope::Phone || setting.scope == Scope::Line);
    let keys: Map<String, Value> =
        fit.map(|setting| (setting.name.to_owned(), of(setting.kind, setting.help))).collect();
    closed("Settings of this level; what it does not say, the levels above it do.", &[], &keys)
}

/// The settings of a level as they are shown.
pub(super) fn shown(scope: Scope) -> Value {
    let mut shown = loose(&settings(scope));
    for (_, setting) in shown["properties"].as_object_mut().into_iter().flatten() {
        if !setting["items"]["properties"]["expansion"].is_null() {
            let place = setting["items"]["properties"]["key"].take();
            setting["items"]["properties"]["key"] = nullable(place);
        }
    }
    shown
}

/// Vendor parameters of a level as they are shown, as texts.
pub(super) fn raw_shown() -> Value {
    let text = json!({ "type": "string" });
    let vendor = json!({ "type": "object", "additionalProperties": text });
    json!({
        "type": "object", "additionalProperties": { "anyOf": [text, vendor] },
        "description": "Parameters in the vendor's own words, those of one vendor in a table of its name.",
    })
}

fn of(kind: Kind, help: &str) -> Value {
    let list = |items: Value| json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true, "description": help });
    match kind {
        Kind::Bool => flag(help),
        Kind::Choice(choices) => words(choices.iter().copied(), help),
        Kind::Choices(choices) => list(words(choices.iter().copied(), help)),
        Kind::Host => host(help),
        Kind::Integer(low, high) => integer(low, high, help),
        Kind::LineKeys => json!({ "type": "array", "items": line_key(), "description": help }),
        Kind::Secret(low, high) => secret(low, high, help),
        Kind::Text(most) => text(most, help),
        Kind::Texts(most) => list(text(most, help)),
        Kind::Url => url(help),
        Kind::Zone => json!({ "type": "string", "pattern": "^[A-Za-z0-9_+/-]{1,64}$", "description": help }),
    }
}

fn line_key() -> Value {
    let keys = json!({
        "type": words_of(KeyKind::ALL, "what pressing it does"),
        "value": text_or_empty(255, "the number, URL or park slot that it acts on"),
        "label": text_or_empty(64, "text beside the key; the value where empty"),
        "line": integer(1, 99, "the line that it uses"),
        "key": integer(1, 999, "its place; without places keys follow one another"),
        "expansion": integer(0, 6, "the expansion module that it sits on; 0 is the phone itself"),
    });
    table("A key beside the display or on an expansion module.", &["type"], keys)
}

/// Vendor parameters of a level: `name = value`, or those of one vendor in a table of its name.
pub(super) fn raw() -> Value {
    let value = json!({ "anyOf": [
        { "type": "string", "maxLength": 4096 }, { "type": "integer" }, { "type": "boolean" },
    ] });
    let mut others = value.clone();
    let names = json!({ "type": "string", "minLength": 1, "pattern": r"^[^\x00-\x1f\x7f]+$" });
    if let Some(ways) = others["anyOf"].as_array_mut() {
        ways.push(json!({ "type": "object", "propertyNames": names, "additionalProperties": value }));
    }
    json!({
        "type": "object", "propertyNames": names, "additionalProperties": others,
        "description": "Parameters in the vendor's own words, for what the settings lack.",
    })
}
