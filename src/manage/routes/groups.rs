//! Groups of logins.

use crate::manage::input::{Asked, How, Named, NoQuery, Paging, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{Group, GroupChange, GroupEdit, GroupNew, Groups, Removal};
use crate::operation::{Edit, Query};

/// List groups
///
/// For the administrator.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups",
    params(Paging),
    responses((status = 200, description = "a part of the list", body = Groups)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Paging>) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::Groups { page }).await
}

/// Add a group
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups",
    params(Trying),
    request_body = GroupNew,
    responses((status = 201, description = "it is made", body = GroupChange), (status = 200, description = "it would be made", body = GroupChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<GroupNew>) -> Answer {
    asking.add(Edit::GroupAdd { fields: record.fields }, how).await
}

/// Show a group, with its grants
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups",
    params(("group" = String, Path, description = "its id")),
    responses((status = 200, description = "the group", body = Group)))]
pub(super) async fn show(asking: Asking, Named(group): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Group { group }).await
}

/// Change a group
#[utoipa::path(patch, path = "/api/v1/groups/{group}", tag = "groups",
    params(("group" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = GroupEdit,
    responses((status = 200, description = "what came of it", body = GroupChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(group): Named<String>,
    how: How,
    record: Record<GroupEdit>,
) -> Answer {
    asking.edit(Edit::GroupEdit { group, fields: record.fields }, how).await
}

/// Remove a group with its grants
///
/// Its logins stay.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", tag = "groups",
    params(("group" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(group): Named<String>, how: How) -> Answer {
    asking.edit(Edit::GroupRemove { group }, how).await
}

/// Put a login into a group
#[utoipa::path(put, path = "/api/v1/groups/{group}/logins/{login}", tag = "groups",
    params(("group" = String, Path, description = "the group's id"), ("login" = String, Path, description = "the login's id"), Trying),
    responses((status = 200, description = "what came of it", body = GroupChange)))]
pub(super) async fn join(asking: Asking, Named((group, login)): Named<(String, String)>, how: How) -> Answer {
    asking.edit(Edit::GroupJoin { group, login }, how).await
}

/// Take a login out of a group
#[utoipa::path(delete, path = "/api/v1/groups/{group}/logins/{login}", tag = "groups",
    params(("group" = String, Path, description = "the group's id"), ("login" = String, Path, description = "the login's id"), Trying),
    responses((status = 200, description = "what came of it", body = GroupChange)))]
pub(super) async fn leave(
    asking: Asking,
    Named((group, login)): Named<(String, String)>,
    how: How,
) -> Answer {
    asking.edit(Edit::GroupLeave { group, login }, how).await
}
