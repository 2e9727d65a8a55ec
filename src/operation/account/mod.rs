//! Operations on accounts: providers, organizations and users, and the levels of all that have one.
//!
//! Promises: an account out of the actor's sight is told of like one that does not exist; a level is told to those alone
//! who may know it; what others still refer to is neither removed nor moved away from them.

mod dependants;
mod edit;
mod myself;
mod show;

pub(super) use self::dependants::{are_none, clear_lines, lines};
pub(super) use self::edit::{add, change, edit, remove, set_level, written};
pub(super) use self::myself::look_at_self;
pub(super) use self::show::{levels, list, show};

use crate::operation::Problem;
use crate::rights::{Account, Actor};

/// Finds an account, or an extension, that the actor sees.
pub(super) fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<Account<'s>, Problem> {
    let found = Account::find(actor.snapshot(), called).filter(|account| actor.see_account(*account).is_ok());
    found.ok_or_else(|| Problem::not_found("account", called))
}

/// Tells whether an account is below another.
pub(super) fn is_below(actor: &Actor<'_>, account: Account<'_>, above: Account<'_>) -> bool {
    account.upwards(actor.snapshot()).skip(1).any(|account| account.is(above))
}
