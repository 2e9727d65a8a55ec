//! Secrets on their way in: from a prompt, a file, or standard input, and never from the command line's words, which
//! every user of the machine can read.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::Failure;

/// Gets a secret that the command line says is to be given, and how; nothing when it says neither.
pub(super) fn given(what: &str, ask: bool, file: Option<&Path>) -> Result<Option<String>, Failure> {
    match (ask, file) {
        (_, Some(file)) => from_file(file).map(Some),
        (true, None) => asked(what).map(Some),
        (false, None) => Ok(None),
    }
}

/// Asks for a secret twice, or reads it as a line of standard input where that is no terminal.
pub(super) fn asked(what: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return line(what);
    }
    let first = hidden(what)?;
    if hidden(&format!("{what} again"))? != first {
        return Err(anyhow!("the two are not the same; nothing was changed").into());
    }
    checked(what, &first)
}

/// Asks for a line at the terminal that is not shown.
pub(super) fn hidden(words: &str) -> Result<String, Failure> {
    Ok(rpassword::prompt_password(format!("{words}: ")).context("cannot ask for it")?)
}

/// Reads a secret from a file whose first line it is; `-` is standard input.
pub(super) fn from_file(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        return line("secret");
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    checked(&file.display().to_string(), text.lines().next().unwrap_or_default())
}

/// Reads a whole file, or standard input for `-`.
pub(super) fn whole(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    Ok(text.with_context(|| format!("cannot read {}", file.display()))?)
}

fn line(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin().read_line(&mut text).context("cannot read standard input")?;
    checked(what, text.trim_end_matches(['\r', '\n']))
}

fn checked(what: &str, secret: &str) -> Result<String, Failure> {
    if secret.is_empty() {
        return Err(
            anyhow!("the {what} is empty; give it at the prompt, on standard input or in a file").into()
        );
    }
    Ok(secret.to_owned())
}
