//! `bellhop pages`: manual pages and shell completions, made when the package is built.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::{Cli, Failure};

/// Write the manual pages, one a command, and the completions for shells below a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder: `man/` and `completions/` are made in it
    folder: PathBuf,
}

/// What stands at the end of the page of a command that takes other commands.
const AS: &str = "The commands are those of bellhop(1) without `as`: account, audit, device, edits, extension, grant, \
                  group, job, login, preferences, run, self, template, token. Each has a page of its own, like bellhop-device(1).";

impl Args {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let failed = || format!("cannot write below {}", self.folder.display());
        let (man, completions) = (self.folder.join("man"), self.folder.join("completions"));
        fs::create_dir_all(&man).with_context(failed)?;
        fs::create_dir_all(&completions).with_context(failed)?;
        let mut root = without_help(Cli::command());
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            clap_complete::generate_to(shell, &mut root, "bellhop", &completions).with_context(failed)?;
        }
        page(&root, "bellhop", &man)
    }
}

/// Leaves out `help` with all the commands below it, since each has --help.
fn without_help(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let command = command.disable_help_subcommand(true);
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, without_help))
}

/// Writes a command's page, and those of the commands below it.
fn page(command: &Command, name: &str, folder: &Path) -> Result<(), Failure> {
    let mut shown = command.clone().display_name(name).bin_name(name.replace('-', " "));
    if command.get_name() == "as" {
        shown = without_commands(command, name);
    } else {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            page(below, &format!("{name}-{}", below.get_name()), folder)?;
        }
    }
    let path = folder.join(format!("{name}.1"));
    let failed = || format!("cannot write {}", path.display());
    let version = concat!("bellhop ", env!("CARGO_PKG_VERSION"));
    let page = clap_mangen::Man::new(shown).source(version).manual("bellhop");
    let mut file = File::create(&path).with_context(failed)?;
    Ok(page.render(&mut file).with_context(failed)?)
}

/// Gives `as` without the commands below it, which have their pages already.
fn without_commands(command: &Command, name: &str) -> Command {
    let mut plain = Command::new("as")
        .display_name(name)
        .bin_name(format!("{} <ACCOUNT> <COMMAND>", name.replace('-', " ")))
        .after_help(AS);
    if let Some(about) = command.get_about() {
        plain = plain.about(about.clone());
    }
    if let Some(about) = command.get_long_about() {
        plain = plain.long_about(about.clone());
    }
    plain
}
