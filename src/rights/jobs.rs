//! Who builds, edits, deletes, runs and sees the jobs of a platform.
//!
//! Promises: rights are the union of what a login and its groups are granted, and no grant takes away what another one
//! gives; without the feature `provisioning-jobs` nobody may do anything with a job, the administrator included; an
//! account's own level gives no right to a job. Read next: `grant` for who edits what is read here.

use crate::model::{Grant, Holder, Job, JobKind, RecordKind, RecordRef};
use crate::rights::permit::Keys;
use crate::rights::{Account, Add, Change, Denial, Permit, Remove, Rule};
use crate::snapshot::Snapshot;

/// What somebody may do with the jobs of a platform.
#[derive(Clone)]
pub struct JobRights<'s> {
    platform: String,
    /// Whether it is the administrator, who sees jobs even where nobody may run them.
    is_administrator: bool,
    /// Whether the feature is on.
    is_licensed: bool,
    /// The grants of the platform that count.
    grants: Vec<&'s Grant>,
}

/// How much of a job somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobSight {
    /// Its name, and what a form of it asks for.
    Form,
    /// Everything, and every run of it.
    Whole,
}

impl<'s> JobRights<'s> {
    /// Finds out what an account, and the login that stands behind it, may do with the jobs of a platform.
    ///
    /// A login that is not there, is disabled, or is another account's gives nothing.
    pub fn of(snapshot: &'s Snapshot, account: Account<'_>, login: Option<&str>, platform: &str) -> Self {
        let known = login
            .map(|id| snapshot.login(id).filter(|login| login.enabled && *login.account == *account.id()));
        let mut rights = Self::none(platform);
        rights.is_administrator = matches!(account, Account::Administrator) && known != Some(None);
        rights.is_licensed = snapshot.config().features.provisioning_jobs;
        let Some(login) = known.flatten() else {
            return rights;
        };
        let holds = |grant: &&Grant| match &grant.holder {
            Holder::Login(id) => **id == *login.id,
            Holder::Group(id) => {
                let group = snapshot.group(id);
                group.is_some_and(|group| group.logins.iter().any(|member| **member == *login.id))
            }
        };
        let counts = |grant: &&Grant| grant.provisioning && *grant.platform == *platform && holds(grant);
        rights.grants = snapshot.grants().filter(counts).collect();
        rights
    }

    /// Has somebody may nothing with the jobs of a platform.
    pub fn none(platform: &str) -> Self {
        let platform = platform.to_owned();
        Self { platform, is_administrator: false, is_licensed: false, grants: Vec::new() }
    }

    /// Tells whether everything is allowed with the jobs of a kind but editing them, which for bulk jobs takes more.
    pub fn administers(&self, kind: JobKind) -> bool {
        let by_switch = |grant: &&Grant| match kind {
            JobKind::Bulk => grant.bulk_admin,
            JobKind::OnDemand => grant.on_demand_admin,
        };
        self.administers_all() || self.is_licensed && self.grants.iter().any(by_switch)
    }

    /// Tells whether everything is allowed with every job of the platform.
    pub fn administers_all(&self) -> bool {
        let by_grant = || self.grants.iter().any(|grant| grant.provisioning_administrator);
        self.is_licensed && (self.is_administrator || by_grant())
    }

    /// Tells whether jobs of a kind may be built.
    pub fn may_create(&self, kind: JobKind) -> bool {
        self.administers(kind)
    }

    /// Tells whether jobs of a kind may be edited; bulk jobs by an administrator of all jobs alone.
    pub fn may_edit(&self, kind: JobKind) -> bool {
        match kind {
            JobKind::Bulk => self.administers_all(),
            JobKind::OnDemand => self.administers(kind),
        }
    }

    /// Tells whether jobs of a kind may be deleted.
    pub fn may_delete(&self, kind: JobKind) -> bool {
        self.administers(kind)
    }

    /// Tells whether a job may be run.
    pub fn may_run(&self, job: &Job) -> bool {
        self.is_of(job) && (self.administers(job.kind) || self.is_licensed && self.permits(job))
    }

