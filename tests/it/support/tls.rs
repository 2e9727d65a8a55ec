//! A phone's side of TLS: it takes whatever certificate it gets, as phones without a clock do, and tells which.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, StreamOwned, SupportedProtocolVersion};

use crate::support::Reply;
use crate::support::anybody::Anybody;

/// A phone that connects over TLS.
pub(crate) struct TlsPhone {
    /// The name that it asks for; none where `None`.
    pub(crate) name: Option<&'static str>,
    /// The versions that it speaks.
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// The certificate that it shows, with its key.
    pub(crate) certificate: Option<CertifiedKey>,
}

impl Default for TlsPhone {
    fn default() -> Self {
        Self { name: None, versions: rustls::ALL_VERSIONS, certificate: None }
    }
}

/// A connection after its handshake.
pub(crate) struct TlsConnection(StreamOwned<ClientConnection, TcpStream>);

impl TlsPhone {
    /// Connects and shakes hands.
    pub(crate) fn connect(&self, address: SocketAddr) -> std::io::Result<TlsConnection> {
        Self::connect_with(&self.config(), self.name, address)
    }

    /// Connects and shakes hands; the configuration remembers sessions.
    pub(crate) fn connect_with(
        config: &Arc<ClientConfig>,
        name: Option<&'static str>,
        address: SocketAddr,
    ) -> std::io::Result<TlsConnection> {
        let name = ServerName::try_from(name.unwrap_or("unnamed.example.net")).unwrap();
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(TlsConnection(stream))
    }

    /// Makes what it connects with.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        let mut config = match &self.certificate {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own.clone()))),
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = self.name.is_some();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// Asks for a path on a connection of its own.
    pub(crate) fn get(&self, address: SocketAddr, path: &str) -> Reply {
        self.connect(address).unwrap().get(path)
    }
}

impl TlsConnection {
    /// Asks for a path and reads until the server closes.
    pub(crate) fn get(mut self, path: &str) -> Reply {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.0.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        self.0.read_to_end(&mut response).unwrap();
        Reply::parse(&response)
    }

    /// Tells whether the handshake was a full one.
    pub(crate) fn kind(&self) -> rustls::HandshakeKind {
        self.0.conn.handshake_kind().unwrap()
    }

    /// Gives the server's own certificate.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// Gives the version and the protocol within that were agreed on.
    pub(crate) fn agreed(&self) -> (rustls::ProtocolVersion, Option<&[u8]>) {
        (self.0.conn.protocol_version().unwrap(), self.0.conn.alpn_protocol())
    }
}
