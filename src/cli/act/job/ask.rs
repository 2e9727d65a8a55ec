//! The values of an on-demand job: from the command line, and what is missing at the prompt.
//!
//! Secrets come from files, standard input or a prompt without an echo, never from the command line's words.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::job::field::is_secret;
use crate::cli::act::password;
use crate::document::{nearest, one_of};
use crate::jobs::Cell;
use crate::operation::Fields;

/// Most choices that a prompt lists.
const LISTED: usize = 12;

/// Values as the command line has them.
#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// Give a field that the job asks for; `clear` takes its value away. Secrets are given with --set-file
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Give a field the first line of a file, or of standard input for `-`; this is how secrets get in
    #[arg(long, value_name = "FIELD=FILE")]
    set_file: Vec<String>,
}

impl Given {
    /// Tells whether any value was given.
    pub(super) fn is_any(&self) -> bool {
        !self.set.is_empty() || !self.set_file.is_empty()
    }

    /// Gives the values for a job's form, asking on a terminal for what is missing.
    pub(super) fn values(&self, form: &Value) -> Result<Fields, Failure> {
        let mut values = self.said(form)?;
        let missing = missing(form, &values);
        if missing.is_empty() {
            return Ok(values);
        }
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            ask(form, &mut values)?;
        }
        let missing = self::missing(form, &values);
        if missing.is_empty() { Ok(values) } else { Err(Failure::Usage(needs(form, &missing))) }
    }

    /// Reads what the command line says.
    fn said(&self, form: &Value) -> Result<Fields, Failure> {
        let mut values = Fields::new();
        for pair in &self.set {
            let (field, text) = split(pair, "VALUE")?;
            let property = property(form, field)?;
            let is_word = matches!(text, "clear" | "generate");
            if !is_word && (property["writeOnly"] == true || is_secret(field)) {
                return Err(Failure::Usage(format!(
                    "`{field}` is a secret, and everybody on this machine can read a command's words; use \
                     --set-file {field}=FILE, or {field}=- for standard input"
                )));
            }
            put(&mut values, field, text);
        }
        for pair in &self.set_file {
            let (field, file) = split(pair, "FILE")?;
            property(form, field)?;
            let text = password::from_file(&PathBuf::from(file))?;
            values.insert(field.to_owned(), Value::from(text));
        }
        Ok(values)
    }
}

fn split<'p>(pair: &'p str, what: &str) -> Result<(&'p str, &'p str), Failure> {
    // What stands behind may be meant to be a secret, so that the words are not repeated.
    let missing = || Failure::Usage(format!("write FIELD={what}, with an equals sign between"));
    pair.split_once('=').ok_or_else(missing)
}

/// Takes a text as a cell of a table says it.
fn put(values: &mut Fields, field: &str, text: &str) {
    match Cell::read(text) {
        Cell::Leave => (),
        Cell::Clear => drop(values.insert(field.to_owned(), Value::Null)),
        Cell::Value(text) => drop(values.insert(field.to_owned(), Value::from(text))),
    }
}

/// Lists the fields that a form asks for.
fn asked(form: &Value) -> Vec<&str> {
    form["x-bellhop-order"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn property<'f>(form: &'f Value, field: &str) -> Result<&'f Value, Failure> {
    if let Some(property) = form["properties"].get(field) {
        return Ok(property);
    }
    let asked = asked(form);
    let meant = nearest(field, asked.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
    let meant = meant.unwrap_or_else(|| format!("it asks for {}", one_of(&asked).replace(" or ", " and ")));
    Err(Failure::Usage(format!("the job asks for no field `{}`; {meant}", field.escape_debug())))
}

/// Lists the fields without which a run makes no sense, of several that name the same thing the first.
fn missing<'f>(form: &'f Value, values: &Fields) -> Vec<&'f str> {
    let words = |list: &'f Value| -> Vec<&'f str> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut missing = words(&form["required"]);
    missing.retain(|field| !values.contains_key(*field));
    let ways: Vec<Vec<&str>> =
        form["anyOf"].as_array().into_iter().flatten().map(|way| words(&way["required"])).collect();
    let is_met = |way: &Vec<&str>| way.iter().all(|field| values.contains_key(*field));
    if !ways.is_empty() && !ways.iter().any(is_met) {
        missing.extend(ways.iter().take(1).flatten());
    }
    missing
}

/// Says which fields are missing, and how they are given.
fn needs(form: &Value, missing: &[&str]) -> String {
    let of = |secret: bool, how: &str| {
        let fields =
            missing.iter().filter(|field| (form["properties"][**field]["writeOnly"] == true) == secret);
        let fields: Vec<String> = fields.map(|field| format!("{how} {field}=…")).collect();
        fields.join(" ")
    };
    let given = [of(false, "--set"), of(true, "--set-file")];
    let given: Vec<&str> = given.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let quoted: Vec<String> = missing.iter().map(|field| format!("`{field}`")).collect();
    format!(
        "the job asks for {}; there is no terminal to ask at, give {}",
        quoted.join(" and "),
        given.join(" ")
    )
}

