//! Logins and tokens.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Paging, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{
    Login, LoginChange, LoginEdit, LoginNew, Logins, Removal, TokenChange, TokenNew, Tokens,
};
use crate::operation::{Edit, Query};

/// List the logins that the actor sees
#[utoipa::path(get, path = "/api/v1/logins", tag = "logins",
    params(Paging),
    responses((status = 200, description = "a part of the list", body = Logins)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Paging>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Logins { page }).await
}

/// Add a login
///
/// Its password is kept hashed.
#[utoipa::path(post, path = "/api/v1/logins", tag = "logins",
    params(Trying),
    request_body = LoginNew,
    responses((status = 201, description = "it is made", body = LoginChange), (status = 200, description = "it was there alike, or would be made", body = LoginChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<LoginNew>) -> Answer {
    asking.add(Edit::LoginAdd { fields: record.fields }, how).await
}

/// Show a login
#[utoipa::path(get, path = "/api/v1/logins/{login}", tag = "logins",
    params(("login" = String, Path, description = "its id")),
    responses((status = 200, description = "the login", body = Login)))]
pub(super) async fn show(asking: Asking, Named(login): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Login { login }).await
}

/// Change a login
///
/// A new password, another account or another status end its sessions.
#[utoipa::path(patch, path = "/api/v1/logins/{login}", tag = "logins",
    params(("login" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = LoginEdit,
    responses((status = 200, description = "what came of it", body = LoginChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(login): Named<String>,
    how: How,
    record: Record<LoginEdit>,
) -> Answer {
    asking.edit(Edit::LoginEdit { login, fields: record.fields }, how).await
}

/// Remove a login with its tokens
#[utoipa::path(delete, path = "/api/v1/logins/{login}", tag = "logins",
    params(("login" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(login): Named<String>, how: How) -> Answer {
    asking.edit(Edit::LoginRemove { login }, how).await
}

/// Which tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Of this login.
    #[param(min_length = 1, max_length = 255)]
    login: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List tokens, without what they open with
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    params(Listing),
    responses((status = 200, description = "a part of the list", body = Tokens)))]
pub(super) async fn tokens(asking: Asking, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Tokens { login: asked.login, page }).await
}

/// Make a token
///
/// The token itself is shown this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens",
    params(Trying),
    request_body = TokenNew,
    responses((status = 201, description = "it is made", body = TokenChange), (status = 200, description = "it was there alike, or would be made", body = TokenChange)))]
pub(super) async fn make_token(asking: Asking, how: How, record: Record<TokenNew>) -> Answer {
    asking.add(Edit::TokenAdd { fields: record.fields }, how).await
}

/// Revoke a token
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens",
    params(("token" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn revoke(asking: Asking, Named(token): Named<String>, how: How) -> Answer {
    asking.edit(Edit::TokenRevoke { token }, how).await
}
