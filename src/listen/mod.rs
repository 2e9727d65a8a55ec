//! Sockets in, bytes out: the phones' side.
//!
//! Promises: everything is bound before anything is served; nothing that a peer does holds the accept loop up;
//! every wait for a peer has a deadline; nothing outside knows that a protocol exists. Read next: `accept` for
//! the loop, then `http` for one request; `tftp` for those that come as datagrams.

mod acceptable;
mod assets;
mod challenge;
mod classic;
mod crowd;
mod downloads;
mod header;
mod http;
mod inherited;
mod lines;
mod probe;
mod report;
mod response;
mod talk;
mod tftp;
mod tls;
mod watchman;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

pub use self::inherited::{InheritError, Inherited, Sockets};
pub use self::probe::{Probe, Silent};
pub use self::tls::{CertificateState, Identities, Refreshed, TlsError, speak_tls};

use self::assets::Shelf;
use self::challenge::Challenges;
use self::crowd::{Crowd, Full, Seat, Word};
use self::probe::Own;
use self::tls::{Proven, Unshaken};
use self::watchman::Watchman;
use crate::accept::{self, Gate};
use crate::config::{Config, Limits, Tftp};
use crate::guard::Guard;
use crate::model::{Mac, Protocol};
use crate::snapshot::Store;
use crate::telemetry::{Metrics, Requests};

/// What every connection of the phones' side shares.
pub struct Side {
    /// Where the current snapshot stands.
    pub store: Arc<Store>,
    /// Where tasks are spawned, so that stopping can wait for them.
    pub tracker: TaskTracker,
    /// Tells everybody to finish.
    pub stop: CancellationToken,
    challenges: Challenges,
    watchman: Watchman,
    crowd: Arc<Crowd>,
    /// Who is listened to before an answer.
    ears: Semaphore,
    own: Own,
}

impl Side {
    /// Makes the phones' side of a server.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(
        store: Arc<Store>,
        guard: Arc<Guard>,
        metrics: &Metrics,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, getrandom::Error> {
        let snapshot = store.current();
        let (limits, assets) = (&snapshot.config().limits, &snapshot.config().assets);
        let crowd = Arc::new(Crowd::new(limits.connections, assets.downloads));
        drop(snapshot);
        let challenges = Challenges::new()?;
        let watchman = Watchman::new(guard, metrics.guarding.clone());
        let ears = Semaphore::new(talk::MOST);
        Ok(Self { store, tracker, stop, challenges, watchman, crowd, ears, own: Own::default() })
    }

    /// Gives deadlines, sizes and caps as they are now.
    pub fn limits(&self) -> Limits {
        self.store.current().config().limits
    }
}

/// Sockets that are bound and do not serve yet.
pub struct Bound {
    listeners: Vec<(Protocol, TcpListener)>,
    ports: Vec<tftp::Port>,
    tftp: Tftp,
}

/// A place where phones cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An address of the settings.
    #[error("cannot listen on {address} for {protocol}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What for.
        protocol: Protocol,
        /// Why not.
        source: std::io::Error,
    },
    /// A socket that the service manager handed over.
    #[error("cannot listen on the inherited socket for {protocol}")]
    Inherited {
        /// What for.
        protocol: Protocol,
        /// Why not.
        source: std::io::Error,
    },
}

impl Bound {
    /// Binds every address of the configuration whose protocol has no inherited sockets.
    ///
    /// # Errors
    /// The first address that cannot be listened on.
    pub async fn bind(config: &Config, sockets: Sockets) -> Result<Self, BindError> {
        let http = config.http.listen.iter().map(|address| (Protocol::Http, *address));
        let https = config.https.listen.iter().map(|address| (Protocol::Https, *address));
        let tftp = config.tftp.listen.iter().map(|address| (Protocol::Tftp, *address));
        let wanted = http.chain(https).chain(tftp).filter(|(protocol, _)| !sockets.have(*protocol));
        let wanted: Vec<_> = wanted.collect();
        let (mut listeners, mut ports) = (Vec::new(), Vec::new());
        for (protocol, listener) in sockets.streams {
            let listener = TcpListener::from_std(listener);
            listeners.push((protocol, listener.map_err(|source| BindError::Inherited { protocol, source })?));
        }
        for socket in sockets.tftp {
            let protocol = Protocol::Tftp;
            let port = tftp::Port::new(socket);
            ports.push(port.map_err(|source| BindError::Inherited { protocol, source })?);
        }
        for (protocol, address) in wanted {
            let failed = |source| BindError::Address { address, protocol, source };
            if protocol == Protocol::Tftp {
                let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
                ports.push(tftp::Port::new(socket).map_err(failed)?);
            } else {
                listeners.push((protocol, TcpListener::bind(address).await.map_err(failed)?));
            }
        }
        Ok(Self { listeners, ports, tftp: config.tftp.clone() })
    }

    /// Tells the addresses as they are, ports given by the system among them.
    pub fn addresses(&self) -> Vec<(Protocol, SocketAddr)> {
        let address =
            |(protocol, listener): &(Protocol, TcpListener)| Some((*protocol, listener.local_addr().ok()?));
        let ports = self.ports.iter().map(|port| (Protocol::Tftp, port.address()));
        self.listeners.iter().filter_map(address).chain(ports).collect()
    }

