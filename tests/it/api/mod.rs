//! The admin API over real HTTP, driven by its own document, so that no route can be forgotten.

mod door; // who gets in, and what everybody else hears
mod edits; // versions, batches, creates that may be repeated
mod logins; // sessions, tokens, cookies, guessing
mod places; // Unix sockets and TLS
mod shape; // whether answers are what the document says
mod tenants; // every operation by every kind of account, and with what is not its own

use serde_json::Value;

use crate::support::{Reply, Running};

/// Gives the document that the server serves.
pub(crate) fn document(server: &Running) -> Value {
    let reply = server.admin("/api/v1/openapi.json");
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

/// Gives every operation below `/api`: method, path with its braces, and what the document says of it.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().filter(|(path, _)| path.starts_with("/api/")).flat_map(of_path).collect()
}

/// Reads a reply's body.
pub(crate) fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}
