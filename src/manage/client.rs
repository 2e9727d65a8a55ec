//! The command line's half of the admin side.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::header::{AUTHORIZATION, HOST};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::manage::Key;

/// What the server told.
pub struct Told {
    /// Whether it did what it was asked to.
    pub done: bool,
    /// Its words, as JSON.
    pub body: serde_json::Value,
}

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens there, or it does not speak HTTP.
    #[error("cannot reach the server at {address}; is it running?")]
    Connect {
        /// Where it should listen.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the server did not answer")]
    Http(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("the request cannot be written")]
    Request(#[from] hyper::http::Error),
    /// The server does not take the key.
    #[error(
        "the server does not take the key in the state folder; was it started with another configuration?"
    )]
    Unauthorized,
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
    ask(key, Request::delete(format!("/api/v1/bans/{network}"))).await
}

async fn ask(key: &Key, request: Builder) -> Result<Told, ClientError> {
    let address = key.address;
    let connect = |source| ClientError::Connect { address, source };
    let stream = TcpStream::connect(address).await.map_err(connect)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = request
        .header(HOST, address.to_string())
        .header(AUTHORIZATION, key.header())
        .body(Empty::<Bytes>::new())?;
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
