//! JSON values as TOML writes them, and the least change that makes a TOML value equal to a JSON one.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, Datetime, InlineTable, Item, Table, TableLike, Value};

use crate::edit::DraftError;

/// Keys of records that hold points in time, which TOML writes without quotes.
const TIMES: &[&str] = &["created", "expires", "updated"];

/// The order in which the keys of a new record are written; all others follow by name.
const ORDER: &[&str] = &[
    "serial",
    "id",
    "number",
    "login",
    "group",
    "platform",
    "name",
    "display-name",
    "label",
    "account",
    "provider",
    "user",
    "kind",
    "operation",
    "version",
    "model",
    "firmware",
    "application-version",
    "mac",
    "mac-based",
    "status",
    "notes",
    "admin-user",
    "admin-password",
    "update-user",
    "update-password",
    "encryption-key",
    "update-interval",
    "protocol",
    "host",
    "template",
    "owner",
    "visibility",
    "organization",
    "provisioning",
    "lines",
    "network",
    "sip",
    "password",
    "hash",
    "scope",
    "settings",
    "raw",
    "equipment",
    "created",
    "updated",
    "expires",
];

/// Gives the keys of a new record in the order in which people would write them.
pub(super) fn in_order(fields: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
    let rank = |key: &str| ORDER.iter().position(|known| *known == key).unwrap_or(ORDER.len());
    fields.sort_by_key(|(key, _)| (rank(key), *key));
    fields
}

/// Merges fields into a table (RFC 7396): a table goes into a table, null takes a key away, all else replaces.
///
/// What is equal already is left as it is written. Gives comments that stood above a last key that is gone.
pub(super) fn merge(
    table: &mut dyn TableLike,
    is_inline: bool,
    fields: &Map<String, Json>,
) -> Result<String, DraftError> {
    let mut homeless = String::new();
    for (key, value) in in_order_with_nulls(fields) {
        match (table.get_mut(key), value) {
            (_, Json::Null) => homeless += &take_away(table, key),
            (Some(item), Json::Object(inner)) if item.is_table_like() => {
                let is_inline = item.is_inline_table();
                if let Some(table) = item.as_table_like_mut() {
                    homeless += &merge(table, is_inline, inner)?;
                }
            }
            (Some(item), value) => assign(key, item, &without_nulls(value))?,
            (None, value) => insert(table, is_inline, key, item(key, &without_nulls(value))?),
        }
    }
    Ok(homeless)
}

/// Takes a key away; a comment above it goes to the key below, or is given back.
fn take_away(table: &mut dyn TableLike, key: &str) -> String {
    let above = table.key(key).and_then(|key| key.leaf_decor().prefix()?.as_str());
    let above = above.filter(|above| above.contains('#')).unwrap_or_default().to_owned();
    let after: Vec<&str> = table
        .iter()
        .skip_while(|(other, _)| *other != key)
        .skip(1)
        .filter(|(_, item)| item.is_value())
        .map(|(key, _)| key)
        .collect();
    let below = after.first().map(|below| (*below).to_owned());
    table.remove(key);
    let Some(below) = below else { return above };
    let Some(mut below) = table.key_mut(&below) else { return above };
    if !above.is_empty() {
        let own = below.leaf_decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let both = format!("{above}{own}");
        below.leaf_decor_mut().set_prefix(both);
    }
    String::new()
}

/// Adds a key at the end; in braces, the blank before the closing one goes behind it.
fn insert(table: &mut dyn TableLike, is_inline: bool, key: &str, mut item: Item) {
    if is_inline && let Some(value) = item.as_value_mut() {
        let mut values: Vec<&mut Value> =
            table.iter_mut().filter_map(|(_, item)| item.as_value_mut()).collect();
        // Where nothing is said of the last one, all are written as usual.
        if let Some(last) = values.pop()
            && let Some(behind) = last.decor().suffix().and_then(|suffix| suffix.as_str())
        {
            let behind = behind.to_owned();
            last.decor_mut().set_suffix("");
            value.decor_mut().set_prefix(" ");
            value.decor_mut().set_suffix(behind);
        }
    }
    table.insert(key, item);
}

