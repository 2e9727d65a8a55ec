//! How every route asks: a query of the current snapshot, or an edit at the desk of the thread that reads.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::manage::Desk;
use crate::manage::answer::json;
use crate::manage::door::Known;
use crate::manage::input::How;
use crate::manage::problem::Refusal;
use crate::operation::{self, Edit, Outcome, Page, Query, Request};

/// What every route gives.
pub(in crate::manage) type Answer = Result<Response, Refusal>;

/// The header with the serial of the snapshot that holds a change.
const SNAPSHOT: HeaderName = HeaderName::from_static("bellhop-snapshot");

/// What came of an edit.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Change {
    /// The record as it is now, as the actor may see it; null when it is gone. What was generated is shown this once.
    result: Value,
    /// The serial of the snapshot that holds the change; null when nothing changed.
    snapshot: Option<u64>,
    /// Whether anything changed.
    changed: bool,
    /// What somebody should look at.
    warnings: Vec<String>,
    /// With a dry run: what would change in the records' files and in those of phones, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<operation::Diff>,
}

/// Somebody who asks, and the desk that is asked.
pub(in crate::manage) struct Asking {
    pub(in crate::manage) desk: Arc<Desk>,
    pub(in crate::manage) known: Known,
}

impl FromRequestParts<Arc<Desk>> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        Ok(Self { desk: Arc::clone(desk), known: Known::from_request_parts(parts, desk).await? })
    }
}

impl Asking {
    /// Answers a query, on a thread that may take its time.
    pub(in crate::manage) async fn look(&self, query: Query) -> Result<Value, Refusal> {
        let (store, caller) = (Arc::clone(&self.desk.store), self.known.caller.clone());
        let looking = tokio::task::spawn_blocking(move || operation::look(&store.current(), &caller, &query));
        Ok(looking.await.map_err(|_| Refusal::panicked())??)
    }

    /// Shows what a query gives, with its version.
    pub(in crate::manage) async fn show(&self, query: Query) -> Answer {
        let shown = self.look(query).await?;
        let mut response = json(StatusCode::OK, &shown);
        tag(&mut response, &shown);
        Ok(response)
    }

    /// Lists a part of what a query gives.
    pub(in crate::manage) async fn list(&self, page: Page, query: Query) -> Answer {
        let mut listed = self.look(query).await?;
        listed["offset"] = json!(page.offset);
        listed["limit"] = json!(page.limit);
        Ok(json(StatusCode::OK, &listed))
    }

    /// Makes edits, as one change.
    pub(in crate::manage) async fn perform(&self, request: Request) -> Result<Outcome, Refusal> {
        self.known.edits()?;
        let caller = self.known.caller.clone();
        let performed = self.desk.bell.at_desk(move |desk| operation::perform(desk, &caller, &request)).await;
        Ok(performed.ok_or_else(Refusal::stops)??)
    }

    /// Makes one edit.
    pub(in crate::manage) async fn edit(&self, edit: Edit, how: How) -> Answer {
        let (change, response) = self.change(edit, how).await?;
        Ok(told(StatusCode::OK, &change, response))
    }

    /// Makes one edit that adds something: 201 when it is new, 200 when it was there alike.
    pub(in crate::manage) async fn add(&self, edit: Edit, how: How) -> Answer {
        let is_dry = how.dry_run;
        let (change, response) = self.change(edit, how).await?;
        let status = if change.changed && !is_dry { StatusCode::CREATED } else { StatusCode::OK };
        Ok(told(status, &change, response))
    }

    async fn change(&self, edit: Edit, how: How) -> Result<(Change, Option<u64>), Refusal> {
        let How { if_match, dry_run } = how;
        let outcome = self.perform(Request { edits: vec![edit], dry_run, if_match }).await?;
        let Outcome { results, snapshot, changed, warnings, diff } = outcome;
        let result = results.into_iter().next().unwrap_or_default();
        Ok((Change { result, snapshot, changed, warnings, diff }, snapshot))
    }
}

fn told(status: StatusCode, change: &Change, snapshot: Option<u64>) -> Response {
    let mut response = json(status, change);
    tag(&mut response, &change.result);
    note_snapshot(&mut response, snapshot);
    response
}

/// Says which snapshot holds a change.
pub(in crate::manage) fn note_snapshot(response: &mut Response, snapshot: Option<u64>) {
    if let Some(serial) = snapshot {
        response.headers_mut().insert(SNAPSHOT, HeaderValue::from(serial));
    }
}

/// Says which version of a record is shown.
fn tag(response: &mut Response, shown: &Value) {
    let version = shown["version"].as_str();
    let tag = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok());
    response.headers_mut().extend(tag.map(|tag| (header::ETAG, tag)));
}
