//! `bellhop login`

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::typed;
use crate::cli::act::password;
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::operation::{Edit, Query};

/// Manage who signs in to the admin API
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the logins that you manage
    List {
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a login
    Show {
        /// Its id
        login: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add a login; without a password it can be used by tokens alone
    Add {
        /// Its id, unique among logins
        id: String,
        #[command(flatten)]
        flags: Flags,
        /// Ask for the password, or read it as a line of standard input where that is no terminal
        #[arg(long, conflicts_with = "password_file")]
        password: bool,
        /// Read the password from the first line of a file; `-` is standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change a login
    Edit {
        /// Its id
        login: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove a login, with its tokens
    Remove {
        /// Its id
        login: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Set a login's password: asked for, or a line of standard input where that is no terminal
    Password {
        /// Its id
        login: String,
        /// Read it from the first line of a file; `-` is standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        doing: Doing,
    },
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// The account that it acts as: an id, an extension's number, or `administrator`
    #[arg(long)]
    account: Option<String>,
    /// Whether it opens anything: enabled or disabled
    #[arg(long)]
    status: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { listed } => {
                let told = session.look(&Query::Logins { page: listed.page() })?;
                let columns = [("ID", "id"), ("NAME", "name"), ("ACCOUNT", "account"), ("STATUS", "status")];
                listed.list(&told, &columns)
            }
            Command::Show { login, shown } => shown.show(&session.look(&Query::Login { login })?),
            Command::Add { id, flags, password, password_file, doing } => {
                let mut fields = typed(&flags)?;
                fields.insert("id".to_owned(), Value::from(id));
                if let Some(secret) = password::given("password", password, password_file.as_deref())? {
                    fields.insert("password".to_owned(), Value::from(secret));
                }
                doing.one(session, Edit::LoginAdd { fields })
            }
            Command::Edit { login, flags, doing } => {
                doing.one(session, Edit::LoginEdit { login, fields: typed(&flags)? })
            }
            Command::Remove { login, sure, doing } => {
                let what = format!("remove the login {login} and its tokens");
                doing.sure(session, &sure, vec![Edit::LoginRemove { login }], &what)
            }
            Command::Password { login, password_file, doing } => {
                let secret = password::given("password", true, password_file.as_deref())?;
                let fields = [("password".to_owned(), Value::from(secret))].into_iter().collect();
                doing.one(session, Edit::LoginEdit { login, fields })
            }
        }
    }
}
