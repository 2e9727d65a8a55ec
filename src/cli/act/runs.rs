//! Runs of jobs: at the server that runs, or without one by the same functions, here.
//!
//! Promises: whoever acts has the same rights either way. What is ordered here is done here, since nobody else would.

use std::fmt::{Display, Write};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::act::session::Session;
use crate::document::nearest;
use crate::jobs::Format;
use crate::jobs::runs::{Advance, Input, Order, Progress, RowStatus, RunFault, RunFilter, RunId, Runs};
use crate::manage;
use crate::operation::{Caller, Code, Page, Problem};
use crate::reload::{Desk, Loader};

/// Where runs are ordered, looked at and decided about.
pub(super) struct Door<'s> {
    session: &'s Session,
}

/// What is decided about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It may begin.
    Approve,
    /// It ends before all of it is done.
    Cancel,
    /// It may not begin.
    Reject,
    /// All that it did is taken back.
    Undo,
}

impl Decision {
    const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Cancel => "cancel",
            Self::Reject => "reject",
            Self::Undo => "undo",
        }
    }
}

impl<'s> Door<'s> {
    /// Opens it for whoever acts.
    pub(super) fn new(session: &'s Session) -> Self {
        Self { session }
    }

    /// Gives the id of the run that is meant by the beginning of one.
    pub(super) fn named(&self, called: &str) -> Result<RunId, Failure> {
        if let Ok(id) = called.parse() {
            return Ok(id);
        }
        let told = self.list(&RunFilter::default(), Page { offset: 0, limit: LOOKED_THROUGH })?;
        let ids: Vec<&str> =
            told["rows"].as_array().into_iter().flatten().filter_map(|run| run["id"].as_str()).collect();
        let mut meant =
            ids.iter().filter(|id| !called.is_empty() && (id.starts_with(called) || id.ends_with(called)));
        match (meant.next(), meant.next()) {
            (Some(id), None) => Ok(id.parse()?),
            (Some(_), Some(_)) => Err(Failure::Usage(format!(
                "several runs are called `{}`; write more of the id",
                called.escape_debug()
            ))),
            (None, _) => {
                let near =
                    nearest(called, ids.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
                let message = format!(
                    "there is no run `{}`, as far as you may see{}",
                    called.escape_debug(),
                    near.unwrap_or_default()
                );
                Err(Failure::Refused(Problem::new(Code::NotFound, message)))
            }
        }
    }

    /// Orders a run.
    pub(super) fn order(&self, order: &Order) -> Result<Value, Failure> {
        self.submit_order(order, false, |runs, desk, caller| runs.order(desk.base(), caller, order))
    }

    /// Tells what a run would bring.
    pub(super) fn preview(&self, order: &Order) -> Result<Value, Failure> {
        self.submit_order(order, true, |runs, desk, caller| runs.preview(desk, caller, order))
    }

    /// Shows a run.
    pub(super) fn look(&self, id: &RunId) -> Result<Value, Failure> {
        self.fetch(&format!("runs/{id}"), |runs, desk, caller| runs.look(desk.base(), caller, id))
    }

    /// Lists runs.
    pub(super) fn list(&self, filter: &RunFilter, page: Page) -> Result<Value, Failure> {
        let mut path = String::from("runs?");
        for (key, value) in serde_json::to_value(filter)?.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                query(&mut path, key, text);
            }
        }
        paged(&mut path, page, LOOKED_THROUGH);
        self.fetch(&path, |runs, desk, caller| runs.list(desk.base(), caller, filter, page))
    }

    /// Tells what became of a run's rows, of one status alone where one is named.
    pub(super) fn rows(&self, id: &RunId, status: Option<RowStatus>, page: Page) -> Result<Value, Failure> {
        let mut path = format!("runs/{id}/rows?");
        if let Some(status) = status {
            query(&mut path, "status", status.word());
        }
        paged(&mut path, page, MOST_ROWS);
        self.fetch(&path, |runs, desk, caller| {
            let (rows, total) = runs.rows(desk.base(), caller, id, status, page)?;
            Ok(json!({ "rows": rows, "total": total }))
        })
    }

    /// Decides about a run.
    pub(super) fn decide(&self, id: &RunId, decision: Decision) -> Result<Value, Failure> {
        let path = format!("runs/{id}/{}", decision.word());
        self.submit(&path, |runs, desk, caller| match decision {
            Decision::Approve => runs.approve(desk.base(), caller, id),
            Decision::Cancel => runs.cancel(desk.base(), caller, id),
            Decision::Reject => runs.reject(desk.base(), caller, id),
            Decision::Undo => runs.undo(desk, caller, id),
        })
    }

    /// Orders a run of what was not done of another one.
    pub(super) fn retry(&self, id: &RunId) -> Result<Value, Failure> {
        self.submit(&format!("runs/{id}/retry?wait=0"), |runs, desk, caller| {
            runs.retry(desk.base(), caller, id)
        })
    }

    /// Gives what a run generated, once.
    pub(super) fn collect(&self, id: &RunId) -> Result<Value, Failure> {
        let told = self.submit(&format!("runs/{id}/collect"), |runs, desk, caller| {
            Ok(json!({ "answers": runs.collect(desk.base(), caller, id)? }))
        })?;
        Ok(told["answers"].clone())
    }

    /// Compares the records of runs with the audit log, which are files beside the server.
    pub(super) fn verify(&self) -> Result<(usize, Vec<RunFault>), Failure> {
        self.session.sees_audit()?;
        Ok(Runs::open(self.session.state()).verify()?)
    }

    /// Follows a run until it ends or only waits; `tell` hears how far it is, and stops following by `false`.
    pub(super) fn follow(
        &self,
        id: &RunId,
        tell: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Followed, Failure> {
        let path = format!("/api/v1/runs/{id}/progress");
        let asked = self.session.at_server(async |key, whom| {
            let mut stopped = std::pin::pin!(tokio::signal::ctrl_c());
            loop {
                let progress = match manage::fetch(key, whom, &path).await? {
                    Ok(progress) => serde_json::from_value(progress)?,
                    Err(problem) => return Ok(Err(problem)),
                };
                if !tell(&progress) {
                    return Ok(Ok(Followed::Through));
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => (),
                    _ = &mut stopped => return Ok(Ok(Followed::Left)),
                }
            }
        })?;
        match asked {
            Some(followed) => followed.map_err(Failure::Refused),
            None => self.here(|runs, desk, caller| {
                if runs.ready()?.contains(id) {
                    while let Advance::More(_) = runs.advance(desk, id)? {
                        tell(&runs.progress(desk.base(), caller, id)?);
                    }
                }
                tell(&runs.progress(desk.base(), caller, id)?);
                Ok(Followed::Through)
            }),
        }
    }

    fn submit_order<T: Serialize>(
        &self,
        order: &Order,
        dry_run: bool,
        here: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem>,
    ) -> Result<Value, Failure> {
        let mut path = format!("/api/v1/jobs/{}/runs?", quoted(&order.job));
        let flag = |flag: bool| flag.then(|| "true".to_owned());
        for (key, value) in [
            ("again", flag(order.again)),
            ("batch", order.batch.map(|batch| batch.to_string())),
            ("dry-run", flag(dry_run)),
            ("notes", Some(order.notes.clone()).filter(|notes| !notes.is_empty())),
            ("start-at", order.start_at.clone()),
            ("stop-on-error", order.stop_on_error.map(|stop| stop.to_string())),
            ("time-zone", order.time_zone.clone()),
            // It is followed from here.
            ("wait", Some("0".to_owned())),
        ] {
            if let Some(value) = value {
                query(&mut path, key, &value);
            }
        }
        let (kind, body) = match &order.input {
            Input::Kept => ("application/json", Vec::new()),
            Input::Rows { bytes, format: Format::Csv } => ("text/csv", bytes.clone()),
            Input::Rows { bytes, format: Format::JsonLines } => ("application/x-ndjson", bytes.clone()),
            Input::Values(values) => ("application/json", serde_json::to_vec(&json!({ "values": values }))?),
        };
        let asked =
            self.session.at_server(async |key, whom| manage::submit(key, whom, &path, kind, body).await)?;
        self.or_here(asked, here)
    }

    fn fetch<T: Serialize>(
        &self,
        path: &str,
        here: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem>,
    ) -> Result<Value, Failure> {
        let path = format!("/api/v1/{}", path.trim_end_matches(['?', '&']));
        let asked = self.session.at_server(async |key, whom| manage::fetch(key, whom, &path).await)?;
        self.or_here(asked, here)
    }

    fn submit<T: Serialize>(
        &self,
        path: &str,
        here: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem>,
    ) -> Result<Value, Failure> {
        let path = format!("/api/v1/{path}");
        let asked = self.session.at_server(async |key, whom| {
            manage::submit(key, whom, &path, "application/json", Vec::new()).await
        })?;
        self.or_here(asked, here)
    }

    /// Takes what the server told, or has it done here where none runs.
    fn or_here<T: Serialize>(
        &self,
        asked: Option<Result<Value, Problem>>,
        here: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem>,
    ) -> Result<Value, Failure> {
        match asked {
            Some(told) => told.map_err(Failure::Refused),
            None => Ok(serde_json::to_value(self.here(here)?)?),
        }
    }

    fn here<T>(
        &self,
        act: impl FnOnce(&Runs, &mut Desk<'_>, &Caller) -> Result<T, Problem>,
    ) -> Result<T, Failure> {
        let mut loader = Loader::new(self.session.config()).map_err(Failure::Faulty)?;
        let mut desk = loader.desk();
        let runs = Runs::open(self.session.state());
        runs.recover(&desk).map_err(Failure::Refused)?;
        act(&runs, &mut desk, &self.session.caller()).map_err(Failure::Refused)
    }
}

/// How following a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// Whoever followed left, and the run goes on.
    Left,
    /// There is nothing more to follow.
    Through,
}

/// Time between two looks at how far a run is.
const LOOK: Duration = Duration::from_millis(200);

/// Most rows of a run that are told of at once; no run has more.
const MOST_ROWS: usize = 1_000_000;

/// Most runs that are looked through for the beginning of an id.
const LOOKED_THROUGH: usize = 10_000;

/// Says which part is wanted, no more of it than the server gives at once.
fn paged(path: &mut String, page: Page, most: usize) {
    query(path, "offset", &page.offset.to_string());
    query(path, "limit", &page.limit.min(most).to_string());
}

/// Adds a parameter to the path of a request.
fn query(path: &mut String, key: &str, value: &str) {
    // A string takes whatever is written.
    write!(path, "{key}={}&", quoted(value)).ok();
}

fn quoted(text: &str) -> impl Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
