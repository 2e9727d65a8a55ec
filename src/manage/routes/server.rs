//! The server itself: health, metrics, status, reload, bans.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::document::Fault;
use crate::manage::answer::{json, text};
use crate::manage::bans::{self, BannedNetwork};
use crate::manage::door::Known;
use crate::manage::input::{Asked, Named, NoQuery};
use crate::manage::problem::Refusal;
use crate::manage::{Desk, Status, scrape};
use crate::reload::{Doubt, Report};

/// Tell that the server lives
#[utoipa::path(get, path = "/healthz", tag = "server", security(()),
    responses((status = 200, description = "it does", body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> Response {
    text(StatusCode::OK, "ok\n")
}

/// Tell whether phones should be sent here
///
/// They may when what they get is old: it is the last that was good.
#[utoipa::path(get, path = "/readyz", tag = "server", security(()), responses(
    (status = 200, description = "they should", body = String, content_type = "text/plain"),
    (status = 503, description = "they should not: it starts or stops", body = String, content_type = "text/plain"),
))]
pub(super) async fn readyz(State(admin): State<Arc<Desk>>) -> Response {
    let snapshot = admin.store.current();
    if admin.stopping.is_cancelled() {
        text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if snapshot.serial() == 0 {
        text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    } else if admin.last.stale_since().is_some() {
        let serial = snapshot.serial();
        let since = humantime::format_rfc3339_seconds(snapshot.published().time());
        let body = format!("ready, but stale: the files are faulty; serving snapshot {serial} of {since}\n");
        text(StatusCode::OK, body)
    } else {
        text(StatusCode::OK, "ready\n")
    }
}

/// Give all metrics, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "server", security(()), responses(
    (status = 200, description = "metrics in Prometheus' text format", body = String, content_type = "text/plain"),
))]
pub(super) async fn metrics(State(admin): State<Arc<Desk>>) -> Response {
    scrape::measure(&admin.store, &admin.metrics, &admin.guard, &admin.clerk.runs);
    text(StatusCode::OK, admin.metrics.render())
}

/// Give the document that describes this API
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "server", security(()),
    responses((status = 200, description = "an OpenAPI 3.1 document", body = Object)))]
pub(super) async fn openapi(State(admin): State<Arc<Desk>>, _: Asked<NoQuery>) -> Response {
    json(StatusCode::OK, &admin.document)
}

/// Tell how the server is
///
/// For the administrator.
#[utoipa::path(get, path = "/api/v1/status", tag = "server",
    responses((status = 200, description = "how it is", body = Status)))]
pub(super) async fn status(
    State(admin): State<Arc<Desk>>,
    known: Known,
    _: Asked<NoQuery>,
) -> Result<Response, Refusal> {
    known.operates()?;
    Ok(json(StatusCode::OK, &Status::of(&admin)))
}

/// Tell when devices last fetched a file, by serial
///
/// Those that never did are left out. For the administrator.
#[utoipa::path(get, path = "/api/v1/fetched", tag = "server",
    responses((status = 200, description = "times by serial (RFC 3339)", body = std::collections::HashMap<String, String>)))]
pub(super) async fn fetched(
    State(admin): State<Arc<Desk>>,
    known: Known,
    _: Asked<NoQuery>,
) -> Result<Response, Refusal> {
    known.operates()?;
    let snapshot = admin.store.current();
    let fetched = snapshot.phones().filter_map(|phone| {
        let time = humantime::format_rfc3339_seconds(phone.last_fetched()?).to_string();
        Some((phone.device.serial.expose().to_owned(), Value::from(time)))
    });
    Ok(json(StatusCode::OK, &Value::Object(fetched.collect())))
}

/// List the networks that are banned
///
/// For the administrator.
#[utoipa::path(get, path = "/api/v1/bans", tag = "server",
    responses((status = 200, description = "every ban", body = Vec<BannedNetwork>)))]
