//! Runs of jobs: orders, what came of them, how far they are, and decisions about them.

mod decide;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod look;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod order;
mod watch;

// The macros of utoipa leave a path beside each function, by which the routes are collected.
pub(super) use self::decide::*;
pub(super) use self::look::*;
pub(super) use self::order::*;
pub(super) use self::watch::*;

use std::sync::Arc;

use crate::jobs::runs::{RunId, Runs};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::Asking;
use crate::operation::{Caller, Code, Problem};
use crate::reload::Desk;
use crate::snapshot::Snapshot;

/// Reads the name of a run; what is no name of one names nothing.
fn named(called: &str) -> Result<RunId, Refusal> {
    called.parse().map_err(|_| {
        let message = format!("there is no run `{}`, as far as you may see", called.escape_debug());
        Problem::new(Code::NotFound, message).into()
    })
}

impl Asking {
    /// Asks the runs something, on a thread that may take its time.
    async fn runs<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Runs, &Snapshot, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (runs, snapshot) = (Arc::clone(&self.desk.clerk.runs), self.desk.store.current());
        let caller = self.known.caller.clone();
        let asking = tokio::task::spawn_blocking(move || ask(&runs, &snapshot, &caller));
        Ok(asking.await.map_err(|_| Refusal::panicked())??)
    }

    /// Does something with the runs.
    async fn change_runs<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Runs, &Snapshot, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.known.edits()?;
        self.runs(change).await
    }

    /// Does something with the runs where edits are made.
    async fn at_desk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.known.edits()?;
        let (runs, caller) = (Arc::clone(&self.desk.clerk.runs), self.known.caller.clone());
        let done = self.desk.bell.at_desk(move |desk| act(&runs, desk, &caller)).await;
        Ok(done.ok_or_else(Refusal::stops)??)
    }
}
