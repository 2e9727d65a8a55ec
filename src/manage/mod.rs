//! The operators' side: metrics, health, reload; never on a phone's path.
//!
//! Promises: it runs on a thread of its own, so that a flood of phones cannot hide its metrics; what changes
//! anything wants the key in the state folder, which only the operator can read. Read next: [`Admin`], then
//! `client` for the command line's half.

mod bans;
mod client;
mod key;
mod scrape;
mod status;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::client::{ClientError, Told, bans, fetched, lift_bans, reload, status};
pub use self::key::{Key, KeyError};
pub use self::status::{
    Banned, Cached, Certificate, Connections, LastReload, Listener, Refused, Served, Status, Transfers,
};

use crate::accept::{self, Gate};
use crate::guard::Guard;
use crate::listen::Identities;
use crate::model::Protocol;
use crate::reload::{Bell, Doubt, Last, Report};
use crate::snapshot::Store;
use crate::telemetry::Metrics;

/// Connections of operators at once.
const PLACES: usize = 64;

/// Longest time for a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// What proves an operator.
    pub key: Key,
    /// The server's certificates.
    pub identities: Arc<Identities>,
    /// Where phones connect.
    pub listeners: Vec<(Protocol, SocketAddr)>,
    /// When the server started.
    pub started: SystemTime,
    /// Tells that the server takes no more phones and finishes what is under way.
    pub stopping: CancellationToken,
}

impl Admin {
    /// Serves a listener until the server has ended, which is after it stops: whoever watches may see it drain.
    pub async fn serve(self, listener: TcpListener, ended: CancellationToken) {
        let tracker = TaskTracker::new();
        let gate = Gate {
            transport: "admin",
            stop: ended,
            tracker: tracker.clone(),
            errors: metrics::Counter::noop(),
        };
        let admin = Arc::new(self);
        let places = Arc::new(Semaphore::new(PLACES));
        let serve = move |stream, _: SocketAddr| {
            let (admin, place) = (Arc::clone(&admin), Arc::clone(&places).try_acquire_owned().ok()?);
            Some(async move {
                connection(admin, stream).await;
                drop(place);
            })
        };
        accept::run(listener, gate, serve).await;
        tracker.close();
        tokio::time::timeout(Duration::from_secs(1), tracker.wait()).await.ok();
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/healthz") => text(StatusCode::OK, "ok\n".to_owned()),
            (&Method::GET, "/metrics") => {
                scrape::measure(&self.store, &self.metrics, &self.guard);
                text(StatusCode::OK, self.metrics.render())
            }
            (&Method::GET, "/readyz") => self.ready(),
            (&Method::GET, "/api/v1/fetched" | "/api/v1/status" | bans::PATH)
            | (&Method::POST, "/api/v1/reload")
            | (&Method::DELETE, _)
                if !self.key.opens(&request) =>
            {
                text(StatusCode::UNAUTHORIZED, "wrong key\n".to_owned())
            }
            (&Method::GET, "/api/v1/fetched") => self.fetched(),
            (&Method::GET, "/api/v1/status") => json(StatusCode::OK, &json!(Status::of(self))),
            (&Method::GET, bans::PATH) => bans::list(&self.guard),
            (&Method::DELETE, path) if path.starts_with(bans::PATH) => bans::lift(&self.guard, path),
            (&Method::POST, "/api/v1/reload") => {
                let force = request.uri().query() == Some("force=true");
                self.reload(if force { Doubt::Waive } else { Doubt::Refuse }).await
            }
            _ => text(StatusCode::NOT_FOUND, "not found\n".to_owned()),
        }
    }

    /// Tells whether phones should be sent here. They may when what they get is old: it is the last that was good.
    fn ready(&self) -> Response<Full<Bytes>> {
        let snapshot = self.store.current();
        if self.stopping.is_cancelled() {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned())
        } else if snapshot.serial() == 0 {
            text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned())
        } else if self.last.stale_since().is_some() {
            let serial = snapshot.serial();
            let since = humantime::format_rfc3339_seconds(snapshot.published().time());
            let body =
                format!("ready, but stale: the files are faulty; serving snapshot {serial} of {since}\n");
            text(StatusCode::OK, body)
        } else {
            text(StatusCode::OK, "ready\n".to_owned())
        }
    }

    /// Tells when devices last fetched a file, by serial; those that never did are left out.
    fn fetched(&self) -> Response<Full<Bytes>> {
        let snapshot = self.store.current();
        let fetched = snapshot.phones().filter_map(|phone| {
            let time = humantime::format_rfc3339_seconds(phone.last_fetched()?).to_string();
            Some((phone.device.serial.expose().to_owned(), Value::from(time)))
        });
        json(StatusCode::OK, &Value::Object(fetched.collect()))
    }

    async fn reload(&self, doubt: Doubt) -> Response<Full<Bytes>> {
        let Some(report) = self.bell.ring_and_wait(doubt).await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
        };
        let lines =
            |faults: &[crate::document::Fault]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (status, body) = match &report {
            Report::Published { serial, devices, warnings } => {
                let body = json!({ "result": "published", "serial": serial, "devices": devices, "warnings": lines(warnings) });
                (StatusCode::OK, body)
            }
            Report::Refused { serial, faults } => {
                let body = json!({ "result": "refused", "serial": serial, "faults": lines(faults) });
                (StatusCode::UNPROCESSABLE_ENTITY, body)
            }
            Report::Unchanged { serial } => {
                (StatusCode::OK, json!({ "result": "unchanged", "serial": serial }))
            }
        };
        json(status, &body)
    }
}

fn json(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = text(status, format!("{body}\n"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn connection(admin: Arc<Admin>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let admin = Arc::clone(&admin);
        async move { Ok::<_, Infallible>(admin.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes away is its own affair.
    connection.await.ok();
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
