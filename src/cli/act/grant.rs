//! `bellhop grant`

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::typed;
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::operation::{Edit, Query};

/// Manage what logins and groups may do with the jobs of a provider or organization
///
/// A grant counts while its `provisioning` is on. Of what is granted to a login and to its groups, all holds; what one
/// switch makes needless stays kept, and counts again when the switch is off.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List grants
    List {
        /// Those of this login, and of its groups
        #[arg(long)]
        login: Option<String>,
        /// Those of this group
        #[arg(long)]
        group: Option<String>,
        /// Those for this platform
        #[arg(long, value_name = "ACCOUNT")]
        platform: Option<String>,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a grant
    Show {
        /// Its id
        grant: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Grant a login or a group something on a platform
    Add {
        /// Its id, unique among grants; made of its holder and platform, where none is given
        id: Option<String>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change what a grant gives
    Edit {
        /// Its id
        grant: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Take a grant back
    Remove {
        /// Its id
        grant: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Permit jobs: whoever holds the grant may run them
    Permit {
        #[command(flatten)]
        jobs: Jobs,
        #[command(flatten)]
        doing: Doing,
    },
    /// Revoke the permission to run jobs
    Revoke {
        #[command(flatten)]
        jobs: Jobs,
        #[command(flatten)]
        doing: Doing,
    },
}

/// Who holds a grant, and where.
#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Of {
    /// The login that holds it
    #[arg(long, required_unless_present = "group", conflicts_with = "group")]
    login: Option<String>,
    /// The group that holds it
    #[arg(long)]
    group: Option<String>,
    /// The provider or organization whose jobs it is about
    #[arg(long, value_name = "ACCOUNT")]
    platform: String,
}

/// What a grant gives; a switch without a value is on.
#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Whether the grant counts at all
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    provisioning: Option<bool>,
    /// Whether everything is allowed with all jobs of the platform
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    provisioning_administrator: Option<bool>,
    /// Whether bulk jobs may be created, run and deleted
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    bulk_admin: Option<bool>,
    /// Whether on-demand jobs may be built, edited, run and deleted
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    on_demand_admin: Option<bool>,
    /// The bulk jobs that may be run, with commas between; all of them
    #[arg(long, value_name = "JOBS", value_delimiter = ',')]
    bulk_jobs: Option<Vec<String>>,
    /// The on-demand jobs that may be run, with commas between; all of them
    #[arg(long, value_name = "JOBS", value_delimiter = ',')]
    on_demand_jobs: Option<Vec<String>>,
}

/// Jobs that a grant permits.
#[derive(Debug, clap::Args)]
struct Jobs {
    /// The grant's id
    grant: String,
    /// The jobs' ids
    #[arg(required = true, value_name = "JOB")]
    jobs: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { login, group, platform, listed } => {
                let told = session.look(&Query::Grants { login, group, platform, page: listed.page() })?;
                let columns = [
                    ("ID", "id"),
                    ("LOGIN", "login"),
                    ("GROUP", "group"),
                    ("PLATFORM", "platform"),
                    ("ON", "provisioning"),
                    ("ALL", "provisioning-administrator"),
                    ("BULK", "bulk-admin"),
                    ("ON-DEMAND", "on-demand-admin"),
                    ("BULK JOBS", "bulk-jobs"),
                    ("ON-DEMAND JOBS", "on-demand-jobs"),
                ];
                listed.list(&told, &columns)
            }
            Command::Show { grant, shown } => shown.show(&session.look(&Query::Grant { grant })?),
            Command::Add { id, of, flags, doing } => {
                let mut fields = typed(&flags)?;
                fields.extend(typed(&of)?);
                fields.extend(id.map(|id| ("id".to_owned(), Value::from(id))));
                doing.one(session, Edit::GrantAdd { fields })
            }
            Command::Edit { grant, flags, doing } => {
                doing.one(session, Edit::GrantEdit { grant, fields: typed(&flags)? })
            }
            Command::Remove { grant, sure, doing } => {
                let what = format!("take the grant {grant} back");
                doing.sure(session, &sure, vec![Edit::GrantRemove { grant }], &what)
            }
            Command::Permit { jobs, doing } => {
                let edits = jobs.edits(|grant, job| Edit::GrantPermit { grant, job });
                doing.all(session, edits, None)
            }
            Command::Revoke { jobs, doing } => {
                let edits = jobs.edits(|grant, job| Edit::GrantRevoke { grant, job });
                doing.all(session, edits, None)
            }
        }
    }
}

impl Jobs {
    /// Gives an edit for each of the jobs.
    fn edits(self, edit: impl Fn(String, String) -> Edit) -> Vec<Edit> {
        self.jobs.into_iter().map(|job| edit(self.grant.clone(), job)).collect()
    }
}
