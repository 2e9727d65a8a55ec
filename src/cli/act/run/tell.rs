//! What is told of a run: its end, its rows, what would come of it, and what it generated.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::act::change::differences;
use crate::cli::act::run::{Following, flattened};
use crate::cli::act::show;
use crate::document::nearest;
use crate::jobs::runs::{RowResult, RunState};
use crate::jobs::{Format, write_results};
use crate::operation::{Diff, Problem};

/// Most rows that are told of at the end of a run.
pub(super) const TOLD: usize = 20;

/// The columns of rows.
pub(super) const COLUMNS: &[(&str, &str)] =
    &[("ROW", "row"), ("STATUS", "status"), ("RECORD", "record"), ("CHANGED", "changed"), ("WHY", "message")];

/// Gives a text of a record.
pub(super) fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Says that there is no such state.
pub(super) fn no_state(word: &str) -> Failure {
    let words = RunState::ALL.iter().map(|(word, _)| *word);
    let meant = nearest(word, words.clone()).map(|meant| format!("did you mean `{meant}`?"));
    let meant = meant.unwrap_or_else(|| format!("they are {}", words.collect::<Vec<_>>().join(", ")));
    Failure::Usage(format!("no run is ever `{}`; {meant}", word.escape_debug()))
}

/// Gives a list of runs for a table.
pub(super) fn flat(told: &Value) -> Value {
    let rows: Vec<Value> = told["rows"].as_array().into_iter().flatten().map(flattened).collect();
    json!({ "rows": rows, "total": told["total"] })
}

/// Gives rows for a table, or as they are for programs.
pub(super) fn rows(told: &Value) -> Value {
    let rows = told["rows"].as_array().into_iter().flatten().map(|row| {
        let mut row = row.clone();
        let (changed, message) = (changed(&row), row["problem"]["message"].clone());
        if let Value::Object(row) = &mut row {
            row.insert("changed".to_owned(), json!(changed));
            row.insert("message".to_owned(), message);
        }
        row
    });
    json!({ "rows": rows.collect::<Vec<_>>(), "total": told["total"] })
}