fn in_order_with_nulls(fields: &Map<String, Json>) -> impl Iterator<Item = (&String, &Json)> {
    let gone = fields.iter().filter(|(_, value)| value.is_null());
    gone.chain(in_order(fields))
}

/// A patch says what goes; what is made of it has no nulls (RFC 7396, section 2).
fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Json::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

/// Makes an item equal to a value, with the least change to how it is written.
fn assign(key: &str, old: &mut Item, new: &Json) -> Result<(), DraftError> {
    if is_equal(old, new) {
        return Ok(());
    }
    match (&mut *old, new) {
        // Sections that are gone would say nothing; an empty list says that there are none.
        (Item::ArrayOfTables(tables), Json::Array(wanted))
            if !wanted.is_empty() && wanted.iter().all(Json::is_object) =>
        {
            for (at, wanted) in wanted.iter().filter_map(Json::as_object).enumerate() {
                match tables.get_mut(at) {
                    Some(table) => equal_table(table, false, wanted)?,
                    None => tables.push(new_table(wanted)?),
                }
            }
            while tables.len() > wanted.len() {
                tables.remove(tables.len() - 1);
            }
            Ok(())
        }
        (Item::Value(Value::Array(array)), Json::Array(wanted)) if wanted.len() == array.len() => {
            for (at, wanted) in wanted.iter().enumerate() {
                let mut item = array.get(at).cloned().map_or(Item::None, Item::Value);
                assign(key, &mut item, wanted)?;
                if let Some(slot) = array.get_mut(at) {
                    *slot = item.into_value().map_err(|_| DraftError::Value(key.to_owned()))?;
                }
            }
            Ok(())
        }
        (item, Json::Object(wanted)) if item.is_table_like() => {
            let is_inline = item.is_inline_table();
            match item.as_table_like_mut() {
                Some(table) => equal_table(table, is_inline, wanted),
                None => Ok(()),
            }
        }
        (Item::Value(before), new) => {
            let mut value = value(key, new)?;
            *value.decor_mut() = before.decor().clone();
            *before = value;
            Ok(())
        }
        (old, new) => {
            *old = item(key, new)?;
            Ok(())
        }
    }
}

/// Has a table hold these fields and no others.
fn equal_table(
    table: &mut dyn TableLike,
    is_inline: bool,
    wanted: &Map<String, Json>,
) -> Result<(), DraftError> {
    let gone: Vec<String> =
        table.iter().map(|(key, _)| key.to_owned()).filter(|key| !wanted.contains_key(key)).collect();
    for key in gone {
        table.remove(&key);
    }
    for (key, value) in in_order(wanted) {
        match table.get_mut(key) {
            Some(old) => assign(key, old, value)?,
            None => insert(table, is_inline, key, item(key, value)?),
        }
    }
    Ok(())
}

/// Tells whether an item says what a value says.
fn is_equal(item: &Item, json: &Json) -> bool {
    if let Some(table) = item.as_table_like() {
        let Json::Object(fields) = json else { return false };
        let same = |(key, value): (&String, &Json)| table.get(key).is_some_and(|item| is_equal(item, value));
        return table.len() == fields.len() && fields.iter().all(same);
    }
    match (item, json) {
        (Item::ArrayOfTables(tables), Json::Array(list)) => {
            let same = |(table, json): (&Table, &Json)| is_equal(&Item::Table(table.clone()), json);
            tables.len() == list.len() && tables.iter().zip(list).all(same)
        }
        (Item::Value(Value::Array(array)), Json::Array(list)) => {
            let same = |(value, json): (&Value, &Json)| is_equal(&Item::Value(value.clone()), json);
            array.len() == list.len() && array.iter().zip(list).all(same)
        }
        (Item::Value(Value::String(text)), Json::String(wanted)) => text.value() == wanted,
        (Item::Value(Value::Integer(number)), Json::Number(wanted)) => {
            wanted.as_i64() == Some(*number.value())
        }
        (Item::Value(Value::Float(number)), Json::Number(wanted)) => {
            wanted.is_f64() && wanted.as_f64() == Some(*number.value())
        }
        (Item::Value(Value::Boolean(flag)), Json::Bool(wanted)) => flag.value() == wanted,
        (Item::Value(Value::Datetime(time)), Json::String(wanted)) => time.value().to_string() == *wanted,
        _ => false,
    }
}

