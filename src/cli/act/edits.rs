//! `bellhop edits`

use std::path::PathBuf;

use anyhow::Context;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure, confirm};
use crate::cli::act::password;
use crate::cli::act::session::Session;
use crate::operation::{Edit, Request};

/// Make many edits, which are one change: all of them are done, or none
///
/// The file is JSON as the admin API takes it: `{"edits": [{"operation": "device-disable", "device": "Desk"}, …]}`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// File with the edits; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    doing: Doing,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<(), Failure> {
        let text = password::whole(&self.file)?;
        let request: Request = serde_json::from_str(&text)
            .with_context(|| format!("{} holds no edits as the admin API takes them", self.file.display()))?;
        let removals = request.edits.iter().filter(|edit| takes_away(edit)).count();
        if removals > 0 && !request.dry_run && !self.sure.is_said() && !self.doing.is_dry_run() {
            confirm(&format!("make {} edits, {removals} of which take something away", request.edits.len()))?;
        }
        self.doing.request(session, request)
    }
}

/// Tells whether an edit is one that the commands ask about.
fn takes_away(edit: &Edit) -> bool {
    matches!(
        edit,
        Edit::AccountRemove { .. }
            | Edit::ExtensionRemove { .. }
            | Edit::DeviceRemove { .. }
            | Edit::DeviceClear { .. }
            | Edit::DeviceRotate { .. }
            | Edit::TemplateRemove { .. }
            | Edit::TemplateUnequip { .. }
            | Edit::GroupRemove { .. }
            | Edit::GrantRemove { .. }
            | Edit::JobRemove { .. }
            | Edit::LoginRemove { .. }
            | Edit::TokenRevoke { .. }
    )
}
