//! Operations on accounts: providers, organizations and users.

use serde_json::Value;

use crate::edit::Draft;
use crate::operation::engine::{Applied, to_come};
use crate::operation::{Fields, Page, Problem};
use crate::rights::Actor;

/// Tells the actor of itself: its account, kind, level, and what it has any sight of.
pub(super) fn look_at_self(_actor: &Actor<'_>) -> Result<Value, Problem> {
    to_come()
}

/// Lists accounts of a kind, or all, below an account.
pub(super) fn list(
    _actor: &Actor<'_>,
    _kind: Option<&str>,
    _below: Option<&str>,
    _page: Page,
) -> Result<Value, Problem> {
    to_come()
}

/// Shows an account, with the levels that the actor may set it to.
pub(super) fn show(_actor: &Actor<'_>, _account: &str) -> Result<Value, Problem> {
    to_come()
}

/// Adds a provider, organization or user.
pub(super) fn add(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _kind: &str,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Changes an account.
pub(super) fn edit(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _account: &str,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Removes an account that nothing hangs on.
pub(super) fn remove(_draft: &mut Draft, _actor: &Actor<'_>, _account: &str) -> Result<Applied, Problem> {
    to_come()
}

/// Sets the level of an account or extension.
pub(super) fn set_level(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _account: &str,
    _level: Option<&str>,
) -> Result<Applied, Problem> {
    to_come()
}
