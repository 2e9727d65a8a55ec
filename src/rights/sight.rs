//! Who is below whom, and what an account has any sight of: rules R1 and R9.

use crate::model::{Extension, Level, User};
use crate::rights::{Account, Actor, Denial, Kind, Rule};

impl<'s> Actor<'s> {
    /// Gives the highest level on the way down to an account, the actor's own left out: the rules' path(a, x).
    ///
    /// It is `None` for accounts that are not in the actor's tree; the actor itself has nothing on its way.
    pub(super) fn path(&self, to: Account<'_>) -> Option<Level> {
        let mut highest = Level::None;
        for account in to.upwards(self.snapshot) {
            if account.is(self.account) {
                return Some(highest);
            }
            highest = highest.max(account.level(self.snapshot));
        }
        None
    }

    /// Tells whether an account is the actor or below it.
    pub fn has(&self, account: Account<'_>) -> bool {
        self.path(account).is_some()
    }

    /// Decides what holds for everything that has to do with devices: the gate R9, and the switch `strict-none`.
    pub(super) fn gate(&self) -> Result<(), Denial> {
        let user: Option<&User> = match self.account {
            Account::User(user) => Some(user),
            Account::Extension(extension) => self.snapshot.user(&extension.user),
            Account::Administrator => return Ok(()),
            Account::Provider(_) | Account::Organization(_) => None,
        };
        if let Some(user) = user.filter(|user| !user.sip_management) {
            let why =
                format!("user `{}` is without SIP management, which all work with devices needs", user.id);
            return Err(Denial::new(Rule::SipManagement, why));
        }
        if self.level() == Level::None && self.snapshot.config().permissions.strict_none {
            let why = "the account is on none, and `permissions.strict-none` leaves such accounts nothing";
            return Err(Denial::new(Rule::AnyVisible, why));
        }
        Ok(())
    }

    /// Decides whether there is anything at all for the account to see (R1).
    ///
    /// # Errors
    /// Neither it nor any account below it is on view or modify.
    pub fn sees_page(&self) -> Result<Rule, Denial> {
        self.gate()?;
        if self.level() >= Level::View || self.any_below(Level::View, Kind::Extension) {
            return Ok(self.by(Rule::AnyVisible));
        }
        Err(Denial::new(Rule::AnyVisible, "neither the account nor any below it is on view or modify"))
    }

    /// Tells whether some account below the actor, of this kind or a higher one, has a level; goes through all.
    pub(super) fn any_below(&self, level: Level, lowest: Kind) -> bool {
        let snapshot = self.snapshot;
        let has_it = |account: Account<'_>| {
            account.level(snapshot) >= level && !account.is(self.account) && self.has(account)
        };
        let users = || lowest >= Kind::User && snapshot.users().any(|user| has_it(Account::User(user)));
        // An extension that inherits its level has a user that has it, too, unless that user is the actor.
        let extensions = || {
            lowest >= Kind::Extension
                && snapshot.extensions().any(|extension| has_it(Account::Extension(extension)))
        };
        snapshot.providers().any(|provider| has_it(Account::Provider(provider)))
            || snapshot.organizations().any(|organization| has_it(Account::Organization(organization)))
            || users()
            || extensions()
    }

    /// Decides whether an account is seen: itself, and what is below it from view up, or sits under such an account.
    ///
    /// # Errors
    /// It is not in the actor's tree, or the actor has no sight of it.
    pub fn see_account(&self, account: Account<'_>) -> Result<Rule, Denial> {
        if account.is(self.account) {
            return Ok(self.by(Rule::Accounts));
        }
        let strict = self.snapshot.config().permissions.strict_none;
        let seen = match self.path(account) {
            Some(path) => self.level() >= Level::View || path >= Level::View && !strict,
            None => false,
        };
        if seen {
            return Ok(self.by(Rule::Accounts));
        }
        let why = format!("`{}` is not in the account's sight", account.id());
        Err(Denial::new(Rule::Accounts, why).hidden())
    }

    /// Tells whether an account may be named to the actor: what it sees, and what is above it; to a run, that is not.
    pub fn knows(&self, account: Account<'_>) -> bool {
        let is_above = || self.account.upwards(self.snapshot).any(|above| above.is(account));
        self.see_account(account).is_ok() || !self.granted && is_above()
    }

    /// Decides whether an extension is seen, like [`Actor::see_account`].
    ///
    /// # Errors
    /// It is not in the actor's tree, or the actor has no sight of it.
    pub fn see_extension(&self, extension: &Extension) -> Result<Rule, Denial> {
        self.see_account(Account::Extension(extension))
    }
}
