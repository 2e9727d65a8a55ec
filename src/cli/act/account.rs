//! `bellhop account`

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::{Settable, typed};
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::operation::{Edit, Query};

/// Manage providers, organizations and users
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the accounts that you see
    List {
        /// Those of this kind alone
        #[arg(long)]
        kind: Option<Kind>,
        /// Those below this account alone
        #[arg(long, value_name = "ACCOUNT")]
        below: Option<String>,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show an account, with the levels that you may set it to
    Show {
        /// Its id
        account: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add an account
    Add {
        /// What it is
        kind: Kind,
        /// Its id, unique among all accounts
        id: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change an account
    Edit {
        /// Its id
        account: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove an account that nothing hangs on
    Remove {
        /// Its id
        account: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Set what an account may do with devices, up to what you may yourself
    Level {
        /// Its id
        account: String,
        /// What it may do
        level: Level,
        #[command(flatten)]
        doing: Doing,
    },
}

/// The kinds of accounts.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Below the administrator
    Provider,
    /// Below a provider
    Organization,
    /// Below an organization
    User,
}

/// What an account may do with devices.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    /// Nothing of its own
    None,
    /// See them
    View,
    /// See and change them
    Modify,
}

impl Level {
    /// Gives the word in files.
    pub(super) fn word(self) -> String {
        match self {
            Self::None => "none",
            Self::View => "view",
            Self::Modify => "modify",
        }
        .to_owned()
    }
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// The provider that an organization is of
    #[arg(long, value_name = "ACCOUNT")]
    provider: Option<String>,
    /// The organization that a user is of
    #[arg(long, value_name = "ACCOUNT")]
    organization: Option<String>,
    /// What it may do with devices
    #[arg(long, value_name = "LEVEL")]
    provisioning: Option<Level>,
    /// Whether it may set the levels of those below it
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    roles_management: Option<bool>,
    /// Whether a user has a say in the provisioning of its extensions
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    sip_management: Option<bool>,
}

/// The keys of the records that --unset takes away.
const OWN: &[&str] = &["name", "provisioning", "roles-management", "sip-management"];

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { kind, below, listed } => {
                let kind = kind.map(Kind::word);
                let told = session.look(&Query::Accounts { kind, below, page: listed.page() })?;
                let columns = [
                    ("ID", "id"),
                    ("KIND", "kind"),
                    ("NAME", "name"),
                    ("PARENT", "parent"),
                    ("LEVEL", "provisioning"),
                ];
                listed.list(&told, &columns)
            }
            Command::Show { account, shown } => shown.show(&session.look(&Query::Account { account })?),
            Command::Add { kind, id, flags, settable, doing } => {
                let mut fields = typed(&flags)?;
                fields.insert("id".to_owned(), Value::from(id));
                settable.fill(&mut fields, OWN, |word| session.is_vendor(word))?;
                doing.one(session, Edit::AccountAdd { kind: kind.word(), fields })
            }
            Command::Edit { account, flags, settable, doing } => {
                let mut fields = typed(&flags)?;
                settable.fill(&mut fields, OWN, |word| session.is_vendor(word))?;
                doing.one(session, Edit::AccountEdit { account, fields })
            }
            Command::Remove { account, sure, doing } => {
                let what = format!("remove the account {account}");
                doing.sure(session, &sure, vec![Edit::AccountRemove { account }], &what)
            }
            Command::Level { account, level, doing } => {
                doing.one(session, Edit::LevelSet { account, level: Some(level.word()) })
            }
        }
    }
}

impl Kind {
    fn word(self) -> String {
        match self {
            Self::Provider => "provider",
            Self::Organization => "organization",
            Self::User => "user",
        }
        .to_owned()
    }
}
