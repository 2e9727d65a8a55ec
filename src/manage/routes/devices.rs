//! Devices.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::jobs::{ExportError, Format, export};
use crate::manage::answer;
use crate::manage::input::{Asked, How, Limit, Named, NoQuery, Offset, Record, Trying, page, preferred};
use crate::manage::problem::Refusal;
use crate::manage::routes::asking::{Answer, Asking};
use crate::manage::schema::{
    Device, DeviceChange, DeviceEdit, DeviceNew, DeviceOptions, DeviceStatus, Devices, Removal,
};
use crate::operation::{Edit, Filter, Query};

/// Which devices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Seen by this account, which is the actor or one below it.
    #[param(min_length = 1, max_length = 255)]
    context: Option<String>,
    /// Owned by this account.
    #[param(min_length = 1, max_length = 255)]
    owner: Option<String>,
    /// Assigned to this organization.
    #[param(min_length = 1, max_length = 255)]
    organization: Option<String>,
    /// With this extension on a line.
    #[param(min_length = 1, max_length = 255)]
    extension: Option<String>,
    /// Of this model, or of all of a vendor.
    #[param(min_length = 1, max_length = 255)]
    model: Option<String>,
    /// Of this status.
    #[param(value_type = Option<DeviceStatus>)]
    status: Option<String>,
    /// With this text in its name, MAC address, notes or lines, in any case.
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

/// List devices, with what the actor may do with each and why
///
/// With `Accept: text/csv`, all of them in a file, without any password, which a bulk job that edits devices reads
/// again.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices",
    params(Listing),
    responses((status = 200, description = "a part of the list, or all of it in a file", content((Devices = "application/json"), (String = "text/csv")))))]
pub(super) async fn list(asking: Asking, headers: HeaderMap, Asked(asked): Asked<Listing>) -> Answer {
    let page = page(asked.offset, asked.limit);
    let Listing { context, owner, organization, extension, model, status, text, .. } = asked;
    let filter = Filter { context, owner, organization, extension, model, status, text };
    if preferred(&headers, &["application/json", "text/csv"]) != Some("text/csv") {
        return asking.list(page, Query::Devices { filter, page }).await;
    }
    let (store, caller) = (Arc::clone(&asking.desk.store), asking.known.caller.clone());
    let exporting = tokio::task::spawn_blocking(move || {
        let mut file = Vec::new();
        export(&store.current(), &caller, &filter, &mut file).map(|_| file)
    });
    match exporting.await {
        Ok(Ok(file)) => Ok(answer::file(file, Format::Csv.media_type())),
        Ok(Err(ExportError::Refused(problem))) => Err(problem.into()),
        Ok(Err(ExportError::Write(_))) | Err(_) => Err(Refusal::panicked()),
    }
}

/// Add a device
///
/// With a serial it may be repeated: 201 when it is made, 200 when it was there alike, 409 when it was there otherwise.
#[utoipa::path(post, path = "/api/v1/devices", tag = "devices",
    params(Trying),
    request_body = DeviceNew,
    responses((status = 201, description = "it is made", body = DeviceChange), (status = 200, description = "it was there alike, or would be made", body = DeviceChange)))]
pub(super) async fn add(asking: Asking, how: How, record: Record<DeviceNew>) -> Answer {
    asking.add(Edit::DeviceAdd { fields: record.fields }, how).await
}

/// For which model.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Choosing {
    /// For this model; all models when not set.
    #[param(min_length = 1, max_length = 255)]
    model: Option<String>,
}

/// Tell whether a device can be added, and what can be chosen for it
#[utoipa::path(get, path = "/api/v1/devices/options", tag = "devices",
    params(Choosing),
    responses((status = 200, description = "what can be chosen", body = DeviceOptions)))]
pub(super) async fn options(asking: Asking, Asked(asked): Asked<Choosing>) -> Answer {
    asking.show(Query::DeviceOptions { model: asked.model }).await
}

/// Show a device
#[utoipa::path(get, path = "/api/v1/devices/{device}", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name")),
    responses((status = 200, description = "the device", body = Device)))]
pub(super) async fn show(asking: Asking, Named(device): Named<String>, _: Asked<NoQuery>) -> Answer {
    asking.show(Query::Device { device }).await
}

/// Change a device
#[utoipa::path(patch, path = "/api/v1/devices/{device}", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    request_body = DeviceEdit,
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn edit(
    asking: Asking,
    Named(device): Named<String>,
    how: How,
    record: Record<DeviceEdit>,
) -> Answer {
    asking.edit(Edit::DeviceEdit { device, fields: record.fields }, how).await
}

/// Remove a device
#[utoipa::path(delete, path = "/api/v1/devices/{device}", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying, ("If-Match" = Option<String>, Header, description = "the version that the record must have, as `ETag` gave it")),
    responses((status = 200, description = "what came of it", body = Removal)))]
pub(super) async fn remove(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DeviceRemove { device }, how).await
}

/// Take a device's extensions off its lines, and its organization
#[utoipa::path(post, path = "/api/v1/devices/{device}/clear", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying),
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn clear(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DeviceClear { device }, how).await
}

/// Have a device get its files
#[utoipa::path(post, path = "/api/v1/devices/{device}/enable", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying),
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn enable(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DeviceEnable { device }, how).await
}

/// Have a device get nothing
#[utoipa::path(post, path = "/api/v1/devices/{device}/disable", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying),
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn disable(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DeviceDisable { device }, how).await
}

/// Give a device a new serial
///
/// The old URL is dead at once.
#[utoipa::path(post, path = "/api/v1/devices/{device}/rotate", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying),
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn rotate(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DeviceRotate { device }, how).await
}

/// Generate the password of a device's administrator
///
/// It is shown this once.
#[utoipa::path(post, path = "/api/v1/devices/{device}/admin-password", tag = "devices",
    params(("device" = String, Path, description = "its id, serial, MAC address or unique name"), Trying),
    responses((status = 200, description = "what came of it", body = DeviceChange)))]
pub(super) async fn generate_password(asking: Asking, Named(device): Named<String>, how: How) -> Answer {
    asking.edit(Edit::DevicePassword { device }, how).await
}
