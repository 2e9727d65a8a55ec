//! The operators' side: metrics, health, reload, and the API; never on a phone's path.
//!
//! Promises: it runs on a thread of its own, so that a flood of phones cannot hide its metrics; whoever shows nothing
//! that opens anything gets the same answer everywhere, and what an account may not see is told of like what does not
//! exist; a handler only makes a query or an edit of a request, and [`operation`](crate::operation) decides. Read
//! next: `entry`, `door`, `routes`; `client` for the command line's half.

mod answer;
mod bans;
mod clerk;
mod client;
mod document;
mod door;
mod entry;
mod input;
mod key;
mod place;
mod problem;
mod routes;
mod schema;
mod scrape;
mod shape;
mod status;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::clerk::Clerk;
pub use self::client::{
    ActAs, ClientError, Told, bans, fetch, fetched, lift_bans, look, perform, reload, status, submit,
};
pub use self::key::{Key, KeyError, Proofs, ProofsError};
pub use self::place::{Doorway, PlaceError};
pub use self::status::{
    Banned, Cached, Certificate, Connections, LastReload, Listener, Refused, Served, Status, Transfers,
};

use self::door::Peer;
use self::shape::Shapes;
use crate::accept::{self, Gate};
use crate::guard::Guard;
use crate::listen::Identities;
use crate::login::{Logins, Moment};
use crate::model::Protocol;
use crate::reload::{Bell, Last};
use crate::snapshot::Store;
use crate::telemetry::Metrics;

/// Connections of operators at once.
const PLACES: usize = 64;

/// Operators who send rows at once; each may take as much memory as a file is long, several times.
const UPLOADS: usize = 2;

/// Operators who watch runs at once; each keeps a connection.
const WATCHERS: usize = 16;

/// Longest time for a request's head, and for a handshake.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that an answer stands still because nobody reads it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// Time between two looks for sessions that are over.
const TIDY: Duration = Duration::from_secs(60);

/// What operators may look at and do.
pub struct Admin {
    /// Where the current snapshot stands.
    pub store: Arc<Store>,
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// Makes the server read its files again.
    pub bell: Bell,
    /// Who is banned.
    pub guard: Arc<Guard>,
    /// What the last reading of the files brought.
    pub last: Last,
    /// What proves who somebody is.
    pub proofs: Proofs,
    /// The server's certificates.
    pub identities: Arc<Identities>,
    /// Where phones connect.
    pub listeners: Vec<(Protocol, SocketAddr)>,
    /// When the server started.
    pub started: SystemTime,
    /// Runs of jobs, and who works on them.
    pub clerk: Clerk,
    /// Tells that the server takes no more phones and finishes what is under way.
    pub stopping: CancellationToken,
}

/// The admin side with what is made once for all requests.
struct Desk {
    admin: Admin,
    document: Value,
    shapes: Shapes,
    /// Whether operators connect over TLS.
    tls: bool,
    /// How many may send rows at once.
    uploads: Arc<Semaphore>,
    /// How many may watch runs at once.
    watchers: Arc<Semaphore>,
}

impl std::ops::Deref for Desk {
    type Target = Admin;

    fn deref(&self) -> &Admin {
        &self.admin
    }
}

impl Admin {
    /// Serves a listener until the server has ended, which is after it stops: whoever watches may see it drain.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn serve(self, doorway: Doorway, ended: CancellationToken) -> std::io::Result<()> {
        let tracker = TaskTracker::new();
        let gate = Gate {
            transport: "admin",
            stop: ended,
            tracker: tracker.clone(),
            errors: metrics::Counter::noop(),
        };
        let (logins, store) = (Arc::clone(&self.proofs.logins), Arc::clone(&self.store));
        tracker.spawn(tidy(logins, Arc::clone(&store), gate.stop.clone()));
        tracker.spawn(self.clerk.clone().work(self.bell.clone(), store, gate.stop.clone()));
        let (identities, tls) = (Arc::clone(&self.identities), doorway.tls);
        let router = self.router(tls);
        let places = Arc::new(Semaphore::new(PLACES));
        let take = move || Arc::clone(&places).try_acquire_owned().ok();
        match &doorway.listener {
            place::Listener::Network(listener) => {
                let listener = TcpListener::from_std(listener.try_clone()?)?;
                let serve = move |stream, peer: SocketAddr| {
                    let (router, identities, place) = (router.clone(), Arc::clone(&identities), take()?);
                    let peer = Some(peer.ip().to_canonical());
                    Some(async move {
                        if !tls {
                            connection(router, peer, stream, place).await;
                        } else if let Some(stream) = identities.welcome(stream, HEADER_TIMEOUT).await {
                            connection(router, peer, stream, place).await;
                        }
                    })
                };
                accept::run(listener, gate, serve).await;
            }
            place::Listener::Local(listener) => {
                let listener = UnixListener::from_std(listener.try_clone()?)?;
                let serve = move |stream, ()| {
                    let (router, place) = (router.clone(), take()?);
                    Some(connection(router, None, stream, place))
                };
                accept::run(listener, gate, serve).await;
            }
        }
        tracker.close();
        tokio::time::timeout(Duration::from_secs(1), tracker.wait()).await.ok();
        Ok(())
    }

    /// Puts the routes together, with what every request passes before.
    fn router(self, tls: bool) -> Router {
        let (router, document) = routes::all().split_for_parts();
        let document = document::complete(&document);
        let (uploads, watchers) = (Arc::new(Semaphore::new(UPLOADS)), Arc::new(Semaphore::new(WATCHERS)));
        let shapes = Shapes::of(&document);
        let desk = Arc::new(Desk { admin: self, document, shapes, tls, uploads, watchers });
        let pass = axum::middleware::from_fn_with_state(Arc::clone(&desk), entry::pass);
        // Around the routes as a whole: around each of them, it would be they that add `Allow` to what the door says.
        let routes = Router::new().fallback_service(router.with_state(desk));
        entry::guarded(routes, entry::LONGEST).layer(pass)
    }
}

/// Has sessions that are over forgotten, and those that live written down, each minute and at the end.
async fn tidy(logins: Arc<Logins>, store: Arc<Store>, ended: CancellationToken) {
    loop {
        let is_over = tokio::time::timeout(TIDY, ended.cancelled()).await.is_ok();
        if let Err(error) = logins.tidy(&store.current(), Moment::now()) {
            tracing::warn!(error = &error as &dyn std::error::Error, "sessions cannot be written down");
        }
        if is_over {
            return;
        }
    }
}

async fn connection<S>(router: Router, peer: Option<IpAddr>, stream: S, place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(RESPONSE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .title_case_headers(true)
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    // A client that goes away is its own affair.
    connection.await.ok();
    drop(place);
}
