//! One connection of HTTP/1.1, and each request on it.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;
use tracing::debug;

use crate::answer::{Outcome, answer_with};
use crate::identify::{Credentials, Inquiry, Proof};
use crate::listen::acceptable::acceptable;
use crate::listen::assets::{Nothing, Wanted};
use crate::listen::classic::with_classic_file;
use crate::listen::header::origin;
use crate::listen::lines::{Lines, Seen};
use crate::listen::report::report;
use crate::listen::response::{invalid, not_found, unavailable, with_file};
use crate::listen::talk::{Asking, converse, talk};
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
    let seen = Arc::new(Seen::default());
    let stream = Lines::of(Box::pin(stream), Arc::clone(&seen));
    let (heard, certificate) = (Arc::clone(&seen), certificate.as_ref());
    let service = service_fn(move |request| {
        let started = Instant::now();
        let found = find(door, peer, certificate, &request, seen.strict.load(Ordering::Relaxed));
        if let Found::Response(_) = found {
            door.requests.answer_seconds.record(started.elapsed());
        }
        async move {
            let response = match found {
                // Boxed, so that connections without downloads stay small.
                Found::Asset(wanted) => Box::pin(fetch(door, wanted, request)).await,
                Found::Talk(peer) => {
                    Box::pin(converse(door, peer, certificate, request)).await.map(Either::Left)
                }
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

/// What a request gets.
enum Found {
    /// A file that is read while it is sent.
    Asset(Box<Wanted>),
    /// An answer to what somebody of this address says, who is listened to first.
    Talk(IpAddr),
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
    let talk = talk(&snapshot, door.protocol, peer, request);
    let origin = || origin(peer, request.headers(), proxies);
    let peer = match acceptable(limits, request, strict, talk.is_some()).and_then(|()| origin()) {
        Ok(origin) => origin,
        Err(status) => {
            door.requests.invalid.increment(1);
            debug!(transport = %door.protocol, %peer, status = status.as_u16(), "invalid request");
            return Found::Response(invalid(status));
        }
    };
    match Wanted::read(&snapshot, door.protocol, peer, request.uri().path()) {
        Some(wanted) => Found::Asset(Box::new(wanted)),
        None if *request.method() == Method::POST => Found::Talk(peer),
        None => {
            let asking = Asking::of(request.method(), request.headers(), request.uri(), talk.as_ref());
            Found::Response(respond(door, &snapshot, peer, certificate, &asking))
        }
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

/// Answers a request, whatever was said with it.
pub(super) fn respond(
    door: &Door,
    snapshot: &Snapshot,
    peer: IpAddr,
    certificate: Option<&Proven>,
    asking: &Asking<'_>,
) -> Response<Full<Bytes>> {
    let Asking { method, headers, path, .. } = *asking;
    let algorithms = snapshot.world().rules.provisioning.digest_for(door.protocol, peer);
    let challenges = &door.side.challenges;
    let shown = challenges.look_at(headers, method, path, algorithms);
    let login = asking.login().filter(|_| !door.protocol.is_plain()).map(Credentials::Login);
    let credentials = shown.credentials().or(login);
    let inquiry = Inquiry {
        user_agent: asking.agent(),
        headers: Some(headers),
        certificate: door.proven(certificate),
        credentials,
        banned: door.side.watchman.banned(snapshot, peer),
        ..Inquiry::new(door.protocol, peer, asking.named().as_bytes())
    };
    let mut answer = answer_with(snapshot, &inquiry, aside);
    let used = answer.proof == Proof::Digest && shown.credentials().is_some() && !challenges.is_new(&shown);
    if used {
        answer.outcome = Outcome::Refused(Refusal::Credentials);
    } else if !asking.suits(answer.file) && matches!(answer.outcome, Outcome::Served { .. }) {
        answer.outcome = Outcome::Refused(Refusal::NoSuchFile);
    }
    report(&door.requests, door.protocol, peer, &answer);
    match answer.outcome {
        Outcome::Served { ref file, .. } => {
            door.side.watchman.proved(snapshot, peer, &answer);
            if let Some(phone) = answer.phone.filter(|_| asking.fetches()) {
                let mark = certificate.filter(|_| answer.proof == Proof::Certificate).map(Proven::mark);
                door.side.watchman.served(&snapshot.config().guard, peer, &phone, mark);
                if let Some(firmware) = answer.told_firmware {
                    door.side.watchman.told(&phone, firmware);
                }
            }
            let (status, response) = asking.reply(file, answer.phone).unwrap_or_else(|| {
                let is_classic = answer.file.is_some_and(|file| file.classic_response);
                if is_classic { with_classic_file(file, method) } else { with_file(file, headers, method) }
            });
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
            let begins = !algorithms.is_empty() && !rules.mac_based && credentials.is_none();
            door.side.watchman.refused(snapshot, peer, &answer, reason, begins);
            let mut response = not_found(method);
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
