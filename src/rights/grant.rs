//! Who sees, adds, edits and removes groups and grants: the administrator alone.
//!
//! Whoever removes what they name, a login or a job, gets the right to take that out of them along with it.

use crate::model::{Grant, Group, Holder, RecordKind, RecordRef};
use crate::rights::permit::Keys;
use crate::rights::{Actor, Add, Change, Denial, Permit, Remove, Rule};

impl Actor<'_> {
    /// Decides whether groups and grants are seen, and who is granted what.
    ///
    /// # Errors
    /// They are the administrator's.
    pub fn see_grants(&self) -> Result<Rule, Denial> {
        if self.is_administrator() {
            return Ok(Rule::Administrator);
        }
        Err(Denial::new(Rule::Jobs, "groups and grants are the administrator's"))
    }

    /// Decides whether a group may be added.
    ///
    /// # Errors
    /// Groups are the administrator's.
    pub fn add_group(&self, id: &str) -> Result<Permit<Add>, Denial> {
        Ok(Permit::new(RecordRef::new(RecordKind::Group, id), self.see_grants()?, Keys::All))
    }

    /// Decides whether a group, and who is in it, may be changed.
    ///
    /// # Errors
    /// Groups are the administrator's.
    pub fn edit_group(&self, group: &Group) -> Result<Permit<Change>, Denial> {
        let rule = self.see_grants()?;
        Ok(Permit::new(RecordRef::new(RecordKind::Group, &group.id), rule, Keys::AllBut(&["id"])))
    }

    /// Decides whether a group may be removed, with the grants that it holds.
    ///
    /// # Errors
    /// Groups are the administrator's.
    pub fn remove_group(&self, group: &Group) -> Result<Permit<Remove>, Denial> {
        Ok(Permit::new(RecordRef::new(RecordKind::Group, &group.id), self.see_grants()?, Keys::All))
    }

    /// Decides whether a grant may be added.
    ///
    /// # Errors
    /// Grants are the administrator's.
    pub fn add_grant(&self, id: &str) -> Result<Permit<Add>, Denial> {
        Ok(Permit::new(RecordRef::new(RecordKind::Grant, id), self.see_grants()?, Keys::All))
    }

    /// Decides whether a grant may be changed; who holds it and its platform stay.
    ///
    /// # Errors
    /// Grants are the administrator's.
    pub fn edit_grant(&self, grant: &Grant) -> Result<Permit<Change>, Denial> {
        let (rule, keys) = (self.see_grants()?, Keys::AllBut(&["id", "login", "group", "platform"]));
        Ok(Permit::new(RecordRef::new(RecordKind::Grant, &grant.id), rule, keys))
    }

    /// Decides whether a grant may be removed.
    ///
    /// # Errors
    /// Grants are the administrator's.
    pub fn remove_grant(&self, grant: &Grant) -> Result<Permit<Remove>, Denial> {
        Ok(Permit::new(RecordRef::new(RecordKind::Grant, &grant.id), self.see_grants()?, Keys::All))
    }

    /// Gives the right to take a job that is removed out of the lists of a grant, if it is on any.
    pub fn forget_job(&self, removal: &Permit<Remove>, grant: &Grant) -> Option<Permit<Change>> {
        let job = Some(removal.record()).filter(|record| record.kind == RecordKind::Job)?;
        let is_listed = grant.bulk_jobs.iter().chain(&grant.on_demand_jobs).any(|id| **id == *job.key);
        let keys = Keys::Only(&["bulk-jobs", "on-demand-jobs"]);
        is_listed.then(|| Permit::new(RecordRef::new(RecordKind::Grant, &grant.id), removal.rule(), keys))
    }

    /// Gives the right to take a login that is removed out of a group, if it is in it.
    pub fn leave_group(&self, removal: &Permit<Remove>, group: &Group) -> Option<Permit<Change>> {
        let login = Some(removal.record()).filter(|record| record.kind == RecordKind::Login)?;
        let is_in = group.logins.iter().any(|id| **id == *login.key);
        let record = RecordRef::new(RecordKind::Group, &group.id);
        is_in.then(|| Permit::new(record, removal.rule(), Keys::Only(&["logins"])))
    }

    /// Gives the right to remove a grant along with the login or group that holds it, if it does.
    pub fn lose_grant(&self, removal: &Permit<Remove>, grant: &Grant) -> Option<Permit<Remove>> {
        let holder = removal.record();
        let is_held = match &grant.holder {
            Holder::Login(id) => holder.kind == RecordKind::Login && **id == *holder.key,
            Holder::Group(id) => holder.kind == RecordKind::Group && **id == *holder.key,
        };
        let record = RecordRef::new(RecordKind::Grant, &grant.id);
        is_held.then(|| Permit::new(record, removal.rule(), Keys::All))
    }
}