    /// Tells whether anything is known of a job.
    pub fn may_see(&self, job: &Job) -> bool {
        self.sight(job).is_some()
    }

    /// Tells how much of a job is seen; nothing of it where there is none.
    pub fn sight(&self, job: &Job) -> Option<JobSight> {
        if !self.is_of(job) {
            return None;
        }
        if self.is_administrator || self.administers(job.kind) {
            return Some(JobSight::Whole);
        }
        self.may_run(job).then_some(JobSight::Form)
    }

    /// Tells whether there is any right at all.
    pub fn is_any(&self) -> bool {
        self.is_administrator || self.is_licensed && !self.grants.is_empty()
    }

    fn is_of(&self, job: &Job) -> bool {
        *job.platform == *self.platform
    }

    /// Tells whether a job is on a list of jobs of its kind.
    fn permits(&self, job: &Job) -> bool {
        self.grants.iter().any(|grant| {
            let listed = match job.kind {
                JobKind::Bulk => &grant.bulk_jobs,
                JobKind::OnDemand => &grant.on_demand_jobs,
            };
            listed.iter().any(|id| **id == *job.id)
        })
    }

    /// Decides whether a job of a kind may be built.
    ///
    /// # Errors
    /// The feature is off, or no grant says so; who has no right on the platform is told as if there were none.
    pub fn add_job(&self, kind: JobKind, id: &str) -> Result<Permit<Add>, Denial> {
        let rule = self.decide(self.may_create(kind), kind, "build")?;
        Ok(Permit::new(RecordRef::new(RecordKind::Job, id), rule, Keys::All))
    }

    /// Decides whether keys of a job may be changed.
    ///
    /// # Errors
    /// As with [`JobRights::add_job`]; a job that is not seen is told of like none.
    pub fn edit_job(&self, job: &Job) -> Result<Permit<Change>, Denial> {
        self.see_job(job)?;
        let rule = self.decide(self.may_edit(job.kind), job.kind, "edit")?;
        Ok(Permit::new(
            RecordRef::new(RecordKind::Job, &job.id),
            rule,
            Keys::AllBut(&["id", "kind", "platform"]),
        ))
    }

    /// Decides whether a job may be deleted; [`crate::rights::Actor::forget_job`] then takes it out of lists.
    ///
    /// # Errors
    /// As with [`JobRights::edit_job`].
    pub fn remove_job(&self, job: &Job) -> Result<Permit<Remove>, Denial> {
        self.see_job(job)?;
        let rule = self.decide(self.may_delete(job.kind), job.kind, "delete")?;
        Ok(Permit::new(RecordRef::new(RecordKind::Job, &job.id), rule, Keys::All))
    }

    /// Decides whether a job may be run.
    ///
    /// # Errors
    /// As with [`JobRights::edit_job`].
    pub fn run_job(&self, job: &Job) -> Result<Rule, Denial> {
        self.see_job(job)?;
        self.decide(self.may_run(job), job.kind, "run")
    }

    /// Decides whether a job is seen.
    ///
    /// # Errors
    /// It is of another platform, or on no list and of a kind that is not administered.
    pub fn see_job(&self, job: &Job) -> Result<Rule, Denial> {
        if self.may_see(job) {
            return Ok(self.rule());
        }
        Err(Denial::new(Rule::Jobs, "the job is not in the login's sight").hidden())
    }

    fn decide(&self, may: bool, kind: JobKind, act: &str) -> Result<Rule, Denial> {
        if may {
            return Ok(self.rule());
        }
        if !self.is_any() {
            return Err(Denial::new(Rule::Jobs, "the platform is not in the login's sight").hidden());
        }
        if !self.is_licensed {
            let why = "delegated provisioning is off; switch on `[features] provisioning-jobs` first";
            return Err(Denial::new(Rule::Jobs, why));
        }
        let (platform, kind) = (&self.platform, kind.word());
        let why = format!("no grant of yours lets you {act} {kind} jobs of `{platform}`");
        Err(Denial::new(Rule::Jobs, why))
    }

    fn rule(&self) -> Rule {
        if self.is_administrator { Rule::Administrator } else { Rule::Jobs }
    }
}
