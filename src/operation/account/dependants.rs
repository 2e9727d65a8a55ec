//! What hangs on an account, so that it can be neither removed nor moved away from it.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{RecordKind, RecordRef};
use crate::operation::account::is_below;
use crate::operation::engine::Changed;
use crate::operation::{Code, Fields, Problem};
use crate::rights::{Account, Actor, DeviceChange, Kind};
use crate::snapshot::Phone;

/// Most names of a kind that are told.
const NAMES: usize = 5;

/// Checks that nothing hangs on an account: no account below it, no device, no template, no login, no job and
/// no grant.
pub(in crate::operation) fn are_none(actor: &Actor<'_>, account: Account<'_>) -> Result<(), Problem> {
    let (snapshot, id) = (actor.snapshot(), account.id());
    let organizations = snapshot.organizations().map(Account::Organization);
    let users = snapshot.users().map(Account::User);
    let extensions = snapshot.extensions().map(Account::Extension);
    let below = organizations.chain(users).chain(extensions);
    let is_child = |child: &Account<'_>| child.parent(snapshot).is_some_and(|parent| parent.is(account));
    let mut children = [Vec::new(), Vec::new(), Vec::new()];
    for child in below.filter(is_child) {
        let at = match child.kind() {
            Kind::Organization => 0,
            Kind::User => 1,
            _ => 2,
        };
        children[at].push(child.id().to_owned());
    }
    let is_held = |phone: &Phone<'_>| {
        let device = phone.device;
        let assigned = account.kind() == Kind::Organization && device.organization.as_deref() == Some(id);
        assigned || device.owner.as_deref() == Some(id)
    };
    let devices = snapshot.phones().filter(is_held).map(|phone| phone.device.name.to_string());
    let templates = snapshot.templates().filter(|template| template.owner.as_deref() == Some(id));
    let logins = snapshot.logins().filter(|login| &*login.account == id);
    let jobs = snapshot.jobs().filter(|job| *job.platform == *id);
    let grants = snapshot.grants().filter(|grant| *grant.platform == *id);
    let [organizations, users, extensions] = children;
    let held = [
        told("organization", &organizations),
        told("user", &users),
        told("extension", &extensions),
        told("device", &devices.collect::<Vec<_>>()),
        told("template", &templates.map(|template| template.id.to_string()).collect::<Vec<_>>()),
        told("login", &logins.map(|login| login.id.to_string()).collect::<Vec<_>>()),
        told("job", &jobs.map(|job| job.id.to_string()).collect::<Vec<_>>()),
        told("grant", &grants.map(|grant| grant.id.to_string()).collect::<Vec<_>>()),
    ];
    let held: Vec<String> = held.into_iter().flatten().collect();
    if held.is_empty() {
        return Ok(());
    }
    let (kind, held) = (account.kind().word(), held.join(", "));
    let message =
        format!("{kind} `{id}` still has {held}; remove those first, or give them to another account");
    Err(Problem::new(Code::Conflict, message))
}

/// Tells of records of a kind in a few words; nothing where there are none.
fn told(kind: &str, names: &[String]) -> Option<String> {
    let more = if names.len() > NAMES { ", …" } else { "" };
    let listed: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    (!names.is_empty()).then(|| format!("{} {kind}{plural} ({}{more})", names.len(), listed.join(", ")))
}

/// Checks that no device would belong to accounts on both sides after an account moved below another.
///
/// Whatever is the administrator's, above both places, or moves along stays.
pub(super) fn stay_valid(actor: &Actor<'_>, account: Account<'_>, to: Account<'_>) -> Result<(), Problem> {
    let snapshot = actor.snapshot();
    let moves = |found: Account<'_>| found.is(account) || is_below(actor, found, account);
    let stays_above = |found: Account<'_>| to.upwards(snapshot).any(|above| above.is(found));
    for phone in snapshot.phones() {
        let named = |id: Option<&str>| id.and_then(|id| Account::find(snapshot, id));
        let owner = named(phone.device.owner.as_deref());
        let organization = named(phone.device.organization.as_deref());
        let template = snapshot.template(&phone.device.template);
        let template = named(template.and_then(|template| template.owner.as_deref()));
        // Lines of a user that moves are cleared; those of an organization go with it.
        let lines = phone.accounts().organization.map(Account::Organization);
        let lines = lines.filter(|_| account.kind() != Kind::User && organization.is_none());
        let held = [owner, organization, template, lines];
        let along = held.into_iter().flatten().any(moves);
        let other = held.into_iter().flatten().find(|found| !moves(*found) && !stays_above(*found));
        if let Some(other) = other.filter(|_| along) {
            let (name, id, other) = (&phone.device.name, account.id(), other.id());
            let message = format!(
                "device `{name}` is `{id}`'s and `{other}`'s, which would be apart; change its owner, organization or \
                 template first"
            );
            return Err(Problem::new(Code::Conflict, message));
        }
    }
    Ok(())
}

/// Takes the extensions below an account off the lines that they are on; the devices stay.
pub(in crate::operation) fn clear_lines(
    draft: &mut Draft,
    actor: &Actor<'_>,
    account: Account<'_>,
) -> Result<Vec<(Changed, String)>, Problem> {
    let snapshot = actor.snapshot();
    let moves = |number: &str| {
        let found = snapshot.extension(number).map(Account::Extension);
        found.is_some_and(|found| found.is(account) || is_below(actor, found, account))
    };
    let mut cleared = Vec::new();
    for phone in snapshot.phones() {
        let numbers: Vec<Option<&str>> = phone.device.lines.iter().map(Option::as_deref).collect();
        if !numbers.iter().flatten().any(|number| moves(number)) {
            continue;
        }
        let left: Vec<Option<&str>> =
            numbers.iter().map(|number| number.filter(|number| !moves(number))).collect();
        let change = DeviceChange {
            keys: &["lines"],
            owner: None,
            organization: None,
            lines: Some(&left),
            template: None,
            equipment: None,
        };
        let permit = actor.edit_device(&phone, &change);
        let permit = permit.map_err(|denial| Problem::denied(denial, "device", &phone.device.name))?;
        draft.change(&permit, phone.written_at().0, &lines(&left))?;
        let record = RecordRef::new(RecordKind::Device, phone.device.serial.expose());
        let changed = Changed { before: Some(record.clone()), after: Some(record) };
        cleared.push((changed, phone.device.name.to_string()));
    }
    Ok(cleared)
}

/// Gives the fields that have a device keep these lines alone.
pub(in crate::operation) fn lines(left: &[Option<&str>]) -> Fields {
    let used = left.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let lines: Vec<&str> = left[..used].iter().map(|number| number.unwrap_or_default()).collect();
    let lines = if lines.is_empty() { Value::Null } else { json!(lines) };
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Fields::from_iter([("lines".to_owned(), lines), ("updated".to_owned(), json!(now))])
}
