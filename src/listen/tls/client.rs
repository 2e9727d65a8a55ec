//! A client for the server's own handshakes, which trusts whatever certificate is there: it asks whether the server
//! answers, not who it is.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::listen::tls::careless::Careless;

/// The library offers no version of TLS that its own algorithms suffice for.
#[derive(Debug, thiserror::Error)]
#[error("cannot offer TLS")]
pub struct TlsError(#[source] rustls::Error);

/// Shakes hands with anybody.
#[derive(Clone)]
pub(in crate::listen) struct Client(TlsConnector);

impl Client {
    /// Makes one; it keeps no sessions, so that each handshake is a full one.
    ///
    /// # Errors
    /// The library offers no version of TLS that its own algorithms suffice for.
    pub(in crate::listen) fn new() -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let careless = Arc::new(Careless(Arc::clone(&provider)));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError)?
            .dangerous()
            .with_custom_certificate_verifier(careless)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands on a connection.
    ///
    /// # Errors
    /// The other side does not.
    pub(in crate::listen) async fn shake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::IpAddress(stream.peer_addr()?.ip().into());
        self.0.connect(name, stream).await
    }
}

/// Speaks TLS to this machine's own server on a connection, whatever certificate it has.
///
/// Whoever has its address from the key in the state folder knows who listens there.
///
/// # Errors
/// The other side does not speak TLS.
pub async fn speak_tls(stream: TcpStream) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>> {
    Client::new().map_err(io::Error::other)?.shake(stream).await
}