/// Makes an item: one that holds texts of several lines has its own sections, anything else stands on one key.
pub(super) fn item(key: &str, json: &Json) -> Result<Item, DraftError> {
    match json {
        Json::Array(list) if !list.is_empty() && list.iter().all(Json::is_object) && has_lines(json) => {
            let mut tables = toml_edit::ArrayOfTables::new();
            for fields in list.iter().filter_map(Json::as_object) {
                tables.push(new_table(fields)?);
            }
            Ok(Item::ArrayOfTables(tables))
        }
        Json::Object(fields) if has_lines(json) => new_table(fields).map(Item::Table),
        other => value(key, other).map(Item::Value),
    }
}

/// Makes a table with a section of its own.
pub(super) fn new_table(fields: &Map<String, Json>) -> Result<Table, DraftError> {
    let mut table = Table::new();
    for (key, value) in in_order(fields) {
        table.insert(key, item(key, value)?);
    }
    Ok(table)
}

fn has_lines(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\n'),
        Json::Array(list) => list.iter().any(has_lines),
        Json::Object(fields) => fields.values().any(has_lines),
        Json::Bool(_) | Json::Null | Json::Number(_) => false,
    }
}

fn value(key: &str, json: &Json) -> Result<Value, DraftError> {
    let wrong = || DraftError::Value(key.to_owned());
    Ok(match json {
        Json::Null => return Err(wrong()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(float)) if number.is_f64() => Value::from(float),
            _ => return Err(wrong()),
        },
        Json::String(text) => string(key, text),
        Json::Array(list) => array(key, list)?,
        Json::Object(fields) => {
            let mut table = InlineTable::new();
            for (key, json) in in_order(fields) {
                table.insert(key, value(key, json)?);
            }
            Value::InlineTable(table)
        }
    })
}

/// Writes a list on one line, and a list of tables with a line for each.
fn array(key: &str, list: &[Json]) -> Result<Value, DraftError> {
    let values = list.iter().map(|json| value(key, json)).collect::<Result<Vec<_>, _>>()?;
    let of_tables = list.len() > 1 && list.iter().all(Json::is_object);
    let mut array: Array = values.into_iter().collect();
    if of_tables {
        array.iter_mut().for_each(|value| value.decor_mut().set_prefix("\n  "));
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    }
    Ok(Value::Array(array))
}

fn string(key: &str, text: &str) -> Value {
    if TIMES.contains(&key)
        && let Ok(time) = text.parse::<Datetime>()
        && time.to_string() == text
    {
        return Value::from(time);
    }
    if !text.contains('\n') {
        return written(&one_line(text), text);
    }
    // Bodies of templates are read by people: as they are, without a stroke before every quote.
    let literal = !text.contains("'''")
        && !text.ends_with('\'')
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if literal { written(&format!("'''\n{text}'''"), text) } else { Value::from(text) }
}

/// Takes a text as it was written out, which it must read as.
fn written(out: &str, text: &str) -> Value {
    let value = out.parse::<Value>().ok().filter(|value| value.as_str() == Some(text));
    value.unwrap_or_else(|| Value::from(text))
}

/// Writes a text in quotes: in single ones where it has only double ones or strokes in it.
fn one_line(text: &str) -> String {
    let has = |signs: &[char]| text.contains(signs);
    if has(&['"', '\\']) && !has(&['\'']) && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\t' => out += "\\t",
            c if c.is_control() => out += &format!("\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
