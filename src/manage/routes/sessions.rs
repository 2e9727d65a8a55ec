//! Sessions: signing in and out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::login::{Moment, NewSession, Session, SignInError, seconds};
use crate::manage::Desk;
use crate::manage::answer::json;
use crate::manage::door::{COOKIE, Peer, session_shown};
use crate::manage::input::{Asked, Named, NoQuery, Record};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::Credentials;
use crate::model::Secret;

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SessionShown {
    /// What it is called; it opens nothing.
    id: String,
    /// Who signed in.
    login: String,
    /// When it began (RFC 3339, UTC).
    #[schema(format = DateTime)]
    created: String,
    /// When it was last used (RFC 3339, UTC).
    #[schema(format = DateTime)]
    used: String,
    /// When it ends, if it is not used again (RFC 3339, UTC).
    #[schema(format = DateTime)]
    ends: String,
    /// The network that it began in; null on this machine's own socket.
    network: Option<String>,
}

/// A session that has just begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SessionBegun {
    /// What shows the session in `Authorization: Bearer …`, told this once; browsers have it in a cookie too.
    session: String,
    #[serde(flatten)]
    shown: SessionShown,
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
pub(super) struct Ended {
    ended: usize,
}

impl From<&Session> for SessionShown {
    fn from(session: &Session) -> Self {
        let time = |time: SystemTime| humantime::format_rfc3339_seconds(time).to_string();
        Self {
            id: session.id.to_string(),
            login: session.login.to_string(),
            created: time(session.created),
            used: time(session.used),
            ends: time(session.ends),
            network: session.network.map(|network| network.prefix().to_string()),
        }
    }
}

/// Sign in with a password
///
/// Gives a session, as a cookie for browsers and as a text for programs. Guessing is slowed down: 429 says by
/// `Retry-After` when to come back.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", security(()), request_body = Credentials,
    responses((status = 201, description = "the session has begun", body = SessionBegun)))]
pub(super) async fn sign_in(
    State(desk): State<Arc<Desk>>,
    Extension(peer): Extension<Peer>,
    _: Asked<NoQuery>,
    record: Record<Credentials>,
) -> Answer {
    let text =
        |key: &str| record.fields.get(key).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    let (login, password) = (text("login"), Secret::new(&text("password")));
    let at = Arc::clone(&desk);
    let signing = tokio::task::spawn_blocking(move || {
        at.proofs.logins.sign_in(&at.store.current(), &login, &password, peer.0, Moment::now())
    });
    let begun = signing.await.map_err(|_| Refusal::panicked())?;
    tell_of(&begun, peer.0);
    let begun = begun.map_err(refused)?;
    let NewSession { secret, session } = begun;
    let body = SessionBegun { session: secret.expose().to_owned(), shown: SessionShown::from(&session) };
    // Using a session has it live on, which its cookie must not outlast, nor end before.
    let age = session.latest.duration_since(session.created).unwrap_or_default().as_secs();
    let mut response = json(StatusCode::CREATED, &body);
    set_cookie(&desk, &mut response, secret.expose(), age);
    Ok(response)
}

/// Logs who signed in and whose password was wrong; those who come too early could fill the log.
fn tell_of(begun: &Result<NewSession, SignInError>, peer: Option<IpAddr>) {
    let peer = peer.map(tracing::field::display);
    match begun {
        Ok(begun) => tracing::info!(peer, principal = begun.session.login.as_str(), "signed in"),
        // What was typed as a login may be a password, so that it is not named.
        Err(SignInError::Wrong) => tracing::info!(peer, "sign-in refused"),
        Err(SignInError::Failed(_) | SignInError::Later { .. }) => (),
    }
}

fn refused(error: SignInError) -> Refusal {
    let message = error.to_string();
    match error {
        SignInError::Later { retry_after } => Refusal::new(StatusCode::TOO_MANY_REQUESTS, message)
            .with(header::RETRY_AFTER, HeaderValue::from(seconds(retry_after))),
        SignInError::Wrong => Refusal::unauthorized().saying(message),
        SignInError::Failed(source) => {
            tracing::error!(error = &source as &dyn std::error::Error, "a session cannot begin");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        }
    }
}

/// Has browsers keep a session, or forget it where `age` is 0; scripts of pages never see it.
fn set_cookie(desk: &Desk, response: &mut Response, secret: &str, age: u64) {
    let secure = if desk.tls { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path=/api; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Whose sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Of this login, for the administrator; one's own when not set.
    #[param(min_length = 1, max_length = 64)]
    login: Option<String>,
}

impl Asking {
    /// Gives the login whose sessions are meant: one's own, or for the administrator any.
    fn login_of(&self, named: Option<String>) -> Result<Option<String>, Refusal> {
        let own = self.known.caller.login.clone();
        if named.is_some() && named != own {
            self.known.operates()?;
        }
        Ok(named.or(own))
    }
}

/// List one's sessions, the youngest first
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", params(Whose),
    responses((status = 200, description = "the sessions", body = Vec<SessionShown>)))]
pub(super) async fn list(asking: Asking, Asked(whose): Asked<Whose>) -> Answer {
    let (desk, login) = (&asking.desk, asking.login_of(whose.login)?);
    let of = |login: &str| desk.proofs.logins.sessions(&desk.store.current(), login, Moment::now());
    let sessions = login.as_deref().map(of).unwrap_or_default();
    Ok(json(StatusCode::OK, &sessions.iter().map(SessionShown::from).collect::<Vec<_>>()))
}

/// Sign out: end the session that is shown
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "sessions",
    responses((status = 200, description = "how many ended", body = Ended)))]
pub(super) async fn sign_out(asking: Asking, headers: HeaderMap, _: Asked<NoQuery>) -> Answer {
    let ended = match session_shown(&headers) {
        Some(secret) => asking.desk.proofs.logins.sign_out(secret),
        None => Ok(false),
    };
    let ended = Ended { ended: usize::from(ended.map_err(not_written)?) };
    let mut response = json(StatusCode::OK, &ended);
    set_cookie(&asking.desk, &mut response, "", 0);
    Ok(response)
}

/// End one of one's sessions, or all of them
///
/// `session` is its id, or `all`.
#[utoipa::path(delete, path = "/api/v1/sessions/{session}", tag = "sessions",
    params(("session" = String, Path, description = "its id, or `all`"), Whose),
    responses((status = 200, description = "how many ended", body = Ended)))]
pub(super) async fn end(asking: Asking, Named(session): Named<String>, Asked(whose): Asked<Whose>) -> Answer {
    let nothing = || Refusal::new(StatusCode::NOT_FOUND, "there is no such session, as far as you may see");
    let login = asking.login_of(whose.login)?.ok_or_else(nothing)?;
    let id = (session != "all").then_some(session.as_str());
    let ended = asking.desk.proofs.logins.end(&login, id).map_err(not_written)?;
    if ended == 0 && id.is_some() {
        return Err(nothing());
    }
    Ok(json(StatusCode::OK, &Ended { ended }))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given where errors are mapped")]
fn not_written(error: std::io::Error) -> Refusal {
    tracing::error!(error = &error as &dyn std::error::Error, "the end of a session cannot be written down");
    let message = "the session has ended, but that cannot be written down: it would be back after a restart";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}
