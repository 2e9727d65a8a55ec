//! The command line: one command a file, each a few steps over the library.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 bad command
//! line, 3 something needs attention (`status --check`), 4 permission is missing, 78 bad configuration. Read next:
//! `Command`, and `act` for the commands of those who manage.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks to people")]

mod act;
mod bans;
pub mod catalog;
mod check;
mod dhcp;
mod generate;
mod identify;
mod pages;
mod paint;
mod reload;
mod render;
mod status;
mod table;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::daemon::DaemonError;
use crate::document::Fault;
use crate::operation::{Code, Problem};
use crate::reload::{Loaded, Loader};

/// Provisioning server for SIP phones
///
/// Without a command it serves. Settings come from a file; the records, the catalog and everything else are found
/// through it.
#[derive(Debug, Parser)]
#[command(name = "bellhop", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// File with the server's settings
    ///
    /// Without it, `config/bellhop.toml` below the current folder is taken if it is there, else
    /// `/etc/bellhop/bellhop.toml`.
    #[arg(long, short, global = true, value_name = "FILE", env = "BELLHOP_CONFIG")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 the command line makes no sense; 3 something needs \
                          attention (status --check); 4 permission is missing; 78 files are faulty";

/// What bellhop can do.
#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Manage(act::Managing),
    /// Do any of this as an account or a login, with its permissions
    ///
    /// A login acts as its account, and has the grants of its own and of its groups. The shell of the operator is
    /// trusted, so that no password is asked for.
    As {
        /// An account's id, an extension's number, or a login's id; `login:ID` where an account has the same one
        who: String,
        #[command(subcommand)]
        command: act::Managing,
    },
    /// List networks that are banned, or lift bans
    Bans(bans::Args),
    /// List what phones are known
    Catalog(catalog::Args),
    /// Read everything and say all that is wrong
    Check(check::Args),
    /// Print what a DHCP server needs, so that phones find this server
    Dhcp(dhcp::Args),
    /// Fill in what records leave to be generated
    Generate(generate::Args),
    /// Explain what a request would get, and why
    Identify(identify::Args),
    /// Write manual pages and completions for shells
    #[command(hide = true)]
    Pages(pages::Args),
    /// Have the server that runs read its files again
    Reload(reload::Args),
    /// Print a phone's file
    Render(render::Args),
    /// Say how the server that runs is
    Status(status::Args),
    /// Serve phones until a signal ends it; what bellhop does without a command
    Serve,
}

/// Why a command ended without having done what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// Something needs attention, which has been said; exit code 3.
    Degraded,
    /// Files are not as they must be; exit code 78.
    Faulty(Vec<Fault>),
    /// An operation was not done; exit code 4 where permission is missing, 78 where files are faulty, else 1.
    Refused(Problem),
    /// Anything else; exit code 1.
    Other(anyhow::Error),
    /// Something was not done, which has been said; exit code 1.
    Told,
    /// The command line asks for what makes no sense; exit code 2.
    Usage(String),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Failure {
    /// Tells people about it and gives the exit code.
    pub fn tell(&self) -> u8 {
        match self {
            Self::Degraded => 3,
            Self::Told => 1,
            Self::Faulty(faults) => {
                for fault in faults {
                    eprintln!("{fault}");
                }
                78
            }
            Self::Refused(problem) => {
                let rule = problem.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
                eprintln!("bellhop: {}{rule}", problem.message);
                match problem.code {
                    Code::Forbidden => 4,
                    Code::Faulty => 78,
                    Code::Changed | Code::Conflict | Code::Failed | Code::Invalid | Code::NotFound => 1,
                }
            }
            Self::Other(error) => {
                eprintln!("bellhop: {error:#}");
                1
            }
            Self::Usage(message) => {
                eprintln!("bellhop: {message}");
                2
            }
        }
    }
}

impl Command {
    /// Tells whether it is over when nobody reads what it prints.
    const fn tells_only(&self) -> bool {
        matches!(
            self,
            Self::Catalog(_) | Self::Check(_) | Self::Dhcp(_) | Self::Identify(_) | Self::Render(_)
        )
    }
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// What kept it from being done.
    pub fn run(self) -> Result<(), Failure> {
        let config = self.config.unwrap_or_else(usual_config);
        if self.command.as_ref().is_some_and(Command::tells_only) {
            // Whoever reads no further, like `head`, ends the command.
            sigpipe::reset();
        }
        match self.command {
            None => serve(&config),
            Some(Command::As { who, command }) => command.run(&config, Some(&who)),
            Some(Command::Bans(args)) => args.run(&config),
            Some(Command::Catalog(args)) => args.run(&config),
            Some(Command::Check(args)) => args.run(&config),
            Some(Command::Dhcp(args)) => args.run(&config),
            Some(Command::Generate(args)) => args.run(&config),
            Some(Command::Identify(args)) => args.run(&config),
            Some(Command::Manage(command)) => command.run(&config, None),
            Some(Command::Pages(args)) => args.run(),
            Some(Command::Reload(args)) => args.run(&config),
            Some(Command::Render(args)) => args.run(&config),
            Some(Command::Status(args)) => args.run(&config),
            Some(Command::Serve) => serve(&config),
        }
    }
}

fn serve(config: &std::path::Path) -> Result<(), Failure> {
    crate::daemon::run(config).map_err(|error| match error {
        DaemonError::Faulty(faults) => Failure::Faulty(faults),
        DaemonError::Other(error) => Failure::Other(error),
    })
}

fn usual_config() -> PathBuf {
    let here = PathBuf::from("config/bellhop.toml");
    if here.exists() { here } else { "/etc/bellhop/bellhop.toml".into() }
}

/// Reads everything; warnings go to standard error.
fn load(config: &std::path::Path) -> Result<Loaded, Failure> {
    let mut loader = Loader::new(config).map_err(Failure::Faulty)?;
    let nothing = loader.nothing();
    let loaded = loader.load(&nothing).map_err(Failure::Faulty)?;
    loaded.ok_or_else(|| anyhow::anyhow!("nothing was read").into())
}