/// Lists the keys that a row changed.
fn changed(row: &Value) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for side in ["before", "after"] {
        for (key, value) in row[side].as_object().into_iter().flatten() {
            match value {
                Value::Object(table) if !table.is_empty() => {
                    keys.extend(table.keys().map(|inner| format!("{key}.{inner}")));
                }
                _ => keys.push(key.clone()),
            }
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// Writes rows as CSV, to standard output or into a file; one whose name ends as that of JSON lines gets those.
pub(super) fn csv(told: &Value, file: Option<&Path>) -> Result<(), Failure> {
    let rows: Vec<RowResult> = serde_json::from_value(told["rows"].clone())?;
    let rows = rows.iter().map(RowResult::told);
    let Some(file) = file else {
        let mut out = BufWriter::new(io::stdout().lock());
        return match write_results(rows, Format::Csv, &mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            Err(_) | Ok(()) => Ok(()),
        };
    };
    let failed = || format!("cannot write {}", file.display());
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = if matches!(ending, "json" | "jsonl" | "ndjson") { Format::JsonLines } else { Format::Csv };
    let mut out = BufWriter::new(File::create(file).with_context(failed)?);
    Ok(write_results(rows, format, &mut out).and_then(|()| out.flush()).with_context(failed)?)
}

/// Tells how a run ended, with the rows that were not done; ends well only where all were.
pub(super) fn end(run: &Value, told: &Value, answers: &Value) -> Result<(), Failure> {
    for warning in run["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("warning: {warning}");
    }
    let is_bulk = run["kind"] == "bulk";
    let told_rows = rows(told);
    let shown = told_rows["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if is_bulk && !shown.is_empty() {
        show::rows(&shown[..shown.len().min(TOLD)], COLUMNS)?;
    }
    if !is_bulk {
        told["rows"].as_array().into_iter().flatten().filter(|row| row["status"] == "done").for_each(change);
    }
    let left = told["total"].as_u64().unwrap_or_default().saturating_sub(TOLD as u64);
    if left > 0 {
        eprintln!("and {left} more; `bellhop run rows {}` lists all", word(run, "id"));
    }
    self::answers(answers, false)?;
    eprintln!("{}", summary(run));
    if let Some(why) = run["why"].as_str().filter(|_| is_bulk) {
        eprintln!("{why}");
    }
    let problem = told["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["status"] == "refused"));
    match problem.map(|row| serde_json::from_value::<Problem>(row["problem"].clone())) {
        // What was asked for once is refused like a command of one's own.
        Some(Ok(problem)) if !is_bulk => Err(Failure::Refused(problem)),
        _ if is_well(run) => Ok(()),
        _ => Err(Failure::Told),
    }
}

/// Says in a line how a run stands.
pub(super) fn summary(run: &Value) -> String {
    let counts = &run["counts"];
    let count = |key: &str| counts[key].as_u64().unwrap_or_default();
    let parts = ["done", "unchanged", "refused", "failed", "pending"];
    let parts: Vec<String> =
        parts.iter().filter(|key| count(key) > 0).map(|key| format!("{} {key}", count(key))).collect();
    let told = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let held = run["snapshot"].as_u64().map(|serial| format!("; served since snapshot {serial}"));
    let (id, state) = (word(run, "id"), word(run, "state"));
    format!("run {id} is {state}: {}{told}{}", rows_of(count("rows")), held.unwrap_or_default())
}

fn rows_of(rows: u64) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}

/// Tells whether nothing more comes of a run by itself.
pub(super) fn is_end(run: &Value) -> bool {
    !matches!(word(run, "state"), "running" | "scheduled" | "waiting")
}

/// Tells whether all of a run was done, or it only has not begun.
pub(super) fn is_well(run: &Value) -> bool {
    let count = |key: &str| run["counts"][key].as_u64().unwrap_or_default();
    let is_all = count("refused") + count("failed") == 0;
    match word(run, "state") {
        "done" => is_all && count("pending") == 0,
        "scheduled" | "waiting" | "running" | "undone" => true,
        _ => false,
    }
}

/// Tells what a run would bring.
pub(in crate::cli::act) fn preview(told: &Value, following: &Following) -> Result<(), Failure> {
    if let Some(file) = following.results() {
        csv(told, Some(file))?;
    }
    if following.is_json() {
        show::json(told)?;
    } else {
        for warning in told["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            eprintln!("warning: {warning}");
        }
        let rows = rows(told);
        show::rows(rows["rows"].as_array().map(Vec::as_slice).unwrap_or_default(), COLUMNS)?;
        for row in told["rows"].as_array().into_iter().flatten().filter(|row| row["status"] == "done") {
            println!();
            change(row);
        }
        println!();
        let diff: Diff = serde_json::from_value(told["diff"].clone())?;
        differences(&diff)?;
        let count = |key: &str| told["counts"][key].as_u64().unwrap_or_default();
        let (state, all) = (word(told, "state"), rows_of(count("rows")));
        let (done, unchanged, refused) = (count("done"), count("unchanged"), count("refused"));
        eprintln!("would be {state}: {all}, {done} done, {unchanged} unchanged, {refused} refused");
    }
    if is_well(told) { Ok(()) } else { Err(Failure::Told) }
}

/// Tells what a row would change, key by key.
fn change(row: &Value) {
    println!("row {}  {}", row["row"], word(row, "record"));
    for key in changed(row) {
        let of = |side: &str| {
            let found = row[side].get(&key).or_else(|| {
                let (table, inner) = key.split_once('.')?;
                row[side].get(table)?.get(inner)
            });
            found.map(show::cell).filter(|text| text != "-").unwrap_or_default()
        };
        match (of("before"), of("after")) {
            (before, after) if before.is_empty() => println!("  {key}: {after}"),
            (before, after) => println!("  {key}: {before} -> {after}"),
        }
    }
}

/// Prints what a run generated, which is told once.
pub(super) fn answers(answers: &Value, is_json: bool) -> Result<(), Failure> {
    if is_json {
        return show::json(answers);
    }
    for answer in answers.as_array().into_iter().flatten() {
        if let Some(made) = answer["answer"].as_object().filter(|made| !made.is_empty()) {
            println!("row {}  {}, shown once:", answer["row"], word(answer, "record"));
            show::record(made);
        }
    }
    Ok(())
}
