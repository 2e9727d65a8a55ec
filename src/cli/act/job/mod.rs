//! `bellhop job`

mod ask;
mod definition;
mod field;
mod file;
mod run;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use self::definition::Definition;
use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::session::Session;
use crate::cli::act::show::{self, Listed, Shown};
use crate::document::nearest;
use crate::jobs::{MappedColumn, Mapping, Meaning, mapping, mappings};
use crate::operation::{Edit, JobFilter, Query};

/// Build jobs, permit others to run them, and run them
///
/// A job is an operation on devices, extensions or levels that is prepared: each of its fields is fixed, has a default
/// or is asked for. An on-demand job is run once with values, a bulk job over rows. Who may do what is said by grants
/// (`bellhop grant`), and nothing of it counts before `[features] provisioning-jobs` is on.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the jobs that you see
    List {
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a job: all of it to who administers it, else its name and what it is for
    Show {
        /// Its id
        job: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Build a job
    Add {
        /// Its id, unique among jobs; the one in the file of --from, where none is given
        #[arg(required_unless_present = "from")]
        id: Option<String>,
        #[command(flatten)]
        definition: Box<Definition>,
        #[command(flatten)]
        doing: Doing,
    },
    /// Edit a job; its runs that wait or are scheduled do not run in its new edition
    Edit {
        /// Its id
        job: String,
        #[command(flatten)]
        definition: Box<Definition>,
        /// Take a key away, or `fields.NAME`, or `columns.HEADER`
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        #[command(flatten)]
        doing: Doing,
    },
    /// Delete a job, and take it off the lists of grants; records of its runs stay
    Remove {
        /// Its id
        job: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Print what a run of a job is given, as a JSON Schema
    Form {
        /// The job's id
        job: String,
    },
    /// List what can be chosen for a field of a job
    Choices {
        /// The job's id
        job: String,
        /// The field
        field: String,
        /// With this text in it
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        listed: Listed,
    },
    /// Run a job, and follow it to its end
    Run(Box<run::Args>),
    /// List the mappings of columns that bulk jobs can take, or print one
    Mappings {
        /// Print this one
        mapping: Option<String>,
        #[command(flatten)]
        shown: Shown,
    },
}

/// Which jobs to list.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Those of this provider or organization
    #[arg(long, value_name = "ACCOUNT")]
    platform: Option<String>,
    /// Those of this kind
    #[arg(long)]
    kind: Option<Kind>,
    /// Those that do this, like `device.create`
    #[arg(long)]
    operation: Option<String>,
    /// Those that you may run
    #[arg(long)]
    runnable: bool,
}

/// How a job is run.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Over rows
    Bulk,
    /// Once, with values that are asked for
    OnDemand,
}

impl Kind {
    fn word(self) -> String {
        match self {
            Self::Bulk => "bulk",
            Self::OnDemand => "on-demand",
        }
        .to_owned()
    }
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { wanted, listed } => {
                let Wanted { platform, kind, operation, runnable } = wanted;
                let filter = JobFilter { platform, kind: kind.map(Kind::word), operation, runnable };
                let told = session.look(&Query::Jobs { filter, page: listed.page() })?;
                let columns = [
                    ("ID", "id"),
                    ("NAME", "name"),
                    ("KIND", "kind"),
                    ("PLATFORM", "platform"),
                    ("OPERATION", "operation"),
                    ("EDITION", "edition"),
                    ("APPROVAL", "approval"),
                    ("RUN", "runnable"),
                ];
                listed.list(&told, &columns)
            }
            Command::Show { job, shown } => shown.show(&session.look(&Query::Job { job })?),
            Command::Form { job } => show::json(&session.look(&Query::JobForm { job })?),
            Command::Choices { job, field, text, listed } => {
                let told = session.look(&Query::JobChoices { job, field, text, page: listed.page() })?;
                listed.list(&told, &[("VALUE", "value"), ("TITLE", "title")])
            }
            Command::Add { id, definition, doing } => {
                let mut fields = definition.fields(false)?;
                fields.extend(id.map(|id| ("id".to_owned(), Value::from(id))));
                doing.one(session, Edit::JobAdd { fields })
            }
            Command::Edit { job, definition, unset, doing } => {
                let mut fields = definition.fields(true)?;
                definition::unset(&mut fields, &unset)?;
                doing.one(session, Edit::JobEdit { job, fields })
            }
            Command::Remove { job, sure, doing } => {
                let what = format!("delete the job {job}");
                doing.sure(session, &sure, vec![Edit::JobRemove { job }], &what)
            }
            Command::Run(args) => args.run(session),
            Command::Mappings { mapping, shown } => show_mappings(mapping.as_deref(), &shown),
        }
    }
}

/// Lists the shipped mappings, or prints one.
fn show_mappings(called: Option<&str>, shown: &Shown) -> Result<(), Failure> {
    let Some(called) = called else {
        let rows: Vec<Value> =
            mappings().map(|it| json!({ "id": it.id, "name": it.name, "notes": it.notes })).collect();
        if shown.is_json() {
            return show::json(&rows);
        }
        return show::rows(&rows, &[("ID", "id"), ("NAME", "name"), ("NOTES", "notes")]);
    };
    let found = mapping(called).ok_or_else(|| {
        let meant = nearest(called, mappings().map(|mapping| mapping.id));
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        Failure::Usage(format!("no mapping `{}` is shipped{meant}", called.escape_debug()))
    })?;
    let columns = columns(found);
    let told = json!({ "id": found.id, "name": found.name, "notes": found.notes, "columns": columns });
    if shown.is_json() {
        return show::json(&told);
    }
    println!("{}\n\n{}\n", found.name, found.notes.trim_end());
    show::rows(&columns, &[("COLUMN", "column"), ("FIELD", "field")])
}

/// Says what the columns of a mapping are for.
fn columns(mapping: &Mapping) -> Vec<Value> {
    let field = |meaning: &Meaning| match meaning {
        Meaning::Extension => "the extension of a line".to_owned(),
        Meaning::Field(field) => field.clone(),
        Meaning::Line => "which line".to_owned(),
        Meaning::Nothing => "left out".to_owned(),
    };
    let column = |column: &MappedColumn| json!({ "column": column.header, "field": field(&column.meaning) });
    mapping.columns.iter().map(column).collect()
}
