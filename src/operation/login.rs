//! Operations on logins and tokens.

use serde_json::Value;

use crate::edit::Draft;
use crate::operation::engine::{Applied, to_come};
use crate::operation::{Fields, Page, Problem};
use crate::rights::Actor;

/// Lists logins.
pub(super) fn list(_actor: &Actor<'_>, _page: Page) -> Result<Value, Problem> {
    to_come()
}

/// Shows a login.
pub(super) fn show(_actor: &Actor<'_>, _login: &str) -> Result<Value, Problem> {
    to_come()
}

/// Lists tokens, of one login or of all that the actor sees.
pub(super) fn tokens(_actor: &Actor<'_>, _login: Option<&str>, _page: Page) -> Result<Value, Problem> {
    to_come()
}

/// Adds a login.
pub(super) fn add(_draft: &mut Draft, _actor: &Actor<'_>, _fields: &Fields) -> Result<Applied, Problem> {
    to_come()
}

/// Changes a login.
pub(super) fn edit(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _login: &str,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Removes a login with its tokens.
pub(super) fn remove(_draft: &mut Draft, _actor: &Actor<'_>, _login: &str) -> Result<Applied, Problem> {
    to_come()
}

/// Makes a token, whose secret half is shown once.
pub(super) fn add_token(
    _draft: &mut Draft,
    _actor: &Actor<'_>,
    _fields: &Fields,
) -> Result<Applied, Problem> {
    to_come()
}

/// Revokes a token.
pub(super) fn revoke_token(_draft: &mut Draft, _actor: &Actor<'_>, _token: &str) -> Result<Applied, Problem> {
    to_come()
}
