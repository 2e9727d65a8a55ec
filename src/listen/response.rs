//! Responses, as bytes and fields.
//!
//! Promises: a length always, never chunks; whoever gets nothing gets the same bytes as everybody who gets nothing.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};

use crate::snapshot::Rendered;

/// Seconds after which a phone may ask again for a file that could not be rendered.
const RETRY_AFTER: &str = "60";

/// What everybody gets who gets nothing.
const NOT_FOUND: &str = "not found\n";

/// Gives a file, or word that the phone has it already.
pub(super) fn with_file(
    file: &Rendered,
    headers: &HeaderMap,
    method: &Method,
) -> (StatusCode, Response<Full<Bytes>>) {
    let last_modified = file.dated(SystemTime::now);
    let fresh = is_fresh(headers, &file.etag, last_modified.map(Bytes::as_ref));
    let status = if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let body = if fresh || method == Method::HEAD { Bytes::new() } else { file.body.clone() };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    insert(out, header::ETAG, &file.etag);
    if let Some(date) = last_modified {
        insert(out, header::LAST_MODIFIED, date);
    }
    if !fresh {
        insert(out, header::CONTENT_TYPE, &file.content_type);
        out.insert(header::CONTENT_LENGTH, HeaderValue::from(file.body.len()));
        if let Some(coding) = file.content_coding {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    (status, response)
}

/// Writes a field whose value is kept as bytes.
pub(super) fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &Bytes) {
    if let Ok(value) = HeaderValue::from_maybe_shared(value.clone()) {
        headers.insert(name, value);
    }
}

/// Tells whether the phone has the file already: by its tag, or, without one, by its date (RFC 9110, section 13.2.2).
fn is_fresh(headers: &HeaderMap, etag: &[u8], last_modified: Option<&[u8]>) -> bool {
    let mut tags = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let each = tags.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        return each
            .map(<[u8]>::trim_ascii)
            .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag);
    }
    // The date counts only as we gave it: files may go back to an older state.
    let since = headers.get(header::IF_MODIFIED_SINCE).map(HeaderValue::as_bytes);
    since.is_some_and(|since| Some(since) == last_modified)
}

/// Gives what everybody gets who gets nothing.
pub(super) fn not_found(method: &Method) -> Response<Full<Bytes>> {
    let head = method == Method::HEAD;
    let body = if head { Bytes::new() } else { Bytes::from_static(NOT_FOUND.as_bytes()) };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(NOT_FOUND.len()));
    response
}

/// Asks to come again later.
pub(super) fn unavailable() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    response
}

/// Refuses what breaks HTTP or is not offered, and ends the connection.
pub(super) fn invalid(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    // What follows on the connection cannot be told from what belongs to this request.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
