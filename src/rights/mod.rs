//! Who may do what: accounts, levels, and the rules R1 to R9.
//!
//! Promises: pure; every answer names the rule that made it; rights are computed from a snapshot and never stored (R8),
//! so that a changed level acts at once. Whoever changes a record needs a [`Permit`], which only this module can make.
//! One decision about one record takes a few look-ups, whatever the size of the fleet; [`Actor::sees_page`] and
//! [`Actor::can_add`] may go through all accounts. Read next: `sight` for who is below whom, then `device`.

mod account;
mod add;
mod device;
mod grant;
mod jobs;
mod level;
mod login;
mod manage;
mod permit;
mod sight;
mod template;

pub use self::account::{Account, Kind};
pub use self::add::NewDevice;
pub use self::device::{DeviceChange, DeviceState, Editable};
pub use self::jobs::{JobRights, JobSight};
pub use self::permit::{Act, Add, Change, Denial, Permit, Remove, Rule};

use crate::model::{Level, RecordKind, RecordRef};
use crate::rights::permit::Keys;
use crate::snapshot::Snapshot;

/// Somebody who acts on a snapshot.
#[derive(Clone, Copy)]
pub struct Actor<'s> {
    snapshot: &'s Snapshot,
    account: Account<'s>,
    /// Whether it acts by a grant: with more than the account's own level.
    granted: bool,
    /// Whether it gives records back what they had.
    restores: bool,
}

impl<'s> Actor<'s> {
    /// Has an account act.
    pub fn new(snapshot: &'s Snapshot, account: Account<'s>) -> Self {
        Self { snapshot, account, granted: false, restores: false }
    }

    /// Has a platform act as the runs of its jobs do: on modify and with roles management, whatever its own level is.
    ///
    /// It sees and reaches what is below the platform, and nothing above or beside it.
    ///
    /// # Errors
    /// The account is no provider or organization.
    pub fn granted(snapshot: &'s Snapshot, platform: Account<'s>) -> Result<Self, Denial> {
        match platform {
            Account::Provider(_) | Account::Organization(_) => {
                Ok(Self { snapshot, account: platform, granted: true, restores: false })
            }
            Account::Administrator | Account::Extension(_) | Account::User(_) => {
                let why = format!("`{}` is no provider or organization, whose jobs could run", platform.id());
                Err(Denial::new(Rule::Jobs, why))
            }
        }
    }

    /// Has it give records back what they had: an owner above the platform, and a template that it does not see.
    ///
    /// Lines and organizations are as with any other change: extensions may have moved elsewhere meanwhile.
    #[must_use]
    pub fn restoring(self) -> Self {
        Self { restores: self.granted, ..self }
    }

    /// Has another account act on the same snapshot by its own rights; the actor's own account acts as the actor does.
    #[must_use]
    pub fn context(&self, account: Account<'s>) -> Self {
        if account.is(self.account) { *self } else { Self::new(self.snapshot, account) }
    }

    /// Gives the account.
    pub fn account(&self) -> Account<'s> {
        self.account
    }

    /// Gives what it acts on.
    pub fn snapshot(&self) -> &'s Snapshot {
        self.snapshot
    }

    /// Gives the level that it acts with.
    pub fn level(&self) -> Level {
        if self.granted { Level::Modify } else { self.account.level(self.snapshot) }
    }

    /// Gives the level of an account; of the actor's own the one that it acts with.
    fn level_of(&self, account: Account<'_>) -> Level {
        if account.is(self.account) { self.level() } else { account.level(self.snapshot) }
    }

    /// Tells whether it is the administrator, who may do everything.
    pub fn is_administrator(&self) -> bool {
        self.account.kind() == Kind::Administrator
    }

    /// Decides whether the global preferences may be changed.
    ///
    /// # Errors
    /// They are the administrator's.
    pub fn preferences(&self) -> Result<Permit<Change>, Denial> {
        self.administrators("global preferences are the administrator's")?;
        Ok(Permit::new(RecordRef::new(RecordKind::Preferences, ""), Rule::Administrator, Keys::All))
    }

    /// Decides whether the record of all changes and refusals may be read.
    ///
    /// # Errors
    /// It is the administrator's, as it tells of everybody.
    pub fn see_audit(&self) -> Result<Rule, Denial> {
        self.administrators("the record of changes is the administrator's")
    }

    fn administrators(&self, why: &str) -> Result<Rule, Denial> {
        if self.is_administrator() {
            return Ok(Rule::Administrator);
        }
        Err(Denial::new(Rule::Preferences, why))
    }

    /// Names the rule that a permission rests on: the administrator needs no other.
    fn by(&self, rule: Rule) -> Rule {
        if self.is_administrator() { Rule::Administrator } else { rule }
    }
}
