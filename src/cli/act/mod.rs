//! The commands of those who manage: the operations in the words of the command line.
//!
//! Each noun is a file, each verb becomes an [`Edit`](crate::operation::Edit) or a
//! [`Query`](crate::operation::Query). Who acts is the administrator, or with `bellhop as WHO` that account or
//! login; the server that runs answers, and without one the same functions do. Read next: `Session`.

mod account;
mod audit;
mod change;
mod device;
mod device_flags;
mod edits;
mod extension;
mod fields;
mod grant;
mod group;
mod job;
mod login;
mod nearest;
mod own;
mod password;
mod preferences;
mod run;
mod runs;
mod session;
mod show;
mod template;
mod token;
mod whom;

use std::path::Path;

use clap::Subcommand;

use crate::cli::Failure;

use crate::cli::act::session::Session;

/// What can be managed.
#[derive(Debug, Subcommand)]
pub(super) enum Managing {
    /// Manage providers, organizations and users
    Account(account::Args),
    /// Search and verify the audit log
    Audit(audit::Args),
    /// Manage devices
    Device(device::Args),
    /// Make many edits, which are one change
    Edits(edits::Args),
    /// Manage extensions and their SIP data
    Extension(extension::Args),
    /// Manage what logins and groups may do with jobs
    Grant(grant::Args),
    /// Manage groups of logins
    Group(group::Args),
    /// Build jobs, and run them
    Job(job::Args),
    /// Manage who signs in to the admin API
    Login(login::Args),
    /// Manage what holds for every device
    Preferences(preferences::Args),
    /// Say who you are and what you may
    #[command(name = "self")]
    Own(own::Args),
    /// Look at runs of jobs, decide about them, and take them back
    Run(run::Args),
    /// Manage templates, which give phones' files bodies of their own
    Template(template::Args),
    /// Manage tokens, by which programs use the admin API
    Token(token::Args),
}

impl Managing {
    /// Does it as an account or a login; as the administrator, where none is named.
    pub(super) fn run(self, config: &Path, who: Option<&str>) -> Result<(), Failure> {
        let session = &Session::open(config, who)?;
        match self {
            Self::Account(args) => args.run(session),
            Self::Audit(args) => args.run(session),
            Self::Device(args) => args.run(session),
            Self::Edits(args) => args.run(session),
            Self::Extension(args) => args.run(session),
            Self::Grant(args) => args.run(session),
            Self::Group(args) => args.run(session),
            Self::Job(args) => args.run(session),
            Self::Login(args) => args.run(session),
            Self::Preferences(args) => args.run(session),
            Self::Own(args) => args.run(session),
            Self::Run(args) => args.run(session),
            Self::Template(args) => args.run(session),
            Self::Token(args) => args.run(session),
        }
    }
}
