//! Operations on templates.

use serde_json::Value;

use crate::edit::Draft;
use crate::operation::engine::{Applied, to_come};
use crate::operation::{Fields, Page, Problem};
use crate::rights::Actor;

/// Lists the templates that the actor sees.
pub(super) fn list(_actor: &Actor<'_>, _page: Page) -> Result<Value, Problem> {
    to_come()
}

/// Shows a template, with its bodies.
pub(super) fn show(_actor: &Actor<'_>, _template: &str) -> Result<Value, Problem> {
    to_come()
}

/// Gives what a device's file would be with a template, secrets masked.
pub(super) fn preview(
    _actor: &Actor<'_>,
    _template: &str,
    _device: &str,
    _file: Option<&str>,
) -> Result<Value, Problem> {
    to_come()
}

/// Tells whether every device that uses a template renders.
pub(super) fn check(_actor: &Actor<'_>, _template: &str) -> Result<Value, Problem> {
    to_come()
}

/// Gives a template as it can be imported.
pub(super) fn export(_actor: &Actor<'_>, _template: &str, _model: Option<&str>) -> Result<Value, Problem> {
    to_come()
}

/// Adds a template without equipment.
pub(super) fn add(_draft: &mut Draft, _actor: &Actor<'_>, _fields: &Fields) -> Result<Applied, Problem> {
    to_come()
}

/// Changes a template's name or visibility.
pub(super) fn edit(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _template: &str,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Removes a template that no device uses.
pub(super) fn remove(_draft: &mut Draft, _actor: &Actor<'_>, _template: &str) -> Result<Applied, Problem> {
    to_come()
}

/// Makes a template one for a model and firmware, too.
pub(super) fn equip(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _template: &str,
    _model: &str,
    _firmware: &str,
) -> Result<Applied, Problem> {
    to_come()
}

/// Takes a model and firmware out of a template.
pub(super) fn unequip(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _template: &str,
    _model: &str,
    _firmware: &str,
) -> Result<Applied, Problem> {
    to_come()
}

/// A file of a template.
pub(super) struct FileOf<'a> {
    /// The template's id.
    pub(super) template: &'a str,
    /// The model.
    pub(super) model: &'a str,
    /// The firmware.
    pub(super) firmware: &'a str,
    /// The file's name in the catalog.
    pub(super) file: &'a str,
}

/// Gives a file a body of its own, or has it use the default one.
pub(super) fn set_file(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    file: &FileOf<'_>,
    _body: Option<&str>,
) -> Result<Applied, Problem> {
    let _named = (file.template, file.model, file.firmware, file.file);
    to_come()
}

/// Puts an exported template's equipment into a template.
pub(super) fn import(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _template: &str,
    _exported: &Value,
) -> Result<Applied, Problem> {
    to_come()
}
