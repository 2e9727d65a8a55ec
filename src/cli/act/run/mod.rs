//! `bellhop run`

mod follow;
pub(super) mod tell;

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

pub(super) use self::follow::Following;
use crate::cli::Failure;
use crate::cli::act::change::{Sure, confirm};
use crate::cli::act::runs::{Decision, Door};
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::jobs::runs::{RowStatus, RunFilter, RunState};

/// Look at runs of jobs, decide about them, and take them back
///
/// Whoever ordered a run sees it, and so do those who administer jobs of its kind on its platform. A run is named by
/// its id, or by enough of its beginning.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List runs, the newest first
    List {
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a run
    Show {
        /// Its id
        run: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// List what became of a run's rows
    Rows {
        /// The run's id
        run: String,
        /// Those of this status alone
        #[arg(long)]
        status: Option<Status>,
        /// Print CSV
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(flatten)]
        listed: Listed,
    },
    /// Approve a run that waits for it; a second person has to
    Approve {
        #[command(flatten)]
        one: One,
    },
    /// Reject a run that waits for an approval
    Reject {
        #[command(flatten)]
        one: One,
    },
    /// End a run before all of it is done; what it has done stays
    Cancel {
        #[command(flatten)]
        one: One,
    },
    /// Run again what was not done of a run: rows that were refused, failed, or were never reached
    Retry {
        /// The run's id
        run: String,
        #[command(flatten)]
        following: Following,
    },
    /// Take back all that a run did, as long as nothing else has touched those records
    Undo {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        sure: Sure,
    },
    /// Follow a run to its end
    Follow {
        /// The run's id
        run: String,
        #[command(flatten)]
        following: Following,
    },
    /// Show what a run generated, once: nobody can read it again
    Collect {
        #[command(flatten)]
        one: One,
    },
    /// Compare the records of runs with the audit log: whether any was changed after its end
    Verify,
}

/// A run, and how what becomes of it is shown.
#[derive(Debug, clap::Args)]
struct One {
    /// The run's id
    run: String,
    #[command(flatten)]
    shown: Shown,
}

/// Which runs to list.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Those of this job
    #[arg(long)]
    job: Option<String>,
    /// Those of this platform
    #[arg(long, value_name = "ACCOUNT")]
    platform: Option<String>,
    /// Those in this state
    #[arg(long)]
    state: Option<String>,
    /// Those that this login or account ordered
    #[arg(long)]
    runner: Option<String>,
    /// Those that were ordered at this time or later, like 2026-11-22T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Those that were ordered before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Those with this text in the job, the notes, or why they ended so
    #[arg(long)]
    text: Option<String>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    /// It changed something
    Done,
    /// It could not be written
    Failed,
    /// It was not reached
    Pending,
    /// It is impossible or not allowed
    Refused,
    /// Everything is as it asks for
    Unchanged,
}

impl Status {
    const fn status(self) -> RowStatus {
        match self {
            Self::Done => RowStatus::Done,
            Self::Failed => RowStatus::Failed,
            Self::Pending => RowStatus::Pending,
            Self::Refused => RowStatus::Refused,
            Self::Unchanged => RowStatus::Unchanged,
        }
    }
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let door = Door::new(session);
        match self.command {
            Command::List { wanted, listed } => list(&door, wanted, &listed),
            Command::Show { run, shown } => shown.show(&door.look(&door.named(&run)?)?),
            Command::Rows { run, status, csv, listed } => {
                let told = door.rows(&door.named(&run)?, status.map(Status::status), listed.page())?;
                if csv {
                    return tell::csv(&told, None);
                }
                listed.list(&tell::rows(&told), tell::COLUMNS)
            }
            Command::Approve { one } => one.decide(&door, Decision::Approve),
            Command::Reject { one } => one.decide(&door, Decision::Reject),
            Command::Cancel { one } => one.decide(&door, Decision::Cancel),
            Command::Undo { one, sure } => {
                if !sure.is_said() {
                    confirm(&format!("take back all that the run {} did", one.run))?;
                }
                one.decide(&door, Decision::Undo)
            }
            Command::Retry { run, following } => {
                let run = door.retry(&door.named(&run)?)?;
                following.follow(&door, &run)
            }
            Command::Follow { run, following } => {
                let run = door.look(&door.named(&run)?)?;
                following.follow(&door, &run)
            }
            Command::Collect { one } => {
                tell::answers(&door.collect(&door.named(&one.run)?)?, one.shown.is_json())
            }
            Command::Verify => verify(&door),
        }
    }
}

fn list(door: &Door<'_>, wanted: Wanted, listed: &Listed) -> Result<(), Failure> {
    let Wanted { job, platform, state, runner, since, until, text } = wanted;
    let state = state.map(|word| {
        let known = RunState::ALL.iter().find(|(known, _)| *known == word);
        known.map(|(_, state)| *state).ok_or_else(|| tell::no_state(&word))
    });
    let filter = RunFilter { job, platform, state: state.transpose()?, runner, since, until, text };
    let told = door.list(&filter, listed.page())?;
    let columns = [
        ("ID", "id"),
        ("STATE", "state"),
        ("JOB", "job"),
        ("PLATFORM", "platform"),
        ("RUNNER", "by"),
        ("ORDERED", "ordered"),
        ("ROWS", "rows"),
        ("DONE", "done"),
        ("UNCHANGED", "unchanged"),
        ("REFUSED", "refused"),
        ("FAILED", "failed"),
        ("WHY", "why"),
    ];
    if listed.is_json() { listed.list(&told, &columns) } else { listed.list(&tell::flat(&told), &columns) }
}

impl One {
    fn decide(&self, door: &Door<'_>, decision: Decision) -> Result<(), Failure> {
        let run = door.decide(&door.named(&self.run)?, decision)?;
        if !self.shown.is_json() {
            eprintln!("run {} is {}", tell::word(&run, "id"), tell::word(&run, "state"));
            return Ok(());
        }
        self.shown.show(&run)
    }
}

/// Compares the records of runs with the audit log.
fn verify(door: &Door<'_>) -> Result<(), Failure> {
    let (compared, faults) = door.verify()?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        return Err(
            anyhow::anyhow!("{} of {compared} records of runs are not as they were", faults.len()).into()
        );
    }
    println!("{compared} records of runs are as the audit log noted them");
    Ok(())
}

/// Puts what stands deeper in a run beside the rest, for a table.
fn flattened(run: &Value) -> Value {
    let mut flat = run.clone();
    if let (Value::Object(flat), Value::Object(counts)) = (&mut flat, &run["counts"]) {
        flat.extend(counts.clone());
        let by = run["runner"]["login"].as_str().or_else(|| run["runner"]["account"].as_str());
        flat.insert("by".to_owned(), by.unwrap_or_default().into());
    }
    flat
}
