//! Who manages logins and tokens.

use crate::model::{Level, Login, RecordKind, RecordRef, Token};
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Add, Change, Denial, Permit, Remove, Rule};

impl Actor<'_> {
    /// Decides whether a login is seen: by its account, and by those above on modify.
    ///
    /// # Errors
    /// It is another's.
    pub fn see_login(&self, login: &Login) -> Result<Rule, Denial> {
        let account = Account::find(self.snapshot, &login.account);
        let why = || format!("login `{}` is another's", login.id);
        account.map_or_else(
            || Err(Denial::new(Rule::Accounts, why()).hidden()),
            |account| self.signs_in(account),
        )
    }

    /// Decides whether a login may be added for an account.
    ///
    /// # Errors
    /// The account is neither the actor, nor below it with the actor on modify.
    pub fn add_login(&self, account: Account<'_>, id: &str) -> Result<Permit<Add>, Denial> {
        let rule = self.signs_in(account).map_err(|denial| denial.of("account"))?;
        Ok(Permit::new(RecordRef::new(RecordKind::Login, id), rule, Keys::All))
    }

    /// Decides whether keys of a login may be changed; only the administrator has it act as another account.
    ///
    /// # Errors
    /// It is another's, or a key is locked.
    pub fn edit_login(&self, login: &Login, keys: &[&str]) -> Result<Permit<Change>, Denial> {
        let rule = self.see_login(login)?;
        let lets = if self.is_administrator() { Keys::All } else { Keys::AllBut(&["account", "id"]) };
        if let Some(locked) = ["account", "id"].into_iter().find(|key| keys.contains(key) && !lets.have(key))
        {
            let why = format!("`{locked}` of a login is the administrator's to change");
            return Err(Denial::new(Rule::Accounts, why).of(locked));
        }
        Ok(Permit::new(RecordRef::new(RecordKind::Login, &login.id), rule, lets))
    }

    /// Decides whether a login may be removed.
    ///
    /// # Errors
    /// It is another's.
    pub fn remove_login(&self, login: &Login) -> Result<Permit<Remove>, Denial> {
        let rule = self.see_login(login)?;
        Ok(Permit::new(RecordRef::new(RecordKind::Login, &login.id), rule, Keys::All))
    }

    /// Decides whether a token is seen: by whoever sees its login.
    ///
    /// # Errors
    /// It is another's.
    pub fn see_token(&self, token: &Token) -> Result<Rule, Denial> {
        match self.snapshot.login(&token.login) {
            Some(login) => self.see_login(login),
            None => Err(Denial::new(Rule::Accounts, "the token's login is gone").hidden()),
        }
    }

    /// Decides whether a token may be made for a login.
    ///
    /// # Errors
    /// The login is another's.
    pub fn add_token(&self, login: &Login, id: &str) -> Result<Permit<Add>, Denial> {
        let rule = self.see_login(login).map_err(|denial| denial.of("login"))?;
        Ok(Permit::new(RecordRef::new(RecordKind::Token, id), rule, Keys::All))
    }

    /// Decides whether a token may be revoked.
    ///
    /// # Errors
    /// Its login is another's.
    pub fn revoke_token(&self, token: &Token) -> Result<Permit<Remove>, Denial> {
        let rule = self.see_token(token)?;
        Ok(Permit::new(RecordRef::new(RecordKind::Token, &token.id), rule, Keys::All))
    }

    /// Decides who manages whatever signs in as an account.
    fn signs_in(&self, account: Account<'_>) -> Result<Rule, Denial> {
        if self.granted {
            return Err(Denial::new(Rule::Jobs, "no job has to do with logins").hidden());
        }
        if account.is(self.account) || self.has(account) && self.level() == Level::Modify {
            return Ok(self.by(Rule::Accounts));
        }
        let why = format!("logins of `{}` are managed by it, and by those above it on modify", account.id());
        let denial = Denial::new(Rule::Accounts, why);
        Err(if self.see_account(account).is_ok() { denial } else { denial.hidden() })
    }
}
