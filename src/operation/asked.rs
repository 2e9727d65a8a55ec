//! What somebody asks for, read: texts, words of closed sets, times.

use serde_json::Value;

use crate::document::{nearest, one_of};
use crate::model::{InvalidText, Level};
use crate::operation::record::MASK;
use crate::operation::{Code, Fields, Problem};

/// Gives a text; none where there is none, or an empty one.
///
/// # Errors
/// There is something else.
pub(super) fn text<'f>(fields: &'f Fields, key: &str) -> Result<Option<&'f str>, Problem> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid(key, "is no text; put it into quotes")),
    }
}

/// Gives a text that there must be, checked.
///
/// # Errors
/// It is missing, or breaks its rule.
pub(super) fn required<'f>(
    fields: &'f Fields,
    key: &str,
    check: fn(&str) -> Result<(), InvalidText>,
) -> Result<&'f str, Problem> {
    let text = text(fields, key)?.ok_or_else(|| invalid(key, "is missing"))?;
    check(text).map_err(|InvalidText(why)| invalid(key, why))?;
    Ok(text)
}

/// Gives a level by its word; none where there is none.
///
/// # Errors
/// There is no such level.
pub(super) fn level(word: Option<&str>) -> Result<Option<Level>, Problem> {
    word.map(|word| choice("provisioning", word, Level::ALL)).transpose()
}

/// Gives what a word of a closed set means.
///
/// # Errors
/// It is not of the set.
pub(super) fn choice<T: Copy>(key: &str, word: &str, known: &[(&'static str, T)]) -> Result<T, Problem> {
    let found = known.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        invalid(key, &format!("does not know `{}`; write {}", word.escape_debug(), one_of(&words)))
    })
}

/// Refuses keys that there are not, with the nearest one that there is.
///
/// # Errors
/// There is one.
pub(super) fn only(fields: &Fields, known: &[&str]) -> Result<(), Problem> {
    let Some(key) = fields.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let cure = match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write {}", one_of(known)),
    };
    let message = format!("there is no key `{}` here; {cure}", key.escape_debug());
    Err(Problem::new(Code::Invalid, message).of_field(key))
}

/// Says what is wrong with the value of a key.
pub(super) fn invalid(key: &str, why: &str) -> Problem {
    Problem::new(Code::Invalid, format!("`{key}` {why}")).of_field(key)
}

/// Says that a record's name is taken, in the same words whether the actor sees who has it or not.
pub(super) fn taken(key: &str, name: &str) -> Problem {
    let message = format!("`{}` is taken already; choose another {key}", name.escape_debug());
    Problem::new(Code::Conflict, message).of_field(key)
}

/// Refuses to change what names a record.
///
/// # Errors
/// It is among the changes.
pub(super) fn keeps_its_name(changes: &Fields, key: &str) -> Result<(), Problem> {
    if changes.contains_key(key) {
        return Err(invalid(key, "names the record and stays; add another record instead"));
    }
    Ok(())
}

/// Gives the fields of a new record, without the keys that shall not be there.
///
/// # Errors
/// A secret was copied as it is shown: what it is nobody said.
pub(super) fn new_record(fields: &Fields) -> Result<Fields, Problem> {
    if let Some((key, _)) = fields.iter().find(|(_, value)| is_masked(value)) {
        return Err(invalid(
            key,
            "has a secret that is shown as a mask; write the secret itself, or leave it out",
        ));
    }
    let said = fields.iter().filter(|(_, value)| !value.is_null());
    Ok(said.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn is_masked(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_masked),
        Value::Object(fields) => fields.values().any(is_masked),
        Value::String(text) => text == MASK,
        Value::Bool(_) | Value::Null | Value::Number(_) => false,
    }
}
