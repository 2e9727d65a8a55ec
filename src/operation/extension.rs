//! Operations on extensions and their SIP data.

use serde_json::Value;

use crate::edit::Draft;
use crate::operation::engine::{Applied, to_come};
use crate::operation::{Fields, Page, Problem};
use crate::rights::Actor;

/// Lists extensions below an account; those that the actor may put on a line alone, where `assignable`.
pub(super) fn list(
    _actor: &Actor<'_>,
    _below: Option<&str>,
    _assignable: bool,
    _page: Page,
) -> Result<Value, Problem> {
    to_come()
}

/// Shows an extension.
pub(super) fn show(_actor: &Actor<'_>, _extension: &str) -> Result<Value, Problem> {
    to_come()
}

/// Adds an extension.
pub(super) fn add(_draft: &mut Draft, _actor: &Actor<'_>, _fields: &Fields) -> Result<Applied, Problem> {
    to_come()
}

/// Changes an extension.
pub(super) fn edit(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _extension: &str,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Removes an extension; a line that it is on is cleared.
pub(super) fn remove(_draft: &mut Draft, _actor: &Actor<'_>, _extension: &str) -> Result<Applied, Problem> {
    to_come()
}
