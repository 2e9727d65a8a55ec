//! Accounts: providers, organizations and users.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Record, Trying, page};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{
    AccountChange, AccountEdit, AccountKind, AccountNew, Accounts, AnyAccount, LevelEdit, Removal,
};
use crate::operation::{Edit, Query};

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Of this kind.
    #[param(value_type = Option<AccountKind>)]
    kind: Option<String>,
    /// Below this account.
    #[param(min_length = 1, max_length = 255)]
    below: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List the accounts that the actor sees
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts",
    params(Listing),
    responses((status = 200, description = "a part of the list", body = Accounts)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Accounts { kind: asked.kind, below: asked.below, page }).await
}

/// Add a provider, an organization or a user
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts",
    params(Trying),
    request_body = AccountNew,
    responses((status = 201, description = "it is made", body = AccountChange), (status = 200, description = "it was there alike, or would be made", body = AccountChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<AccountNew>) -> Answer {
    let mut fields = record.fields;
    let kind = fields.remove("kind").and_then(|kind| Some(kind.as_str()?.to_owned()));
    let missing = || Refusal::invalid("kind", "`kind` is missing; give it");
    asking.add(Edit::AccountAdd { kind: kind.ok_or_else(missing)?, fields }, how).await
}

/// Show an account, with the levels that the actor may set it to
#[utoipa::path(get, path = "/api/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "its id")),
    responses((status = 200, description = "the account", body = AnyAccount)))]
pub(super) async fn show(asking: Asking, Named(account): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Account { account }).await
}

/// Change an account
#[utoipa::path(patch, path = "/api/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = AccountEdit,
    responses((status = 200, description = "what came of it", body = AccountChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(account): Named<String>,
    how: How,
    record: Record<AccountEdit>,
) -> Answer {
    asking.edit(Edit::AccountEdit { account, fields: record.fields }, how).await
}

/// Remove an account that nothing hangs on
#[utoipa::path(delete, path = "/api/v1/accounts/{account}", tag = "accounts",
    params(("account" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(account): Named<String>, how: How) -> Answer {
    asking.edit(Edit::AccountRemove { account }, how).await
}

/// Set what an account, or an extension, may do
#[utoipa::path(put, path = "/api/v1/accounts/{account}/level", tag = "accounts",
    params(("account" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = LevelEdit,
    responses((status = 200, description = "what came of it", body = AccountChange)))]
pub(super) async fn set_level(
    asking: Asking,
    Named(account): Named<String>,
    how: How,
    record: Record<LevelEdit>,
) -> Answer {
    let level = record.fields.get("level").and_then(|level| Some(level.as_str()?.to_owned()));
    asking.edit(Edit::LevelSet { account, level }, how).await
}
