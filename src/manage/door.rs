//! Who comes in: the operator by the key in the state folder, logins by a session or a token.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

use crate::login::{By, Moment, Refused, Signed, TOKEN_PREFIX};
use crate::manage::Desk;
use crate::manage::problem::Refusal;
use crate::model::TokenScope;
use crate::operation::{Caller, Through};
use crate::rights::Account;
use crate::snapshot::Snapshot;

/// The header by which the operator acts as an account.
pub(super) const ACT_AS: &str = "bellhop-account";

/// The header by which the operator acts as a login, with the account and the grants that it has.
pub(super) const ACT_AS_LOGIN: &str = "bellhop-login";

/// The cookie that a browser shows a session by.
pub(super) const COOKIE: &str = "bellhop-session";

/// The header that only a page of the server's own can send: others' would have to ask first, and hear no.
const OWN: &str = "bellhop-request";

/// Where a connection comes from; nowhere on a Unix socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<IpAddr>);

/// Somebody who came in.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Who acts.
    pub(super) caller: Caller,
    /// Whether it may change anything.
    may_edit: bool,
}

impl Known {
    /// Lets whoever may look after the server itself do so.
    pub(super) fn operates(&self) -> Result<(), Refusal> {
        if self.caller.account == "administrator" {
            return Ok(());
        }
        Err(Refusal::forbidden("the server itself is the administrator's"))
    }

    /// Lets whoever may change something do so.
    pub(super) fn edits(&self) -> Result<(), Refusal> {
        if self.may_edit {
            return Ok(());
        }
        Err(Refusal::forbidden("this token may only look; make one with `scope` = `write`"))
    }
}

/// Finds out who sends a request.
pub(super) fn admit(desk: &Desk, request: &Request) -> Result<Known, Refusal> {
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    let headers = request.headers();
    let shown = bearer(headers);
    if let Some(shown) = shown
        && desk.proofs.key.is(shown)
    {
        let (account, login) = acting_as(&desk.store.current(), headers)?;
        let caller = Caller { account, login, through: Through::Shell, peer, run: None };
        return Ok(Known { caller, may_edit: true });
    }
    let (snapshot, now) = (desk.store.current(), Moment::now());
    let signed = match (shown, cookie(headers)) {
        (Some(token), _) if token.starts_with(TOKEN_PREFIX) => {
            desk.proofs.logins.by_token(&snapshot, token, now)
        }
        (Some(session), _) => desk.proofs.logins.by_session(&snapshot, session, now),
        (None, Some(session)) => desk.proofs.logins.by_session(&snapshot, session, now),
        (None, None) => Err(Refused),
    };
    let Signed { login, account, scope, by } = signed.map_err(|Refused| Refusal::unauthorized())?;
    for (header, whom) in
        [(ACT_AS, "accounts; leave `Bellhop-Account`"), (ACT_AS_LOGIN, "logins; leave `Bellhop-Login`")]
    {
        if headers.contains_key(header) {
            return Err(Refusal::forbidden(format!("only the operator acts as other {whom} out")));
        }
    }
    if shown.is_none() && !is_own(request) {
        let message =
            "a change by cookie must come from the server's own pages; send the header `Bellhop-Request: 1`";
        return Err(Refusal::forbidden(message));
    }
    let through = match by {
        By::Session(_) => Through::Session,
        By::Token(_) => Through::Token,
    };
    let caller =
        Caller { account: account.to_string(), login: Some(login.to_string()), through, peer, run: None };
    Ok(Known { caller, may_edit: scope == TokenScope::Write })
}

/// Gives the account that the operator acts as, and the login behind it where one is named.
fn acting_as(snapshot: &Snapshot, headers: &HeaderMap) -> Result<(String, Option<String>), Refusal> {
    let named = |header| headers.get(header).map(|named| named.to_str().unwrap_or_default());
    match (named(ACT_AS), named(ACT_AS_LOGIN)) {
        (None, None) => Ok(("administrator".to_owned(), None)),
        (Some(account), None) if Account::find(snapshot, account).is_some() => Ok((account.to_owned(), None)),
        (Some(account), None) => {
            let message = format!("there is no account `{}` to act as", account.escape_debug());
            Err(Refusal::forbidden(message))
        }
        (None, Some(id)) => {
            let message = |what: &str| format!("{what} `{}` to act as", id.escape_debug());
            let login = snapshot.login(id).ok_or_else(|| Refusal::forbidden(message("there is no login")))?;
            if !login.enabled {
                return Err(Refusal::forbidden(message("a login that is disabled opens nothing: enable")));
            }
            Ok((login.account.to_string(), Some(login.id.to_string())))
        }
        (Some(_), Some(_)) => Err(Refusal::forbidden(
            "a login acts as its own account; send `Bellhop-Account` or `Bellhop-Login`, not both",
        )),
    }
}

/// Gives the session that a request shows, by either way.
pub(super) fn session_shown(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| cookie(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Tells whether a request cannot be one that a page of somebody else has a browser send with the cookie.
fn is_own(request: &Request) -> bool {
    let (headers, method) = (request.headers(), request.method());
    if matches!(*method, Method::GET | Method::HEAD) || headers.contains_key(OWN) {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(origin)))
}
