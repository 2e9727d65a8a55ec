//! What `--field` says of a field of a job: `mac=ask,required`, `model=fixed:aastra/51i`, `name=default:Phone`.

use serde_json::{Value, json};

use crate::cli::Failure;
use crate::document::{nearest, one_of};
use crate::model::JobOperation;
use crate::operation::Fields;

/// The words that can be said of a field; those that take a value are followed by a colon and it.
const WORDS: &[&str] = &[
    "ask", "choices", "default", "fixed", "help", "label", "maximum", "minimum", "optional", "pattern",
    "required",
];

/// The words that take no value.
const BARE: &[&str] = &["ask", "optional", "required"];

/// The keys of a field's table.
const KEYS: &[&str] =
    &["choices", "default", "fixed", "help", "label", "maximum", "minimum", "pattern", "required"];

/// Reads what is said of a field: its name, and the table of the record; in an edit of one that may be there already, what
/// is not said is taken away.
pub(super) fn read(text: &str, is_edit: bool) -> Result<(String, Value), Failure> {
    let (name, said) = text.split_once('=').unwrap_or((text, "ask"));
    if name.is_empty() {
        return Err(Failure::Usage(
            "`--field` names no field; write NAME=ask, like mac=ask,required".to_owned(),
        ));
    }
    let mut table = if is_edit { taken_away() } else { Fields::new() };
    for (word, value) in words(name, said)? {
        let value = match (word, value) {
            ("ask", _) => continue,
            ("required", _) => json!(true),
            ("optional", _) => json!(false),
            ("choices", value) => value.split('|').map(str::trim).map(Value::from).collect(),
            ("maximum" | "minimum", value) => json!(value.parse::<u32>().map_err(|_| {
                Failure::Usage(format!("`{word}` of the field `{name}` is a whole number, like {word}:3"))
            })?),
            ("fixed" | "default", value)
                if is_secret(name) && !matches!(value, "" | "clear" | "generate") =>
            {
                return Err(Failure::Usage(format!(
                    "`{name}` is a secret, and everybody on this machine can read a command's words; use \
                     --field-file {name}=FILE, or {name}=- for standard input"
                )));
            }
            (_, value) => json!(value),
        };
        table.insert(if word == "optional" { "required" } else { word }.to_owned(), value);
    }
    Ok((name.to_owned(), table.into()))
}

/// Says that a field is always what was read elsewhere.
pub(super) fn fixed(value: &str, is_edit: bool) -> Value {
    let mut table = if is_edit { taken_away() } else { Fields::new() };
    table.insert("fixed".to_owned(), json!(value));
    table.into()
}

/// Tells whether a field of any operation takes a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let fields = JobOperation::ALL.iter().filter_map(|(_, operation)| operation.field(name));
    fields.into_iter().any(|field| field.kind.is_secret())
}

fn taken_away() -> Fields {
    KEYS.iter().map(|key| ((*key).to_owned(), Value::Null)).collect()
}

/// Takes apart what is said of a field; a comma before anything but one of the words belongs to the value.
fn words<'s>(name: &str, said: &'s str) -> Result<Vec<(&'static str, &'s str)>, Failure> {
    let unknown = |part: &str| {
        let word = part.split(':').next().unwrap_or_default();
        let meant = nearest(word, WORDS.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
        // What stands there may be meant to be a secret.
        let meant = meant.unwrap_or_else(|| format!("say {} of it", one_of(WORDS)));
        Failure::Usage(format!("what is said of the field `{name}` is not understood; {meant}"))
    };
    let mut words: Vec<(&'static str, &'s str)> = Vec::new();
    let mut rest = said;
    loop {
        let (begin, value) = rest.split_once([':', ',']).unwrap_or((rest, ""));
        let word = *WORDS.iter().find(|word| **word == begin).ok_or_else(|| unknown(rest))?;
        let is_bare = BARE.contains(&word);
        if is_bare == rest[begin.len()..].starts_with(':') {
            return Err(unknown(rest));
        }
        let (value, after) = value.split_at(if is_bare { 0 } else { end_of_value(value) });
        words.push((word, value));
        let after = after.strip_prefix(',').unwrap_or(after);
        if after.is_empty() {
            return Ok(words);
        }
        rest = after;
    }
}

/// Finds where a value ends: at its end, or before a comma behind which one of the words stands.
fn end_of_value(value: &str) -> usize {
    let is_word = |at: usize| {
        let rest = value.get(at + 1..).unwrap_or_default();
        let (word, colon) = match rest.find([':', ',']) {
            Some(end) => (&rest[..end], rest[end..].starts_with(':')),
            None => (rest, false),
        };
        WORDS.contains(&word) && colon != BARE.contains(&word)
    };
    value.match_indices(',').map(|(at, _)| at).find(|at| is_word(*at)).unwrap_or(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_described_in_words() {
        for (said, wanted) in [
            ("mac", json!({})),
            ("mac=ask", json!({})),
            ("mac=ask,required", json!({ "required": true })),
            ("model=fixed:aastra/51i", json!({ "fixed": "aastra/51i" })),
            (
                "name=default:Phone, big,label:What it is, for people,required",
                json!({
                    "default": "Phone, big", "label": "What it is, for people", "required": true,
                }),
            ),
            ("line-1=ask,pattern:[0-9]{3,6},maximum:9", json!({ "pattern": "[0-9]{3,6}", "maximum": 9 })),
            (
                "status=choices:enabled|disabled,optional",
                json!({
                    "choices": ["enabled", "disabled"], "required": false,
                }),
            ),
            ("host=fixed:https://a.example:8443/x", json!({ "fixed": "https://a.example:8443/x" })),
            ("notes=fixed:", json!({ "fixed": "" })),
            ("admin-password=fixed:generate", json!({ "fixed": "generate" })),
        ] {
            let (name, table) = read(said, false).unwrap();
            assert_eq!(table, wanted, "{said}");
            assert!(said.starts_with(&name));
        }
    }

    #[test]
    fn what_is_not_understood_is_told_without_a_secret() {
        for (said, part) in [
            ("mac=requird", "did you mean `required`?"),
            ("mac=fixed", "what is said of the field `mac`"),
            ("mac=ask:CANARY", "what is said of the field `mac`"),
            ("mac=minimum:few", "is a whole number"),
            ("=ask", "names no field"),
            ("secret=fixed:CANARY", "--field-file secret=FILE"),
            ("settings.user-password=default:CANARY", "--field-file"),
        ] {
            let Err(Failure::Usage(message)) = read(said, false) else { panic!("{said}") };
            assert!(message.contains(part) && !message.contains("CANARY"), "{said}: {message}");
        }
    }

    #[test]
    fn an_edit_of_a_field_takes_away_what_it_does_not_say() {
        let (_, table) = read("mac=default:x", true).unwrap();
        assert_eq!(
            (&table["default"], &table["fixed"], &table["required"]),
            (&json!("x"), &Value::Null, &Value::Null)
        );
    }
}
