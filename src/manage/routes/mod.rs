//! The routes, one file an area; each says in one place where it is, what it takes and what it gives.

#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod accounts;
mod asking;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod devices;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod extensions;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod grants;
mod groups;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod jobs;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod logins;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod operations;
mod runs;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod server;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod sessions;
#[expect(unused_qualifications, reason = "what the macros of utoipa write")]
mod templates;

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
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::show, accounts::edit, accounts::remove))
        .routes(routes!(accounts::set_level))
        .routes(routes!(extensions::list, extensions::add))
        .routes(routes!(extensions::show, extensions::edit, extensions::remove))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::options))
        .routes(routes!(devices::show, devices::edit, devices::remove))
        .routes(routes!(devices::clear))
        .routes(routes!(devices::enable))
        .routes(routes!(devices::disable))
        .routes(routes!(devices::rotate))
        .routes(routes!(devices::generate_password))
        .routes(routes!(templates::list, templates::add))
        .routes(routes!(templates::show, templates::edit, templates::remove))
        .routes(routes!(templates::equip, templates::unequip))
        .routes(routes!(templates::set_file))
        .routes(routes!(templates::preview))
        .routes(routes!(templates::check))
        .routes(routes!(templates::export))
        .routes(routes!(templates::import))
        .routes(routes!(logins::list, logins::add))
        .routes(routes!(logins::show, logins::edit, logins::remove))
        .routes(routes!(logins::tokens, logins::make_token))
        .routes(routes!(logins::revoke))
        .merge(of_jobs())
        .routes(routes!(operations::edits))
        .routes(routes!(operations::queries))
        .routes(routes!(operations::preferences, operations::set_preferences))
        .routes(routes!(operations::myself))
        .routes(routes!(operations::audit))
        .routes(routes!(sessions::sign_in, sessions::list, sessions::sign_out))
        .routes(routes!(sessions::end))
}

/// Gives the routes of delegated provisioning.
fn of_jobs() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::default()
        .routes(routes!(groups::list, groups::add))
        .routes(routes!(groups::show, groups::edit, groups::remove))
        .routes(routes!(groups::join, groups::leave))
        .routes(routes!(grants::list, grants::add))
        .routes(routes!(grants::show, grants::edit, grants::remove))
        .routes(routes!(grants::permit, grants::revoke))
        .routes(routes!(jobs::list, jobs::add))
        .routes(routes!(jobs::show, jobs::edit, jobs::remove))
        .routes(routes!(jobs::form))
        .routes(routes!(jobs::choices))
        .routes(routes!(runs::order))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(runs::rows))
        .routes(routes!(runs::progress))
        .routes(routes!(runs::approve))
        .routes(routes!(runs::reject))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::retry))
        .routes(routes!(runs::undo))
        .routes(routes!(runs::collect))
}
