//! Operations on extensions and their SIP data.
//!
//! Promises: a SIP password is shown to nobody, but once to whoever had it generated; a line never holds what is no
//! phone terminal; an extension that goes leaves its device behind with a free line.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::generate;
use crate::model::{Extension, ExtensionKind, RecordKind, RecordRef, User, check_number};
use crate::operation::account::{
    self, are_none, change, clear_lines, find as find_account, levels, lines, written,
};
use crate::operation::asked::{choice, invalid, keeps_its_name, level, new_record, required, taken, text};
use crate::operation::changes::{changes, keys};
use crate::operation::engine::{Applied, Changed, home};
use crate::operation::look::part;
use crate::operation::record::{self, Secrets};
use crate::operation::{Code, Fields, Page, Problem, version};
use crate::rights::{Account, Actor, Rule};

/// The word that stands for a password that is to be made.
const GENERATE: &str = "generate";

/// Lists extensions below an account, by number; those that the actor may put on a line alone, where `assignable`.
pub(super) fn list(
    actor: &Actor<'_>,
    below: Option<&str>,
    assignable: bool,
    page: Page,
) -> Result<Value, Problem> {
    let below =
        below.map(|id| find_account(actor, id).map_err(|problem| problem.of_field("below"))).transpose()?;
    let wanted = |extension: &&Extension| {
        let account = Account::Extension(extension);
        below.is_none_or(|above| account.is(above) || account::is_below(actor, account, above))
            && if assignable {
                actor.assignable(extension).is_ok()
            } else {
                actor.see_extension(extension).is_ok()
            }
    };
    let mut extensions: Vec<&Extension> = actor.snapshot().extensions().filter(wanted).collect();
    extensions.sort_by_key(|extension| &extension.number);
    Ok(part(&extensions, page, |extension| row(actor, extension)))
}

fn row(actor: &Actor<'_>, extension: &Extension) -> Value {
    let account = Account::Extension(extension);
    let user = actor.snapshot().user(&extension.user).filter(|user| sees_user(actor, user));
    let seen = actor.sees_level(account);
    json!({
        "number": extension.number.as_str(),
        "display-name": extension.display_name.as_str(),
        "kind": kind(extension),
        "user": user.map(|user| user.id.as_str()),
        "organization": user.map(|user| &*user.organization),
        "provisioning": seen.then(|| account.level(actor.snapshot()).word()),
        "device": device(actor, extension),
    })
}

/// Tells whether the user of an extension may be named: to those who see it, and to those below it.
fn sees_user(actor: &Actor<'_>, user: &User) -> bool {
    actor.see_account(Account::User(user)).is_ok()
        || actor.account().upwards(actor.snapshot()).any(|above| above.is(Account::User(user)))
}

/// Tells of the device that an extension is on, as far as the actor sees it.
fn device(actor: &Actor<'_>, extension: &Extension) -> Value {
    let found = actor.snapshot().assigned(&extension.number);
    let seen = found.filter(|(phone, _)| actor.see_device(phone).is_ok());
    let told = seen.map(|(phone, line)| {
        json!({ "id": phone.device.serial.public_id(), "name": phone.device.name.as_str(), "line": line })
    });
    told.unwrap_or_default()
}

fn kind(extension: &Extension) -> &'static str {
    let known = ExtensionKind::ALL.iter().find(|(_, kind)| *kind == extension.kind);
    known.map_or("", |(word, _)| word)
}

/// Shows an extension.
pub(super) fn show(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    Ok(whole(actor, find(actor, called)?))
}

/// Shows a whole extension: its record, and what follows from it.
pub(super) fn whole(actor: &Actor<'_>, extension: &Extension) -> Value {
    let account = Account::Extension(extension);
    let mut fields = record::extension(extension, Secrets::Mask);
    let assignable = actor.assignable(extension);
    // Without SIP management a user and its extensions know of no SIP data (R9).
    if gate(actor, extension).is_err() {
        fields.remove("sip");
    }
    let seen = actor.sees_level(account);
    if let Value::Object(told) = row(actor, extension) {
        fields.extend(told);
    }
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put("inherits-level", if seen { json!(extension.provisioning.is_none()) } else { Value::Null });
    put("settable-levels", levels(actor, account));
    put("assignable", json!(assignable.is_ok()));
    put("why", json!(assignable.err().map(|denial| denial.why)));
    put("version", json!(version(actor.snapshot(), &record_of(extension))));
    Value::Object(fields)
}

