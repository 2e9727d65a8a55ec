//! What the audit log is told of runs, and what whoever may not is told.

use serde_json::{Value, json};
use tracing::error;

use crate::audit::Entry;
use crate::jobs::runs::Runs;
use crate::jobs::runs::record::{Run, Who};
use crate::model::{Job, RecordKind};
use crate::operation::{Caller, Code, Fields, Problem, Through};
use crate::rights::Denial;

/// Says that somebody does something with a run.
pub(super) fn entry(who: &Who, caller: Option<&Caller>, operation: &str, run: &Run) -> Entry {
    let through = caller.map_or("server", |caller| word(caller.through));
    let peer = caller.and_then(|caller| caller.peer);
    let entry = Entry::new(&who.account, through, operation).by(who.login.as_deref(), peer);
    let mut entry = entry.on(RecordKind::Job, &run.job, &run.job_name).in_run(&run.job, run.id.as_str());
    entry.after.insert("state".to_owned(), run.state.word().into());
    entry
}

/// Says how a run ended: its counts, and the digest that its record has from now on.
pub(super) fn end(entry: &mut Entry, run: &Run, digest: &str) {
    let counts = serde_json::to_value(run.counts).unwrap_or_default();
    entry.after.extend(told(json!({ "counts": counts, "sha256": digest })));
    entry.why.clone_from(&run.why);
}

pub(super) fn told(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

impl Runs {
    /// Notes what somebody may not, or has no sight of.
    pub(super) fn refuse(&self, caller: &Caller, operation: &str, job: Option<&Job>, problem: &Problem) {
        if !matches!(problem.code, Code::Forbidden | Code::NotFound) {
            return;
        }
        let code = serde_json::to_value(problem.code).unwrap_or_default();
        let mut entry = Entry::new(&caller.account, word(caller.through), operation)
            .by(caller.login.as_deref(), caller.peer)
            .refused(code.as_str().unwrap_or_default(), &problem.message);
        if let Some(job) = job {
            entry = entry.on(RecordKind::Job, &job.id, &job.name);
        }
        if let Some(rule) = &problem.rule {
            entry = entry.rule(rule);
        }
        let noted = self.store.log().map(|log| log.append(&entry));
        if let Err(error) = noted {
            error!(error = &error as &dyn std::error::Error, "a refusal is not in the audit log");
        }
    }
}

/// Gives a denial as a problem: of what is hidden, the same as of what is not there.
pub(super) fn denied(denial: Denial, kind: &str, called: &str) -> Problem {
    if denial.hidden {
        return not_found(kind, called);
    }
    let mut problem = Problem::new(Code::Forbidden, denial.why);
    problem.rule = Some(denial.rule.word().to_owned());
    problem.field = denial.field.map(str::to_owned);
    problem
}

/// Says that there is nothing of that name, as far as the caller may see.
pub(super) fn not_found(kind: &str, called: &str) -> Problem {
    let called = called.escape_debug();
    Problem::new(Code::NotFound, format!("there is no {kind} `{called}`, as far as you may see"))
}

fn word(through: Through) -> &'static str {
    match through {
        Through::Session => "session",
        Through::Shell => "shell",
        Through::Token => "token",
    }
}
