//! `bellhop preferences`

use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::Doing;
use crate::cli::act::fields::typed;
use crate::cli::act::session::Session;
use crate::cli::act::show::Shown;
use crate::document::{nearest, one_of};
use crate::operation::{Edit, Query};

/// Manage what holds for every device
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show them
    Show {
        #[command(flatten)]
        shown: Shown,
    },
    /// Set some of them
    Set {
        #[command(flatten)]
        flags: Flags,
        /// Take one away, so that the server's configuration holds again
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        #[command(flatten)]
        doing: Doing,
    },
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Whether phones may be known by their MAC address alone over HTTP and HTTPS
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    mac_based: Option<bool>,
    /// Protocol of devices that name none: http, https or tftp
    #[arg(long)]
    protocol: Option<String>,
    /// Seconds between the requests of devices that name no interval
    #[arg(long, value_name = "SECONDS")]
    update_interval: Option<u32>,
}

const OWN: &[&str] = &["mac-based", "protocol", "update-interval"];

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::Show { shown } => shown.show(&session.look(&Query::Preferences)?),
            Command::Set { flags, unset, doing } => {
                let mut fields = typed(&flags)?;
                for key in unset {
                    if !OWN.contains(&key.as_str()) {
                        let meant = nearest(&key, OWN.iter().copied()).map(|meant| format!("`{meant}`"));
                        let meant = meant.unwrap_or_else(|| one_of(OWN));
                        return Err(Failure::Usage(format!(
                            "there is no preference `{key}`; did you mean {meant}?"
                        )));
                    }
                    fields.insert(key, Value::Null);
                }
                doing.one(session, Edit::PreferencesSet { fields })
            }
        }
    }
}
