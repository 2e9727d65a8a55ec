//! `bellhop extension`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::account::Level;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::{Settable, put_below, typed};
use crate::cli::act::password;
use crate::cli::act::session::Session;
use crate::cli::act::show::{Listed, Shown};
use crate::operation::{Edit, Fields, Query};

/// Manage extensions and their SIP data
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the extensions that you see
    List {
        /// Those below this account alone
        #[arg(long, value_name = "ACCOUNT")]
        below: Option<String>,
        /// Those that you may put on a device's line alone
        #[arg(long)]
        assignable: bool,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show an extension
    Show {
        /// Its number
        extension: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add an extension
    Add {
        /// Its number, unique among all
        number: String,
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change an extension
    Edit {
        /// Its number
        extension: String,
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove an extension; a line that it is on is cleared
    Remove {
        /// Its number
        extension: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Set what an extension may do with its device
    Level {
        /// Its number
        extension: String,
        /// What it may do; `inherit` has it take its user's level
        level: OwnLevel,
        #[command(flatten)]
        doing: Doing,
    },
}

/// What an extension may do with its device.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OwnLevel {
    /// What its user may
    Inherit,
    /// Nothing of its own
    None,
    /// See it
    View,
    /// See and change it
    Modify,
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// The user that it is of
    #[arg(long, value_name = "ACCOUNT")]
    user: Option<String>,
    /// What it is; phone-terminal, unless said otherwise, which alone can be put on a line
    #[arg(long)]
    kind: Option<String>,
    /// The name that others see
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The text beside its key on the phone
    #[arg(long)]
    label: Option<String>,
    /// What it may do with its device; what its user may, unless said otherwise
    #[arg(long, value_name = "LEVEL")]
    provisioning: Option<Level>,
    #[command(flatten)]
    #[serde(skip)]
    sip: Sip,
}

#[derive(Debug, clap::Args)]
struct Sip {
    /// SIP: user; the number, unless said otherwise
    #[arg(long, value_name = "USER", help_heading = "SIP")]
    sip_user: Option<String>,
    /// SIP: user for authentication; the SIP user, unless said otherwise
    #[arg(long, value_name = "USER", help_heading = "SIP")]
    sip_auth_user: Option<String>,
    /// SIP: ask for the password, or read it as a line of standard input where that is no terminal
    #[arg(long, conflicts_with = "sip_password_file", help_heading = "SIP")]
    sip_password: bool,
    /// SIP: read the password from the first line of a file; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "SIP")]
    sip_password_file: Option<PathBuf>,
    /// SIP: registrar, where it is not the one of the settings
    #[arg(long, value_name = "HOST", help_heading = "SIP")]
    sip_server: Option<String>,
    /// SIP: port of the registrar
    #[arg(long, value_name = "PORT", help_heading = "SIP")]
    sip_port: Option<u16>,
    /// SIP: transport
    #[arg(long, value_name = "WORD", help_heading = "SIP")]
    sip_transport: Option<String>,
}

/// The keys of the record that --unset takes away.
const OWN: &[&str] = &["display-name", "kind", "label", "provisioning", "sip"];

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { below, assignable, listed } => {
                let told = session.look(&Query::Extensions { below, assignable, page: listed.page() })?;
                let columns = [
                    ("NUMBER", "number"),
                    ("NAME", "display-name"),
                    ("KIND", "kind"),
                    ("USER", "user"),
                    ("LEVEL", "provisioning"),
                    ("DEVICE", "device"),
                ];
                listed.list(&told, &columns)
            }
            Command::Show { extension, shown } => shown.show(&session.look(&Query::Extension { extension })?),
            Command::Add { number, flags, settable, doing } => {
                let mut fields = flags.fields(session, &settable)?;
                fields.insert("number".to_owned(), Value::from(number));
                doing.one(session, Edit::ExtensionAdd { fields })
            }
            Command::Edit { extension, flags, settable, doing } => {
                let fields = flags.fields(session, &settable)?;
                doing.one(session, Edit::ExtensionEdit { extension, fields })
            }
            Command::Remove { extension, sure, doing } => {
                let what = format!("remove the extension {extension}");
                doing.sure(session, &sure, vec![Edit::ExtensionRemove { extension }], &what)
            }
            Command::Level { extension, level, doing } => {
                let level = match level {
                    OwnLevel::Inherit => None,
                    OwnLevel::None => Some(Level::None),
                    OwnLevel::View => Some(Level::View),
                    OwnLevel::Modify => Some(Level::Modify),
                };
                doing.one(session, Edit::LevelSet { account: extension, level: level.map(Level::word) })
            }
        }
    }
}

impl Flags {
    fn fields(&self, session: &Session, settable: &Settable) -> Result<Fields, Failure> {
        let (mut fields, sip) = (typed(self)?, &self.sip);
        let texts = [
            ("user", &sip.sip_user),
            ("auth-user", &sip.sip_auth_user),
            ("server", &sip.sip_server),
            ("transport", &sip.sip_transport),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                put_below(&mut fields, "sip", key, Value::from(text.as_str()));
            }
        }
        if let Some(port) = sip.sip_port {
            put_below(&mut fields, "sip", "port", Value::from(port));
        }
        let file = sip.sip_password_file.as_deref();
        if let Some(secret) = password::given("SIP password", sip.sip_password, file)? {
            put_below(&mut fields, "sip", "password", Value::from(secret));
        }
        settable.fill(&mut fields, OWN, |word| session.is_vendor(word))?;
        Ok(fields)
    }
}
