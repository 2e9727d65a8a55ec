//! The server's own certificates: read, judged, and chosen by the name that a phone asks for and by what it can verify.
//!
//! Promises: a chain whose key is not its own is never served; all that is wrong is told in one go. Read next:
//! [`Shelf::read`].

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureAlgorithm, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::CertificateFiles;
use crate::document::Fault;
use crate::durable;

/// Days before the end of a certificate at which somebody is told, the last one first.
const WARN_DAYS: [u64; 3] = [1, 7, 30];

const DAY: Duration = Duration::from_secs(86_400);

/// One of the server's certificates, as people want to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateState {
    /// The file of its chain.
    pub file: PathBuf,
    /// Host names, wildcards and addresses in it, in lower case.
    pub names: Vec<String>,
    /// What its key is: `ECDSA`, `Ed25519` or `RSA`.
    pub kind: &'static str,
    /// When it begins to be valid.
    pub not_before: SystemTime,
    /// When it ends.
    pub not_after: SystemTime,
    /// Whether it signs itself, so that phones verify it only when they know it already.
    pub self_signed: bool,
}

impl CertificateState {
    /// Tells what is wrong with its time; the words stay the same until there is something new to tell.
    pub fn fault(&self, now: SystemTime) -> Option<Fault> {
        let date = |time| humantime::format_rfc3339_seconds(time);
        let (begins, ends) = (date(self.not_before), date(self.not_after));
        let message = if now < self.not_before {
            format!("is not valid before {begins}; is the clock of this machine right?")
        } else if now >= self.not_after {
            format!("ended on {ends}, and phones may refuse it; renew it")
        } else {
            let near = WARN_DAYS.iter().copied().find(|days| now + DAY * to_u32(*days) >= self.not_after)?;
            let days = if near == 1 { "a day".to_owned() } else { format!("{near} days") };
            format!("ends within {days}, on {ends}; renew it")
        };
        Some(Fault::warning(&self.file, 0, message))
    }
}

fn to_u32(days: u64) -> u32 {
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// All certificates of the server, by the names in them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// For everybody who asks for none of the names: the first one, with its twin of another kind.
    first: Kinds,
    names: HashMap<String, Kinds>,
    all: Vec<Arc<CertifiedKey>>,
    states: Vec<CertificateState>,
}

impl Shelf {
    /// Reads chains and their keys; gives what somebody should look at besides.
    ///
    /// # Errors
    /// Everything that keeps any of them from being used.
    pub(super) fn read(
        files: &[CertificateFiles],
        provider: &CryptoProvider,
    ) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let (mut shelf, mut warnings, mut faults) = (Self::default(), Vec::new(), Vec::new());
        for files in files {
            match read(files, provider) {
                Ok((certified, state)) => warnings.extend(shelf.put(Arc::new(certified), state)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok((shelf, warnings)) } else { Err(faults) }
    }

    /// Puts one more there; warns where another one of its kind has one of its names already.
    fn put(&mut self, certified: Arc<CertifiedKey>, state: CertificateState) -> Option<Fault> {
        let mut taken = None;
        for name in &state.names {
            if !self.names.entry(name.clone()).or_default().add(&certified) {
                taken.get_or_insert(name);
            }
        }
        let fault = taken.map(|name| {
            let (file, kind) = (&state.file, state.kind);
            Fault::warning(file, 0, format!("is not used for {name:?}, which a certificate before it holds with a key of its kind ({kind}), too; remove one of them"))
        });
        let is_twin =
            self.states.first().is_none_or(|first| state.names.iter().any(|n| first.names.contains(n)));
        if is_twin {
            self.first.add(&certified);
        }
        self.all.push(certified);
        self.states.push(state);
        fault
    }

    /// Tells what stands there, in the order of the configuration.
    pub(super) fn states(&self) -> &[CertificateState] {
        &self.states
    }

    /// Tells whether another one holds the same chains, and with that the same keys.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let chains = |shelf: &Self| shelf.all.iter().map(|key| key.cert.clone()).collect::<Vec<_>>();
        chains(self) == chains(other)
    }

    fn find(&self, name: &str) -> Option<&Kinds> {
        let wildcard = || name.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        self.names.get(name).or_else(|| self.names.get(&wildcard()?))
    }
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.find(name));
        named.unwrap_or(&self.first).choose(hello.signature_schemes()).cloned()
    }
}

/// Certificates of one name with keys of different kinds, the ones that cost a handshake least first.
#[derive(Debug, Default)]
struct Kinds(Vec<Arc<CertifiedKey>>);

impl Kinds {
    /// Adds one; tells whether its kind was missing.
    fn add(&mut self, certified: &Arc<CertifiedKey>) -> bool {
        let kind = certified.key.algorithm();
        if self.0.iter().any(|known| known.key.algorithm() == kind) {
            return false;
        }
        self.0.push(Arc::clone(certified));
        self.0.sort_by_key(|certified| cost(certified.key.algorithm()));
        true
    }

    /// Chooses the cheapest one that a phone can verify; where it can verify none, its handshake says why.
    fn choose(&self, schemes: &[SignatureScheme]) -> Option<&Arc<CertifiedKey>> {
        let fits = self.0.iter().find(|certified| certified.key.choose_scheme(schemes).is_some());
        fits.or(self.0.last())
    }
}

/// Orders kinds of keys: a signature by RSA takes four to five times as long as one by an elliptic curve, and is what
/// the oldest phones know.
fn cost(kind: SignatureAlgorithm) -> u8 {
    match kind {
        SignatureAlgorithm::ECDSA => 0,
        SignatureAlgorithm::RSA => 2,
        _ => 1,
    }
}

