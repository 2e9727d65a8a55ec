//! Handshakes: the server's certificates, chosen by the name that a phone asks for, and the phone's own.

mod client;
mod device;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

pub(super) use self::client::Client;
use self::device::{Asking, Authorities};
use crate::config::{CertificateFiles, Https};
use crate::durable;
use crate::model::Mac;

/// The certificates of the HTTPS listeners, and the authorities of device certificates.
pub struct Identities {
    names: Arc<ByName>,
    provider: Arc<CryptoProvider>,
    /// What every phone shakes hands with, where none is asked for a certificate.
    shared: Arc<ServerConfig>,
    /// Who signs the phones' certificates; nobody is asked for one where `None`.
    authorities: Option<Arc<Authorities>>,
    /// Whether the certificate was minted here, so that no phone can verify it.
    pub self_signed: bool,
}

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("cannot read {} as PEM; give a certificate chain and its key", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// A file holds no certificate of an authority that can be used.
    #[error("cannot use {} as certificates of an authority; give one or more, each as PEM", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with the first that cannot be used; `None` if there is none at all.
        source: Option<webpki::Error>,
    },
    /// The key is not the certificate's, or of a kind that is not supported.
    #[error("cannot use the key {} with its certificate", path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A certificate has no name that it could be chosen by.
    #[error("cannot read the names in {}", path.display())]
    Names {
        /// The certificate's file.
        path: PathBuf,
    },
    /// A self-signed certificate cannot be minted.
    #[error("cannot mint a self-signed certificate")]
    Mint {
        /// Why not.
        source: rcgen::Error,
    },
    /// The library offers no version of TLS that its own algorithms suffice for.
    #[error("cannot offer TLS")]
    Versions(#[source] rustls::Error),
    /// What was minted cannot be kept.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Identities {
    /// Loads the certificates of the configuration, or mints one into the state folder when there is none.
    ///
    /// # Errors
    /// The first certificate or key that cannot be used.
    pub fn load(https: &Https, state: &Path, host: &str) -> Result<Self, TlsError> {
        let minted;
        let self_signed = https.certificates.is_empty();
        let files = if self_signed {
            minted = [mint(state, host)?];
            &minted[..]
        } else {
            &https.certificates[..]
        };
        let mut names = ByName::default();
        for files in files {
            names.add(files)?;
        }
        let (names, provider) = (Arc::new(names), Arc::new(aws_lc_rs::default_provider()));
        let authorities = if https.device_authorities.is_empty() {
            None
        } else {
            Some(Arc::new(Authorities::load(&https.device_authorities, Arc::clone(&provider))?))
        };
        let shared = configure(&provider, &names, WebPkiClientVerifier::no_client_auth())?;
        Ok(Self { names, provider, shared: Arc::new(shared), authorities, self_signed })
    }

    /// Shakes hands; gives the MAC address that the phone's certificate proves, if it shows one.
    pub(super) async fn shake(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Option<Mac>)> {
        let Some(authorities) = &self.authorities else {
            return Ok((TlsAcceptor::from(Arc::clone(&self.shared)).accept(stream).await?, None));
        };
        // Whether the phone has its certificate's key is known of one connection only.
        let asking = Arc::new(Asking::new(Arc::clone(authorities)));
        let verifier: Arc<dyn ClientCertVerifier> = Arc::<Asking>::clone(&asking);
        let mut config = configure(&self.provider, &self.names, verifier).map_err(io::Error::other)?;
        // A session that is taken up again would bring back what was proven once.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        let stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
        let mac = match asking.outcome(stream.get_ref().1.peer_certificates()) {
            Some(Ok(mac)) => Some(mac),
            Some(Err(why)) => {
                debug!(reason = %why, "a device certificate proves nothing");
                None
            }
            None => None,
        };
        Ok((stream, mac))
    }
}

fn configure(
    provider: &Arc<CryptoProvider>,
    names: &Arc<ByName>,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::<ByName>::clone(names));
    // Phones speak HTTP/1.1; offering nothing else keeps HTTP/2 and its attacks away.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Certificates by the names in them; the first is for everybody who asks for none of these.
#[derive(Debug, Default)]
struct ByName {
    default: Option<Arc<CertifiedKey>>,
    names: HashMap<String, Arc<CertifiedKey>>,
}

impl ByName {
    fn add(&mut self, files: &CertificateFiles) -> Result<(), TlsError> {
        let pem = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Pem { path, source }
        };
        let chain = CertificateDer::pem_file_iter(&files.certificate).map_err(pem(&files.certificate))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(pem(&files.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(pem(&files.key))?;
        let own = chain.first().cloned();
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let certified =
            Arc::new(certified.map_err(|source| TlsError::Key { path: files.key.clone(), source })?);
        let unnamed = || TlsError::Names { path: files.certificate.clone() };
        let own = own.ok_or_else(unnamed)?;
        let parsed = webpki::EndEntityCert::try_from(&own).map_err(|_| unnamed())?;
        for name in parsed.valid_dns_names() {
            self.names.entry(name.to_ascii_lowercase()).or_insert_with(|| Arc::clone(&certified));
        }
        self.default.get_or_insert(certified);
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let wildcard = || name.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        self.names.get(name).or_else(|| self.names.get(&wildcard()?))
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.find(name));
        named.or(self.default.as_ref()).cloned()
    }
}

/// Mints a self-signed certificate for this machine, or takes the one that was minted before.
///
/// Key and certificate lie in one file, so that neither can be there without the other.
fn mint(state: &Path, host: &str) -> Result<CertificateFiles, TlsError> {
    let path = state.join("self-signed.pem");
    let files = CertificateFiles { certificate: path.clone(), key: path.clone() };
    if ByName::default().add(&files).is_ok() {
        return Ok(files);
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !names.iter().any(|name| name == host) {
        names.insert(0, host.to_owned());
    }
    let mint = |source| TlsError::Mint { source };
    let key = rcgen::KeyPair::generate().map_err(mint)?;
    let parameters = rcgen::CertificateParams::new(names).map_err(mint)?;
    let certificate = parameters.self_signed(&key).map_err(mint)?;
    let both = key.serialize_pem() + &certificate.pem();
    durable::write(&path, both.as_bytes(), 0o600).map_err(|source| TlsError::Write { path, source })?;
    Ok(files)
}
