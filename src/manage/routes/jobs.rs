//! Jobs: operations that are prepared, so that others can run them.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Record, Trying, page};
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{
    Choices, Job, JobChange, JobEdit, JobForm, JobKindWord, JobNew, JobOperationWord, Jobs, Removal,
};
use crate::operation::{Edit, JobFilter, Query};

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Of this provider or organization.
    #[param(min_length = 1, max_length = 255)]
    platform: Option<String>,
    /// Of this kind.
    #[param(value_type = Option<JobKindWord>)]
    kind: Option<String>,
    /// That do this.
    #[param(value_type = Option<JobOperationWord>)]
    operation: Option<String>,
    /// Those that the actor may run, alone.
    #[serde(default)]
    runnable: bool,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List the jobs that the actor sees
///
/// Of those that it may only run, what tells people which one it is.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs",
    params(Listing),
    responses((status = 200, description = "a part of the list", body = Jobs)))]
pub(super) async fn list(asking: Asking, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    let Listing { platform, kind, operation, runnable, .. } = asked;
    let filter = JobFilter { platform, kind, operation, runnable };
    asking.list(page, Query::Jobs { filter, page }).await
}

/// Build a job
#[utoipa::path(post, path = "/api/v1/jobs", tag = "jobs",
    params(Trying),
    request_body = JobNew,
    responses((status = 201, description = "it is made", body = JobChange), (status = 200, description = "it would be made", body = JobChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<JobNew>) -> Answer {
    asking.add(Edit::JobAdd { fields: record.fields }, how).await
}

/// Show a job
///
/// All of it to those who administer its kind; what tells people which one it is to those who may run it.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "its id")),
    responses((status = 200, description = "the job", body = Job)))]
pub(super) async fn show(asking: Asking, Named(job): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Job { job }).await
}

/// Edit a job, which counts its edition up
#[utoipa::path(patch, path = "/api/v1/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = JobEdit,
    responses((status = 200, description = "what came of it", body = JobChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(job): Named<String>,
    how: How,
    record: Record<JobEdit>,
) -> Answer {
    asking.edit(Edit::JobEdit { job, fields: record.fields }, how).await
}

/// Delete a job, and take it off the lists of grants
///
/// The records of its runs stay.
#[utoipa::path(delete, path = "/api/v1/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "its id"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(job): Named<String>, how: How) -> Answer {
    asking.edit(Edit::JobRemove { job }, how).await
}

/// Describe what a run of a job is given, as a JSON Schema (2020-12) from which a page can be drawn
///
/// Of a bulk job, each row is given so.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/form", tag = "jobs",
    params(("job" = String, Path, description = "its id")),
    responses((status = 200, description = "the form", body = JobForm)))]
pub(super) async fn form(asking: Asking, Named(job): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::JobForm { job }).await
}

/// What can be chosen for which field.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Choosing {
    /// For this field of the form.
    #[param(min_length = 1, max_length = 255)]
    field: String,
    /// With this text in it, in any case.
    #[param(max_length = 255)]
    text: Option<String>,
    /// How many rows to leave out.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    offset: Offset,
    /// How many rows to give at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 100)]
    limit: Limit,
}

/// List what can be chosen for a field of a job's form, where that is too long for the form
#[utoipa::path(get, path = "/api/v1/jobs/{job}/choices", tag = "jobs",
    params(("job" = String, Path, description = "its id"), Choosing),
    responses((status = 200, description = "a part of the list", body = Choices)))]
pub(super) async fn choices(
    asking: Asking,
    Named(job): Named<String>,
    Asked(asked): Asked<Choosing>,
) -> Answer {
    let page = page(asked.offset, asked.limit);
    asking.list(page, Query::JobChoices { job, field: asked.field, text: asked.text, page }).await
}