/// Asks for everything that is not given yet.
fn ask(form: &Value, values: &mut Fields) -> Result<(), Failure> {
    eprintln!("{}", form["title"].as_str().unwrap_or_default());
    if let Some(notes) = form["description"].as_str() {
        eprintln!("{notes}");
    }
    for field in asked(form) {
        if values.contains_key(field) || is_named(form, field, values) {
            continue;
        }
        let is_required = || missing(form, &Fields::new()).contains(&field);
        loop {
            let text = prompt(field, &form["properties"][field])?;
            put(values, field, &text);
            if values.contains_key(field) || !is_required() {
                break;
            }
            eprintln!("  this is needed");
        }
    }
    Ok(())
}

/// Tells whether another field names the thing already that this one would name.
fn is_named(form: &Value, field: &str, values: &Fields) -> bool {
    let names = |way: &Value| way["required"][0].as_str().map(str::to_owned);
    let ways: Vec<String> = form["anyOf"].as_array().into_iter().flatten().filter_map(names).collect();
    ways.iter().any(|way| way == field) && ways.iter().any(|way| values.contains_key(way))
}

/// Asks for one field; an empty answer leaves it.
fn prompt(field: &str, property: &Value) -> Result<String, Failure> {
    let text = |key: &str| property[key].as_str().unwrap_or_default();
    let (title, help) = (text("title"), text("description"));
    if property["writeOnly"] == true {
        return password::hidden(&format!("{title} ({help}; it is not shown)"));
    }
    let choices: Vec<&Value> = property["oneOf"].as_array().into_iter().flatten().collect();
    let words: Vec<&str> =
        property["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !choices.is_empty() && choices.len() <= LISTED {
        for choice in choices.iter().filter(|choice| choice["const"].is_string()) {
            let (value, title) = (&choice["const"], choice["title"].as_str().unwrap_or_default());
            eprintln!("  {}  {title}", value.as_str().unwrap_or_default());
        }
    } else if choices.len() > LISTED || !property["x-bellhop-choices"].is_null() {
        eprintln!("  (`bellhop job choices JOB {field}` lists what there is)");
    } else if !words.is_empty() {
        eprintln!("  {}", words.join(", "));
    }
    let default = &property["default"];
    let default = match default {
        Value::Null => String::new(),
        Value::String(text) => format!(" [{text}]"),
        other => format!(" [{other}]"),
    };
    eprint!("{title} ({help}){default}: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        return Err(anyhow::anyhow!("nothing was run").into());
    }
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Value {
        json!({
            "title": "Create a Device",
            "properties": {
                "mac": { "title": "MAC" }, "name": { "default": "Phone" }, "admin-password": { "writeOnly": true },
            },
            "required": ["mac", "admin-password"],
            "x-bellhop-order": ["mac", "name", "admin-password"],
        })
    }

    fn values(form: &Value, set: &[&str]) -> Result<Value, String> {
        let set = set.iter().map(|word| (*word).to_owned()).collect();
        match (Given { set, set_file: Vec::new() }).said(form) {
            Ok(values) => Ok(values.into()),
            Err(Failure::Usage(message)) => Err(message),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn values_are_taken_as_cells_say_them() {
        let set = ["mac=00:08:5D:1A:E9:8C", "name=clear", "admin-password=generate"];
        let told = values(&form(), &set).unwrap();
        assert_eq!(told, json!({ "mac": "00:08:5D:1A:E9:8C", "name": null, "admin-password": "generate" }));
        assert_eq!(values(&form(), &["name='clear"]).unwrap(), json!({ "name": "clear" }));
        assert_eq!(values(&form(), &["name="]).unwrap(), json!({}));
    }

    #[test]
    fn what_the_job_does_not_ask_for_or_no_word_may_hold_is_refused() {
        for (set, part) in [
            ("naem=x", "did you mean `name`?"),
            ("xyzzy=1", "it asks for `mac`, `name` and `admin-password`"),
            ("admin-password=CANARY", "--set-file admin-password=FILE"),
            ("CANARY", "write FIELD=VALUE"),
        ] {
            let message = values(&form(), &[set]).unwrap_err();
            assert!(message.contains(part) && !message.contains("CANARY"), "{set}: {message}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_how_it_is_given() {
        let form = form();
        let missing = missing(&form, &Fields::new());
        assert_eq!(
            needs(&form, &missing),
            "the job asks for `mac` and `admin-password`; there is no terminal to ask at, give --set mac=… --set-file \
             admin-password=…"
        );
        let ways = json!({ "required": [], "anyOf": [{ "required": ["device"] }, { "required": ["mac"] }] });
        assert_eq!(self::missing(&ways, &Fields::new()), ["device"]);
        let mac = [("mac".to_owned(), json!("x"))].into_iter().collect();
        assert!(self::missing(&ways, &mac).is_empty() && is_named(&ways, "device", &mac));
    }
}
