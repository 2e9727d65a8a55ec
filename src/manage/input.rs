//! What requests bring along, taken only as the API's document describes it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::jobs::{FILE_MAX, Format};
use crate::manage::Desk;
use crate::manage::door::Known;
use crate::manage::problem::Refusal;
use crate::operation::{Fields, Page};

/// Largest body of a request, in bytes.
pub(super) const LARGEST_BODY: usize = 4 << 20;

/// What a body may be announced as; the latter is what changes are (RFC 7396).
const KINDS: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// Rows of a list where nothing else is asked for, and the most.
const ROWS: (usize, usize) = (100, 1000);

/// Largest offset into a list.
const FARTHEST: usize = 1_000_000_000;

/// The part of a path between braces.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Desk>> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Desk>) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, admin).await;
        // What is no text names nothing.
        path.map(|Path(named)| Self(named)).map_err(|_| Refusal::no_such_path())
    }
}

/// What stands after the `?`.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Desk>> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let refused = |error: QueryRejection| {
            let why =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Refusal::malformed("query", format!("the query is not understood: {why}"))
        };
        let Query(pairs) =
            Query::<Vec<(String, String)>>::from_request_parts(parts, desk).await.map_err(refused)?;
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let method = parts.method.as_str().to_ascii_lowercase();
        for (key, text) in &pairs {
            desk.shapes.check_query(path, &method, key, text).map_err(Refusal::misfit)?;
        }
        let query = Query::<T>::from_request_parts(parts, desk).await;
        query.map(|Query(asked)| Self(asked)).map_err(refused)
    }
}

impl FromRequestParts<Arc<Desk>> for Known {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Desk>) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::unauthorized)
    }
}

/// How an edit is made.
pub(super) struct How {
    /// The version that the record must have (`If-Match`); none where it does not matter.
    pub(super) if_match: Option<String>,
    /// Whether to tell what would come of it, and change nothing.
    pub(super) dry_run: bool,
}

/// What stands after the `?` of an edit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Trying {
    /// Whether to tell what would come of it, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

impl FromRequestParts<Arc<Desk>> for How {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let Asked(Trying { dry_run }) = Asked::from_request_parts(parts, desk).await?;
        let Some(told) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self { if_match: None, dry_run });
        };
        let told = told.to_str().unwrap_or_default().trim();
        let tag = told.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let tag = tag.filter(|tag| {
            (1..=128).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
        });
        // Nothing listed is a version that no record has.
        let tag = tag.or(matches!(told, "" | "*").then_some(told)).ok_or_else(|| {
            Refusal::malformed(
                "If-Match",
                "`If-Match` is not one entity tag in quotes, as `ETag` gave it, or *",
            )
        })?;
        Ok(Self { if_match: Some(tag.to_owned()), dry_run })
    }
}

/// A request's body: a JSON object as the document describes `T`.
pub(super) struct Record<T> {
    /// Its members.
    pub(super) fields: Fields,
    shape: PhantomData<T>,
}

impl<T: ToSchema> FromRequest<Arc<Desk>> for Record<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, admin: &Arc<Desk>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let value = read(&parts.headers, body).await?;
        admin.shapes.check(&T::name(), &value).map_err(Refusal::misfit)?;
        match whole(value) {
            Value::Object(fields) => Ok(Self { fields, shape: PhantomData }),
            _ => Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is no JSON object")),
        }
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Value, Refusal> {
    if !is_json(headers) {
        let message = "the body is not announced as JSON; send `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let body = Unread::new(headers, body, LARGEST_BODY)?.read().await?;
    parse(&body)
}

fn parse(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Refusal::malformed("body", format!("the body is no JSON: it breaks at line {line}, column {column}"))
    })
}

fn kind(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = kind(headers).split(';').next().unwrap_or_default().trim();
    KINDS.iter().any(|kind| essence.eq_ignore_ascii_case(kind))
}

/// A body that is not read yet, and will be only as far as it may be long.
pub(super) struct Unread {
    body: Body,
    most: usize,
}

impl Unread {
    /// Refuses a body that says itself that it is too long, before any of it is read.
    fn new(headers: &HeaderMap, body: Body, most: usize) -> Result<Self, Refusal> {
        let told = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if told.is_some_and(|length: u64| length > most as u64) {
            return Err(too_large(most));
        }
        Ok(Self { body, most })
    }

    /// Reads it.
    pub(super) async fn read(self) -> Result<Vec<u8>, Refusal> {
        let body = to_bytes(self.body, self.most).await.map_err(|_| too_large(self.most))?;
        Ok(body.into())
    }
}

