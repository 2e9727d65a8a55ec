//! Who may do what: accounts, levels, and the rules R1 to R9.
//!
//! Promises: pure; every answer names the rule that made it; rights are computed from a snapshot and never stored, so
//! that a changed level acts at once. Whoever changes a record needs a [`Permit`], which only this module can make.

mod account;
mod permit;

pub use self::account::{Account, Kind};
pub use self::permit::{Act, Add, Change, Denial, Permit, Remove, Rule};

use crate::model::{RecordKind, RecordRef};
use crate::snapshot::Snapshot;

/// Somebody who acts on a snapshot.
#[derive(Clone, Copy)]
pub struct Actor<'s> {
    snapshot: &'s Snapshot,
    account: Account<'s>,
}

impl<'s> Actor<'s> {
    /// Has an account act.
    pub fn new(snapshot: &'s Snapshot, account: Account<'s>) -> Self {
        Self { snapshot, account }
    }

    /// Gives the account.
    pub fn account(&self) -> Account<'s> {
        self.account
    }

    /// Gives what it acts on.
    pub fn snapshot(&self) -> &'s Snapshot {
        self.snapshot
    }

    /// Decides whether the global preferences may be changed.
    ///
    /// # Errors
    /// They are the administrator's.
    pub fn preferences(&self) -> Result<Permit<Change>, Denial> {
        if self.account.kind() == Kind::Administrator {
            return Ok(Permit::new(RecordRef::new(RecordKind::Preferences, ""), Rule::Administrator, &[]));
        }
        let why = "global preferences are the administrator's".to_owned();
        Err(Denial { rule: Rule::Preferences, hidden: false, field: None, why })
    }
}
