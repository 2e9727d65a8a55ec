//! `bellhop catalog`

pub mod cases;
mod check;
mod coverage;
mod json;
mod list;
mod requests;
mod show;
mod variants;
mod vendors;

use std::path::Path;

use crate::catalog::{Catalog, Model};
use crate::cli::Failure;

/// List, show and check what phones are known
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Find what is wrong with, and missing from, the catalog or a folder of one's own
    Check(check::Args),
    /// List models with their firmwares, or the settings; what is done without a word
    List(list::List),
    /// Show a vendor, or a model: what it asks for, what it lacks, and what is in doubt
    Show(show::Args),
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        if self.command.is_some() && self.list != list::List::default() {
            return Err(Failure::Usage(
                "flags of `list` stand behind it; `bellhop catalog --help` says more".to_owned(),
            ));
        }
        match self.command {
            Some(Command::Check(check)) => check.run(config),
            Some(Command::List(list)) => list.run(config),
            Some(Command::Show(show)) => show.run(config),
            None => self.list.run(config),
        }
    }
}

/// Gives the models in the order of their ids.
fn sorted(catalog: &Catalog) -> Vec<&Model> {
    let mut models: Vec<&Model> = catalog.models().collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models
}
