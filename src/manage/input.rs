//! What requests bring along, taken only as the API's document describes it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::manage::Desk;
use crate::manage::door::Known;
use crate::manage::problem::Refusal;

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

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Desk>) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, admin).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| {
            let why =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Refusal::malformed("query", format!("the query is not understood: {why}"))
        })
    }
}

impl FromRequestParts<Arc<Desk>> for Known {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Desk>) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::unauthorized)
    }
}

/// Nothing: a query is not understood.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}
