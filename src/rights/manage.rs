//! Who adds, edits and removes accounts and extensions.

use crate::model::{Extension, Level, RecordKind, RecordRef, User};
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Add, Change, Denial, Kind, Permit, Remove, Rule};

impl Actor<'_> {
    /// Decides whether an account of a kind may be added below another.
    ///
    /// # Errors
    /// The actor is not above it or not on modify, or accounts of that kind are not below such a parent.
    pub fn add_account(&self, kind: Kind, parent: Account<'_>, id: &str) -> Result<Permit<Add>, Denial> {
        let (record, above) = match kind {
            Kind::Provider => (RecordKind::Provider, Kind::Administrator),
            Kind::Organization => (RecordKind::Organization, Kind::Provider),
            Kind::User => (RecordKind::User, Kind::Organization),
            Kind::Extension => (RecordKind::Extension, Kind::User),
            Kind::Administrator => {
                return Err(Denial::new(Rule::Accounts, "there is one administrator, who is there always"));
            }
        };
        if kind == Kind::Provider && !self.is_administrator() {
            return Err(Denial::new(Rule::Accounts, "providers are the administrator's to add"));
        }
        let rule = self.rules_below(parent)?;
        if parent.kind() != above {
            let why = format!("below `{}` there are no accounts of kind {}", parent.id(), kind.word());
            return Err(Denial::new(Rule::Accounts, why));
        }
        Ok(Permit::new(RecordRef::new(record, id), rule, Keys::All))
    }

    /// Decides whether keys of an account may be changed.
    ///
    /// Whoever is not the administrator sets a level by [`Actor::set_level`], and moves nothing elsewhere.
    ///
    /// # Errors
    /// The actor is not above the account or not on modify, or a key is locked.
    pub fn edit_account(&self, account: Account<'_>, keys: &[&str]) -> Result<Permit<Change>, Denial> {
        let (rule, record) = self.rules(account)?;
        let lets = match account.kind() {
            _ if self.is_administrator() => Keys::All,
            Kind::Extension => Keys::AllBut(&["number", "provisioning", "user"]),
            _ if self.manages_roles() => Keys::AllBut(LOCKED),
            _ => Keys::AllBut(LOCKED_WITHOUT_ROLES),
        };
        if let Some(locked) = KEYS.iter().copied().find(|key| keys.contains(key) && !lets.have(key)) {
            let (rule, why) = match locked {
                "provisioning" => (Rule::SetLevel, "a level is set by its own operation"),
                "roles-management" | "sip-management" => {
                    (Rule::SetLevel, "the account is without roles management, which this needs")
                }
                _ => (Rule::Accounts, "this is the administrator's to change"),
            };
            return Err(Denial::new(rule, why).of(locked));
        }
        Ok(Permit::new(record, rule, lets))
    }

    /// Decides whether an account may be removed.
    ///
    /// # Errors
    /// The actor is not above the account, or not on modify.
    pub fn remove_account(&self, account: Account<'_>) -> Result<Permit<Remove>, Denial> {
        let (rule, record) = self.rules(account)?;
        Ok(Permit::new(record, rule, Keys::All))
    }

    /// Decides whether an extension may be added for a user.
    ///
    /// # Errors
    /// The actor is neither the user nor above it, or not on modify.
    pub fn add_extension(&self, user: &User, number: &str) -> Result<Permit<Add>, Denial> {
        self.add_account(Kind::Extension, Account::User(user), number)
    }

    /// Decides whether keys of an extension may be changed, like [`Actor::edit_account`].
    ///
    /// # Errors
    /// The actor is not above the extension or not on modify, or a key is locked.
    pub fn edit_extension(&self, extension: &Extension, keys: &[&str]) -> Result<Permit<Change>, Denial> {
        self.edit_account(Account::Extension(extension), keys)
    }

    /// Decides whether an extension may be removed; [`Actor::clear_line_of`] then clears its line.
    ///
    /// # Errors
    /// The actor is not above the extension, or not on modify.
    pub fn remove_extension(&self, extension: &Extension) -> Result<Permit<Remove>, Denial> {
        self.remove_account(Account::Extension(extension))
    }

    /// Decides whether the actor changes an account: it is above it, and on modify.
    fn rules(&self, account: Account<'_>) -> Result<(Rule, RecordRef), Denial> {
        if account.is(self.account) {
            return Err(Denial::new(Rule::Accounts, "an account is changed by those above it"));
        }
        let rule = self.rules_below(account)?;
        match account.record() {
            Some(record) => Ok((rule, record)),
            None => Err(Denial::new(Rule::Accounts, "the administrator has no record").hidden()),
        }
    }

    /// Decides whether the actor, which is the account or above it, changes what is below it.
    fn rules_below(&self, account: Account<'_>) -> Result<Rule, Denial> {
        self.see_account(account)?;
        if self.level() == Level::Modify {
            return Ok(self.by(Rule::Accounts));
        }
        Err(Denial::new(Rule::Accounts, "only an account on modify changes those below it"))
    }
}

/// Keys of accounts and extensions that not everybody may change.
const KEYS: &[&str] = &[
    "id",
    "number",
    "organization",
    "provider",
    "provisioning",
    "roles-management",
    "sip-management",
    "user",
];

const LOCKED: &[&str] = &["id", "organization", "provider", "provisioning"];

const LOCKED_WITHOUT_ROLES: &[&str] =
    &["id", "organization", "provider", "provisioning", "roles-management", "sip-management"];
