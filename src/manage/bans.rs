//! Who is banned, for operators.

use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use humantime::format_rfc3339_seconds;
use hyper::{Response, StatusCode};
use ipnet::IpNet;
use serde_json::Value;

use crate::guard::{Ban, Guard};
use crate::manage::{json, text};

/// The path of the list; what is lifted stands after it.
pub(super) const PATH: &str = "/api/v1/bans";

/// Lists the bans.
pub(super) fn list(guard: &Guard) -> Response<Full<Bytes>> {
    let now = SystemTime::now();
    let describe = |ban: Ban| -> Value {
        serde_json::json!({
            "network": ban.network.to_string(),
            "since": format_rfc3339_seconds(now - ban.since).to_string(),
            "until": format_rfc3339_seconds(now + ban.left).to_string(),
            "why": format!("{} unknown or refused identifiers", ban.identifiers),
            "identifiers": ban.identifiers,
            "requests": ban.requests,
            "times": ban.times,
        })
    };
    json(StatusCode::OK, &guard.bans(Instant::now()).into_iter().map(describe).collect())
}

/// Lifts the bans that a path tells: `all`, a network, or the network of an address.
pub(super) fn lift(guard: &Guard, path: &str) -> Response<Full<Bytes>> {
    let told = path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    let network = told.parse::<IpNet>().or_else(|_| told.parse::<IpAddr>().map(IpNet::from));
    let within = match network {
        Ok(network) => Some(network),
        Err(_) if told == "all" => None,
        Err(_) => return text(StatusCode::BAD_REQUEST, "not a network\n".to_owned()),
    };
    json(StatusCode::OK, &serde_json::json!({ "lifted": guard.lift(within, Instant::now()) }))
}
