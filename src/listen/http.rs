//! One connection of HTTP/1.1, and each request on it.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;
use tokio_util::io::InspectReader;
use tracing::debug;

use crate::answer::{Outcome, answer_with};
use crate::config::Limits;
use crate::identify::{Inquiry, Proof};
use crate::listen::assets::{Nothing, Wanted};
use crate::listen::header::origin;
use crate::listen::report::report;
use crate::listen::response::{invalid, not_found, unavailable, with_file};
use crate::listen::tls::Proven;
use crate::listen::{Door, aside};
use crate::permit::Refusal;
use crate::snapshot::Snapshot;

/// Longest wait for the first bytes of a connection that was taken before the server stopped.
const UNHEARD: Duration = Duration::from_secs(1);

/// Serves a connection to its end: the peer's, a deadline's or the server's.
pub(super) async fn serve<S>(door: &Door, stream: S, peer: IpAddr, certificate: Option<Proven>)
where
    S: AsyncRead + AsyncWrite + 'static,
{
    let limits = door.side.limits();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.response_timeout));
    let seen = Arc::new(Seen { strict: AtomicBool::new(true), first: Notify::new() });
    let stream = InspectReader::new(Box::pin(stream), look(Arc::clone(&seen)));
    let heard = Arc::clone(&seen);
    let service = service_fn(move |request| {
        let started = Instant::now();
        let found = find(door, peer, certificate.as_ref(), &request, seen.strict.load(Ordering::Relaxed));
        if let Found::Response(_) = found {
            door.requests.answer_seconds.record(started.elapsed());
        }
        async move {
            let response = match found {
                // Boxed, so that connections without downloads stay small.
                Found::Asset(wanted) => Box::pin(fetch(door, wanted, request)).await,
                Found::Response(response) => response.map(Either::Left),
            };
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Some phones look for `Content-Length` as it is usually spelled.
        .title_case_headers(true)
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .max_headers(limits.header_fields)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = sleep(limits.connection_age) => None,
        () = door.side.stop.cancelled() => None,
    };
    if ended.is_none() {
        // A connection that was taken has its request on the way; hyper would close it unheard.
        ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = heard.first.notified() => None,
            () = sleep(UNHEARD) => None,
        };
    }
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(transport = %door.protocol, %peer, error = &error as &dyn std::error::Error, "connection broke");
    }
}

/// What is seen of the bytes of a connection on their way to hyper.
struct Seen {
    /// Whether all lines ended with a carriage return, too; hyper would let others pass.
    strict: AtomicBool,
    /// Tells of the first bytes.
    first: Notify,
}

fn look(seen: Arc<Seen>) -> impl FnMut(&[u8]) {
    let (mut last, mut is_first) = (0, true);
    move |bytes| {
        if std::mem::take(&mut is_first) {
            seen.first.notify_one();
        }
        for at in memchr::memchr_iter(b'\n', bytes) {
            let before = if at == 0 { last } else { bytes[at - 1] };
            if before != b'\r' {
                seen.strict.store(false, Ordering::Relaxed);
            }
        }
        last = bytes.last().copied().unwrap_or(last);
    }
}

/// What a request gets.
enum Found {
    /// A file that is read while it is sent.
    Asset(Box<Wanted>),
    /// Anything else.
    Response(Response<Full<Bytes>>),
}

/// Finds out what a request gets.
fn find(
    door: &Door,
    peer: IpAddr,
    certificate: Option<&Proven>,
    request: &Request<Incoming>,
    strict: bool,
) -> Found {
    let snapshot = door.side.store.current();
    let (limits, proxies) = (&snapshot.config().limits, &snapshot.config().proxies);
    let origin = || origin(peer, request.headers(), proxies);
    let peer = match acceptable(limits, request, strict).and_then(|()| origin()) {
        Ok(origin) => origin,
        Err(status) => {
            door.requests.invalid.increment(1);
            debug!(transport = %door.protocol, %peer, status = status.as_u16(), "invalid request");
            return Found::Response(invalid(status));
        }
    };
    match Wanted::read(&snapshot, door.protocol, peer, request.uri().path()) {
        Some(wanted) => Found::Asset(Box::new(wanted)),
        None => Found::Response(respond(door, &snapshot, peer, certificate, request)),
    }
}

