//! `bellhop audit`

use std::path::Path;
use std::time::SystemTime;

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::audit::{Entry, Found, Log, Outcome, Search};
use crate::cli::Failure;
use crate::cli::act::session::Session;
use crate::cli::act::show;
use crate::cli::table::Table;
use crate::jobs::runs::Runs;

/// Search and verify the audit log
///
/// Each change and each refusal leaves a line in `audit.log` of the state folder, chained to the one before by its
/// hash. It is the operator's to read; files that a rotation renamed are read with it, unless they are packed.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find lines, the newest last
    Search(Wanted),
    /// Say whether every line is as it was written, and where the first one stands that is not
    ///
    /// The records of runs of jobs are compared with what the log says of them, too. Exit code 0 means that the chain
    /// holds and no record was changed, 1 that it is not so. The number and hash of the last line are told:
    /// write them down elsewhere, and give the hash with --noted, so that a cut tail is noticed, too.
    Verify {
        /// The hash of a line that must be there
        #[arg(long, value_name = "HASH")]
        noted: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Wanted {
    /// With this text anywhere
    text: Option<String>,
    /// By this account, this login, or from this address
    #[arg(long)]
    who: Option<String>,
    /// Of this operation, or of all of a noun: `device-edit`, `device`
    #[arg(long)]
    operation: Option<String>,
    /// About this record: its kind, its id, both, or its name
    #[arg(long)]
    record: Option<String>,
    /// That were done, or refused
    #[arg(long)]
    outcome: Option<Word>,
    /// Not before this: `2026-11-22`, `2026-11-22T08:00:00Z`, or so long ago: `2h`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<SystemTime>,
    /// Before this
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<SystemTime>,
    /// The last so many
    #[arg(long, value_name = "LINES")]
    limit: Option<usize>,
    /// Print JSON, one array of the lines as they are
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Word {
    Done,
    Refused,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        session.sees_audit()?;
        let log = Log::at(session.state());
        match self.command {
            Command::Search(wanted) => wanted.search(&log),
            Command::Verify { noted, json } => verify(&log, session.state(), noted.as_deref(), json),
        }
    }
}

impl Wanted {
    fn search(self, log: &Log) -> Result<(), Failure> {
        let outcome = self.outcome.map(|word| match word {
            Word::Done => Outcome::Done,
            Word::Refused => Outcome::Refused,
        });
        let Self { text, who, operation, record, since, until, limit, json, .. } = self;
        let found = log.search(&Search { who, operation, record, outcome, since, until, text, limit })?;
        if json {
            let lines: Result<Vec<Value>, _> =
                found.iter().map(|found| serde_json::from_str(&found.text)).collect();
            return show::json(&lines?);
        }
        let mut table =
            Table::new(&["NUMBER", "WHEN", "WHO", "OPERATION", "RECORD", "RULE", "OUTCOME", "WHAT"]);
        for Found { number, entry, .. } in &found {
            table.row([
                number.to_string(),
                entry.at.clone(),
                entry
                    .login
                    .as_ref()
                    .map_or_else(|| entry.account.clone(), |login| format!("{} ({login})", entry.account)),
                entry.operation.clone(),
                [entry.record.as_deref(), entry.name.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
                entry.rule.clone().unwrap_or_else(|| "-".to_owned()),
                entry.outcome.word().to_owned(),
                what(entry),
            ]);
        }
        Ok(table.print()?)
    }
}

/// Says in a line what changed, or why nothing did.
fn what(entry: &Entry) -> String {
    if let Some(why) = &entry.why {
        return why.clone();
    }
    let mut keys: Vec<&String> = entry.before.keys().chain(entry.after.keys()).collect();
    keys.sort();
    keys.dedup();
    let change = |key: &String| match (entry.before.get(key), entry.after.get(key)) {
        (Some(before), Some(after)) => format!("{key}: {} -> {}", show::cell(before), show::cell(after)),
        (Some(before), None) => format!("{key}: {} -> nothing", show::cell(before)),
        (None, after) => format!("{key}: {}", after.map(show::cell).unwrap_or_default()),
    };
    keys.into_iter().map(change).collect::<Vec<_>>().join(", ")
}

fn verify(log: &Log, state: &Path, noted: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let verdict = log.verify(noted)?;
    let (runs, changed) = Runs::open(state).verify()?;
    let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
    let stamp = |stamp: &crate::audit::Stamp| json!({ "number": stamp.number, "hash": stamp.hash });
    if as_json {
        show::json(&json!({
            "good": verdict.is_good() && changed.is_empty(),
            "lines": verdict.lines,
            "first": verdict.first.as_ref().map(stamp),
            "last": verdict.last.as_ref().map(stamp),
            "broken": verdict.broken.as_ref().map(ToString::to_string),
            "noted": verdict.noted,
            "runs": { "compared": runs, "changed": changed },
        }))?;
    } else {
        match (&verdict.first, &verdict.last) {
            (Some(first), Some(last)) => {
                println!("{} lines hold, from number {}", verdict.lines, first.number);
                println!("the last of them is number {}, {}", last.number, last.hash);
            }
            _ => println!("no line holds"),
        }
        if runs > 0 {
            println!("{} of {runs} records of runs are as the log says", runs.saturating_sub(changed.len()));
        }
    }
    if let Some(broken) = verdict.broken {
        return Err(anyhow!("{broken}").into());
    }
    if verdict.noted == Some(false) {
        return Err(anyhow!("the line that was noted is not there; the log was cut").into());
    }
    if !changed.is_empty() {
        return Err(anyhow!("{}", changed.join("; ")).into());
    }
    Ok(())
}

fn time(text: &str) -> Result<SystemTime, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return SystemTime::now().checked_sub(ago).ok_or_else(|| "that is too long ago".to_owned());
    }
    let whole = if text.len() == "2026-11-22".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    humantime::parse_rfc3339_weak(&whole)
        .map_err(|_| "write 2026-11-22, 2026-11-22T08:00:00Z, or how long ago, like 2h or 30days".to_owned())
}
