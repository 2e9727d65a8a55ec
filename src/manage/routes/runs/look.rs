//! What came of runs.

use axum::http::{HeaderMap, StatusCode};
use humantime::format_rfc3339_millis;
use serde::Deserialize;
use serde_json::json as value;
use utoipa::IntoParams;

use crate::jobs::runs::{RowResult, RowStatus, RunFilter, RunState};
use crate::jobs::{Format, write_results};
use crate::manage::answer::{self, json};
use crate::manage::input::{Asked, Limit, Named, NoQuery, Offset, preferred, time};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{RowStatusWord, RowsOfRun, Run, RunStateWord, Runs};
use crate::operation::Page;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::manage::routes) struct Finding {
    /// Of this job.
    #[param(min_length = 1, max_length = 255)]
    job: Option<String>,
    /// Of jobs of this provider or organization.
    #[param(min_length = 1, max_length = 255)]
    platform: Option<String>,
    /// In this state.
    #[param(value_type = Option<RunStateWord>)]
    state: Option<RunState>,
    /// Ordered by this login, or by this account.
    #[param(min_length = 1, max_length = 255)]
    runner: Option<String>,
    /// Not ordered before this (RFC 3339).
    #[param(format = DateTime)]
    since: Option<String>,
    /// Ordered before this (RFC 3339).
    #[param(format = DateTime)]
    until: Option<String>,
    /// With this text in the job's id or name, the notes, or why it ended as it did; in any case.
    #[param(max_length = 255)]
    text: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 100)]
    limit: Limit<10_000>,
}

/// List the runs that the actor sees, the newest first
///
/// Those that it ordered; all of a platform for those who administer jobs of their kind there.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(Finding),
    responses((status = 200, description = "a part of the list", body = Runs)))]
pub(in crate::manage::routes) async fn list(asking: Asking, Asked(asked): Asked<Finding>) -> Answer {
    let page = Page { offset: asked.offset.0, limit: asked.limit.0 };
    let since = time("since", asked.since.as_deref())?.map(|time| format_rfc3339_millis(time).to_string());
    let until = time("until", asked.until.as_deref())?.map(|time| format_rfc3339_millis(time).to_string());
    let Finding { job, platform, state, runner, text, .. } = asked;
    let filter = RunFilter { job, platform, state, runner, since, until, text };
    let listing = asking.runs(move |runs, snapshot, caller| runs.list(snapshot, caller, &filter, page));
    let mut listed = listing.await?;
    listed["offset"] = value!(page.offset);
    listed["limit"] = value!(page.limit);
    Ok(json(StatusCode::OK, &listed))
}

/// Show a run
#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "the run", body = Run)))]
pub(in crate::manage::routes) async fn show(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let run = asking.runs(move |runs, snapshot, caller| runs.look(snapshot, caller, &id)).await?;
    Ok(json(StatusCode::OK, &run))
}

/// Which rows of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::manage::routes) struct Telling {
    /// Those that came to this, alone.
    #[param(value_type = Option<RowStatusWord>)]
    status: Option<RowStatus>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most; in a file all of them when not set.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, default = 100)]
    limit: Option<Limit<1_000_000>>,
}

/// Tell what became of the rows of a run
///
/// As JSON with what each changed, secrets masked; or, as `Accept` asks for, as CSV or JSON lines without any values.
#[utoipa::path(get, path = "/api/v1/runs/{run}/rows", tag = "runs",
    params(("run" = String, Path, description = "its id"), Telling),
    responses((status = 200, description = "a part of the rows, or all of them in a file", content((RowsOfRun = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")))))]
pub(in crate::manage::routes) async fn rows(
    asking: Asking,
    headers: HeaderMap,
    Named(run): Named<String>,
    Asked(asked): Asked<Telling>,
) -> Answer {
    let id = super::named(&run)?;
    let (status, offset) = (asked.status, asked.offset.0);
    let format = preferred(&headers, &["application/json", "text/csv", "application/x-ndjson"]);
    let format = format.and_then(Format::of_media_type);
    let usual = if format.is_some() { usize::MAX } else { Limit::<1000>::default().0 };
    let page = Page { offset, limit: asked.limit.map_or(usual, |limit| limit.0) };
    let telling = asking.runs(move |runs, snapshot, caller| {
        let (rows, total) = runs.rows(snapshot, caller, &id, status, page)?;
        Ok(match format {
            Some(format) => Err(written(&rows, format)),
            None => Ok((rows, total)),
        })
    });
    match (telling.await?, format) {
        (Ok((rows, total)), _) => {
            let told = value!({ "rows": rows, "total": total, "offset": page.offset, "limit": page.limit });
            Ok(json(StatusCode::OK, &told))
        }
        (Err(Some(text)), Some(format)) => Ok(answer::file(text, format.media_type())),
        (Err(_), _) => Err(Refusal::panicked()),
    }
}

/// Writes rows into a file.
fn written(rows: &[RowResult], format: Format) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    write_results(rows.iter().map(RowResult::told), format, &mut text).ok()?;
    Some(text)
}
