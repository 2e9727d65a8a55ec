//! Runs of jobs.

use serde_json::{Value, json};

use crate::jobs::runs::{RowStatus, RunState};
use crate::manage::schema::jobs;
use crate::manage::schema::parts::{flag, table, time, words, words_of};
use crate::manage::schema::shown::{Answer, count, diff, each, named, texts, told};

/// What a run is, in the document.
pub(in crate::manage) const RUN: &str = "A run of a job.";

/// Where a run stands.
pub(super) fn state() -> Value {
    words_of(RunState::ALL, "where it stands")
}

/// What became of a row.
pub(super) fn status() -> Value {
    words_of(RowStatus::ALL, "what became of it")
}

/// What a run is given, as JSON.
pub(super) fn order() -> Value {
    let values = |help: &str| json!({ "type": "object", "description": help });
    let keys = json!({
        "values": values("of an on-demand job: values as its form describes them; null takes a value away"),
        "rows": {
            "type": "array", "maxItems": 100_000, "items": values("values as the job's form describes them"),
            "description": "of a bulk job: its rows",
        },
    });
    table("What a run is given.", &[], keys)
}

fn act(help: &str) -> Value {
    let keys = json!({ "by": who("who"), "at": time("when (RFC 3339, UTC)") });
    let mut act = Answer::new("What somebody did with it.", keys).schema();
    act["description"] = json!(help);
    act
}

fn who(help: &str) -> Value {
    let keys = json!({
        "account": told("the account that acted"), "through": words(["session", "shell", "token"], "through what"),
    });
    let mut who =
        Answer::new("Somebody.", keys).with(json!({ "login": told("the login behind it") })).schema();
    who["description"] = json!(help);
    who
}

fn counts() -> Value {
    let keys = json!({
        "rows": count("all of them"), "done": count("those that changed something"),
        "unchanged": count("those that found everything as they ask for"),
        "refused": count("those that are impossible or not allowed"), "failed": count("those that could not be written"),
        "pending": count("those that are still to come, or were never reached"),
    });
    Answer::new("How many rows came to what.", keys).schema()
}

/// A run.
pub(super) fn run() -> Value {
    let always = json!({
        "id": told("its id"), "state": state(), "job": told("the job"), "job-name": told("the job's name, as it was"),
        "job-version": count("the job's edition"), "kind": jobs::kind(), "operation": jobs::operation(),
        "platform": told("the provider or organization that it reaches"), "runner": who("who ordered it"),
        "ordered": time("when it was ordered"), "due": time("when it begins, unless it waits for an approval then"),
        "approval": flag("whether a second person has to approve it"),
        "stop-on-error": flag("whether one row that cannot be done ends it"), "counts": counts(),
        "batches": count("how many batches changed something"),
    });
    let sometimes = json!({
        "notes": told("what the runner said of it"), "start-at": told("the local time that it was ordered for"),
        "time-zone": told("the zone of that time"), "approved": act("who approved it"), "rejected": act("who rejected it"),
        "cancelled": act("who cancelled it"), "undone": act("who had it taken back"), "started": time("when it began"),
        "ended": time("when it ended"), "batch": count("how many rows are one change; all of them when not set"),
        "again": flag("whether rows that generate something do it again"),
        "retry-of": told("the run whose rows that were not done this one tries again"),
        "snapshot": count("the last snapshot that it made"), "warnings": texts("what somebody should look at"),
        "why": told("why it ended as it did, where that is not as ordered"),
    });
    Answer::new(RUN, always).with(sometimes).schema()
}

/// What became of a row.
pub(super) fn row() -> Value {
    let values = |help: &str| json!({ "type": "object", "description": help });
    let always = json!({ "row": count("the line that it begins on; values that were asked for are row 1"), "status": status() });
    let sometimes = json!({
        "record": told("the record that it is about: a kind and an id"), "problem": named("Problem"),
        "note": told("what the runner should know of it"),
        "before": values("the keys that changed as they were, secrets masked"),
        "after": values("the keys that changed as they are, secrets masked"),
    });
    Answer::new("What became of a row.", always).with(sometimes).schema()
}

/// What a run would bring.
pub(super) fn preview() -> Value {
    let keys = json!({
        "state": state(), "counts": counts(), "rows": each(&named("RowOfRun"), "what would become of each row"),
        "diff": diff(), "warnings": texts("what somebody should look at"),
    });
    Answer::new("What a run would bring.", keys).schema()
}

/// How far a run is.
pub(super) fn progress() -> Value {
    let phases = ["applying", "ended", "reading", "validating", "waiting"];
    let keys = json!({
        "state": state(), "phase": words(phases, "what is being done"), "rows": count("how many rows it has"),
        "validated": count("how many of them are validated"), "applied": count("how many have come to something"),
    });
    Answer::new("How far a run is.", keys).schema()
}

/// What a run generated.
pub(super) fn collected() -> Value {
    let answers = json!({
        "row": count("the row"), "answer": json!({ "description": "what each of its edits gave" }),
    });
    let answers = Answer::new("What a row generated.", answers).schema();
    let keys = json!({ "answers": each(&answers, "row by row; empty where nothing was, or it has been told before") });
    Answer::new("What a run generated, told this once.", keys).schema()
}
