//! `bellhop self`

use crate::cli::Failure;
use crate::cli::act::session::Session;
use crate::cli::act::show::Shown;
use crate::operation::Query;

/// Say who you are and what you may
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<(), Failure> {
        self.shown.show(&session.look(&Query::Self_)?)
    }
}
