//! Who comes in: the operator by the key in the state folder.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};

use crate::manage::Desk;
use crate::manage::problem::Refusal;
use crate::operation::{Caller, Through};
use crate::rights::Account;

/// The header by which the operator acts as an account.
pub(super) const ACT_AS: &str = "bellhop-account";

/// Where a connection comes from; nowhere on a Unix socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<IpAddr>);

/// Somebody who came in.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Who acts.
    pub(super) caller: Caller,
    /// Whether it may change anything.
    pub(super) may_edit: bool,
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
pub(super) fn admit(admin: &Desk, request: &Request) -> Result<Known, Refusal> {
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    let shown = bearer(request.headers()).ok_or_else(Refusal::unauthorized)?;
    if !admin.key.is(shown) {
        return Err(Refusal::unauthorized());
    }
    let account = acting_as(admin, request.headers())?;
    let caller = Caller { account, login: None, through: Through::Shell, peer };
    Ok(Known { caller, may_edit: true })
}

/// Gives the account that the operator acts as.
fn acting_as(admin: &Desk, headers: &HeaderMap) -> Result<String, Refusal> {
    let Some(named) = headers.get(ACT_AS) else { return Ok("administrator".to_owned()) };
    let named = named.to_str().unwrap_or_default();
    if Account::find(&admin.store.current(), named).is_some() {
        return Ok(named.to_owned());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        format!("there is no account `{}` to act as", named.escape_debug()),
    ))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
