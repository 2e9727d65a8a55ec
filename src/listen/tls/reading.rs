//! From the files to what handshakes are shaken by: [`Trust`], which is made anew and swapped as one whole.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio::sync::Semaphore;

use crate::config::{Config, Https};
use crate::document::Fault;
use crate::listen::tls::certificates::{Shelf, mint};
use crate::listen::tls::device::Authorities;

/// Time after a file was written in which it may be written again without looking different.
const SETTLING: Duration = Duration::from_secs(2);

/// Everything that a handshake needs.
pub(super) struct Trust {
    pub(super) shelf: Arc<Shelf>,
    /// What every phone shakes hands with, where none is asked for a certificate.
    pub(super) shared: Arc<ServerConfig>,
    /// Who signs the phones' certificates; nobody is asked for one where `None`.
    pub(super) authorities: Option<Arc<Authorities>>,
    /// Whether the certificate was minted here.
    pub(super) minted: bool,
    /// One for each handshake under way.
    pub(super) places: Arc<Semaphore>,
    handshakes: u32,
}

impl Trust {
    /// Reads the files of a configuration; gives what somebody should look at besides.
    ///
    /// # Errors
    /// Everything that keeps any of them from being used.
    pub(super) fn read(
        config: &Config,
        host: &str,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let https = &config.https;
        let minted = https.certificates.is_empty() && !https.listen.is_empty();
        let shelf = if minted {
            let files = mint(&config.state, host, provider).map_err(|fault| vec![fault])?;
            Shelf::read(&[files], provider)
        } else {
            Shelf::read(&https.certificates, provider)
        };
        let (shelf, authorities) = both(shelf, authorities(https, provider))?;
        let (shelf, warnings) = shelf;
        let shelf = Arc::new(shelf);
        let shared = share(provider, &shelf).map_err(|error| {
            vec![Fault::error(&config.state, 0, format!("is of no use: TLS cannot be offered: {error}"))]
        })?;
        let handshakes = config.limits.handshakes;
        let places = Arc::new(Semaphore::new(usize::try_from(handshakes).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok((Self { shelf, shared, authorities, minted, places, handshakes }, warnings))
    }

    /// Makes one of a minted certificate, whatever the configuration names; no phone proves itself by its own.
    ///
    /// # Errors
    /// The state folder cannot hold one.
    pub(super) fn stand_in(
        config: &Config,
        host: &str,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Vec<Fault>> {
        let https =
            Https { certificates: Vec::new(), device_authorities: Vec::new(), ..config.https.clone() };
        let minting = Config { https, ..config.clone() };
        Self::read(&minting, host, provider).map(|(trust, _)| trust)
    }

    /// Tells what is wrong with the files of a configuration, and what should be looked at.
    pub(super) fn check(config: &Config, provider: &Arc<CryptoProvider>, now: SystemTime) -> Vec<Fault> {
        let https = &config.https;
        match both(Shelf::read(&https.certificates, provider), authorities(https, provider)) {
            Ok(((shelf, mut faults), _)) => {
                faults.extend(shelf.states().iter().filter_map(|state| state.fault(now)));
                faults
            }
            Err(faults) => faults,
        }
    }

    /// Takes over from the one before what is the same; tells whether anything is new.
    pub(super) fn adopt(&mut self, before: &Self) -> bool {
        let same_makers = match (&self.authorities, &before.authorities) {
            (Some(next), Some(before)) => next.is_same(before),
            (None, None) => true,
            _ => false,
        };
        if same_makers {
            // What connections proved by them goes on to count.
            self.authorities.clone_from(&before.authorities);
        }
        let same_places = self.handshakes == before.handshakes;
        if same_places {
            self.places = Arc::clone(&before.places);
        }
        !same_makers || !same_places || self.minted != before.minted || !self.shelf.is_same(&before.shelf)
    }
}

/// Gives two results, or the errors of both.
fn both<A, B>(a: Result<A, Vec<Fault>>, b: Result<B, Vec<Fault>>) -> Result<(A, B), Vec<Fault>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err([a.err(), b.err()].into_iter().flatten().flatten().collect()),
    }
}

fn authorities(
    https: &Https,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<Authorities>>, Vec<Fault>> {
    if https.device_authorities.is_empty() {
        return Ok(None);
    }
    let authorities = Authorities::load(&https.device_authorities, Arc::clone(provider))?;
    Ok(Some(Arc::new(authorities)))
}

/// Makes what phones that show no certificate share: they may come back with a ticket.
fn share(provider: &Arc<CryptoProvider>, shelf: &Arc<Shelf>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = configure(provider, shelf, WebPkiClientVerifier::no_client_auth())?;
    // Keys of tickets live and die with this configuration, so that no ticket outlives a change of trust.
    config.ticketer = Ticketer::new()?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

/// Makes a configuration whose sessions cannot be taken up again: that would bring back what was proven once.
pub(super) fn configure(
    provider: &Arc<CryptoProvider>,
    shelf: &Arc<Shelf>,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::<Shelf>::clone(shelf));
    // Phones speak HTTP/1.1; offering nothing else keeps HTTP/2 and its attacks away.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What the files looked like when they were read, and what was wrong with them.
#[derive(Debug)]
pub(super) struct Reading {
    https: Https,
    handshakes: u32,
    files: Vec<Option<Look>>,
    /// Whether none of them can have changed since without looking different.
    settled: bool,
    /// What was wrong, and what should be looked at.
    pub(super) faults: Vec<Fault>,
}

/// All that shows a change of a file: device, inode, size, time of its contents and of its permissions.
type Look = (u64, u64, u64, (i64, i64), (i64, i64));

impl Reading {
    /// Looks at the files of a configuration.
    pub(super) fn new(config: &Config, now: SystemTime) -> Self {
        let https = config.https.clone();
        let seen: Vec<_> = https.files().map(|file| look(file, now)).collect();
        let settled = seen.iter().flatten().all(|(_, settled)| *settled);
        let files = seen.into_iter().map(|seen| seen.map(|(look, _)| look)).collect();
        Self { https, handshakes: config.limits.handshakes, files, settled, faults: Vec::new() }
    }

    /// Tells whether nothing changed between this and the next look.
    pub(super) fn stands(&self, next: &Self) -> bool {
        let same = self.https == next.https && self.handshakes == next.handshakes && self.files == next.files;
        // What failed may go well now: the state folder has room again, a folder may be entered.
        same && self.settled && !self.faults.iter().any(Fault::is_error)
    }
}

fn look(file: &Path, now: SystemTime) -> Option<(Look, bool)> {
    let seen = fs::metadata(file).ok()?;
    let written = seen.modified().ok()?;
    let settled = now.duration_since(written).is_ok_and(|age| age > SETTLING);
    let times = ((seen.mtime(), seen.mtime_nsec()), (seen.ctime(), seen.ctime_nsec()));
    Some(((seen.dev(), seen.ino(), seen.size(), times.0, times.1), settled))
}
