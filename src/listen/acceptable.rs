//! Which requests are looked at at all.

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode, Version, header};

use crate::config::Limits;

/// Checks what hyper lets pass and phones do not need (promise H6); `talks` where something may be said.
pub(super) fn acceptable(
    limits: &Limits,
    request: &Request<Incoming>,
    strict: bool,
    talks: bool,
) -> Result<(), StatusCode> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    let wants_host = request.version() == Version::HTTP_11;
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let has_body =
        is_chunked || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    let says = talks && *request.method() == Method::POST;
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    if !strict || hosts > 1 || wants_host && hosts == 0 {
        Err(StatusCode::BAD_REQUEST)
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) && !says {
        Err(StatusCode::METHOD_NOT_ALLOWED)
    } else if has_body && (!says || is_chunked) || !path.starts_with('/') {
        Err(StatusCode::BAD_REQUEST)
    } else if path.len() > limits.path_bytes {
        Err(StatusCode::URI_TOO_LONG)
    } else {
        Ok(())
    }
}
