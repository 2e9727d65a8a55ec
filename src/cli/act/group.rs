//! `bellhop group`

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::typed;
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::operation::{Edit, Fields, Query};

/// Manage groups of logins, which are granted something together
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List groups
    List {
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a group with its logins and grants
    Show {
        /// Its id
        group: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add a group
    Add {
        /// Its id, unique among groups
        id: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change a group
    Edit {
        /// Its id
        group: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove a group with its grants; its logins stay
    Remove {
        /// Its id
        group: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Put logins into a group
    Join {
        #[command(flatten)]
        members: Members,
        #[command(flatten)]
        doing: Doing,
    },
    /// Take logins out of a group
    Leave {
        #[command(flatten)]
        members: Members,
        #[command(flatten)]
        doing: Doing,
    },
}

/// Logins of a group.
#[derive(Debug, clap::Args)]
struct Members {
    /// The group's id
    group: String,
    /// The logins' ids
    #[arg(required = true, value_name = "LOGIN")]
    logins: Vec<String>,
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// The logins that are in it, with commas between; all of them, so that others leave it
    #[arg(long, value_name = "LOGINS", value_delimiter = ',')]
    logins: Option<Vec<String>>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { listed } => {
                let told = session.look(&Query::Groups { page: listed.page() })?;
                listed.list(&told, &[("ID", "id"), ("NAME", "name"), ("LOGINS", "logins")])
            }
            Command::Show { group, shown } => shown.show(&session.look(&Query::Group { group })?),
            Command::Add { id, flags, doing } => {
                let mut fields: Fields = typed(&flags)?;
                fields.insert("id".to_owned(), Value::from(id));
                doing.one(session, Edit::GroupAdd { fields })
            }
            Command::Edit { group, flags, doing } => {
                doing.one(session, Edit::GroupEdit { group, fields: typed(&flags)? })
            }
            Command::Remove { group, sure, doing } => {
                let what = format!("remove the group {group} and its grants");
                doing.sure(session, &sure, vec![Edit::GroupRemove { group }], &what)
            }
            Command::Join { members, doing } => {
                let edits = members.edits(|group, login| Edit::GroupJoin { group, login });
                doing.all(session, edits, None)
            }
            Command::Leave { members, doing } => {
                let edits = members.edits(|group, login| Edit::GroupLeave { group, login });
                doing.all(session, edits, None)
            }
        }
    }
}

impl Members {
    /// Gives an edit for each of the logins.
    fn edits(self, edit: impl Fn(String, String) -> Edit) -> Vec<Edit> {
        self.logins.into_iter().map(|login| edit(self.group.clone(), login)).collect()
    }
}
