//! Who is banned, for operators.

use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use humantime::format_rfc3339_seconds;
use ipnet::IpNet;
use serde::Serialize;
use utoipa::ToSchema;

use crate::guard::{Ban, Guard};
use crate::manage::problem::Refusal;

/// A network that is banned.
#[derive(Serialize, ToSchema)]
pub(super) struct BannedNetwork {
    /// The network, like `192.0.2.0/24`.
    network: String,
    /// When the ban began (RFC 3339, UTC).
    #[schema(format = DateTime)]
    since: String,
    /// When it ends (RFC 3339, UTC).
    #[schema(format = DateTime)]
    until: String,
    /// Why, for people.
    why: String,
    /// Different identifiers that the network was refused before.
    identifiers: u32,
    /// Requests that were refused to it since.
    requests: u64,
    /// Which ban within a day it is.
    times: u32,
}

/// Lists the bans.
pub(super) fn list(guard: &Guard) -> Vec<BannedNetwork> {
    let now = SystemTime::now();
    let describe = |ban: Ban| BannedNetwork {
        network: ban.network.to_string(),
        since: format_rfc3339_seconds(now - ban.since).to_string(),
        until: format_rfc3339_seconds(now + ban.left).to_string(),
        why: format!("{} unknown or refused identifiers", ban.identifiers),
        identifiers: ban.identifiers,
        requests: ban.requests,
        times: ban.times,
    };
    guard.bans(Instant::now()).into_iter().map(describe).collect()
}

/// Lifts the bans that somebody names: `all`, a network, or the network of an address; gives how many.
pub(super) fn lift(guard: &Guard, told: &str) -> Result<usize, Refusal> {
    let network = told.parse::<IpNet>().or_else(|_| told.parse::<IpAddr>().map(IpNet::from));
    let within = match network {
        Ok(network) => Some(network),
        Err(_) if told == "all" => None,
        Err(_) => {
            return Err(Refusal::invalid(
                "network",
                "`network` is no network; write 192.0.2.0/24, an address, or all",
            ));
        }
    };
    Ok(guard.lift(within, Instant::now()))
}
