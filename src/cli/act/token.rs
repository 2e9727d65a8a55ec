//! `bellhop token`

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::typed;
use crate::cli::act::session::Session;
use crate::cli::act::show::Listed;
use crate::operation::{Edit, Query};

/// Manage tokens, by which programs use the admin API
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List tokens
    List {
        /// Those of this login alone
        #[arg(long)]
        login: Option<String>,
        #[command(flatten)]
        listed: Listed,
    },
    /// Make a token; its secret half is shown once
    Add {
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Revoke a token; what uses it stays outside at once
    Revoke {
        /// Its id
        token: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// The login that it stands for
    login: String,
    /// What it is for
    #[arg(long)]
    name: Option<String>,
    /// What it opens; looking, unless said otherwise
    #[arg(long)]
    scope: Option<Scope>,
    /// When it ends, like 2027-01-31T00:00:00Z; never, unless said
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    /// Looking
    Read,
    /// Looking and changing
    Write,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { login, listed } => {
                let told = session.look(&Query::Tokens { login, page: listed.page() })?;
                let columns = [
                    ("ID", "id"),
                    ("LOGIN", "login"),
                    ("NAME", "name"),
                    ("SCOPE", "scope"),
                    ("CREATED", "created"),
                    ("EXPIRES", "expires"),
                ];
                listed.list(&told, &columns)
            }
            Command::Add { flags, doing } => doing.one(session, Edit::TokenAdd { fields: typed(&flags)? }),
            Command::Revoke { token, sure, doing } => {
                let what = format!("revoke the token {token}");
                doing.sure(session, &sure, vec![Edit::TokenRevoke { token }], &what)
            }
        }
    }
}
