//! Changing: what is asked before, and what is told after.

use std::io::{self, BufRead, IsTerminal, Write};

use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::session::Session;
use crate::cli::act::show;
use crate::cli::paint::Paint;
use crate::operation::{Diff, Edit, Outcome, Request};

/// How a change is made.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Doing {
    /// Tell what would change, in the records' files and in what phones get, and change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print JSON: what became of each edit, the snapshot that holds the change, warnings
    #[arg(long)]
    json: bool,
}

/// Whether it has to be asked before.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Sure {
    /// Do not ask; needed where nobody can be asked
    #[arg(long, short)]
    yes: bool,
}

impl Sure {
    /// Tells whether it was said on the command line.
    pub(super) fn is_said(&self) -> bool {
        self.yes
    }
}

impl Doing {
    /// Tells whether nothing is to be changed.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Makes one change.
    pub(super) fn one(&self, session: &Session, edit: Edit) -> Result<(), Failure> {
        self.all(session, vec![edit], None)
    }

    /// Makes one change after it was confirmed: `what` ends the question.
    pub(super) fn sure(
        &self,
        session: &Session,
        sure: &Sure,
        edits: Vec<Edit>,
        what: &str,
    ) -> Result<(), Failure> {
        if !self.dry_run && !sure.yes {
            confirm(what)?;
        }
        self.all(session, edits, None)
    }

    /// Makes several edits, which are one change; the first record must still have this version.
    pub(super) fn all(
        &self,
        session: &Session,
        edits: Vec<Edit>,
        version: Option<String>,
    ) -> Result<(), Failure> {
        self.request(session, Request { edits, dry_run: false, if_match: version })
    }

    /// Makes what a request asks for.
    pub(super) fn request(&self, session: &Session, mut request: Request) -> Result<(), Failure> {
        request.dry_run |= self.dry_run;
        let outcome = session.perform(&request)?;
        if self.json {
            return show::json(&outcome);
        }
        tell(&outcome, request.dry_run)
    }
}

fn tell(outcome: &Outcome, dry_run: bool) -> Result<(), Failure> {
    for warning in &outcome.warnings {
        eprintln!("warning: {warning}");
    }
    if let Some(diff) = &outcome.diff {
        return differences(diff);
    }
    for (at, result) in outcome.results.iter().filter(|result| !result.is_null()).enumerate() {
        if at > 0 {
            println!();
        }
        match result {
            Value::Object(record) => show::record(record),
            other => println!("{other}"),
        }
    }
    let held = outcome.snapshot.map(|serial| format!("; served since snapshot {serial}")).unwrap_or_default();
    eprintln!("{}{held}", if dry_run || !outcome.changed { "nothing changed" } else { "done" });
    Ok(())
}

/// Prints what would change.
pub(super) fn differences(diff: &Diff) -> Result<(), Failure> {
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    let write = |out: &mut io::StdoutLock<'_>| {
        write!(out, "{}", paint.diff(&diff.files))?;
        for rendered in &diff.rendered {
            writeln!(out, "\n{}, {}:", rendered.device, rendered.file)?;
            write!(out, "{}", paint.diff(&rendered.diff))?;
        }
        out.flush()
    };
    match write(&mut out) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        Err(_) | Ok(()) => (),
    }
    if diff.files.is_empty() {
        eprintln!("nothing would change");
    }
    Ok(())
}

/// Asks whether something is meant; where nobody can be asked, it is not.
pub(super) fn confirm(what: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("to {what}, give --yes; there is no terminal to ask at")));
    }
    eprint!(
        "{}{}? [y/N] ",
        what.get(..1).unwrap_or_default().to_uppercase(),
        what.get(1..).unwrap_or_default()
    );
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(anyhow::anyhow!("nothing was changed").into()),
    }
}
