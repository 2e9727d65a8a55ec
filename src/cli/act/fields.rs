//! What the command line says of a record, as the record's own keys and values.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::Failure;
use crate::cli::act::password;
use crate::document::{nearest, one_of};
use crate::model::{Kind, SETTINGS, SettingId};
use crate::operation::Fields;

/// Settings, and keys to take away.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Settable {
    /// Set a setting, as `bellhop catalog --settings` lists them, or a parameter as phones know it: `raw.NAME`, or
    /// `raw.VENDOR.NAME` for the phones of one vendor alone
    ///
    /// May be given several times. Lists are written with commas, or as JSON. Passwords are read with --set-file.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Settings")]
    set: Vec<String>,

    /// Set a setting to the first line of a file, or of standard input for `-`; this is how passwords get in
    #[arg(long, value_name = "KEY=FILE", help_heading = "Settings")]
    set_file: Vec<String>,

    /// Take a key, a setting, `raw.NAME` or `raw.VENDOR.NAME` away, so that what is above it holds again
    #[arg(long, value_name = "KEY", help_heading = "Settings")]
    unset: Vec<String>,
}

/// Turns typed flags into fields; what was not given is left out.
pub(super) fn typed(flags: &impl Serialize) -> Result<Fields, Failure> {
    match serde_json::to_value(flags)? {
        Value::Object(fields) => Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        _ => Ok(Fields::new()),
    }
}

/// Puts a value below a table of fields, which is made where it is missing.
pub(super) fn put_below(fields: &mut Fields, table: &str, key: &str, value: Value) {
    if let Some(table) = fields.entry(table).or_insert_with(|| Map::new().into()).as_object_mut() {
        table.insert(key.to_owned(), value);
    }
}

impl Settable {
    /// Puts what was said into a record that has these keys of its own; `is_vendor` knows the ids of vendors.
    pub(super) fn fill(
        &self,
        fields: &mut Fields,
        own: &[&str],
        is_vendor: impl Fn(&str) -> bool,
    ) -> Result<(), Failure> {
        for pair in &self.set {
            let (key, text) = split(pair, "VALUE")?;
            if SettingId::find(key).is_some_and(|id| matches!(id.setting().kind, Kind::Secret(..))) {
                return Err(Failure::Usage(format!(
                    "`{key}` is a password, and everybody on this machine can read a command's words; use \
                     --set-file {key}=FILE, or {key}=- for standard input"
                )));
            }
            put(fields, key, text, &is_vendor)?;
        }
        for pair in &self.set_file {
            let (key, file) = split(pair, "FILE")?;
            let text = password::from_file(&PathBuf::from(file))?;
            put(fields, key, &text, &is_vendor)?;
        }
        for key in &self.unset {
            if own.contains(&key.as_str()) {
                fields.insert(key.clone(), Value::Null);
            } else if let Some(name) = key.strip_prefix("raw.") {
                put_raw(fields, name, Value::Null, &is_vendor);
            } else if let Some((table, name)) = key.split_once('.').filter(|(table, _)| own.contains(table)) {
                put_below(fields, table, name, Value::Null);
            } else {
                put_below(fields, "settings", known(key, own)?, Value::Null);
            }
        }
        Ok(())
    }
}

fn split<'p>(pair: &'p str, what: &str) -> Result<(&'p str, &'p str), Failure> {
    // What stands behind may be meant to be a secret, so that the words are not repeated.
    let missing = || Failure::Usage(format!("write KEY={what}, with an equals sign between"));
    pair.split_once('=').ok_or_else(missing)
}

fn put(fields: &mut Fields, key: &str, text: &str, is_vendor: &impl Fn(&str) -> bool) -> Result<(), Failure> {
    if let Some(name) = key.strip_prefix("raw.") {
        let value = text.parse::<i64>().map_or_else(|_| word(text), Value::from);
        put_raw(fields, name, value, is_vendor);
        return Ok(());
    }
    let name = known(key, &[])?;
    let kind = SettingId::find(name).map(|id| id.setting().kind);
    let value = kind.map_or(Ok(Value::from(text)), |kind| read(name, kind, text))?;
    put_below(fields, "settings", name, value);
    Ok(())
}

