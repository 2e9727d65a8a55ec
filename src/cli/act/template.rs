//! `bellhop template`

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::fields::typed;
use crate::cli::act::password;
use crate::cli::act::session::Session;
use crate::cli::act::show::{self, Listed, Shown};
use crate::operation::{Edit, Query};

/// Manage templates, which give phones' files bodies of their own
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the templates that you see
    List {
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a template with its bodies
    Show {
        /// Its id
        template: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add a template, for no phone yet
    Add {
        /// Its id, unique among templates
        id: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change a template's name, owner or visibility
    Edit {
        /// Its id
        template: String,
        #[command(flatten)]
        flags: Flags,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove a template that no device uses
    Remove {
        /// Its id
        template: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Make a template one for a model and firmware, too
    Equip {
        /// Its id
        template: String,
        #[command(flatten)]
        equipment: Equipment,
        #[command(flatten)]
        doing: Doing,
    },
    /// Take a model and firmware out of a template, with their bodies
    Unequip {
        /// Its id
        template: String,
        #[command(flatten)]
        equipment: Equipment,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Give a file a body of its own, or have it use the default one
    File {
        /// The template's id
        template: String,
        #[command(flatten)]
        equipment: Equipment,
        /// The file's name in the catalog, like `{mac}.cfg`
        file: String,
        /// File with the body; `-` is standard input
        #[arg(long, value_name = "FILE", required_unless_present = "default")]
        body: Option<PathBuf>,
        /// Use the default body
        #[arg(long, conflicts_with = "body")]
        default: bool,
        #[command(flatten)]
        doing: Doing,
    },
    /// Print what a device's file would be with a template, secrets masked
    Preview {
        /// Its id
        template: String,
        /// What the device is called
        device: String,
        /// The file; its main one, unless said otherwise
        file: Option<String>,
        /// File with a body to try in place of the template's; `-` is standard input
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        #[command(flatten)]
        shown: Shown,
    },
    /// Say whether every device that uses a template renders
    Check {
        /// Its id
        template: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Print a template as `import` takes it
    Export {
        /// Its id; `default` gives the catalog's own texts of a model
        template: String,
        /// Of this model alone
        #[arg(long)]
        model: Option<String>,
    },
    /// Put an exported template's equipment into a template; into `default`, the administrator alone
    Import {
        /// Its id
        template: String,
        /// File with what `export` printed; `-` is standard input
        file: PathBuf,
        #[command(flatten)]
        doing: Doing,
    },
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Name for people, unique for its owner
    #[arg(long)]
    name: Option<String>,
    /// Provider or organization that owns it; the account that acts, unless said otherwise
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
    /// The lowest kind of account that sees it: administrator, provider or organization
    #[arg(long)]
    visibility: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Equipment {
    /// The model
    model: String,
    /// The firmware, by the catalog's id
    firmware: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { listed } => {
                let told = session.look(&Query::Templates { page: listed.page() })?;
                let columns = [
                    ("ID", "id"),
                    ("NAME", "name"),
                    ("OWNER", "owner"),
                    ("VISIBILITY", "visibility"),
                    ("EQUIPMENT", "equipment"),
                    ("DEVICES", "devices"),
                ];
                listed.list(&told, &columns)
            }
            Command::Show { template, shown } => shown.show(&session.look(&Query::Template { template })?),
            Command::Preview { template, device, file, body, shown } => {
                let body = body.as_deref().map(password::whole).transpose()?;
                let told = session.look(&Query::TemplatePreview { template, device, file, body })?;
                preview(&told, &shown)
            }
            Command::Check { template, shown } => {
                check(&session.look(&Query::TemplateCheck { template })?, &shown)
            }
            Command::Export { template, model } => {
                show::json(&session.look(&Query::TemplateExport { template, model })?)
            }
            change => change.change(session),
        }
    }
}

impl Command {
    /// Does what changes something.
    fn change(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add { id, flags, doing } => {
                let mut fields = typed(&flags)?;
                fields.insert("id".to_owned(), Value::from(id));
                doing.one(session, Edit::TemplateAdd { fields })
            }
            Self::Edit { template, flags, doing } => {
                doing.one(session, Edit::TemplateEdit { template, fields: typed(&flags)? })
            }
            Self::Remove { template, sure, doing } => {
                let what = format!("remove the template {template}");
                doing.sure(session, &sure, vec![Edit::TemplateRemove { template }], &what)
            }
            Self::Equip { template, equipment: Equipment { model, firmware }, doing } => {
                doing.one(session, Edit::TemplateEquip { template, model, firmware })
            }
            Self::Unequip { template, equipment: Equipment { model, firmware }, sure, doing } => {
                let what = format!("take {model} {firmware} out of the template {template}");
                doing.sure(session, &sure, vec![Edit::TemplateUnequip { template, model, firmware }], &what)
            }
            Self::File {
                template,
                equipment: Equipment { model, firmware },
                file,
                body,
                default: _,
                doing,
            } => {
                let body = body.as_deref().map(password::whole).transpose()?;
                doing.one(session, Edit::TemplateFile { template, model, firmware, file, body })
            }
            Self::Import { template, file, doing } => {
                let exported = serde_json::from_str(&password::whole(&file)?)
                    .with_context(|| format!("{} is not what `export` prints", file.display()))?;
                doing.one(session, Edit::TemplateImport { template, exported })
            }
            Self::Check { .. }
            | Self::Export { .. }
            | Self::List { .. }
            | Self::Preview { .. }
            | Self::Show { .. } => Ok(()),
        }
    }
}

fn preview(told: &Value, shown: &Shown) -> Result<(), Failure> {
    match told["body"].as_str() {
        Some(body) if !shown.is_json() => {
            print!("{body}");
            Ok(())
        }
        _ => shown.show(told),
    }
}

/// Tells what was checked; what does not render is a failure.
fn check(told: &Value, shown: &Shown) -> Result<(), Failure> {
    shown.show(told)?;
    let told_of = told["faults"].as_array().map_or(0, |faults| faults.len() as u64);
    let faults = told_of + told["more"].as_u64().unwrap_or(0);
    if faults > 0 { Err(anyhow::anyhow!("{faults} files do not render").into()) } else { Ok(()) }
}
