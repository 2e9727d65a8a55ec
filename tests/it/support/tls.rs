//! A phone's side of TLS: it takes whatever certificate it gets, as phones without a clock do, and tells which.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, StreamOwned, SupportedProtocolVersion};

use crate::support::anybody::Anybody;
use crate::support::{Reply, Running, Site};

/// A phone that connects over TLS.
pub(crate) struct TlsPhone {
    /// The name that it asks for; none where `None`.
    pub(crate) name: Option<&'static str>,
    /// The versions that it speaks.
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// What it lacks, or has besides.
    pub(crate) change: fn(&mut CryptoProvider),
    /// The certificate that it shows, with its key.
    pub(crate) certificate: Option<CertifiedKey>,
}

impl Default for TlsPhone {
    fn default() -> Self {
        Self { name: None, versions: rustls::ALL_VERSIONS, change: |_| (), certificate: None }
    }
}

/// A connection after its handshake.
pub(crate) struct TlsConnection(StreamOwned<ClientConnection, TcpStream>);

impl TlsPhone {
    /// Connects and shakes hands.
    pub(crate) fn connect(&self, address: SocketAddr) -> std::io::Result<TlsConnection> {
        Self::connect_with(&self.config(), self.name, address)
    }

    /// Connects and shakes hands after some bytes.
    pub(crate) fn connect_after(&self, address: SocketAddr, before: &[u8]) -> std::io::Result<TlsConnection> {
        Self::shake(&self.config(), self.name, address, before)
    }

    /// Connects and shakes hands; the configuration remembers sessions.
    pub(crate) fn connect_with(
        config: &Arc<ClientConfig>,
        name: Option<&'static str>,
        address: SocketAddr,
    ) -> std::io::Result<TlsConnection> {
        Self::shake(config, name, address, &[])
    }

    fn shake(
        config: &Arc<ClientConfig>,
        name: Option<&'static str>,
        address: SocketAddr,
        before: &[u8],
    ) -> std::io::Result<TlsConnection> {
        let name = ServerName::try_from(name.unwrap_or("unnamed.example.net")).unwrap();
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
        let socket = TcpStream::connect(address)?;
        Write::write_all(&mut &socket, before)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(TlsConnection(stream))
    }

    /// Makes what it connects with.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        let mut provider = aws_lc_rs::default_provider();
        (self.change)(&mut provider);
        let provider = Arc::new(provider);
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
    pub(crate) fn get(self, path: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Sends a request that ends the connection, and reads until the server closes.
    pub(crate) fn send(mut self, request: &str) -> Reply {
        self.0.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        self.0.read_to_end(&mut response).unwrap();
        Reply::parse(&response)
    }

    /// Asks for a path and leaves the connection open; gives the status.
    pub(crate) fn ask(&mut self, path: &str) -> u16 {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.0.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        let complete = |response: &[u8]| {
            let head = response.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
            let reply = Reply::parse(response);
            let length: usize = reply.header("content-length")?.parse().ok()?;
            (response.len() >= head + length).then_some(reply.status)
        };
        loop {
            let mut piece = [0; 4096];
            let read = self.0.read(&mut piece).unwrap();
            assert!(read > 0, "closed");
            response.extend_from_slice(&piece[..read]);
            if let Some(status) = complete(&response) {
                return status;
            }
        }
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

/// Writes a certificate with a key of P-256 for names, as an operator would.
pub(crate) fn certificate(site: &Site, file: &str, names: &[&str]) -> CertificateDer<'static> {
    certificate_with(site, file, names, false, |_| ())
}

/// Writes a certificate for names, with its key.
pub(crate) fn certificate_with(
    site: &Site,
    file: &str,
    names: &[&str],
    rsa: bool,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    let kind = if rsa { &PKCS_RSA_SHA256 } else { &PKCS_ECDSA_P256_SHA256 };
    let key = KeyPair::generate_for(kind).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    change(&mut parameters);
    let certificate = parameters.self_signed(&key).unwrap();
    site.put(&format!("certs/{file}.pem"), &certificate.pem());
    site.put(&format!("certs/{file}.key"), &key.serialize_pem());
    certificate.der().clone()
}

/// Writes the settings of HTTPS with these certificates, and more lines of its table.
pub(crate) fn https(files: &[&str], more: &str) -> String {
    let pair = |file: &&str| format!("{{ certificate = \"certs/{file}.pem\", key = \"certs/{file}.key\" }}");
    let pairs: Vec<String> = files.iter().map(pair).collect();
    format!("\n[https]\nlisten = [\"127.0.0.1:0\"]\ncertificates = [{}]\n{more}\n", pairs.join(", "))
}

/// Tells how many handshakes failed for a reason.
pub(crate) fn failures(server: &Running, reason: &str) -> f64 {
    server.metric(&format!("bellhop_handshake_failures_total{{transport=\"https\",reason=\"{reason}\"}}"))
}