fn read(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<(CertifiedKey, CertificateState), Fault> {
    let (file, key_file) = (&files.certificate, &files.key);
    let chain = certificates(file)?;
    let Some(own) = chain.first().cloned() else {
        return Err(Fault::error(
            file,
            0,
            "holds no certificate; give a chain as PEM, the server's own first",
        ));
    };
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| unread(key_file, &error, KEY))?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        Fault::error(
            key_file,
            0,
            "holds a key that cannot be used; give one of RSA with 2048 bits or more, or of P-256",
        )
    })?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let message = "is not the key of the first certificate in";
            Fault::error(
                key_file,
                0,
                format!("{message} {}; name the one that belongs to it", file.display()),
            )
        }
        error => {
            Fault::error(file, 0, format!("cannot be served: {error}; give a certificate of X.509 version 3"))
        }
    })?;
    let state = describe(file, &own, kind(certified.key.algorithm())).ok_or_else(|| {
        Fault::error(file, 0, "holds a certificate that cannot be read; give one of X.509 version 3")
    })?;
    Ok((certified, state))
}

const KEY: &str = "holds no private key; give one as PEM (PKCS #8, PKCS #1 or SEC 1), without a passphrase";

/// Reads every certificate of a PEM file.
///
/// # Errors
/// The file cannot be read, or is not whole.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let nothing = "holds no certificate; give one or more as PEM";
    let unread = |error| unread(file, &error, nothing);
    CertificateDer::pem_file_iter(file).map_err(unread)?.collect::<Result<_, _>>().map_err(unread)
}

/// Says why a PEM file was not read, without any of what is in it: that may be a key.
fn unread(file: &Path, error: &pem::Error, nothing: &str) -> Fault {
    match error {
        pem::Error::Io(error) => {
            Fault::error(file, 0, format!("cannot be read: {error}; let the server read it"))
        }
        pem::Error::NoItemsFound => Fault::error(file, 0, nothing),
        _ => Fault::error(file, 0, "is broken PEM; write it anew"),
    }
}

fn kind(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::ECDSA => "ECDSA",
        SignatureAlgorithm::ED25519 => "Ed25519",
        SignatureAlgorithm::RSA => "RSA",
        _ => "unknown",
    }
}

fn describe(file: &Path, own: &CertificateDer<'_>, kind: &'static str) -> Option<CertificateState> {
    let (_, parsed) = X509Certificate::from_der(own).ok()?;
    let alternatives = parsed.subject_alternative_name().ok()?;
    let names = alternatives.iter().flat_map(|extension| &extension.value.general_names);
    let mut names: Vec<String> = names.filter_map(name).collect();
    if alternatives.is_none() {
        let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        names.extend(common.map(str::to_ascii_lowercase));
    }
    names.dedup();
    let time = |seconds: i64| {
        SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    };
    let validity = parsed.validity();
    Some(CertificateState {
        file: file.to_owned(),
        names,
        kind,
        not_before: time(validity.not_before.timestamp()),
        not_after: time(validity.not_after.timestamp()),
        self_signed: parsed.issuer().as_raw() == parsed.subject().as_raw(),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
            let six = || <[u8; 16]>::try_from(*bytes).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
            four.or_else(|_| six()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Mints a self-signed certificate for this machine, or takes the one that was minted before.
///
/// Key and certificate lie in one file, so that neither can be there without the other.
///
/// # Errors
/// It cannot be written.
pub(super) fn mint(state: &Path, host: &str, provider: &CryptoProvider) -> Result<CertificateFiles, Fault> {
    let path = state.join("self-signed.pem");
    let files = CertificateFiles { certificate: path.clone(), key: path.clone() };
    if read(&files, provider).is_ok() {
        return Ok(files);
    }
    let failed = |why: &dyn std::fmt::Display| {
        Fault::error(
            &path,
            0,
            format!("cannot be minted: {why}; or name a certificate in `https.certificates`"),
        )
    };
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !names.iter().any(|name| name == host) {
        names.insert(0, host.to_owned());
    }
    let key = rcgen::KeyPair::generate().map_err(|error| failed(&error))?;
    let parameters = rcgen::CertificateParams::new(names).map_err(|error| failed(&error))?;
    let certificate = parameters.self_signed(&key).map_err(|error| failed(&error))?;
    let both = key.serialize_pem() + &certificate.pem();
    durable::write(&path, both.as_bytes(), 0o600).map_err(|error| failed(&error))?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_of_at_30_7_and_1_days_and_when_it_is_there() {
        let end = SystemTime::UNIX_EPOCH + DAY * 1000;
        let state = CertificateState {
            file: "a.pem".into(),
            names: Vec::new(),
            kind: "RSA",
            not_before: SystemTime::UNIX_EPOCH + DAY * 10,
            not_after: end,
            self_signed: false,
        };
        let told = |now| state.fault(now).map(|fault| fault.to_string());
        let second = Duration::from_secs(1);
        assert_eq!(told(end - DAY * 30 - second), None);
        let rows = [
            (end - DAY * 30, "ends within 30 days, on 1972-09-27T00:00:00Z; renew it"),
            (end - DAY * 7 - second, "ends within 30 days, on 1972-09-27T00:00:00Z; renew it"),
            (end - DAY * 7, "ends within 7 days, on 1972-09-27T00:00:00Z; renew it"),
            (end - DAY, "ends within a day, on 1972-09-27T00:00:00Z; renew it"),
            (end, "ended on 1972-09-27T00:00:00Z, and phones may refuse it; renew it"),
            (
                SystemTime::UNIX_EPOCH,
                "is not valid before 1970-01-11T00:00:00Z; is the clock of this machine right?",
            ),
        ];
        for (now, message) in rows {
            assert_eq!(told(now).unwrap(), format!("a.pem: warning: {message}"));
        }
    }
}
