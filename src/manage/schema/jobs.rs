//! Jobs and their runs.

use serde_json::{Value, json};

use crate::manage::schema::answers::VERSION;
use crate::manage::schema::parts::{
    Shape, closed, flag, id, integer, name, table, text, text_or_empty, words_of,
};
use crate::manage::schema::shown::{Answer, count, each, loose, told};
use crate::model::{JobKind, JobOperation, TEXT_MAX};

/// Most bytes of the rows that are kept with a job.
const ROWS_MAX: usize = 1 << 20;

/// How a job is run.
pub(super) fn kind() -> Value {
    words_of(JobKind::ALL, "whether it is run once or over rows")
}

/// What a job does.
pub(super) fn operation() -> Value {
    words_of(JobOperation::ALL, "what it does")
}

/// A job.
pub(super) fn job() -> Shape {
    let columns = json!({
        "type": "object", "additionalProperties": text_or_empty(TEXT_MAX, "the field; empty leaves the column out"),
        "description": "of a bulk job: headers of columns, each with the field that it stands for",
    });
    let fields = json!({
        "type": "object", "additionalProperties": field(),
        "description": "what is known of its fields before it runs, by their names; all others are not taken",
    });
    let keys = json!({
        "id": id("unique among jobs"), "name": text_or_empty(TEXT_MAX, "name for people"),
        "notes": text_or_empty(TEXT_MAX, "what it is for, for people"),
        "platform": id("the provider or organization that it reaches"), "kind": kind(), "operation": operation(),
        "fields": fields, "mapping": id("of a bulk job: the shipped mapping that its columns are read by"),
        "columns": columns,
        "rows": text(ROWS_MAX, "of a bulk job: rows that are kept with it, as CSV or JSON lines; shown as a mask"),
        "batch": integer(1, 100_000, "of a bulk job: how many rows are one change; all of them when not set"),
        "stop-on-error": flag("of a bulk job in batches: whether the first row that fails ends it; true when not set"),
        "approval": flag("whether a second person has to approve each run"),
        "start-at": name("when its runs begin that say nothing else, as local time: 2026-12-01T22:00"),
        "time-zone": name("the time zone of that, by its name in the time-zone database; UTC when not set"),
    });
    Shape::new("A job", &["id", "platform", "kind", "operation"], &["id", "platform", "kind"], keys)
}

fn field() -> Value {
    let scalar = |help: &str| {
        let ways = [
            json!({ "type": "string", "maxLength": 4096 }),
            json!({ "type": "integer" }),
            json!({ "type": "boolean" }),
        ];
        json!({ "description": help, "anyOf": ways })
    };
    let keys = json!({
        "fixed": scalar("it is always this, and nobody is asked; written as in a cell of a table"),
        "default": scalar("it is asked for, and this where nothing is said; written as in a cell of a table"),
        "label": text_or_empty(TEXT_MAX, "what it is called in a form; its name when not set"),
        "help": text_or_empty(TEXT_MAX, "what helps to fill it in"),
        "required": flag("whether a run must give it"),
        "choices": { "type": "array", "items": scalar("a value"), "description": "the values that can be given" },
        "minimum": integer(0, u32::MAX, "the least value of a number, or the fewest characters of a text"),
        "maximum": integer(0, u32::MAX, "the greatest value of a number, or the most characters of a text"),
        "pattern": name("a regular expression that the whole of a text must match"),
    });
    table("What is known of a field before the job runs.", &[], keys)
}

fn row_keys() -> Value {
    json!({
        "id": told("its id"), "name": told("name for people"), "notes": told("what it is for, for people"),
        "kind": kind(), "platform": told("the provider or organization that it reaches"),
        "approval": flag("whether a second person has to approve each run"),
        "runnable": flag("whether the actor may run it"),
    })
}

fn administered() -> Value {
    json!({ "operation": operation(), "edition": count("which edition it is, from 1; each edit counts it up") })
}

/// A job in a list.
pub(super) fn row() -> Value {
    Answer::new(
        "A job in a list; of one that the actor may only run, what tells people which one it is.",
        row_keys(),
    )
    .with(administered())
    .schema()
}

/// A job.
pub(super) fn shown() -> Value {
    let more = json!({
        "version": told(VERSION), "editable": flag("whether the actor may edit it"),
        "removable": flag("whether the actor may delete it"),
    });
    let mut keys = closed("", &[], &job().keys)["properties"].take();
    for (_, key) in keys.as_object_mut().into_iter().flatten() {
        *key = loose(key);
    }
    let answer = Answer::new(
        "A job as it is shown, secrets masked; of one that the actor may only run, what tells people which one it is.",
        row_keys(),
    );
    answer.with(administered()).with(more).with(keys).schema()
}

/// What a run of a job is given.
pub(super) fn form() -> Value {
    let open = |help: &str| json!({ "type": "object", "additionalProperties": true, "description": help });
    let always = json!({
        "$schema": told("the dialect of JSON Schema"), "title": told("the job's name"), "type": told("always `object`"),
        "properties": open("the schema of each field that is asked for"),
        "required": each(&json!({ "type": "string" }), "the fields that must be given"),
        "additionalProperties": flag("always false: nothing else is taken"),
        "x-bellhop-job": told("the job's id"), "x-bellhop-kind": kind(),
        "x-bellhop-order": each(&json!({ "type": "string" }), "the fields in the order in which people fill them in"),
    });
    let sometimes = json!({
        "description": told("what the job is for"),
        "anyOf": each(&open("a way"), "of several fields that name the record, one is given"),
    });
    Answer::new("A JSON Schema (2020-12) of what a run of the job is given.", always).with(sometimes).schema()
}

/// What can be chosen for a field.
pub(super) fn choice() -> Value {
    let keys = json!({
        "value": { "type": ["string", "integer", "boolean", "null"], "description": "what is given; null takes the value away" },
        "title": told("what it is called for people"),
    });
    Answer::new("What can be chosen.", keys).schema()
}
