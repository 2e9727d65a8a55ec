//! The server's certificates, chosen by the name that a phone asks for.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::{CertificateFiles, Https};

/// The certificates of the HTTPS listeners.
pub struct Identities {
    config: Arc<ServerConfig>,
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
    /// What was minted cannot be kept.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
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
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsError::Key { path: state.to_owned(), source })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(names));
        // Phones speak HTTP/1.1; offering nothing else keeps HTTP/2 and its attacks away.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), self_signed })
    }

    /// Makes what a listener shakes hands with.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
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
fn mint(state: &Path, host: &str) -> Result<CertificateFiles, TlsError> {
    let files =
        CertificateFiles { certificate: state.join("self-signed.pem"), key: state.join("self-signed.key") };
    if files.certificate.exists() && files.key.exists() {
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
    write(&files.key, &key.serialize_pem(), 0o600)?;
    write(&files.certificate, &certificate.pem(), 0o644)?;
    Ok(files)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let failed = |source| TlsError::Write { path: path.to_owned(), source };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
