//! Records and lists for people.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::Failure;
use crate::cli::paint::{Paint, Tint};
use crate::cli::table::Table;
use crate::operation::Page;

/// How something is shown.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Shown {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a list is shown.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Listed {
    /// Print JSON, one array
    #[arg(long)]
    json: bool,
    /// Leave out so many rows at the beginning
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    offset: usize,
    /// Give no more rows than this
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
}

/// What goes first where a record has it; all else follows by name.
const FIRST: &[&str] = &[
    "id",
    "number",
    "kind",
    "name",
    "display-name",
    "account",
    "login",
    "group",
    "platform",
    "operation",
    "edition",
    "job",
    "provider",
    "organization",
    "user",
    "owner",
    "provisioning",
    "level",
    "model",
    "firmware",
    "mac",
    "status",
    "state",
    "why",
    "lines",
    "serial",
    "urls",
];

impl Shown {
    /// Shows what a query gave.
    pub(super) fn show(&self, told: &Value) -> Result<(), Failure> {
        match told {
            Value::Object(fields) if !self.json => {
                record(fields);
                Ok(())
            }
            told => json(told),
        }
    }

    /// Shows some of what a query gave, or all of it as JSON; `more` shows the rest to people.
    pub(super) fn part(
        &self,
        told: &Value,
        keys: &[&str],
        more: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.json {
            return json(told);
        }
        let some = keys.iter().map(|key| ((*key).to_owned(), told[*key].clone())).collect();
        record(&some);
        more()
    }

    /// Tells whether it is JSON that is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

impl Listed {
    /// Gives the part that is asked for.
    pub(super) fn page(&self) -> Page {
        Page { offset: self.offset, limit: self.limit.unwrap_or(ALL) }
    }

    /// Tells whether it is JSON that is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Shows a list that a query gave: columns by their heads, each with the key that it shows.
    pub(super) fn list(&self, told: &Value, columns: &[(&'static str, &str)]) -> Result<(), Failure> {
        let rows = told["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        if self.json {
            return json(&rows);
        }
        self::rows(rows, columns)?;
        let (total, last) = (told["total"].as_u64().unwrap_or(0), self.offset.saturating_add(rows.len()));
        if self.limit.is_some() && total > last as u64 {
            eprintln!("{} of {total}; --offset {last} goes on", rows.len());
        }
        Ok(())
    }
}

/// Prints rows as a table: columns by their heads, each with the key that it shows.
pub(super) fn rows(rows: &[Value], columns: &[(&'static str, &str)]) -> Result<(), Failure> {
    let heads: Vec<&'static str> = columns.iter().map(|(head, _)| *head).collect();
    let mut table = Table::new(&heads);
    for row in rows {
        table.row(columns.iter().map(|(_, key)| cell(&row[*key])));
    }
    Ok(table.print()?)
}

/// Rows of a list that is asked for whole.
const ALL: usize = 10_000_000;

/// Prints a value as JSON; whoever reads no further is no error.
pub(super) fn json(value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Prints a record, a key a line.
pub(super) fn record(fields: &Map<String, Value>) {
    let mut lines = Vec::new();
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut keys: Vec<&String> = fields.keys().collect();
    keys.sort_by_key(|key| (place(key), key.as_str()));
    for key in keys {
        flatten(key, &fields[key], &mut lines);
    }
    let width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let paint = Paint::stdout();
    for (key, value) in lines {
        let blanks = " ".repeat(width.saturating_sub(key.chars().count()));
        println!("{}{blanks}  {value}", paint.tint(Tint::Head, &key));
    }
}

/// Takes a value apart into lines; a table's keys stand behind its own.
fn flatten(key: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                flatten(&format!("{key}.{name}"), value, lines);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, item) in (1..).zip(items) {
                match item {
                    Value::Object(table) if table.values().all(is_short) => {
                        lines.push((format!("{key}.{number}"), in_a_line(table)));
                    }
                    item => flatten(&format!("{key}.{number}"), item, lines),
                }
            }
        }
        value if is_empty(value) => (),
        Value::String(text) if text.contains('\n') => {
            lines.push((key.to_owned(), format!("\n{}", text.trim_end())));
        }
        value => lines.push((key.to_owned(), cell(value))),
    }
}

/// Tells whether there is nothing to show.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        Value::Object(table) => table.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_short(value: &Value) -> bool {
    !value.is_object() && !value.is_array() && value.as_str().is_none_or(|text| !text.contains('\n'))
}

/// Gives a table whose values are short in one line.
fn in_a_line(table: &Map<String, Value>) -> String {
    let told = table.iter().filter(|(_, value)| !is_empty(value));
    told.map(|(key, value)| format!("{key} {}", cell(value))).collect::<Vec<_>>().join(", ")
}

/// Gives a value in one line.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        Value::Number(number) => number.to_string(),
        Value::Object(_) => value.to_string(),
    }
}
