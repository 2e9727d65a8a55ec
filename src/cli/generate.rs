//! `bellhop generate`

use std::path::Path;

use crate::cli::Failure;

/// Fill in every `generate` that stands for a serial or an administrator's password
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, _: &Path) -> Result<(), Failure> {
        Ok(())
    }
}
