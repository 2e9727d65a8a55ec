//! Clients that connect anew and remember their tickets.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned, SupportedProtocolVersion};

use crate::listen::anybody::Anybody;

/// Clients, each with a memory of its own.
pub(crate) struct Returning(Vec<Arc<ClientConfig>>);

impl Returning {
    pub(crate) fn new(version: &'static SupportedProtocolVersion, count: usize) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        let client = |_| {
            let mut own = config.clone();
            own.resumption = Resumption::in_memory_sessions(8);
            Arc::new(own)
        };
        Self((0..count).map(client).collect())
    }

    /// Has each of them connect and ask for a path; tells how many handshakes were short.
    pub(crate) fn connect(&mut self, address: SocketAddr, paths: &[String]) -> usize {
        let name = ServerName::try_from("localhost").unwrap();
        let short = self.0.iter().zip(paths.iter().cycle()).filter(|(config, path)| {
            let connection = ClientConnection::new(Arc::clone(config), name.clone()).unwrap();
            let socket = TcpStream::connect(address).unwrap();
            // The request must not wait until the end of the handshake is acknowledged.
            socket.set_nodelay(true).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            let mut response = Vec::new();
            stream.read_to_end(&mut response).unwrap();
            assert!(response.starts_with(b"HTTP/1.1 200 "));
            stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
        });
        short.count()
    }
}