/// Fetches an asset.
async fn fetch(
    door: &Door,
    wanted: Box<Wanted>,
    request: Request<Incoming>,
) -> Response<Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>> {
    let request = request.map(drop);
    let method = request.method().clone();
    match door.shelf.respond(&wanted, request).await {
        Ok(response) => response.map(Either::Right),
        Err(Nothing::Missing) => not_found(&method).map(Either::Left),
        Err(Nothing::Busy | Nothing::Failed) => unavailable().map(Either::Left),
    }
}

fn respond(
    door: &Door,
    snapshot: &Snapshot,
    peer: IpAddr,
    certificate: Option<&Proven>,
    request: &Request<Incoming>,
) -> Response<Full<Bytes>> {
    let headers = request.headers();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let algorithms = snapshot.world().rules.provisioning.digest_for(door.protocol, peer);
    let challenges = &door.side.challenges;
    let shown = challenges.look_at(headers, request.method(), path, algorithms);
    let inquiry = Inquiry {
        transport: door.protocol,
        peer,
        path: path.as_bytes(),
        user_agent: headers.get(header::USER_AGENT).map(HeaderValue::as_bytes),
        certificate: door.proven(certificate),
        credentials: shown.credentials(),
        banned: door.side.watchman.banned(snapshot, peer),
    };
    let mut answer = answer_with(snapshot, &inquiry, aside);
    let used = answer.proof == Proof::Digest && !challenges.is_new(&shown);
    if used {
        answer.outcome = Outcome::Refused(Refusal::Credentials);
    }
    report(&door.requests, door.protocol, peer, &answer);
    match answer.outcome {
        Outcome::Served { ref file, .. } => {
            door.side.watchman.proved(snapshot, peer, &answer);
            if let Some(phone) = answer.phone {
                let mark = certificate.filter(|_| answer.proof == Proof::Certificate).map(Proven::mark);
                door.side.watchman.served(&snapshot.config().guard, peer, &phone, mark);
                if let Some(firmware) = answer.told_firmware {
                    door.side.watchman.told(&phone, firmware);
                }
            }
            let (status, response) = with_file(file, headers, request.method());
            if status == StatusCode::NOT_MODIFIED {
                door.requests.not_modified.increment(1);
            } else {
                door.requests.served.increment(1);
            }
            response
        }
        Outcome::Refused(reason) => {
            // Where a name alone gives nobody anything, one without credentials is only how showing them begins.
            let rules = &snapshot.world().rules.provisioning;
            let begins = !algorithms.is_empty() && !rules.mac_based && shown.credentials().is_none();
            door.side.watchman.refused(snapshot, peer, &answer, reason, begins);
            let mut response = not_found(request.method());
            if reason.may_want_credentials() && !algorithms.is_empty() {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let stale = used || shown.is_stale();
                challenges.write(response.headers_mut(), answer.named, algorithms, stale);
            }
            response
        }
        Outcome::Failed(_) => unavailable(),
    }
}

/// Checks what hyper lets pass and phones do not need (promise H6).
fn acceptable(limits: &Limits, request: &Request<Incoming>, strict: bool) -> Result<(), StatusCode> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    let wants_host = request.version() == Version::HTTP_11;
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    if !strict || hosts > 1 || wants_host && hosts == 0 {
        Err(StatusCode::BAD_REQUEST)
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        Err(StatusCode::METHOD_NOT_ALLOWED)
    } else if has_body || !path.starts_with('/') {
        Err(StatusCode::BAD_REQUEST)
    } else if path.len() > limits.path_bytes {
        Err(StatusCode::URI_TOO_LONG)
    } else {
        Ok(())
    }
}
