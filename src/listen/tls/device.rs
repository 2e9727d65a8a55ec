//! Device certificates: what a maker put into a phone to prove which one it is.
//!
//! Promises: whatever a phone shows, it may go on, as a phone that proved nothing (promise L1); only a certificate
//! whose key the phone has, that a configured authority signed, and whose subject is one MAC address, proves
//! anything. Read next: [`Authorities::judge`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, SignatureScheme, client::danger::HandshakeSignatureValid,
};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::DeviceAuthority;
use crate::document::Fault;
use crate::listen::tls::certificates::certificates;
use crate::model::Mac;

/// Most certificates and bytes of a chain that is looked at.
const CHAIN_LONGEST: (usize, usize) = (5, 16 * 1024);

/// Makers of phones, and how their certificates are read.
pub(super) struct Authorities {
    makers: Vec<Maker>,
    subjects: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

#[derive(PartialEq, Eq)]
struct Maker {
    anchors: Vec<TrustAnchor<'static>>,
    rule: DeviceAuthority,
}

/// Why a certificate proves nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unproven {
    #[error("the certificate is not signed as one of `https.device-authorities` would: {0}")]
    Foreign(webpki::Error),
    #[error(
        "the subject of the certificate does not hold one MAC address where `https.device-authorities` says"
    )]
    Nameless,
    #[error("the phone did not show that it has the certificate's key")]
    NotItsOwn,
    #[error("the chain of certificates is too long")]
    TooLong,
}

impl Authorities {
    /// Loads the authorities of the configuration.
    ///
    /// # Errors
    /// Every file that holds none.
    pub(super) fn load(rules: &[DeviceAuthority], provider: Arc<CryptoProvider>) -> Result<Self, Vec<Fault>> {
        let (mut makers, mut faults) = (Vec::new(), Vec::new());
        for rule in rules {
            match Maker::load(rule) {
                Ok(maker) => makers.push(maker),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let anchors = makers.iter().flat_map(|maker| &maker.anchors);
        let subjects = anchors.map(|anchor| DistinguishedName::in_sequence(&anchor.subject)).collect();
        Ok(Self { makers, subjects, provider })
    }

    /// Tells whether others are of the same makers, and read their certificates in the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.makers == other.makers
    }

    /// Tells which phone a chain of certificates proves, the phone's own first.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Mac, Unproven> {
        let (most, bytes) = CHAIN_LONGEST;
        if chain.len() > most || chain.iter().map(|certificate| certificate.len()).sum::<usize>() > bytes {
            return Err(Unproven::TooLong);
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        let mut why = Unproven::Foreign(webpki::Error::UnknownIssuer);
        for maker in &self.makers {
            match maker.judge(chain, now, algorithms) {
                Ok(mac) => return Ok(mac),
                Err(Unproven::Foreign(webpki::Error::UnknownIssuer)) => (),
                Err(other) => why = other,
            }
        }
        Err(why)
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.makers.iter().map(|maker| &maker.rule)).finish()
    }
}

impl Maker {
    fn load(rule: &DeviceAuthority) -> Result<Self, Fault> {
        let file = &rule.certificates;
        let chain = certificates(file)?;
        let anchor = |certificate| anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned());
        let anchors = chain.iter().map(anchor).collect::<Result<Vec<_>, _>>().map_err(|error| {
            Fault::error(
                file,
                0,
                format!("holds what is no certificate of an authority: {error}; give the maker's as PEM"),
            )
        })?;
        if anchors.is_empty() {
            return Err(Fault::error(file, 0, "holds no certificate; give the maker's authorities as PEM"));
        }
        Ok(Self { anchors, rule: rule.clone() })
    }

    fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Mac, Unproven> {
        let (own, others) = chain.split_first().ok_or(Unproven::Nameless)?;
        let parsed = EndEntityCert::try_from(own).map_err(Unproven::Foreign)?;
        let (_, named) = X509Certificate::from_der(own).map_err(|_| Unproven::Nameless)?;
        let time = if self.rule.expired {
            // As of the day that it was made, when those who signed it were valid, too.
            let made = u64::try_from(named.validity().not_before.timestamp()).unwrap_or_default();
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(made))
        } else {
            now
        };
        parsed
            .verify_for_usage(algorithms, &self.anchors, others, time, AnyUsage, None, None)
            .map_err(Unproven::Foreign)?;
        self.mac(&named).ok_or(Unproven::Nameless)
    }

    /// Reads the MAC address; `None` unless exactly one value is there and all of it is the address.
    fn mac(&self, certificate: &X509Certificate<'_>) -> Option<Mac> {
        let oid = self.rule.mac.oid().parse().ok()?;
        let mut values = certificate.subject().iter_by_oid(&oid);
        let value = values.next().filter(|_| values.next().is_none())?.as_str().ok()?;
        let after = match self.rule.after.as_str() {
            "" => value,
            before => value.rsplit_once(before)?.1,
        };
        Mac::from_bytes(after.as_bytes())
    }
}

/// Lets any purpose pass: makers write server authentication, or none, into certificates that are shown by clients.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// Asks one phone for its certificate, and lets it go on whatever that is.
#[derive(Debug)]
pub(super) struct Asking {
    authorities: Arc<Authorities>,
    is_its_own: AtomicBool,
}

impl Asking {
    pub(super) fn new(authorities: Arc<Authorities>) -> Self {
        Self { authorities, is_its_own: AtomicBool::new(false) }
    }

    /// Gives those who judge.
    pub(super) fn authorities(&self) -> &Arc<Authorities> {
        &self.authorities
    }

    /// Tells which phone proved itself, once hands are shaken; nothing where it showed no certificate.
    pub(super) fn outcome(&self, chain: Option<&[CertificateDer<'_>]>) -> Option<Result<Mac, Unproven>> {
        let chain = chain?;
        if self.is_its_own.load(Ordering::Acquire) {
            Some(self.authorities.judge(chain, UnixTime::now()))
        } else {
            Some(Err(Unproven::NotItsOwn))
        }
    }

    fn note(&self, verified: &Result<HandshakeSignatureValid, rustls::Error>) -> HandshakeSignatureValid {
        self.is_its_own.store(verified.is_ok(), Ordering::Release);
        HandshakeSignatureValid::assertion()
    }
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities.subjects
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.authorities.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls12_signature(message, certificate, signed, algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.authorities.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls13_signature(message, certificate, signed, algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.authorities.provider.signature_verification_algorithms.supported_schemes();
        // A phone that can sign in no better way may go on, too, without proving anything.
        schemes.extend([SignatureScheme::ECDSA_SHA1_Legacy, SignatureScheme::RSA_PKCS1_SHA1]);
        schemes
    }
}