/// Refuses SIP data to users without SIP management, and to their extensions.
fn gate(actor: &Actor<'_>, extension: &Extension) -> Result<(), Problem> {
    match actor.assignable(extension) {
        Err(denial) if denial.rule == Rule::SipManagement => {
            Err(Problem::denied(denial, "extension", &extension.number).of_field("sip"))
        }
        Err(_) | Ok(_) => Ok(()),
    }
}

/// Adds an extension; of a user that adds one itself, where none is named.
pub(super) fn add(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let snapshot = actor.snapshot();
    let mut fields = new_record(asked)?;
    if let (Account::User(user), None) = (actor.account(), text(&fields, "user")?) {
        fields.insert("user".to_owned(), json!(user.id.as_str()));
    }
    let id = text(&fields, "user")?.ok_or_else(|| invalid("user", "is missing; say whose it is"))?;
    let user = user(actor, id)?;
    let number = required(&fields, "number", check_number)?.to_owned();
    let permit = actor.add_extension(user, &number);
    let permit = permit.map_err(|denial| Problem::denied(denial, "user", id).of_field("user"))?;
    if fields.contains_key("sip")
        && let Err(denial) = actor.can_add()
        && denial.rule == Rule::SipManagement
    {
        return Err(Problem::denied(denial, "extension", &number).of_field("sip"));
    }
    let begins_on = level(text(&fields, "provisioning")?)?;
    actor.new_level(begins_on).map_err(|denial| Problem::denied(denial, "extension", &number))?;
    if Account::find(snapshot, &number).is_some() {
        return Err(taken("number", &number));
    }
    if let Some(word) = text(&fields, "kind")? {
        choice("kind", word, ExtensionKind::ALL)?;
    }
    let (provider, organization) = home(snapshot, &user.id);
    let into = draft.place(provider, organization);
    let made = generated(&mut fields)?;
    draft.add(&permit, &into, &fields)?;
    let record = permit.record().clone();
    let told = told_once(made.as_deref());
    Ok(Applied::added(record, permit.rule(), shown(number, made)).making(told))
}

/// Changes an extension: what its fields say already is no change.
///
/// One that goes to a user of another organization leaves the line that it is on.
pub(super) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let extension = find(actor, called)?;
    let denied = |denial| Problem::denied(denial, "extension", called);
    let mut asked = asked.clone();
    let made = generated(&mut asked)?;
    let fields = record::extension(extension, Secrets::Write);
    let changes = changes(&fields, &asked, &defaults());
    let keys = keys(&changes);
    let keys: Vec<&str> = keys.iter().map(|key| key.split('.').next().unwrap_or(key)).collect();
    let permit = actor.edit_extension(extension, &keys).map_err(denied)?;
    keeps_its_name(&changes, "number")?;
    if changes.contains_key("sip") {
        gate(actor, extension)?;
    }
    if let Some(word) = text(&changes, "kind")? {
        stays_a_phone(actor, extension, choice("kind", word, ExtensionKind::ALL)?)?;
    }
    if changes.contains_key("provisioning") {
        let new = level(text(&changes, "provisioning")?)?;
        actor.set_level(Account::Extension(extension), new).map_err(denied)?;
    }
    let mut cleared = Vec::new();
    if let Some(id) = text(&changes, "user")? {
        let to = user(actor, id)?;
        let from = actor.snapshot().user(&extension.user);
        if from.is_none_or(|from| from.organization != to.organization) {
            cleared = clear_lines(draft, actor, Account::Extension(extension))?;
        }
    }
    change(draft, actor, &permit, &changes)?;
    let number = extension.number.to_string();
    let told = told_once(made.as_deref());
    let mut applied =
        Applied::changed(permit.record().clone(), permit.rule(), shown(number, made)).making(told);
    for (device, name) in cleared {
        applied = applied.warning(format!("device `{name}` lost the line of the extension that moved"));
        applied.changes.push(device);
    }
    Ok(applied)
}

