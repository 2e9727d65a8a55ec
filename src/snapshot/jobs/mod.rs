//! Groups, grants and jobs of a snapshot, checked against what they name.

mod catalog;
mod definition;
mod limits;
mod pattern;

pub use self::catalog::{model_called, vendor_called};
pub use self::limits::{Choice, FieldLimits};
pub use self::pattern::Pattern;

use crate::document::nearest;
use crate::model::{Grant, Group, Holder, Job, JobKind};
use crate::snapshot::AccountKind;
use crate::snapshot::check::{Checker, Notes};

impl Checker<'_> {
    pub(super) fn group(&self, notes: &mut Notes, group: &Group) {
        for id in &group.logins {
            self.known_login(notes, "logins", id);
        }
    }

    pub(super) fn grant(&self, notes: &mut Notes, grant: &Grant) {
        match &grant.holder {
            Holder::Login(id) => self.known_login(notes, "login", id),
            Holder::Group(id) if self.snapshot.group(id).is_none() => {
                notes.error("group", format!("there is no group `{id}`; add its record or mend the name"));
            }
            Holder::Group(_) => (),
        }
        self.platform(notes, &grant.platform);
        let is_twin = |other: &&Grant| {
            other.holder == grant.holder && other.platform == grant.platform && other.id < grant.id
        };
        if let Some(other) = self.snapshot.grants().find(is_twin) {
            let message =
                format!("grant `{}` is for the same holder and platform; put them together", other.id);
            notes.error("platform", message);
        }
        for (key, kind, jobs) in [
            ("bulk-jobs", JobKind::Bulk, &grant.bulk_jobs),
            ("on-demand-jobs", JobKind::OnDemand, &grant.on_demand_jobs),
        ] {
            let fits = |job: &Job| job.kind == kind && job.platform == grant.platform;
            for id in jobs.iter().filter(|id| !self.snapshot.job(id).is_some_and(fits)) {
                let what = format!("there is no {} job `{id}` of `{}`", kind.word(), grant.platform);
                notes.warning(key, format!("{what}; the name counts for nothing, take it out"));
            }
        }
    }

    pub(super) fn job(&self, notes: &mut Notes, job: &Job) {
        self.platform(notes, &job.platform);
        for (key, message) in definition::faults(job).into_iter().chain(catalog::faults(self.catalog, job)) {
            notes.error(key, message);
        }
    }

    fn known_login(&self, notes: &mut Notes, key: &'static str, id: &str) {
        if self.snapshot.login(id).is_none() {
            let known = self.snapshot.logins().map(|login| login.id.as_str());
            let near = nearest(id, known).map(|near| format!("did you mean `{near}`?"));
            let cure = near.unwrap_or_else(|| "add its record or mend the name".to_owned());
            notes.error(key, format!("there is no login `{id}`; {cure}"));
        }
    }

    fn platform(&self, notes: &mut Notes, id: &str) {
        let known = [AccountKind::Provider, AccountKind::Organization]
            .into_iter()
            .any(|kind| self.snapshot.account_of(kind, id).is_some());
        if !known {
            let cure = "add its record or mend the name";
            notes.error("platform", format!("there is no provider or organization `{id}`; {cure}"));
        }
    }
}
