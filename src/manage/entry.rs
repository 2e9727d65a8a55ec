//! What every request passes before its route: the door, what the client understands, a deadline, and a net for panics.
//!
//! Promises: an answer comes in time, be it that it took too long; a handler that panics takes nothing else down.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::manage::input::preferred;
use crate::manage::problem::Refusal;
use crate::manage::{Desk, door};

/// Longest time for an answer, the request's body included.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Paths that need no login: (method, path).
pub(super) const OPEN: &[(Method, &str)] = &[
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/metrics"),
    (Method::GET, "/api/v1/openapi.json"),
    (Method::POST, "/api/v1/sessions"),
];

/// Lets a request in, and gives every answer the shape that the API promises.
pub(super) async fn pass(State(admin): State<Arc<Desk>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_open = OPEN.iter().any(|(method, open)| {
        let same = request.method() == method || request.method() == Method::HEAD && method == Method::GET;
        same && path == *open
    });
    let is_probe = is_open && !path.starts_with("/api/");
    if !is_open {
        match door::admit(&admin, &request) {
            Ok(known) => {
                request.extensions_mut().insert(known);
            }
            Err(refusal) => return refusal.into_response(),
        }
    }
    let offered = offered(request.uri().path());
    if !is_probe && preferred(request.headers(), offered).is_none() {
        let message = format!("answers are {}; accept one", offered.join(", "));
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, message).into_response();
    }
    let response = next.run(request).await;
    if is_probe { response } else { told(response) }
}

/// Puts a deadline and a net for panics around routes.
pub(super) fn guarded(routes: Router, longest: Duration) -> Router {
    routes.layer(from_fn_with_state(longest, guard))
}

/// Answers in time, and whatever happens.
async fn guard(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    let running = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(longest, running).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a request of an operator panicked");
            Refusal::panicked().into_response()
        }
        Err(_) => {
            let message = format!("the request took longer than {} s", longest.as_secs_f32());
            Refusal::new(StatusCode::REQUEST_TIMEOUT, message).into_response()
        }
    }
}

/// Gives what the router itself refuses the shape of a problem.
fn told(response: Response) -> Response {
    let status = response.status();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !status.is_client_error() && !status.is_server_error() || is_json {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let refusal = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            Refusal::new(status, "this method does nothing here; `Allow` names those that do")
        }
        StatusCode::NOT_FOUND => Refusal::no_such_path(),
        _ => Refusal::new(status, "the request is not understood"),
    };
    let refusal = allow.into_iter().fold(refusal, |refusal, allow| refusal.with(header::ALLOW, allow));
    refusal.into_response()
}

/// Gives the media types that a path can answer with, JSON first.
fn offered(path: &str) -> &'static [&'static str] {
    let of_run = path.strip_prefix("/api/v1/runs/").and_then(|rest| rest.split_once('/'));
    match of_run.map(|(_, part)| part) {
        Some("progress") => &["application/json", "text/event-stream"],
        Some("rows") => &["application/json", "text/csv", "application/x-ndjson"],
        _ if path == "/api/v1/devices" => &["application/json", "text/csv"],
        _ => &["application/json"],
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use serde_json::{Value, json};

    use super::*;

    /// What a client hears of a path.
    async fn heard(routes: &TowerToHyperService<Router>, path: &str) -> (StatusCode, Value) {
        let response = routes.call(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_handler_that_never_ends_or_that_panics_is_told_as_a_problem_and_the_next_one_is_answered() {
        async fn panics() -> &'static str {
            panic!("a mistake of a handler")
        }
        let routes = Router::new()
            .route("/well", get(|| async { "{}" }))
            .route("/slow", get(std::future::pending::<&'static str>))
            .route("/mistaken", get(panics));
        let routes = TowerToHyperService::new(guarded(routes, Duration::from_millis(50)));
        for _ in 0..2 {
            let (status, told) = heard(&routes, "/slow").await;
            assert_eq!((status, &told["code"]), (StatusCode::REQUEST_TIMEOUT, &json!("too-slow")));
            assert!(told["message"].as_str().unwrap().contains("0.05 s"), "{told}");
            let (status, told) = heard(&routes, "/mistaken").await;
            assert_eq!((status, &told["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("failed")));
            assert!(
                !told.to_string().contains("a mistake of a handler"),
                "what went wrong is for the log: {told}"
            );
            assert_eq!(heard(&routes, "/well").await, (StatusCode::OK, json!({})));
        }
    }
}
