//! Answers as they go out.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

/// Answers with JSON, and a line end for terminals.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).map(|text| text + "\n");
    let (status, text) =
        text.map_or((StatusCode::INTERNAL_SERVER_ERROR, "{}\n".to_owned()), |text| (status, text));
    of(status, text, "application/json")
}

/// Answers with text for people, or for Prometheus.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let text: String = text.into();
    of(status, text, "text/plain; version=0.0.4; charset=utf-8")
}

/// Answers with a file.
pub(super) fn file(text: Vec<u8>, kind: &'static str) -> Response {
    of(StatusCode::OK, text, kind)
}

fn of(status: StatusCode, text: impl Into<Bytes>, kind: &'static str) -> Response {
    let text = text.into();
    let length = HeaderValue::from(text.len());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Left to the layers below, it would stand in different places and tell paths that are known from others.
    headers.insert(header::CONTENT_LENGTH, length);
    // What is told here holds for a moment, and is for one reader.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
