//! The command line's half of the admin side.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::config::Place;
use crate::listen::speak_tls;
use crate::manage::{Key, door};
use crate::operation::{self, Outcome, Problem, Query};

/// Whom the operator acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActAs<'n> {
    /// An account: an id, an extension's number, or `administrator`.
    Account(&'n str),
    /// A login by its id: its account, with the grants that it holds.
    Login(&'n str),
}

impl<'n> ActAs<'n> {
    /// Gives the header that says so.
    const fn header(self) -> (&'static str, &'n str) {
        match self {
            Self::Account(id) => (door::ACT_AS, id),
            Self::Login(id) => (door::ACT_AS_LOGIN, id),
        }
    }
}

/// What the server told.
pub struct Told {
    /// Whether it did what it was asked to.
    pub done: bool,
    /// Its words, as JSON.
    pub body: Value,
}

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens there, or it does not speak HTTP.
    #[error("cannot reach the server at {place}; is it running?")]
    Connect {
        /// Where it should listen.
        place: Place,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the server did not answer")]
    Http(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    /// The server does not take the key.
    #[error(
        "the server does not take the key in the state folder; was it started with another configuration?"
    )]
    Unauthorized,
    /// The server does not take the request.
    #[error("{0}")]
    Refused(String),
    /// The answer is not what it should be.
    #[error("the server's answer is not understood")]
    Answer(#[from] serde_json::Error),
}

/// Has the server that runs read its files again; with `force`, whatever they take away.
///
/// # Errors
/// Why it could not be asked.
pub async fn reload(key: &Key, force: bool) -> Result<Told, ClientError> {
    let path = if force { "/api/v1/reload?force=true" } else { "/api/v1/reload" };
    ask(key, Request::post(path)).await
}

/// Asks the server that runs when devices last fetched a file, by serial.
///
/// # Errors
/// Why it could not be asked.
pub async fn fetched(key: &Key) -> Result<Told, ClientError> {
    ask(key, Request::get("/api/v1/fetched")).await
}

/// Asks the server that runs how it is.
///
/// # Errors
/// Why it could not be asked.
pub async fn status(key: &Key) -> Result<Told, ClientError> {
    ask(key, Request::get("/api/v1/status")).await
}

/// Asks the server that runs which networks are banned.
///
/// # Errors
/// Why it could not be asked.
pub async fn bans(key: &Key) -> Result<Told, ClientError> {
    ask(key, Request::get("/api/v1/bans")).await
}

/// Has the server that runs lift bans: of a network, of that of an address, or `all`.
///
/// # Errors
/// Why it could not be asked.
pub async fn lift_bans(key: &Key, network: &str) -> Result<Told, ClientError> {
    let network = utf8_percent_encode(network, NON_ALPHANUMERIC);
    ask(key, Request::delete(format!("/api/v1/bans/{network}"))).await
}

/// Has the server that runs make a change, acting as somebody.
///
/// # Errors
/// Why it could not be asked; the problem that it told is within.
pub async fn perform(
    key: &Key,
    as_whom: ActAs<'_>,
    request: &operation::Request,
) -> Result<Result<Outcome, Problem>, ClientError> {
    understand(post(key, as_whom, "/api/v1/edits", request).await?, serde_json::from_value)
}

/// Has the server that runs answer a query, acting as somebody.
///
/// # Errors
/// Why it could not be asked; the problem that it told is within.
pub async fn look(
    key: &Key,
    as_whom: ActAs<'_>,
    query: &Query,
) -> Result<Result<Value, Problem>, ClientError> {
    understand(post(key, as_whom, "/api/v1/queries", query).await?, Ok)
}

/// Asks the server that runs for what stands at a path, acting as somebody.
///
/// # Errors
/// Why it could not be asked; the problem that it told is within.
pub async fn fetch(key: &Key, as_whom: ActAs<'_>, path: &str) -> Result<Result<Value, Problem>, ClientError> {
    let (name, id) = as_whom.header();
    understand(ask(key, Request::get(path).header(name, id)).await?, Ok)
}

/// Sends the server that runs what a path takes, acting as somebody; `kind` is the media type of the body.
///
/// # Errors
/// Why it could not be asked; the problem that it told is within.
pub async fn submit(
    key: &Key,
    as_whom: ActAs<'_>,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> Result<Result<Value, Problem>, ClientError> {
    let (name, id) = as_whom.header();
    let request = Request::post(path).header(name, id).header(CONTENT_TYPE, kind);
    understand(send(key, request, Bytes::from(body)).await?, Ok)
}

fn understand<T>(
    told: Told,
    read: impl FnOnce(Value) -> serde_json::Result<T>,
) -> Result<Result<T, Problem>, ClientError> {
    if told.done {
        return Ok(Ok(read(told.body)?));
    }
    let message =
        told.body["message"].as_str().unwrap_or("the server refuses, and does not say why").to_owned();
    serde_json::from_value(told.body).map(Err).map_err(|_| ClientError::Refused(message))
}

async fn post(key: &Key, as_whom: ActAs<'_>, path: &str, body: &impl Serialize) -> Result<Told, ClientError> {
    let (name, id) = as_whom.header();
    let request = Request::post(path).header(name, id).header(CONTENT_TYPE, "application/json");
    send(key, request, Bytes::from(serde_json::to_vec(body)?)).await
}

async fn ask(key: &Key, request: Builder) -> Result<Told, ClientError> {
    send(key, request, Bytes::new()).await
}

async fn send(key: &Key, request: Builder, body: Bytes) -> Result<Told, ClientError> {
    let connect = |source| ClientError::Connect { place: key.place.clone(), source };
    let stream = open(key).await.map_err(connect)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request =
        request.header(HOST, "localhost").header(AUTHORIZATION, key.header()).body(Full::new(body))?;
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
    };
    let (status, body) = tokio::select! {
        asked = asked => asked?,
        ended = connection => return Err(ended.err().map_or(ClientError::Unauthorized, ClientError::Http)),
    };
    if status == StatusCode::UNAUTHORIZED {
        return Err(ClientError::Unauthorized);
    }
    Ok(Told { done: status.is_success(), body: serde_json::from_slice(&body)? })
}

/// A connection of any kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn open(key: &Key) -> io::Result<Pin<Box<dyn Stream>>> {
    Ok(match &key.place {
        Place::Socket(path) => Box::pin(UnixStream::connect(path).await?),
        Place::Address(address) => {
            let stream = TcpStream::connect(address).await?;
            if key.tls { Box::pin(speak_tls(stream).await?) } else { Box::pin(stream) }
        }
    })
}
