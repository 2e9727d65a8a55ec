//! Following a run to its end: a bar on a terminal, lines elsewhere.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::act::run::tell;
use crate::cli::act::runs::{Door, Followed};
use crate::cli::act::show;
use crate::jobs::runs::{Phase, Progress, RowStatus, RunId};
use crate::operation::Page;

/// As many rows as a run can have.
const EVERY: usize = 1_000_000;

/// How a run is followed.
#[derive(Debug, clap::Args)]
pub(in crate::cli::act) struct Following {
    /// Do not wait for its end
    #[arg(long)]
    no_wait: bool,
    /// Write what became of each row into a file: CSV, or JSON lines where its name ends in `.jsonl`
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Print JSON: the run, its rows, and what it generated
    #[arg(long)]
    json: bool,
}

impl Following {
    /// Tells whether it is JSON that is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Gives the file that what became of each row goes to.
    pub(super) fn results(&self) -> Option<&Path> {
        self.results.as_deref()
    }

    /// Follows a run, and tells how it ended.
    pub(in crate::cli::act) fn follow(&self, door: &Door<'_>, run: &Value) -> Result<(), Failure> {
        let id: RunId = tell::word(run, "id").parse()?;
        eprintln!("run {id} of the job {}", tell::word(run, "job"));
        if self.no_wait || begins_later(run) {
            return self.begun(run);
        }
        let mut meter = Meter::new();
        let followed = door.follow(&id, &mut |progress| meter.tell(progress))?;
        meter.end();
        if followed == Followed::Left {
            eprintln!(
                "the run goes on without you; `bellhop run follow {id}` follows it, `bellhop run cancel {id}` ends it"
            );
            return Ok(());
        }
        let run = door.look(&id)?;
        if !tell::is_end(&run) {
            return self.begun(&run);
        }
        let all = Page { offset: 0, limit: EVERY };
        if let Some(file) = &self.results {
            tell::csv(&door.rows(&id, None, all)?, Some(file))?;
        }
        let answers = door.collect(&id).unwrap_or_default();
        if self.json {
            let rows = door.rows(&id, None, all)?;
            show::json(&json!({ "run": run, "rows": rows["rows"], "answers": answers }))?;
            return if tell::is_well(&run) { Ok(()) } else { Err(Failure::Told) };
        }
        tell::end(&run, &Self::left(door, &id, &run)?, &answers)
    }

    /// Tells of a run that has not ended.
    fn begun(&self, run: &Value) -> Result<(), Failure> {
        if self.json {
            return show::json(&json!({ "run": run }));
        }
        eprintln!("{}", tell::summary(run));
        let (id, state) = (tell::word(run, "id"), tell::word(run, "state"));
        match state {
            "waiting" => {
                eprintln!("it waits for the approval of a second person: `bellhop run approve {id}`");
            }
            "scheduled" => eprintln!("it begins at {}: `bellhop run follow {id}`", tell::word(run, "due")),
            _ => (),
        }
        Ok(())
    }

    /// Gives the rows that were not done; of what is run once, the one that was, too.
    fn left(door: &Door<'_>, id: &RunId, run: &Value) -> Result<Value, Failure> {
        let (mut rows, mut total) = (Vec::new(), 0);
        let is_bulk = run["kind"] == "bulk";
        for status in [RowStatus::Refused, RowStatus::Failed, RowStatus::Done] {
            if is_bulk && status == RowStatus::Done {
                break;
            }
            let told = door.rows(id, Some(status), Page { offset: 0, limit: tell::TOLD })?;
            rows.extend(told["rows"].as_array().cloned().unwrap_or_default());
            total += told["total"].as_u64().unwrap_or_default();
        }
        Ok(json!({ "rows": rows, "total": total }))
    }
}

/// Tells whether nothing comes of a run now.
fn begins_later(run: &Value) -> bool {
    let due = humantime::parse_rfc3339(tell::word(run, "due")).ok();
    let is_later = due.is_some_and(|due| due > SystemTime::now() + AT_ONCE);
    tell::word(run, "state") == "waiting" || tell::word(run, "state") == "scheduled" && is_later
}

/// A run that begins within this time is waited for.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Time between two lines where no bar can be drawn.
const QUIET: Duration = Duration::from_secs(5);

/// Shows how far a run is.
struct Meter {
    bar: Option<ProgressBar>,
    told: Option<(Phase, Instant)>,
}

impl Meter {
    fn new() -> Self {
        Self { bar: io::stderr().is_terminal().then(ProgressBar::hidden), told: None }
    }

    /// Tells how far it is; gives whether there is more to come.
    fn tell(&mut self, progress: &Progress) -> bool {
        let is_through = progress.state.is_end();
        match &self.bar {
            Some(bar) if !is_through => draw(bar, progress),
            Some(_) => (),
            None => self.write(progress),
        }
        !is_through
    }

    fn write(&mut self, progress: &Progress) {
        let is_due = match self.told {
            // What is done in a moment is not worth a line.
            None => {
                self.told = Some((progress.phase, Instant::now()));
                false
            }
            Some((_, at)) => at.elapsed() >= QUIET,
        };
        if is_due && progress.rows > 1 {
            self.told = Some((progress.phase, Instant::now()));
            eprintln!("{}: {} of {} rows", word(progress.phase), done(progress), progress.rows);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    if bar.is_hidden() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg:>10} [{bar:30}] {pos}/{len} rows, {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar.set_length(progress.rows);
    bar.set_message(word(progress.phase));
    bar.set_position(done(progress));
}

/// Gives how many rows the phase has behind it.
const fn done(progress: &Progress) -> u64 {
    match progress.phase {
        Phase::Validating => progress.validated,
        Phase::Applying | Phase::Ended => progress.applied,
        Phase::Reading | Phase::Waiting => 0,
    }
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Applying => "applying",
        Phase::Ended => "ended",
        Phase::Reading => "reading",
        Phase::Validating => "validating",
        Phase::Waiting => "waiting",
    }
}
