//! Handshakes: the server's certificates, chosen by the name that a phone asks for, and the phone's own.
//!
//! Promises: certificates, keys and authorities change while the server runs, as one whole and without a handshake
//! that fails (promise H9); what cannot be used changes nothing. Read next: [`Identities::shake`], then
//! [`Identities::refresh`].

mod careless;
mod certificates;
mod client;
mod device;
mod failure;
mod reading;

use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::Acceptor;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info};

pub use self::certificates::CertificateState;
pub use self::client::{TlsError, speak_tls};
pub(super) use self::failure::Unshaken;

pub(super) use self::client::Client;
use self::device::{Asking, Authorities};
use self::failure::{FirstBytes, Notices, Offer};
use self::reading::{Reading, Trust, configure};
use crate::config::Config;
use crate::document::Fault;
use crate::model::Mac;
use crate::telemetry::{HandshakeFailure, Metrics};

/// Longest time that a handshake keeps its place while others wait for one: whoever says nothing more blocks nobody.
const PLACE_TIME: Duration = Duration::from_millis(100);

/// What is told to people whose browser or tool speaks plain HTTP to a port of HTTPS.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 59\r\nConnection: close\r\n\r\n\
    This port speaks HTTPS: write https:// in place of http://\n";

/// The certificates of the HTTPS listeners, and the authorities of device certificates.
pub struct Identities {
    trust: ArcSwap<Trust>,
    /// What was read last, and what was wrong with it.
    last: Mutex<Reading>,
    notices: Notices,
    provider: Arc<CryptoProvider>,
    metrics: Arc<Metrics>,
    /// The name that a self-signed certificate is minted for.
    host: String,
}

/// What reading certificates again brought.
#[derive(Debug)]
pub struct Refreshed {
    /// Whether others are used from now on.
    pub changed: bool,
    /// What is wrong with them; after an error those from before are used on.
    pub faults: Vec<Fault>,
}

/// What a phone proved by its own certificate when its connection began.
pub(super) struct Proven {
    mac: Mac,
    chain: Vec<CertificateDer<'static>>,
    by: Arc<Authorities>,
    mark: NonZeroU32,
}

impl Proven {
    /// Gives what tells its certificate from others.
    pub(super) const fn mark(&self) -> NonZeroU32 {
        self.mark
    }
}

