//! Whoever acts, as it may know itself: its account, and what its login may do with the jobs of platforms.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{Job, JobKind};
use crate::operation::account::show::name;
use crate::operation::{Caller, Problem};
use crate::rights::{Account, Actor, JobRights};

/// Tells the actor of itself: its account, kind, level, what it has any sight of, and its rights over jobs.
pub(in crate::operation) fn look_at_self(actor: &Actor<'_>, caller: &Caller) -> Result<Value, Problem> {
    let account = actor.account();
    let page = actor.sees_page();
    let adding = actor.can_add();
    let parent = account.parent(actor.snapshot()).filter(|parent| actor.knows(*parent));
    let login = caller.login.as_deref().filter(|_| caller.run.is_none());
    Ok(json!({
        "account": account.id(),
        "kind": account.kind().word(),
        "name": name(account),
        "provisioning": actor.level().word(),
        "parent": parent.map(Account::id),
        "sees-devices": page.is_ok(),
        "adds-devices": adding.is_ok(),
        "why": adding.err().or(page.err()).map(|denial| denial.why),
        "login": login,
        "groups": groups(actor, login),
        "provisioning-jobs": actor.snapshot().config().features.provisioning_jobs,
        "platforms": platforms(actor, caller),
    }))
}

/// Lists the groups that a login is in.
fn groups(actor: &Actor<'_>, login: Option<&str>) -> Vec<String> {
    let is_in = |members: &[std::sync::Arc<str>]| members.iter().any(|id| Some(&**id) == login);
    let groups = actor.snapshot().groups().filter(|group| is_in(&group.logins));
    let mut groups: Vec<String> = groups.map(|group| group.id.to_string()).collect();
    groups.sort();
    groups
}

/// Lists the platforms whose jobs mean anything to the caller, with what it may do with them.
///
/// For the administrator, who may build jobs anywhere, those are the platforms that have jobs.
fn platforms(actor: &Actor<'_>, caller: &Caller) -> Vec<Value> {
    let snapshot = actor.snapshot();
    let granted = snapshot.grants().map(|grant| &*grant.platform);
    let known: BTreeSet<&str> = granted.chain(snapshot.jobs().map(|job| &*job.platform)).collect();
    let rights = known.into_iter().map(|platform| (platform, caller.job_rights(snapshot, platform)));
    rights.filter(|(_, rights)| rights.is_any()).map(|(id, rights)| platform(actor, id, &rights)).collect()
}

fn platform(actor: &Actor<'_>, id: &str, rights: &JobRights<'_>) -> Value {
    let account = Account::find(actor.snapshot(), id);
    let kinds = |may: &dyn Fn(JobKind) -> bool| -> Vec<&str> {
        JobKind::ALL.iter().filter(|(_, kind)| may(*kind)).map(|(word, _)| *word).collect()
    };
    let mut runs: Vec<&Job> = actor.snapshot().jobs().filter(|job| rights.may_run(job)).collect();
    runs.sort_by_key(|job| &job.id);
    json!({
        "platform": id,
        "kind": account.map(|account| account.kind().word()),
        "name": account.map(name),
        "creates": kinds(&|kind| rights.may_create(kind)),
        "edits": kinds(&|kind| rights.may_edit(kind)),
        "deletes": kinds(&|kind| rights.may_delete(kind)),
        "runs": runs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(),
    })
}
