//! Who sets the level of whom.

use crate::model::Level;
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Change, Denial, Permit, Rule};

/// Every level, the lowest first.
const LEVELS: [Level; 3] = [Level::None, Level::View, Level::Modify];

impl Actor<'_> {
    /// Tells whether the level of an account is the actor's to know: its own, and from view up those below.
    pub fn sees_level(&self, account: Account<'_>) -> bool {
        account.is(self.account) || self.level() >= Level::View && self.has(account)
    }

    /// Gives the levels that the actor may choose for an account, the lowest first; none where it may choose nothing.
    pub fn settable_levels(&self, account: Account<'_>) -> Vec<Level> {
        if self.sets_levels_of(account).is_err() {
            return Vec::new();
        }
        LEVELS.into_iter().filter(|level| *level <= self.level()).collect()
    }

    /// Decides whether an account's level may be set; `None` has an extension inherit its user's.
    ///
    /// What an account has already is accepted from whoever may see it, so that a form can be saved as it is.
    ///
    /// # Errors
    /// The actor is not above the account, is on none, or without roles management, or the level is above its own.
    pub fn set_level(&self, account: Account<'_>, level: Option<Level>) -> Result<Permit<Change>, Denial> {
        let (Some(record), true) = (account.record(), self.has(account)) else {
            let denial = Denial::new(Rule::SetLevel, format!("`{}` is not below the account", account.id()));
            return Err(if account.is(self.account) { denial } else { denial.hidden() });
        };
        let permit = Permit::new(record, self.by(Rule::SetLevel), Keys::Only(&["provisioning"]));
        let (new, same) = match account {
            Account::Extension(extension) => {
                (self.inherited(extension, level), extension.provisioning == level)
            }
            _ => (level.unwrap_or_default(), self.level_of(account) == level.unwrap_or_default()),
        };
        let below = !account.is(self.account);
        if same && below && self.level() >= Level::View {
            return Ok(permit);
        }
        self.sets_levels_of(account)?;
        if new > self.level() {
            let (own, new) = (self.level().word(), new.word());
            let why = format!("an account on {own} cannot set another to {new}");
            return Err(Denial::new(Rule::SetLevel, why).of("provisioning"));
        }
        Ok(permit)
    }

    /// Decides whether a new account below the actor may begin with a level; `None` is an extension that inherits.
    ///
    /// # Errors
    /// The level is above the actor's own, or it is without roles management.
    pub fn new_level(&self, level: Option<Level>) -> Result<Rule, Denial> {
        let Some(level) = level.filter(|level| *level > Level::None) else {
            return Ok(self.by(Rule::SetLevel));
        };
        self.sets_levels()?;
        if level > self.level() {
            let (own, new) = (self.level().word(), level.word());
            let why = format!("an account on {own} cannot set another to {new}");
            return Err(Denial::new(Rule::SetLevel, why).of("provisioning"));
        }
        Ok(self.by(Rule::SetLevel))
    }

    /// Gives the level that an extension has after a change.
    fn inherited(&self, extension: &crate::model::Extension, level: Option<Level>) -> Level {
        let of_user = || self.snapshot.user(&extension.user).map(|user| user.provisioning);
        level.or_else(of_user).unwrap_or_default()
    }

    fn sets_levels_of(&self, account: Account<'_>) -> Result<(), Denial> {
        if account.is(self.account) {
            let why = "the level of an account is set by those above it";
            return Err(Denial::new(Rule::SetLevel, why).of("provisioning"));
        }
        self.see_account(account).map_err(|denial| Denial { rule: Rule::SetLevel, ..denial })?;
        self.sets_levels()
    }

    fn sets_levels(&self) -> Result<(), Denial> {
        if self.level() == Level::None {
            let why = "an account on none sets no levels";
            return Err(Denial::new(Rule::SetLevel, why).of("provisioning"));
        }
        if !self.manages_roles() {
            let why = "the account is without roles management, which setting levels needs";
            return Err(Denial::new(Rule::SetLevel, why).of("provisioning"));
        }
        Ok(())
    }

    /// Tells whether it may set the levels of accounts below it at all.
    pub(super) fn manages_roles(&self) -> bool {
        match self.account {
            _ if self.granted => true,
            Account::Administrator => true,
            Account::Provider(provider) => provider.roles_management,
            Account::Organization(organization) => organization.roles_management,
            Account::User(user) => user.roles_management,
            Account::Extension(_) => false,
        }
    }
}