/// Puts a parameter in its place: names have dots of their own, so that a vendor is one only where its id comes first.
fn put_raw(fields: &mut Fields, name: &str, value: Value, is_vendor: &impl Fn(&str) -> bool) {
    match name.split_once('.').filter(|(vendor, _)| is_vendor(vendor)) {
        Some((vendor, name)) => {
            let raw = fields.entry("raw").or_insert_with(|| Map::new().into());
            if let Some(raw) = raw.as_object_mut() {
                put_below(raw, vendor, name, value);
            }
        }
        None => put_below(fields, "raw", name, value),
    }
}

fn word(text: &str) -> Value {
    text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from)
}

/// Finds a setting, or says which one was probably meant.
fn known<'k>(key: &'k str, own: &[&str]) -> Result<&'k str, Failure> {
    if SettingId::find(key).is_some() {
        return Ok(key);
    }
    let names = SETTINGS.iter().map(|setting| setting.name).chain(own.iter().copied());
    let meant = nearest(key, names).map(|meant| format!("did you mean `{meant}`?"));
    let meant = meant.unwrap_or_else(|| "`bellhop catalog --settings` lists all".to_owned());
    Err(Failure::Usage(format!("there is no setting `{}`; {meant}", key.escape_debug())))
}

fn read(key: &str, kind: Kind, text: &str) -> Result<Value, Failure> {
    let wrong = |what: &str| Failure::Usage(format!("`{key}` is {what}, not `{}`", text.escape_debug()));
    match kind {
        Kind::Bool => text.parse().map(Value::Bool).map_err(|_| wrong("true or false")),
        Kind::Integer(low, high) => {
            let number = text.parse::<u32>().ok().filter(|number| (low..=high).contains(number));
            number.map(Value::from).ok_or_else(|| wrong(&format!("a whole number from {low} to {high}")))
        }
        Kind::LineKeys => serde_json::from_str(text).map_err(|_| wrong("a list of keys, written as JSON")),
        Kind::Choices(_) | Kind::Texts(_) if text.starts_with('[') => {
            serde_json::from_str(text).map_err(|_| wrong("a list, written with commas or as JSON"))
        }
        Kind::Choices(_) | Kind::Texts(_) => Ok(text.split(',').map(str::trim).map(Value::from).collect()),
        Kind::Choice(words) if !words.contains(&text) => {
            let meant =
                nearest(text, words.iter().copied()).map(|meant| format!("; did you mean `{meant}`?"));
            let words = one_of(words);
            Err(Failure::Usage(format!(
                "`{key}` is {words}, not `{}`{}",
                text.escape_debug(),
                meant.unwrap_or_default()
            )))
        }
        Kind::Choice(_) | Kind::Host | Kind::Secret(..) | Kind::Text(_) | Kind::Url | Kind::Zone => {
            Ok(Value::from(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(set: &[&str], unset: &[&str]) -> Result<Value, String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let settable = Settable { set: words(set), set_file: Vec::new(), unset: words(unset) };
        let mut fields = Fields::new();
        match settable.fill(&mut fields, &["notes", "sip"], |word| word == "yealink") {
            Ok(()) => Ok(fields.into()),
            Err(Failure::Usage(message)) => Err(message),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn words_become_values_of_the_kind_that_a_setting_takes() {
        let set = [
            "time-zone=Europe/Bucharest",
            "codecs=opus, pcma",
            "syslog-port=5514",
            "srtp=optional",
            "raw.account.1.x=7",
            "raw.y=a=b",
            "raw.z=true",
            "raw.yealink.account.1.x=on",
        ];
        let told = filled(&set, &["notes", "language", "raw.old", "raw.yealink.old", "sip.port"]).unwrap();
        assert_eq!(
            told,
            serde_json::json!({
                "notes": null,
                "raw": { "account.1.x": 7, "old": null, "y": "a=b", "yealink": { "account.1.x": "on", "old": null }, "z": true },
                "settings": {
                    "codecs": ["opus", "pcma"], "language": null, "srtp": "optional", "syslog-port": 5514,
                    "time-zone": "Europe/Bucharest",
                },
                "sip": { "port": null },
            })
        );
    }

    #[test]
    fn what_is_no_value_is_told_without_a_secret() {
        for (set, part) in [
            ("no equals sign", "write KEY=VALUE"),
            ("srtp=optinal", "did you mean `optional`?"),
            ("line-keys=blf", "a list of keys, written as JSON"),
            ("xyzzy=1", "`bellhop catalog --settings` lists all"),
            ("user-password=CANARY", "--set-file user-password=FILE"),
        ] {
            let message = filled(&[set], &[]).unwrap_err();
            assert!(message.contains(part) && !message.contains("CANARY"), "{set}: {message}");
        }
    }
}
