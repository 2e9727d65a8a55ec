//! Responses for phones that read none but those of the oldest servers.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};

use crate::listen::response::insert;
use crate::snapshot::Rendered;

/// Gives a file to a phone that reads nothing but what the oldest servers send, in the order in which they send it.
pub(super) fn with_classic_file(file: &Rendered, method: &Method) -> (StatusCode, Response<Full<Bytes>>) {
    let now = SystemTime::now();
    let date = Bytes::from(httpdate::fmt_http_date(now));
    let body = if method == Method::HEAD { Bytes::new() } else { file.body.clone() };
    let mut response = Response::new(Full::new(body));
    let out = response.headers_mut();
    insert(out, header::DATE, &date);
    out.insert(header::SERVER, HeaderValue::from_static("httpd"));
    // Nobody asks for less than the whole by it: conditions and ranges are passed over.
    insert(out, header::LAST_MODIFIED, file.dated(|| now).unwrap_or(&date));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(file.body.len()));
    insert(out, header::CONTENT_TYPE, &file.content_type);
    out.insert(header::CONNECTION, HeaderValue::from_static("close"));
    (StatusCode::OK, response)
}