/// Checks that an extension on a line remains what can be on one.
fn stays_a_phone(actor: &Actor<'_>, extension: &Extension, new: ExtensionKind) -> Result<(), Problem> {
    if new == ExtensionKind::PhoneTerminal || actor.snapshot().assigned(&extension.number).is_none() {
        return Ok(());
    }
    let message =
        format!("`kind` stays phone-terminal while `{}` is on a line; clear that first", extension.number);
    Err(Problem::new(Code::Conflict, message).of_field("kind"))
}

/// Removes an extension; a line that it is on is cleared.
pub(super) fn remove(draft: &mut Draft, actor: &Actor<'_>, called: &str) -> Result<Applied, Problem> {
    let extension = find(actor, called)?;
    let permit = actor.remove_extension(extension);
    let permit = permit.map_err(|denial| Problem::denied(denial, "extension", called))?;
    are_none(actor, Account::Extension(extension))?;
    let line = actor.snapshot().assigned(&extension.number).zip(actor.clear_line_of(&permit));
    let mut applied = Applied::removed(permit.record().clone(), permit.rule());
    if let Some(((phone, _), clearing)) = line {
        let left: Vec<Option<&str>> = phone.device.lines.iter().map(Option::as_deref).collect();
        let left: Vec<_> =
            left.iter().map(|number| number.filter(|number| *number != extension.number)).collect();
        draft.change(&clearing, phone.written_at().0, &lines(&left))?;
        let device = RecordRef::new(RecordKind::Device, phone.device.serial.expose());
        applied.changes.push(Changed { before: Some(device.clone()), after: Some(device) });
        if actor.see_device(&phone).is_ok() {
            let name = &phone.device.name;
            applied = applied.warning(format!("device `{name}` lost the line of the extension"));
        }
    }
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(applied)
}

/// Finds an extension that the actor sees.
fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<&'s Extension, Problem> {
    let found = actor.snapshot().extension(called).filter(|found| actor.see_extension(found).is_ok());
    found.ok_or_else(|| Problem::not_found("extension", called))
}

/// Finds a user that the actor sees.
fn user<'s>(actor: &Actor<'s>, id: &str) -> Result<&'s User, Problem> {
    let found = actor.snapshot().user(id).filter(|user| actor.see_account(Account::User(user)).is_ok());
    found.ok_or_else(|| Problem::not_found("user", id).of_field("user"))
}

/// Makes the SIP password that is asked to be made; gives it, to be shown once.
fn generated(fields: &mut Fields) -> Result<Option<String>, Problem> {
    let sip = fields.get_mut("sip").and_then(Value::as_object_mut);
    let Some(password) = sip.and_then(|sip| sip.get_mut("password")).filter(|asked| *asked == GENERATE)
    else {
        return Ok(None);
    };
    let made = generate::password().map_err(|error| Problem::new(Code::Failed, error.to_string()))?;
    *password = json!(made);
    Ok(Some(made))
}

/// Shows the extension as it is then, with the password that was made for it.
fn shown(number: String, made: Option<String>) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| {
        let mut told = show(actor, &number).unwrap_or_default();
        if let (Some(made), Some(told)) = (made, told.as_object_mut()) {
            told.insert("sip-password".to_owned(), json!(made));
        }
        told
    }
}

/// Names the password that was made.
fn told_once(made: Option<&str>) -> Fields {
    made.map(|made| ("sip-password".to_owned(), json!(made))).into_iter().collect()
}

fn record_of(extension: &Extension) -> RecordRef {
    RecordRef::new(RecordKind::Extension, &extension.number)
}

/// What an extension's keys say where its record leaves them out.
fn defaults() -> [(&'static str, Value); 6] {
    [
        ("display-name", json!("")),
        ("kind", json!("phone-terminal")),
        ("label", json!("")),
        ("raw", json!({})),
        ("settings", json!({})),
        ("sip", json!({})),
    ]
}
