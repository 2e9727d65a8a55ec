//! Operations on the global preferences.

use serde_json::Value;

use crate::edit::Draft;
use crate::operation::engine::{Applied, to_come};
use crate::operation::{Fields, Problem};
use crate::rights::Actor;

/// Shows the global preferences, with what holds where they say nothing.
pub(super) fn show(_actor: &Actor<'_>) -> Result<Value, Problem> {
    to_come()
}

/// Sets global preferences.
pub(super) fn set(_draft: &mut Draft, _actor: &Actor<'_>, _fields: &Fields) -> Result<Applied, Problem> {
    to_come()
}