impl Identities {
    /// Reads the certificates of the configuration, or mints one into the state folder when there is none.
    ///
    /// `host` is the name that one is minted for. With `stand_in`, a minted one stands in for what cannot be used, which
    /// is told by each [`Identities::refresh`] until it can: phones by HTTP and TFTP shall not wait for a certificate.
    ///
    /// # Errors
    /// Everything that keeps a certificate, key or authority from being used.
    pub fn load(
        config: &Config,
        host: &str,
        metrics: &Arc<Metrics>,
        stand_in: bool,
    ) -> Result<Self, Vec<Fault>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut last = Reading::new(config, SystemTime::now());
        let trust = match Trust::read(config, host, &provider) {
            Ok((trust, warnings)) => {
                last.faults = warnings;
                trust
            }
            Err(faults) if stand_in => {
                last.faults = faults;
                Trust::stand_in(config, host, &provider)?
            }
            Err(faults) => return Err(faults),
        };
        let this = Self {
            trust: ArcSwap::from_pointee(trust),
            last: Mutex::new(last),
            notices: Notices::default(),
            provider,
            metrics: Arc::clone(metrics),
            host: host.to_owned(),
        };
        this.note();
        Ok(this)
    }

    /// Tells what [`Identities::load`] would find wrong; nothing is minted.
    pub fn check(config: &Config) -> Vec<Fault> {
        Trust::check(config, &Arc::new(aws_lc_rs::default_provider()), SystemTime::now())
    }

    /// Reads again what changed; handshakes that begin after this call use it, unless it cannot be used.
    pub fn refresh(&self, config: &Config) -> Refreshed {
        let now = SystemTime::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Reading::new(config, now);
        let mut changed = false;
        if !last.stands(&next) {
            *last = next;
            match Trust::read(config, &self.host, &self.provider) {
                Ok((trust, warnings)) => {
                    last.faults = warnings;
                    changed = self.take(trust);
                }
                Err(faults) => last.faults = faults,
            }
        }
        let mut faults = last.faults.clone();
        faults.extend(self.trust.load().shelf.states().iter().filter_map(|state| state.fault(now)));
        Refreshed { changed, faults }
    }

    /// Swaps everything at once, unless nothing is new: phones come back with tickets of the one before.
    fn take(&self, mut next: Trust) -> bool {
        let before = self.trust.load();
        if !next.adopt(&before) {
            return false;
        }
        self.trust.store(Arc::new(next));
        self.note();
        info!(certificates = self.certificates().len(), "certificates changed");
        true
    }

    fn note(&self) {
        let trust = self.trust.load();
        let first = trust.shelf.states().iter().map(|state| state.not_after).min();
        let seconds = first.and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.metrics.certificate_expiry.set(seconds.unwrap_or_default().as_secs_f64());
    }

    /// Tells which certificates are used, in the order of the configuration.
    pub fn certificates(&self) -> Vec<CertificateState> {
        self.trust.load().shelf.states().to_vec()
    }

    /// Tells whether the certificate was minted here, so that no phone can verify it.
    pub fn is_minted(&self) -> bool {
        self.trust.load().minted
    }

    /// Shakes hands; gives what the phone's certificate proves, if it shows one.
    pub(super) async fn shake(
        &self,
        mut stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Option<Proven>), Unshaken> {
        let first = peek(&stream).await.map_err(|error| Unshaken::of(error, &FirstBytes::default(), None))?;
        if first.is_plain_http() {
            answer_plain(&mut stream).await.ok();
            return Err(Unshaken::new(HandshakeFailure::PlainHttp));
        }
        let started = LazyConfigAcceptor::new(Acceptor::default(), stream).await;
        let started = started.map_err(|error| Unshaken::of(error, &first, None))?;
        let offer = Offer::of(&started.client_hello(), &self.provider);
        // Whoever comes first with a complete hello goes first; waiting costs nobody anything but a place to wait.
        let trust = self.trust.load_full();
        let place = trust.places.acquire().await;
        let (config, asking) =
            trust.config(&self.provider).map_err(|error| Unshaken::of(error, &first, None))?;
        let mut shaking = pin!(started.into_stream(config));
        let shaken = tokio::select! {
            shaken = &mut shaking => shaken,
            () = sleep(PLACE_TIME) => {
                drop(place);
                shaking.await
            }
        };
        let stream = shaken.map_err(|error| Unshaken::of(error, &first, Some(offer)))?;
        let proven = asking.and_then(|asking| prove(&asking, stream.get_ref().1.peer_certificates()));
        Ok((stream, proven))
    }

    /// Shakes hands with an operator within so much time; a handshake that fails is logged, and gives nothing.
    pub async fn welcome(
        &self,
        stream: TcpStream,
        patience: Duration,
    ) -> Option<impl AsyncRead + AsyncWrite + Send + Unpin + use<>> {
        let peer = stream.peer_addr().ok()?.ip().to_canonical();
        let shaken = timeout(patience, self.shake(stream)).await.unwrap_or_else(|_| Err(Unshaken::timeout()));
        match shaken {
            Ok((stream, _)) => Some(stream),
            Err(unshaken) => {
                self.tell(peer, &unshaken);
                None
            }
        }
    }

    /// Gives the MAC address that was proven, if that still counts.
    pub(super) fn still(&self, proven: &Proven) -> Option<Mac> {
        let trust = self.trust.load();
        let authorities = trust.authorities.as_ref()?;
        if Arc::ptr_eq(authorities, &proven.by) {
            return Some(proven.mac);
        }
        authorities.judge(&proven.chain, UnixTime::now()).ok()
    }

    /// Logs a handshake that failed.
    pub(super) fn tell(&self, peer: IpAddr, unshaken: &Unshaken) {
        self.notices.tell(peer, unshaken);
    }
}

impl Trust {
    /// Gives what a handshake is configured by, and what asks the phone for its certificate.
    fn config(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<(Arc<rustls::ServerConfig>, Option<Arc<Asking>>)> {
        let Some(authorities) = &self.authorities else { return Ok((Arc::clone(&self.shared), None)) };
        // Whether the phone has its certificate's key is known of one connection only.
        let asking = Arc::new(Asking::new(Arc::clone(authorities)));
        let verifier: Arc<dyn ClientCertVerifier> = Arc::<Asking>::clone(&asking);
        let config = configure(provider, &self.shelf, verifier).map_err(io::Error::other)?;
        Ok((Arc::new(config), Some(asking)))
    }
}

fn prove(asking: &Asking, chain: Option<&[CertificateDer<'static>]>) -> Option<Proven> {
    match asking.outcome(chain)? {
        Ok(mac) => {
            let chain = chain.unwrap_or_default().to_vec();
            let own = chain.first().map_or(0, |own| xxhash_rust::xxh3::xxh3_64(own));
            let mark = u32::try_from(own >> 32).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
            Some(Proven { mac, chain, by: Arc::clone(asking.authorities()), mark })
        }
        Err(why) => {
            debug!(error = %why, "a device certificate proves nothing");
            None
        }
    }
}

/// Looks at what comes first and leaves it there.
async fn peek(stream: &TcpStream) -> io::Result<FirstBytes> {
    let mut first = FirstBytes::default();
    first.count = stream.peek(&mut first.bytes).await?;
    Ok(first)
}

async fn answer_plain(stream: &mut TcpStream) -> io::Result<()> {
    // What is left unread when a connection is closed takes the answer with it.
    let mut request = [0; 2048];
    let _: usize = stream.read(&mut request).await?;
    stream.write_all(PLAIN_HTTP).await?;
    stream.shutdown().await
}
