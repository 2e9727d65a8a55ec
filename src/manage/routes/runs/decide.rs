//! Decisions about runs.

use axum::http::StatusCode;
use serde_json::json as value;

use crate::manage::answer::json;
use crate::manage::input::{Asked, Named, NoQuery};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{Collected, Run};

/// Approve a run that waits for it
///
/// By another login than the runner's, which administers jobs of its kind.
#[utoipa::path(post, path = "/api/v1/runs/{run}/approve", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "the run", body = Run)))]
pub(in crate::manage::routes) async fn approve(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let run = asking.change_runs(move |runs, snapshot, caller| runs.approve(snapshot, caller, &id)).await?;
    asking.desk.clerk.wake();
    Ok(json(StatusCode::OK, &run))
}

/// Reject a run that waits for an approval
#[utoipa::path(post, path = "/api/v1/runs/{run}/reject", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "the run", body = Run)))]
pub(in crate::manage::routes) async fn reject(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let run = asking.change_runs(move |runs, snapshot, caller| runs.reject(snapshot, caller, &id)).await?;
    Ok(json(StatusCode::OK, &run))
}

/// End a run before all of it is done
///
/// What it has done stays. One that is under way ends before its next batch.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "the run", body = Run)))]
pub(in crate::manage::routes) async fn cancel(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let run = asking.change_runs(move |runs, snapshot, caller| runs.cancel(snapshot, caller, &id)).await?;
    Ok(json(StatusCode::OK, &run))
}

/// Take back all that a run did
///
/// While every record that it touched is as it left it.
#[utoipa::path(post, path = "/api/v1/runs/{run}/undo", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "the run", body = Run)))]
pub(in crate::manage::routes) async fn undo(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let run = asking.at_desk(move |runs, desk, caller| runs.undo(desk, caller, &id)).await?;
    Ok(json(StatusCode::OK, &run))
}

/// Give what a run generated, once
///
/// Serials and passwords, row by row, to whoever ordered it; nobody can read them again.
#[utoipa::path(post, path = "/api/v1/runs/{run}/collect", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "what was generated", body = Collected)))]
pub(in crate::manage::routes) async fn collect(
    asking: Asking,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let answers =
        asking.change_runs(move |runs, snapshot, caller| runs.collect(snapshot, caller, &id)).await?;
    Ok(json(StatusCode::OK, &value!({ "answers": answers })))
}