    /// Starts to serve, each listener in a task of its own.
    pub fn serve(self, side: &Arc<Side>, identities: &Arc<Identities>, metrics: &Arc<Metrics>) {
        let shelf = Arc::new(Shelf::new(metrics.assets.clone()));
        let room = Arc::new(tftp::Room::new(side, &self.tftp, Arc::clone(&shelf), metrics));
        for port in self.ports {
            side.tracker.spawn(tftp::run(Arc::clone(&room), port));
        }
        for (protocol, listener) in self.listeners {
            let requests = metrics.requests(protocol);
            let gate = Gate {
                transport: protocol.word(),
                stop: side.stop.clone(),
                tracker: side.tracker.clone(),
                errors: requests.accept_errors.clone(),
            };
            let tls = (protocol == Protocol::Https).then(|| Arc::clone(identities));
            let door = |requests, is_own| {
                let (side, tls, shelf) = (Arc::clone(side), tls.clone(), Arc::clone(&shelf));
                Arc::new(Door { side, protocol, tls, requests, shelf, is_own })
            };
            let (doors, side_doors) = (door(requests, false), door(Requests::uncounted(protocol), true));
            side.tracker.spawn(accept::run(listener, gate, move |stream, peer| {
                let is_own = doors.side.own.is(peer);
                let door = Arc::clone(if is_own { &side_doors } else { &doors });
                let entry = if is_own { Ok(None) } else { door.admit(peer.ip()).map(Some) };
                let entry = match entry {
                    Ok(seat) => Ok(seat),
                    Err(full) => Err(door.turn_away(full)?),
                };
                Some(async move {
                    match entry {
                        Ok(_seat) => door.connection(stream, peer.ip()).await,
                        Err(word) => word.say(stream).await,
                    }
                })
            }));
        }
    }
}

/// Does work that takes long while others take the thread's place: it may be the one that listens to the sockets.
fn aside(work: &mut dyn FnMut()) {
    tokio::task::block_in_place(work);
}

/// One listener's part of the phones' side.
struct Door {
    side: Arc<Side>,
    protocol: Protocol,
    tls: Option<Arc<Identities>>,
    requests: Requests,
    shelf: Arc<Shelf>,
    /// Whether the server itself is who asks.
    is_own: bool,
}

impl Door {
    fn admit(&self, peer: IpAddr) -> Result<Seat, Full> {
        let snapshot = self.side.store.current();
        let mut limits = snapshot.config().limits;
        if snapshot.config().proxies.trusts(peer) {
            // A proxy speaks for many.
            limits.source_connections = u32::MAX;
        }
        self.side.crowd.enter(peer, &limits)
    }

    /// Counts somebody who is turned away; over TLS a word to them would take a handshake, and there is none.
    fn turn_away(&self, full: Full) -> Option<Word> {
        match full {
            Full::Everywhere => self.requests.turned_away_full.increment(1),
            Full::Source => self.requests.turned_away_source.increment(1),
        }
        if self.tls.is_some() { None } else { self.side.crowd.tell() }
    }

    async fn connection(&self, stream: TcpStream, peer: IpAddr) {
        self.requests.connections.increment(1);
        if self.has_header(peer) {
            Box::pin(self.proxied(stream, peer)).await;
        } else {
            self.direct(stream, peer).await;
        }
        self.requests.connections.decrement(1);
    }

    /// Tells whether a connection begins with the header of a proxy.
    fn has_header(&self, peer: IpAddr) -> bool {
        let snapshot = self.side.store.current();
        let proxies = &snapshot.config().proxies;
        proxies.proxy_protocol.contains(&self.protocol) && proxies.trusts(peer) && !self.is_own
    }

    async fn proxied(&self, mut stream: TcpStream, proxy: IpAddr) {
        let patience = self.side.limits().header_timeout;
        let told = tokio::select! {
            told = header::read(&mut stream, patience) => told,
            () = self.side.stop.cancelled() => return,
        };
        match told {
            Ok(peer) => self.direct(stream, peer.unwrap_or(proxy)).await,
            Err(error) => {
                self.requests.invalid.increment(1);
                let error = &error as &dyn std::error::Error;
                debug!(transport = %self.protocol, peer = %proxy, error, "no PROXY header of a trusted proxy");
            }
        }
    }

    async fn direct(&self, stream: TcpStream, peer: IpAddr) {
        match &self.tls {
            None => http::serve(self, stream, peer, None).await,
            // Boxed, so that connections without TLS stay small.
            Some(tls) => Box::pin(self.encrypted(tls, stream, peer)).await,
        }
    }

    async fn encrypted(&self, tls: &Identities, stream: TcpStream, peer: IpAddr) {
        let shaken = tokio::select! {
            shaken = timeout(self.side.limits().handshake_timeout, tls.shake(stream)) => shaken,
            // Nobody waits for an answer yet.
            () = self.side.stop.cancelled() => return,
        };
        match shaken.unwrap_or_else(|_| Err(Unshaken::timeout())) {
            Ok((stream, certificate)) => http::serve(self, stream, peer, certificate).await,
            Err(unshaken) => {
                self.requests.handshake_failed(unshaken.reason);
                tls.tell(peer.to_canonical(), &unshaken);
            }
        }
    }

    /// Gives the MAC address that the peer's certificate proves, by the authorities as they are now.
    fn proven(&self, certificate: Option<&Proven>) -> Option<Mac> {
        self.tls.as_ref()?.still(certificate?)
    }
}
