//! How far a run is, once or all along.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use crate::jobs::runs::{Progress as Told, RunId};
use crate::manage::answer::json;
use crate::manage::input::{Asked, Named, NoQuery, preferred};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::Progress;

/// Time between two looks at a run that is watched.
const LOOK: Duration = Duration::from_millis(200);

/// Time after which a watcher hears that the server is still there.
const ALIVE: Duration = Duration::from_secs(15);

/// Tell how far a run is
///
/// With `Accept: text/event-stream`, all along: an event `progress` whenever something has changed, with the same JSON
/// in a line, and an event `end` in place of the last one.
#[utoipa::path(get, path = "/api/v1/runs/{run}/progress", tag = "runs",
    params(("run" = String, Path, description = "its id")),
    responses((status = 200, description = "how far it is", content((Progress = "application/json"), (String = "text/event-stream")))))]
pub(in crate::manage::routes) async fn progress(
    asking: Asking,
    headers: HeaderMap,
    Named(run): Named<String>,
    _: Asked<NoQuery>,
) -> Answer {
    let id = super::named(&run)?;
    let told = asking.progress(id.clone()).await?;
    if preferred(&headers, &["application/json", "text/event-stream"]) != Some("text/event-stream") {
        return Ok(json(StatusCode::OK, &told));
    }
    let place = Arc::clone(&asking.desk.watchers).try_acquire_owned().map_err(|_| crowded())?;
    let watching = Watching { asking, id, next: Some(told), last: None, _place: place };
    let events = unfold(watching, |mut watching| async move {
        let event = watching.event().await?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn crowded() -> Refusal {
    let message = "too many watch runs right now; ask for application/json from time to time instead";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).with(header::RETRY_AFTER, HeaderValue::from(15))
}

/// Somebody who watches a run.
struct Watching {
    asking: Asking,
    id: RunId,
    /// What is told next, where it is known already.
    next: Option<Told>,
    /// What was told last.
    last: Option<Told>,
    _place: OwnedSemaphorePermit,
}

impl Watching {
    /// Waits for something to tell; nothing once the end is told, the server stops, or the run is not to be seen any more.
    async fn event(&mut self) -> Option<Event> {
        if self.last.is_some_and(|last| last.state.is_end()) {
            return None;
        }
        let told = loop {
            let told = match self.next.take() {
                Some(told) => told,
                None => self.asking.progress(self.id.clone()).await.ok()?,
            };
            if self.last != Some(told) {
                break told;
            }
            tokio::select! {
                () = sleep(LOOK) => (),
                () = self.asking.desk.stopping.cancelled() => return None,
            }
        };
        self.last = Some(told);
        let name = if told.state.is_end() { "end" } else { "progress" };
        Event::default().event(name).json_data(told).ok()
    }
}

impl Asking {
    async fn progress(&self, id: RunId) -> Result<Told, Refusal> {
        self.runs(move |runs, snapshot, caller| runs.progress(snapshot, caller, &id)).await
    }
}
