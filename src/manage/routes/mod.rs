//! The routes, one file an area; each says in one place where it is, what it takes and what it gives.

#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod server;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::manage::Desk;

/// Gives every route with its description.
pub(super) fn all() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::default()
        .routes(routes!(server::healthz))
        .routes(routes!(server::readyz))
        .routes(routes!(server::metrics))
        .routes(routes!(server::openapi))
        .routes(routes!(server::status))
        .routes(routes!(server::fetched))
        .routes(routes!(server::bans))
        .routes(routes!(server::lift))
        .routes(routes!(server::lift_network))
        .routes(routes!(server::reload))
}
