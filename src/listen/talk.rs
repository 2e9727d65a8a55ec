//! Phones that talk with the server: what they say is heard to its end, and answered like a request for their file.
//!
//! Promises: whoever is refused gets what everybody gets who is refused, whatever was said; what is said is as long as
//! its kind may be, takes as long as a request's head may, and so many are listened to at once and no more.

use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use tokio::time::timeout;
use tracing::debug;

use crate::catalog::File;
use crate::dialogue::dls::{Bookmark, Message};
use crate::dialogue::login::field;
use crate::dialogue::{Dialogue, Login, LoginFields, POLLED};
use crate::identify::{Inquiry, Talk};
use crate::listen::Door;
use crate::listen::http::respond;
use crate::listen::response::{invalid, unavailable};
use crate::listen::tls::Proven;
use crate::model::{Mac, Protocol};
use crate::snapshot::{Phone, Rendered, Snapshot, Stamp};

/// Most phones that are listened to at once.
pub(super) const MOST: usize = 1024;

/// The cookie that holds where a conversation stands.
const COOKIE: &str = "dls";

/// What a request asks, and what was said with it.
pub(super) struct Asking<'r> {
    pub(super) method: &'r Method,
    pub(super) headers: &'r HeaderMap,
    /// The path as it was sent, with its query.
    pub(super) path: &'r str,
    /// The path that names the phone, where it named itself otherwise.
    named: Option<String>,
    said: Said,
}

/// What was said.
enum Said {
    /// Nothing, or credentials in the query.
    Nothing(Option<Login>),
    /// Credentials in the body, or something else.
    Form(Option<Login>),
    /// A question whether there is anything new.
    Poll,
    /// A message, and where the conversation stands.
    Message(Box<Message>, Option<Bookmark>, Option<String>),
}

/// Tells where phones talk, for requests that may say something: by a body, or by a query.
pub(super) fn talk<'s>(
    snapshot: &'s Snapshot,
    transport: Protocol,
    peer: IpAddr,
    request: &Request<Incoming>,
) -> Option<Talk<'s>> {
    let says = *request.method() == Method::POST || request.uri().query().is_some();
    if says { at(snapshot, transport, peer, request.uri()) } else { None }
}

fn at<'s>(snapshot: &'s Snapshot, transport: Protocol, peer: IpAddr, uri: &Uri) -> Option<Talk<'s>> {
    Talk::read(snapshot, &Inquiry::new(transport, peer, uri.path().as_bytes()))
}

