//! Grants: what logins and groups may do with the jobs of a platform.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{Grant, GrantChange, GrantEdit, GrantNew, Grants, Removal};
use crate::operation::{Edit, Query};

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Of this login, those of its groups among them.
    #[param(min_length = 1, max_length = 255)]
    login: Option<String>,
    /// Of this group.
    #[param(min_length = 1, max_length = 255)]
    group: Option<String>,
    /// For the jobs of this provider or organization.
    #[param(min_length = 1, max_length = 255)]
    platform: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List grants
///
/// For the administrator.
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants",
    params(Listing),
    responses((status = 200, description = "a part of the list", body = Grants)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    let Listing { login, group, platform, .. } = asked;
    asking.list(page, Query::Grants { login, group, platform, page }).await
}

/// Grant a login or a group something on a platform
#[utoipa::path(post, path = "/api/v1/grants", tag = "grants",
    params(Trying),
    request_body = GrantNew,
    responses((status = 201, description = "it is made", body = GrantChange), (status = 200, description = "it would be made", body = GrantChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<GrantNew>) -> Answer {
    asking.add(Edit::GrantAdd { fields: record.fields }, how).await
}

/// Show a grant
#[utoipa::path(get, path = "/api/v1/grants/{grant}", tag = "grants",
    params(("grant" = String, Path, description = "its id")),
    responses((status = 200, description = "the grant", body = Grant)))]
pub(super) async fn show(asking: Asking, Named(grant): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Grant { grant }).await
}

/// Change what a grant gives
#[utoipa::path(patch, path = "/api/v1/grants/{grant}", tag = "grants",
    params(("grant" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = GrantEdit,
    responses((status = 200, description = "what came of it", body = GrantChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(grant): Named<String>,
    how: How,
    record: Record<GrantEdit>,
) -> Answer {
    asking.edit(Edit::GrantEdit { grant, fields: record.fields }, how).await
}

/// Take a grant back
#[utoipa::path(delete, path = "/api/v1/grants/{grant}", tag = "grants",
    params(("grant" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(grant): Named<String>, how: How) -> Answer {
    asking.edit(Edit::GrantRemove { grant }, how).await
}

/// Put a job on the list of a grant
#[utoipa::path(put, path = "/api/v1/grants/{grant}/jobs/{job}", tag = "grants",
    params(("grant" = String, Path, description = "the grant's id"), ("job" = String, Path, description = "the job's id"), Trying),
    responses((status = 200, description = "what came of it", body = GrantChange)))]
pub(super) async fn permit(asking: Asking, Named((grant, job)): Named<(String, String)>, how: How) -> Answer {
    asking.edit(Edit::GrantPermit { grant, job }, how).await
}

/// Take a job off the lists of a grant
#[utoipa::path(delete, path = "/api/v1/grants/{grant}/jobs/{job}", tag = "grants",
    params(("grant" = String, Path, description = "the grant's id"), ("job" = String, Path, description = "the job's id"), Trying),
    responses((status = 200, description = "what came of it", body = GrantChange)))]
pub(super) async fn revoke(asking: Asking, Named((grant, job)): Named<(String, String)>, how: How) -> Answer {
    asking.edit(Edit::GrantRevoke { grant, job }, how).await
}
