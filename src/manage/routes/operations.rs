//! Edits and queries by name, preferences, the actor itself, the audit log.

use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::audit::{Log, Outcome, Search};
use crate::manage::answer;
use crate::manage::input::{Asked, How, Limit, NoQuery, Offset, Record, Trying, page, time};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking, note_snapshot};
use crate::manage::schema::{
    AuditLines, AuditOutcome, Done, Edits, Look, Myself, Preferences, PreferencesChange, PreferencesEdit,
    Shown,
};
use crate::operation::{Edit, Fields, Query, Request};

/// Make many edits as one change
///
/// All of them are made, or none. Each is what a route of its own does, by the name of the operation.
#[utoipa::path(post, path = "/api/v1/edits", tag = "operations", request_body = Edits,
    responses((status = 200, description = "what came of them", body = Done)))]
pub(super) async fn edits(asking: Asking, _: Asked<NoQuery>, record: Record<Edits>) -> Answer {
    let request: Request = understood(record.fields)?;
    let outcome = asking.perform(request).await?;
    let mut response = answer::json(StatusCode::OK, &outcome);
    note_snapshot(&mut response, outcome.snapshot);
    Ok(response)
}

/// Answer a query by its name
///
/// It changes nothing, so that tokens that may only read may ask it.
#[utoipa::path(post, path = "/api/v1/queries", tag = "operations", request_body = Look,
    responses((status = 200, description = "the answer", body = Shown)))]
pub(super) async fn queries(asking: Asking, _: Asked<NoQuery>, record: Record<Look>) -> Answer {
    asking.show(understood(record.fields)?).await
}

fn understood<T: DeserializeOwned>(fields: Fields) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the body is not understood: {error}"))
    })
}

/// Show the global preferences
#[utoipa::path(get, path = "/api/v1/preferences", tag = "preferences",
    responses((status = 200, description = "the preferences", body = Preferences)))]
pub(super) async fn preferences(asking: Asking, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Preferences).await
}

/// Change the global preferences
///
/// For the administrator.
#[utoipa::path(patch, path = "/api/v1/preferences", tag = "preferences",
    params(Trying, ("If-Match" = Option<String>, Header, description = "the version that they must have, as `ETag` gave it")),
    request_body = PreferencesEdit,
    responses((status = 200, description = "what came of it", body = PreferencesChange)))]
pub(super) async fn set_preferences(asking: Asking, how: How, record: Record<PreferencesEdit>) -> Answer {
    asking.edit(Edit::PreferencesSet { fields: record.fields }, how).await
}

/// Show the actor itself: its account, kind, level, and what it has any sight of
#[utoipa::path(get, path = "/api/v1/self", tag = "operations",
    responses((status = 200, description = "the actor", body = Myself)))]
pub(super) async fn myself(asking: Asking, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Self_).await
}

/// Which lines of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Finding {
    /// By this account, this login, or from this address.
    #[param(min_length = 1, max_length = 255)]
    who: Option<String>,
    /// This operation, or all of a noun: `device-edit`, `device`.
    #[param(min_length = 1, max_length = 255)]
    operation: Option<String>,
    /// About this record: `device 2f9c0d1e4b5a6978`, its id, its name, or all of a kind: `device`.
    #[param(min_length = 1, max_length = 255)]
    record: Option<String>,
    /// With this outcome.
    #[param(value_type = Option<AuditOutcome>)]
    outcome: Option<Outcome>,
    /// Not before this (RFC 3339).
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before this (RFC 3339).
    #[param(format = DateTime)]
    until: Option<String>,
    /// With this text anywhere, in any case.
    #[param(max_length = 255)]
    text: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// Search the audit log, the newest line first
///
/// For the administrator.
#[utoipa::path(get, path = "/api/v1/audit", tag = "operations", params(Finding),
    responses((status = 200, description = "a part of the lines", body = AuditLines)))]
pub(super) async fn audit(asking: Asking, Asked(asked): Asked<Finding>) -> Answer {
    asking.known.operates()?;
    let (since, until) = (time("since", asked.since.as_deref())?, time("until", asked.until.as_deref())?);
    let part = page(asked.offset, asked.limit);
    let Finding { who, operation, record, outcome, text, .. } = asked;
    let wanted = Search { who, operation, record, outcome, since, until, text, limit: None };
    let log = Log::at(&asking.desk.store.current().config().state);
    let searching = tokio::task::spawn_blocking(move || log.search(&wanted));
    let found = searching.await.map_err(|_| Refusal::panicked())?.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the audit log cannot be searched");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the audit log cannot be read; the server's log says why",
        )
    })?;
    let rows = found.iter().rev().skip(part.offset).take(part.limit);
    let rows: Vec<Value> = rows.filter_map(|found| serde_json::from_str(&found.text).ok()).collect();
    let body = json!({ "rows": rows, "total": found.len(), "offset": part.offset, "limit": part.limit });
    Ok(answer::json(StatusCode::OK, &body))
}
