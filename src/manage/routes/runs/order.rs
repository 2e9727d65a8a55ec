//! Ordering runs of jobs.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;

use crate::jobs::Format;
use crate::jobs::runs::{Input, Order, Run, RunId, RunState};
use crate::manage::answer::json;
use crate::manage::input::{Asked, Fed, Named, read_some};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{OrderNew, Preview, Run as RunShown};
use crate::operation::Fields;

/// Longest time that an order waits for the end of its run.
const WAIT_MOST: u32 = 30;

/// How long an order of an on-demand job waits where nothing is said.
const WAIT: u32 = 10;

/// Time between two looks at a run that is waited for: the first, and the longest.
const LOOKS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// How a run is ordered.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::manage::routes) struct Ordering {
    /// Whether to tell what would come of it, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Whether rows that generate something do it again, though an earlier run did the same row.
    #[serde(default)]
    again: bool,
    /// When it begins, as local time like `2026-12-01T22:00`, or `now`; as the job says when not set, else at once.
    #[param(min_length = 1, max_length = 64)]
    start_at: Option<String>,
    /// The zone of that time, by its name in the time-zone database; the job's when not set, else UTC.
    #[param(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
    /// Of a bulk job: how many rows are one change; as the job says when not set.
    #[param(minimum = 1, maximum = 100_000)]
    batch: Option<u32>,
    /// Of a bulk job: whether one row that cannot be done ends it; as the job says when not set.
    stop_on_error: Option<bool>,
    /// What the runner says of it.
    #[param(max_length = 1000)]
    notes: Option<String>,
    /// For how many seconds to wait for its end; for an on-demand job 10 when not set, for a bulk job none.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<u32>,
}

/// How long to wait for what comes of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::manage::routes) struct Waiting {
    /// For how many seconds to wait for its end; for an on-demand job 10 when not set, for a bulk job none.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<u32>,
}

/// Run a job, or tell what a run of it would bring
///
/// An on-demand job is given `values`, as its form describes them; a bulk job `rows` that are each given so, or a file
/// of rows as the body: CSV with a header, or JSON lines. Without either it takes the rows that are kept with it.
///
/// 201 when the run has ended, however; 202 when it goes on by itself, waits for its time, or for an approval. With a dry
/// run, 200 and what would come of each row.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/runs", tag = "runs",
    params(("job" = String, Path, description = "the job's id"), Ordering),
    request_body(content((OrderNew = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "with a dry run: what it would bring", body = Preview),
        (status = 201, description = "it has ended", body = RunShown),
        (status = 202, description = "it goes on, or waits", body = RunShown),
    ))]
pub(in crate::manage::routes) async fn order(
    asking: Asking,
    Named(job): Named<String>,
    Asked(ordering): Asked<Ordering>,
    fed: Fed,
) -> Answer {
    let wait = waits(ordering.wait)?;
    let is_dry = ordering.dry_run;
    // Whoever may not is told so before anything is read.
    let called = job.clone();
    asking.change_runs(move |runs, snapshot, caller| runs.may_order(snapshot, caller, &called)).await?;
    let order = Order {
        job,
        input: input(&asking, fed).await?,
        again: ordering.again,
        start_at: ordering.start_at,
        time_zone: ordering.time_zone,
        batch: ordering.batch,
        stop_on_error: ordering.stop_on_error,
        notes: ordering.notes.unwrap_or_default(),
    };
    if is_dry {
        let preview = asking.at_desk(move |runs, desk, caller| runs.preview(desk, caller, &order)).await?;
        return Ok(json(StatusCode::OK, &preview));
    }
    let run = asking.change_runs(move |runs, snapshot, caller| runs.order(snapshot, caller, &order)).await?;
    asking.taken(run, wait).await
}

/// Order a new run of the rows of an earlier one that were not done
#[utoipa::path(post, path = "/api/v1/runs/{run}/retry", tag = "runs",
    params(("run" = String, Path, description = "the earlier run's id"), Waiting),
    responses(
        (status = 201, description = "the new run has ended", body = RunShown),
        (status = 202, description = "it goes on, or waits", body = RunShown),
    ))]
pub(in crate::manage::routes) async fn retry(
    asking: Asking,
    Named(run): Named<String>,
    Asked(waiting): Asked<Waiting>,
) -> Answer {
    let (id, wait) = (super::named(&run)?, waits(waiting.wait)?);
    let run = asking.change_runs(move |runs, snapshot, caller| runs.retry(snapshot, caller, &id)).await?;
    asking.taken(run, wait).await
}

fn waits(asked: Option<u32>) -> Result<Option<u32>, Refusal> {
    let fits = asked.is_none_or(|wait| wait <= WAIT_MOST);
    let message = format!("`wait` is out of range; give 0 to {WAIT_MOST} seconds");
    fits.then_some(asked).ok_or_else(|| Refusal::malformed("query", message))
}

/// Reads what a run is given.
async fn input(asking: &Asking, fed: Fed) -> Result<Input, Refusal> {
    Ok(match fed {
        Fed::Rows { format, body } => {
            // Read only once it is known that the job may be run, and by few at once.
            let room = Arc::clone(&asking.desk.uploads).try_acquire_owned().map_err(|_| crowded())?;
            let bytes = body.read().await?;
            drop(room);
            Input::Rows { bytes, format }
        }
        Fed::Json(body) => match read_some::<OrderNew>(body, &asking.desk).await? {
            Some(fields) => of_json(fields)?,
            None => Input::Kept,
        },
    })
}

fn crowded() -> Refusal {
    let message = "others send rows right now; try again in a few seconds";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(header::RETRY_AFTER, HeaderValue::from(5))
}

fn of_json(mut fields: Fields) -> Result<Input, Refusal> {
    match (fields.remove("values"), fields.remove("rows")) {
        (Some(_), Some(_)) => {
            Err(Refusal::invalid("rows", "`rows` and `values` are both there; give one of them"))
        }
        (Some(Value::Object(values)), None) => Ok(Input::Values(values)),
        (None, Some(Value::Array(rows))) => {
            let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
            Ok(Input::Rows { bytes: lines.join("\n").into_bytes(), format: Format::JsonLines })
        }
        _ => Ok(Input::Kept),
    }
}

impl Asking {
    /// Answers an order: once the run has ended, or it is clear that it takes longer than is waited for.
    async fn taken(&self, mut run: Run, wait: Option<u32>) -> Answer {
        self.desk.clerk.wake();
        let usual = if run.kind == "on-demand" { WAIT } else { 0 };
        let until = Instant::now() + Duration::from_secs(wait.unwrap_or(usual).into());
        let mut pause = LOOKS.0;
        while is_about_to_end(&run) && Instant::now() < until {
            sleep(pause.min(until.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(LOOKS.1);
            run = self.run(run.id).await?;
        }
        let status = if run.state.is_end() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
        let mut response = json(status, &run);
        let location = HeaderValue::try_from(format!("/api/v1/runs/{}", run.id));
        response.headers_mut().extend(location.ok().map(|location| (header::LOCATION, location)));
        Ok(response)
    }

    async fn run(&self, id: RunId) -> Result<Run, Refusal> {
        self.runs(move |runs, snapshot, caller| runs.look(snapshot, caller, &id)).await
    }
}

/// Tells whether it is worth while to wait for the end of a run: it is under way, or begins at once.
fn is_about_to_end(run: &Run) -> bool {
    match run.state {
        RunState::Running => true,
        RunState::Scheduled => run.start_at.is_none(),
        _ => false,
    }
}
