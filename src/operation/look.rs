//! One look: the actor, and the area that answers.

use serde_json::{Value, json};

use crate::operation::{Caller, Code, Page, Problem, Query};
use crate::operation::{account, device, extension, grant, group, job, login, preferences, template};
use crate::rights::{Account, Actor};
use crate::snapshot::Snapshot;

/// Answers a query as the account of `caller` sees it; lists answer with `{"rows": […], "total": N}`.
///
/// # Errors
/// The account may not look, there is nothing of that name as far as it may know, or the query makes no sense.
pub fn look(snapshot: &Snapshot, caller: &Caller, query: &Query) -> Result<Value, Problem> {
    let actor = &acting(snapshot, caller)?;
    match query {
        Query::Self_ => account::look_at_self(actor, caller),
        Query::Accounts { kind, below, page } => {
            account::list(actor, kind.as_deref(), below.as_deref(), *page)
        }
        Query::Account { account } => account::show(actor, account),
        Query::Extensions { below, assignable, page } => {
            extension::list(actor, below.as_deref(), *assignable, *page)
        }
        Query::Extension { extension } => extension::show(actor, extension),
        Query::Devices { filter, page } => device::list(actor, filter, *page),
        Query::Device { device } => device::look(actor, device),
        Query::DeviceOptions { model } => device::options(actor, model.as_deref()),
        Query::Templates { page } => template::list(actor, *page),
        Query::Template { template } => template::show(actor, template),
        Query::TemplatePreview { template, device, file, body } => {
            template::preview(actor, template, device, file.as_deref(), body.as_deref())
        }
        Query::TemplateCheck { template } => template::check(actor, template),
        Query::TemplateExport { template, model } => template::export(actor, template, model.as_deref()),
        Query::Preferences => preferences::show(actor),
        Query::Jobs { filter, page } => job::list(snapshot, caller, filter, *page),
        Query::Job { job } => job::show(snapshot, caller, job),
        Query::JobForm { job } => job::show_form(snapshot, caller, job),
        Query::JobChoices { job, field, text, page } => {
            job::choices(snapshot, caller, job, field, text.as_deref(), *page)
        }
        Query::Logins { page } => login::list(actor, *page),
        Query::Login { login } => login::show(actor, login),
        Query::Groups { page } => group::list(actor, *page),
        Query::Group { group } => group::show(actor, group),
        Query::Grants { login, group, platform, page } => {
            let holder = grant::Of { login: login.as_deref(), group: group.as_deref() };
            grant::list(actor, &holder, platform.as_deref(), *page)
        }
        Query::Grant { grant } => grant::show(actor, grant),
        Query::Tokens { login, page } => login::tokens(actor, login.as_deref(), *page),
    }
}

/// Has the account of a caller act on a snapshot; of a run, its platform by what a grant of it gives.
pub(super) fn acting<'s>(snapshot: &'s Snapshot, caller: &Caller) -> Result<Actor<'s>, Problem> {
    let account = Account::find(snapshot, &caller.account);
    let gone = || {
        let message = format!("there is no account `{}` that could act; name another one", caller.account);
        Problem::new(Code::Forbidden, message)
    };
    let account = account.ok_or_else(gone)?;
    let Some(run) = &caller.run else {
        return Ok(Actor::new(snapshot, account));
    };
    let platform = Account::find(snapshot, &run.platform);
    let platform = platform.ok_or_else(|| Problem::not_found("platform", &run.platform))?;
    let actor = Actor::granted(snapshot, platform);
    let actor = actor.map_err(|denial| Problem::denied(denial, "platform", &run.platform))?;
    Ok(if run.undoes { actor.restoring() } else { actor })
}

/// Gives a part of a list: `{"rows": […], "total": N}`.
pub(super) fn part<T>(rows: &[T], page: Page, show: impl FnMut(&T) -> Value) -> Value {
    let shown: Vec<Value> = rows.iter().skip(page.offset).take(page.limit).map(show).collect();
    json!({ "rows": shown, "total": rows.len() })
}