fn too_large(most: usize) -> Refusal {
    let message = format!("the body is longer than {} MiB; send less at once", most >> 20);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// What a run is given, not read yet.
pub(super) enum Fed {
    /// JSON, or nothing.
    Json(Unread),
    /// Rows in a file.
    Rows {
        /// How it is written.
        format: Format,
        /// The file.
        body: Unread,
    },
}

impl FromRequest<Arc<Desk>> for Fed {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<Desk>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let headers = &parts.headers;
        let is_nothing = kind(headers).is_empty()
            && !headers.contains_key(header::TRANSFER_ENCODING)
            && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if is_nothing || is_json(headers) {
            return Ok(Self::Json(Unread::new(headers, body, LARGEST_BODY)?));
        }
        let Some(format) = Format::of_media_type(kind(headers)) else {
            let message = "the body is announced as nothing that a run takes; send `Content-Type: application/json`, \
                           `text/csv` or `application/x-ndjson`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        };
        Ok(Self::Rows { format, body: Unread::new(headers, body, FILE_MAX)? })
    }
}

/// Reads JSON as the document describes `T`; nothing where there is none.
pub(super) async fn read_some<T: ToSchema>(body: Unread, desk: &Desk) -> Result<Option<Fields>, Refusal> {
    let body = body.read().await?;
    if body.is_empty() {
        return Ok(None);
    }
    let value = parse(&body)?;
    desk.shapes.check(&T::name(), &value).map_err(Refusal::misfit)?;
    Ok(if let Value::Object(fields) = whole(value) { Some(fields) } else { None })
}

/// Gives the one of several media types that a client likes best, an earlier one where it does not care; none where it
/// takes none of them.
pub(super) fn preferred<'k>(headers: &HeaderMap, kinds: &[&'k str]) -> Option<&'k str> {
    let accepted: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    if headers.get(header::ACCEPT).is_none() {
        return kinds.first().copied();
    }
    // What names a type more closely counts more, also where it refuses it.
    let liking = |kind: &str| {
        let likings = accepted.iter().filter_map(|range| {
            let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
            let range = parts.next().unwrap_or_default();
            let closeness = match range.strip_suffix("/*") {
                Some("*") => 0,
                Some(family) if kind.split('/').next() == Some(family) => 1,
                None if range == kind => 2,
                _ => return None,
            };
            let quality =
                parts.find_map(|part| part.strip_prefix("q=").map(|q| q.parse().unwrap_or(0.0_f32)));
            Some((closeness, quality.unwrap_or(1.0)))
        });
        likings.max_by_key(|(closeness, _)| *closeness).filter(|(_, quality)| *quality > 0.0)
    };
    let likings = kinds.iter().filter_map(|kind| Some((*kind, liking(kind)?)));
    let best = likings
        .rev()
        .max_by(|(_, (close, one)), (_, (near, other))| one.total_cmp(other).then(close.cmp(near)));
    best.map(|(kind, _)| kind)
}

/// Reads a time of a query.
pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<SystemTime>, Refusal> {
    let read = |text: &str| {
        let invalid = || format!("`{field}` is no time after 1970; write one like 2026-11-22T06:00:00Z");
        humantime::parse_rfc3339(text).map_err(|_| Refusal::invalid(field, invalid()))
    };
    text.map(read).transpose()
}

/// Writes whole numbers as such: to JSON 10 and 10.0 are the same, to the fleet's files they are not.
fn whole(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        Value::Number(number) => {
            let text = number.is_f64().then(|| number.to_string());
            let digits = text.as_deref().and_then(|text| text.strip_suffix(".0")?.parse::<i64>().ok());
            digits.map_or(Value::Number(number), Value::from)
        }
        value => value,
    }
}

/// How many rows to leave out: 0 to 1,000,000,000.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "usize")]
pub(super) struct Offset(pub(super) usize);

impl TryFrom<usize> for Offset {
    type Error = &'static str;

    fn try_from(rows: usize) -> Result<Self, Self::Error> {
        if rows <= FARTHEST { Ok(Self(rows)) } else { Err("offset is out of range; give 0 to 1000000000") }
    }
}

/// Most rows of a part: 1 to 1,000, or to whatever a list can give; 100 when not set.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
pub(super) struct Limit<const MOST: usize = { ROWS.1 }>(pub(super) usize);

impl<const MOST: usize> Default for Limit<MOST> {
    fn default() -> Self {
        Self(ROWS.0)
    }
}

impl<const MOST: usize> TryFrom<usize> for Limit<MOST> {
    type Error = String;

    fn try_from(rows: usize) -> Result<Self, Self::Error> {
        if (1..=MOST).contains(&rows) {
            Ok(Self(rows))
        } else {
            Err(format!("limit is out of range; give 1 to {MOST}"))
        }
    }
}

/// Puts the two together.
pub(super) const fn page(offset: Offset, limit: Limit) -> Page {
    Page { offset: offset.0, limit: limit.0 }
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    pub(super) offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    pub(super) limit: Limit,
}

/// Nothing: a query is not understood.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}