/// Listens to what is said, and answers.
pub(super) async fn converse(
    door: &Door,
    peer: IpAddr,
    certificate: Option<&Proven>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let Ok(_ear) = door.side.ears.try_acquire() else {
        return unavailable();
    };
    let (head, body) = request.into_parts();
    let longest = |snapshot: &Snapshot| {
        let talk = at(snapshot, door.protocol, peer, &head.uri);
        talk.map_or(0, |talk| talk.dialogues.iter().map(|dialogue| dialogue.longest()).max().unwrap_or(0))
    };
    let longest = longest(&door.side.store.current());
    let heard = timeout(door.side.limits().header_timeout, Limited::new(body, longest).collect()).await;
    let status = match &heard {
        Ok(Ok(_)) => None,
        Ok(Err(error)) if error.is::<LengthLimitError>() => Some(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Some(StatusCode::BAD_REQUEST),
        Err(_) => Some(StatusCode::REQUEST_TIMEOUT),
    };
    let body = heard.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    // What was said may have taken its time.
    let snapshot = door.side.store.current();
    let talk = at(&snapshot, door.protocol, peer, &head.uri);
    let asking = match (status, &talk) {
        (Some(status), _) => Err(status),
        (None, None) => Err(StatusCode::METHOD_NOT_ALLOWED),
        (None, Some(talk)) => {
            Asking::said(&head.method, &head.headers, &head.uri, talk, &body).ok_or(StatusCode::BAD_REQUEST)
        }
    };
    match asking {
        Ok(asking) => {
            let started = Instant::now();
            let response = respond(door, &snapshot, peer, certificate, &asking);
            door.requests.answer_seconds.record(started.elapsed());
            response
        }
        Err(status) => {
            door.requests.invalid.increment(1);
            debug!(transport = %door.protocol, %peer, status = status.as_u16(), "invalid request");
            invalid(status)
        }
    }
}

impl<'r> Asking<'r> {
    /// Reads a request without a body.
    pub(super) fn of(
        method: &'r Method,
        headers: &'r HeaderMap,
        uri: &'r Uri,
        talk: Option<&Talk<'_>>,
    ) -> Self {
        let login = uri
            .query()
            .zip(talk)
            .and_then(|(query, talk)| fields(talk).find_map(|fields| fields.in_query(query.as_bytes())));
        let query = uri.query().unwrap_or_default().as_bytes();
        if let Some(talk) = talk.filter(|talk| talk.dialogues.contains(&&Dialogue::Poll)) {
            let mac = field(query, POLLED).and_then(|mac| Mac::from_bytes(mac.as_bytes()));
            let named = mac.filter(|_| !talk.names_device).map(|mac| talk.path_of(mac));
            return Self { method, headers, path: whole(uri), named, said: Said::Poll };
        }
        let named = talk.and_then(|talk| named(talk, login.as_ref()));
        Self { method, headers, path: whole(uri), named, said: Said::Nothing(login) }
    }

    /// Reads a request with a body; none where nobody says such a thing there.
    fn said(
        method: &'r Method,
        headers: &'r HeaderMap,
        uri: &'r Uri,
        talk: &Talk<'_>,
        body: &[u8],
    ) -> Option<Self> {
        let path = whole(uri);
        let message = if talk.dialogues.contains(&&Dialogue::Dls) { Message::read(body) } else { None };
        if let Some(message) = message {
            let bookmark = bookmark(headers);
            let mac = message.mac.or_else(|| bookmark.and_then(|bookmark| bookmark.mac));
            let named = mac.filter(|_| !talk.names_device).map(|mac| talk.path_of(mac));
            let agent = message.agent();
            let said = Said::Message(Box::new(message), bookmark, agent);
            return Some(Self { method, headers, path, named, said });
        }
        fields(talk).next()?;
        let query = uri.query().unwrap_or_default().as_bytes();
        let login = fields(talk).find_map(|fields| fields.in_body(body).or_else(|| fields.in_query(query)));
        let named = named(talk, login.as_ref());
        Some(Self { method, headers, path, named, said: Said::Form(login) })
    }

    /// Gives the path by which the phone and its file are found.
    pub(super) fn named(&self) -> &str {
        self.named.as_deref().unwrap_or(self.path)
    }

    /// Gives what it says of itself.
    pub(super) fn agent(&self) -> Option<&[u8]> {
        match &self.said {
            Said::Message(_, _, agent) => agent.as_deref().map(str::as_bytes),
            Said::Nothing(_) | Said::Form(_) | Said::Poll => {
                self.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes)
            }
        }
    }

    /// Gives the credentials that it shows as they are.
    pub(super) fn login(&self) -> Option<&Login> {
        match &self.said {
            Said::Nothing(login) | Said::Form(login) => login.as_ref(),
            Said::Message(..) | Said::Poll => None,
        }
    }

    /// Tells whether a file is asked for so.
    pub(super) fn suits(&self, file: Option<&File>) -> bool {
        let dialogue = file.and_then(|file| file.dialogue.as_ref());
        match self.said {
            Said::Nothing(_) => !matches!(dialogue, Some(Dialogue::Dls | Dialogue::Poll)),
            Said::Form(_) => matches!(dialogue, Some(Dialogue::Login(_))),
            Said::Message(..) => dialogue == Some(&Dialogue::Dls),
            Said::Poll => dialogue == Some(&Dialogue::Poll),
        }
    }

    /// Tells whether it brings a phone its files.
    pub(super) const fn fetches(&self) -> bool {
        !matches!(self.said, Said::Poll)
    }

    /// Answers what is said; none where the file itself is the answer.
    pub(super) fn reply(
        &self,
        file: &Rendered,
        phone: Option<Phone<'_>>,
    ) -> Option<(StatusCode, Response<Full<Bytes>>)> {
        let (message, bookmark) = match &self.said {
            Said::Message(message, bookmark, _) => (message, bookmark),
            Said::Poll => return Some(polled(phone)),
            Said::Nothing(_) | Said::Form(_) => return None,
        };
        if !message.failed.is_empty() {
            debug!(items = ?message.failed, "a phone cannot write items");
        }
        let reply = message.answer(&file.body, *bookmark);
        let length = reply.body.len();
        let mut response = Response::new(Full::new(Bytes::from(reply.body)));
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_maybe_shared(file.content_type.clone()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let cookie = reply.bookmark.map(|bookmark| format!("{COOKIE}={}; Path=/", bookmark.write()));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            headers.insert(header::SET_COOKIE, cookie);
        }
        Some((StatusCode::OK, response))
    }
}

/// Tells a phone that polls whether its files changed since it fetched them; one that was not there yet shall come.
fn polled(phone: Option<Phone<'_>>) -> (StatusCode, Response<Full<Bytes>>) {
    let fetched = phone.and_then(|phone| phone.last_fetched());
    let is_new =
        phone.is_some_and(|phone| fetched.is_none_or(|fetched| phone.changed_since(Stamp::of(fetched))));
    let status = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    (status, response)
}

/// Gives the path of a phone that logs in with its MAC address for a name, where the path itself names none.
fn named(talk: &Talk<'_>, login: Option<&Login>) -> Option<String> {
    let mac = login.and_then(|login| Mac::from_bytes(login.user.as_bytes()))?;
    (!talk.names_device).then(|| talk.path_of(mac))
}

fn fields<'t>(talk: &'t Talk<'_>) -> impl Iterator<Item = &'t LoginFields> {
    talk.dialogues.iter().filter_map(|dialogue| match dialogue {
        Dialogue::Dls | Dialogue::Poll => None,
        Dialogue::Login(fields) => Some(fields),
    })
}

fn whole(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// Reads what a phone hands back.
fn bookmark(headers: &HeaderMap) -> Option<Bookmark> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| Bookmark::read(pair.trim().strip_prefix(COOKIE)?.strip_prefix('=')?))
}