pub(super) async fn bans(
    State(admin): State<Arc<Desk>>,
    known: Known,
    _: Asked<NoQuery>,
) -> Result<Response, Refusal> {
    known.operates()?;
    Ok(json(StatusCode::OK, &bans::list(&admin.guard)))
}

/// How many bans were lifted.
#[derive(Serialize, ToSchema)]
pub(super) struct Lifted {
    lifted: usize,
}

/// Lift bans
///
/// `network` is a network with its slash as %2F, an address, whose network is meant, or `all`. For the administrator.
#[utoipa::path(delete, path = "/api/v1/bans/{network}", tag = "server",
    params(("network" = String, Path, description = "a network, an address, or `all`")),
    responses((status = 200, description = "how many were lifted", body = Lifted)))]
pub(super) async fn lift(
    State(admin): State<Arc<Desk>>,
    known: Known,
    Named(network): Named<String>,
    _: Asked<NoQuery>,
) -> Result<Response, Refusal> {
    known.operates()?;
    known.edits()?;
    Ok(json(StatusCode::OK, &Lifted { lifted: bans::lift(&admin.guard, &network)? }))
}

/// Lift the ban of a network
///
/// For the administrator.
#[utoipa::path(delete, path = "/api/v1/bans/{address}/{bits}", tag = "server",
    params(
        ("address" = String, Path, description = "the network's address"),
        ("bits" = String, Path, description = "how many bits its addresses share"),
    ),
    responses((status = 200, description = "how many were lifted", body = Lifted)))]
pub(super) async fn lift_network(
    State(admin): State<Arc<Desk>>,
    known: Known,
    Named((address, bits)): Named<(String, String)>,
    _: Asked<NoQuery>,
) -> Result<Response, Refusal> {
    known.operates()?;
    known.edits()?;
    Ok(json(StatusCode::OK, &Lifted { lifted: bans::lift(&admin.guard, &format!("{address}/{bits}"))? }))
}

/// How files are read again.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Reading {
    /// Whether they are taken even where they take away many devices, or break files that phones have now.
    #[serde(default)]
    force: bool,
}

/// What reading files again brought.
#[derive(Serialize, ToSchema)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(super) enum Read {
    /// A new snapshot stands.
    Published {
        /// Its number.
        serial: u64,
        /// How many devices it has.
        devices: usize,
        /// What somebody should look at, a line each.
        warnings: Vec<String>,
    },
    /// The files are faulty; the last good snapshot stands.
    Refused {
        /// Its number.
        serial: u64,
        /// All that is wrong, a line each.
        faults: Vec<String>,
    },
    /// Nothing changed.
    Unchanged {
        /// The number of the current snapshot.
        serial: u64,
    },
}

/// Have the server read its files again, and wait for what comes of it
///
/// For the administrator.
#[utoipa::path(post, path = "/api/v1/reload", tag = "server", params(Reading), responses(
    (status = 200, description = "they are read", body = Read),
    (status = 422, description = "they are faulty, and nothing changed", body = Read),
))]
pub(super) async fn reload(
    State(admin): State<Arc<Desk>>,
    known: Known,
    Asked(reading): Asked<Reading>,
) -> Result<Response, Refusal> {
    known.operates()?;
    known.edits()?;
    let doubt = if reading.force { Doubt::Waive } else { Doubt::Refuse };
    let Some(report) = admin.bell.ring_and_wait(doubt).await else {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops"));
    };
    let lines = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
    Ok(match report {
        Report::Published { serial, devices, warnings } => {
            json(StatusCode::OK, &Read::Published { serial, devices, warnings: lines(warnings) })
        }
        Report::Refused { serial, faults } => {
            json(StatusCode::UNPROCESSABLE_ENTITY, &Read::Refused { serial, faults: lines(faults) })
        }
        Report::Unchanged { serial } => json(StatusCode::OK, &Read::Unchanged { serial }),
    })
}
