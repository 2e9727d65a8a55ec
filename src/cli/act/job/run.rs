//! `bellhop job run`

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cli::Failure;
use crate::cli::act::job::ask::Given;
use crate::cli::act::run::{Following, tell};
use crate::cli::act::runs::Door;
use crate::cli::act::session::Session;
use crate::jobs::Format;
use crate::jobs::runs::{Input, Order};
use crate::operation::Query;

/// Run a job, and follow it to its end
///
/// An on-demand job is given values: by --set and --set-file, or at the prompt, which asks where something is missing.
/// A bulk job is given rows: CSV with a header (separated by `,`, `;` or tab) or JSON lines. In a cell, blank leaves a
/// value as it is, `clear` takes it away, and an apostrophe before anything makes it a text. Every row is validated
/// before anything changes. Ends with 1 when anything was not done, with 4 when permission is missing.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The job's id
    job: String,
    #[command(flatten)]
    given: Given,
    /// The rows: a file, or standard input for `-`; without, those that are kept with the job
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "set_file"])]
    file: Option<PathBuf>,
    /// How the rows are written: csv or json-lines; told by the file itself, unless said
    #[arg(long, value_name = "FORMAT", requires = "file")]
    format: Option<Written>,
    /// Have rows generate something again, though an earlier run has done the same row
    #[arg(long)]
    again: bool,
    /// When it begins: local time, like 2026-12-01T22:00, or `now` whatever the job says
    #[arg(long, visible_alias = "at", value_name = "TIME")]
    start_at: Option<String>,
    /// The zone of that time, by its name in the time-zone database; the job's, unless said otherwise, else UTC
    #[arg(long, visible_alias = "zone", value_name = "ZONE")]
    time_zone: Option<String>,
    /// How many rows are one change; as the job says, unless said otherwise
    #[arg(long, value_name = "ROWS")]
    batch: Option<u32>,
    /// Whether the first row that cannot be done ends it; as the job says, unless said otherwise
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    stop_on_error: Option<bool>,
    /// Say what it is for, for whoever approves it or looks at it later
    #[arg(long)]
    notes: Option<String>,
    /// Tell what would become of each row, and what would change in files, and change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    #[command(flatten)]
    following: Following,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Written {
    /// A table with a header
    Csv,
    /// One JSON object a line
    JsonLines,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let order = self.order(session)?;
        let door = Door::new(session);
        if self.dry_run {
            return tell::preview(&door.preview(&order)?, &self.following);
        }
        let run = door.order(&order)?;
        self.following.follow(&door, &run)
    }

    fn order(&self, session: &Session) -> Result<Order, Failure> {
        let mut order = Order::new(&self.job, self.input(session)?);
        order.again = self.again;
        order.start_at = self.start_at.as_deref().map(|at| at.trim().replacen(' ', "T", 1));
        order.time_zone.clone_from(&self.time_zone);
        order.batch = self.batch;
        order.stop_on_error = self.stop_on_error;
        order.notes = self.notes.clone().unwrap_or_default();
        Ok(order)
    }

    /// Reads what the run is given: rows, or values for the job's form.
    fn input(&self, session: &Session) -> Result<Input, Failure> {
        // Whoever mistypes a job is told the nearest, and whoever gives the wrong thing what it takes.
        let form = session.look(&Query::JobForm { job: self.job.clone() })?;
        let (job, is_bulk) = (&self.job, form["x-bellhop-kind"] == "bulk");
        if let Some(file) = &self.file {
            if !is_bulk {
                return Err(Failure::Usage(format!(
                    "the job `{job}` is run once with values; give them with --set"
                )));
            }
            let bytes = read(file)?;
            let format = match self.format {
                Some(Written::Csv) => Format::Csv,
                Some(Written::JsonLines) => Format::JsonLines,
                None => guess(file, &bytes),
            };
            return Ok(Input::Rows { bytes, format });
        }
        if is_bulk {
            if self.given.is_any() {
                return Err(Failure::Usage(format!(
                    "the job `{job}` runs over rows; give them with --file FILE"
                )));
            }
            return Ok(Input::Kept);
        }
        self.given.values(&form).map(Input::Values)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    Ok(read.with_context(|| format!("cannot read {}", file.display()))?)
}

/// Tells how rows are written, by the name of their file, else by how they begin.
fn guess(file: &Path, bytes: &[u8]) -> Format {
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("csv" | "tsv" | "txt") => Format::Csv,
        Some("json" | "jsonl" | "ndjson") => Format::JsonLines,
        _ => {
            let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
            let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
            if first == Some(&b'{') { Format::JsonLines } else { Format::Csv }
        }
    }
}
