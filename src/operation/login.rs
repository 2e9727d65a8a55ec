//! Operations on logins and tokens.
//!
//! Promises: a password is hashed before it is in any draft, and neither it nor its hash is in an answer; a token is
//! shown once, when it is made.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::login::{HashError, NewToken, hash_password, parse_time};
use crate::model::{Login, RecordKind, RecordRef, Secret, Token, TokenScope, check_id};
use crate::operation::account::{change, find as find_account, written};
use crate::operation::asked::{choice, invalid, keeps_its_name, new_record, only, required, taken, text};
use crate::operation::changes::{changes, keys};
use crate::operation::engine::{Applied, Changed, home};
use crate::operation::look::part;
use crate::operation::record::{self, Secrets};
use crate::operation::{Code, Fields, Page, Problem, grant, group, version};
use crate::rights::Actor;

/// How long a token lasts that says nothing of it.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// Lists logins, by id.
pub(super) fn list(actor: &Actor<'_>, page: Page) -> Result<Value, Problem> {
    let seen = actor.snapshot().logins().filter(|login| actor.see_login(login).is_ok());
    let mut logins: Vec<&Login> = seen.collect();
    logins.sort_by_key(|login| &login.id);
    Ok(part(&logins, page, |login| Value::Object(told(actor, login))))
}

/// Shows a login.
pub(super) fn show(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    let login = find(actor, called)?;
    let mut fields = told(actor, login);
    let record = RecordRef::new(RecordKind::Login, &login.id);
    fields.insert("version".to_owned(), json!(version(actor.snapshot(), &record)));
    Ok(Value::Object(fields))
}

fn told(actor: &Actor<'_>, login: &Login) -> Fields {
    let mut fields = record::login(login, Secrets::Mask);
    fields.remove("password");
    let tokens = actor.snapshot().tokens().filter(|token| *token.login == *login.id).count();
    fields.insert("has-password".to_owned(), json!(login.password.is_some()));
    fields.insert("tokens".to_owned(), json!(tokens));
    fields
}

/// Lists tokens, of one login or of all that the actor sees, by login and then id.
pub(super) fn tokens(actor: &Actor<'_>, login: Option<&str>, page: Page) -> Result<Value, Problem> {
    let login = login.map(|id| find(actor, id).map_err(|problem| problem.of_field("login"))).transpose()?;
    let wanted = |token: &&Token| {
        login.is_none_or(|login| *token.login == *login.id) && actor.see_token(token).is_ok()
    };
    let mut tokens: Vec<&Token> = actor.snapshot().tokens().filter(wanted).collect();
    tokens.sort_by_key(|token| (&token.login, &token.id));
    Ok(part(&tokens, page, |token| Value::Object(told_of(token))))
}

fn told_of(token: &Token) -> Fields {
    let mut fields = record::token(token, Secrets::Mask);
    fields.remove("hash");
    let end = token.expires.as_deref().map(parse_time);
    let is_over = end.is_some_and(|end| end.is_none_or(|end| end <= SystemTime::now()));
    fields.insert("over".to_owned(), json!(is_over));
    fields
}

/// Adds a login; for the actor itself, where no account is named.
pub(super) fn add(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let mut fields = new_record(asked)?;
    if text(&fields, "account")?.is_none() {
        fields.insert("account".to_owned(), json!(actor.account().id()));
    }
    let called = text(&fields, "account")?.unwrap_or_default().to_owned();
    let account = find_account(actor, &called).map_err(|problem| problem.of_field("account"))?;
    let id = required(&fields, "id", check_id)?.to_owned();
    let permit = actor.add_login(account, &id);
    let permit = permit.map_err(|denial| Problem::denied(denial, "account", &called).of_field("account"))?;
    if actor.snapshot().login(&id).is_some() {
        return Err(taken("id", &id));
    }
    hash(&mut fields)?;
    let (provider, organization) = home(actor.snapshot(), account.id());
    let into = draft.place(provider, organization);
    draft.add(&permit, &into, &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), shown(id)))
}

/// Changes a login: what its fields say already is no change; a password is a new one.
pub(super) fn edit(
    draft: &mut Draft,
    actor: &Actor<'_>,
    called: &str,
    asked: &Fields,
) -> Result<Applied, Problem> {
    let login = find(actor, called)?;
    let mut changes = changes(&record::login(login, Secrets::Write), asked, &defaults());
    let keys = keys(&changes);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let permit = actor.edit_login(login, &keys);
    let permit = permit.map_err(|denial| Problem::denied(denial, "login", called))?;
    keeps_its_name(&changes, "id")?;
    if let Some(account) = text(&changes, "account")? {
        find_account(actor, account).map_err(|problem| problem.of_field("account"))?;
    }
    hash(&mut changes)?;
    change(draft, actor, &permit, &changes)?;
    Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(login.id.to_string())))
}

/// Removes a login with its tokens and grants; it leaves its groups.
pub(super) fn remove(draft: &mut Draft, actor: &Actor<'_>, called: &str) -> Result<Applied, Problem> {
    let login = find(actor, called)?;
    let permit = actor.remove_login(login);
    let permit = permit.map_err(|denial| Problem::denied(denial, "login", called))?;
    let mut applied = Applied::removed(permit.record().clone(), permit.rule());
    for token in actor.snapshot().tokens().filter(|token| *token.login == *login.id) {
        let permit = actor.revoke_token(token);
        let permit = permit.map_err(|denial| Problem::denied(denial, "token", &token.id))?;
        let at = written(actor, &permit)?;
        draft.remove(&permit, &at)?;
        applied.changes.push(Changed { before: Some(permit.record().clone()), after: None });
    }
    applied.changes.extend(grant::remove_held(draft, actor, &permit)?);
    applied.changes.extend(group::forget_login(draft, actor, &permit)?);
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(applied)
}

/// Makes a token, whose secret half is shown once.
pub(super) fn add_token(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    only(asked, &["expires", "login", "name", "scope"])?;
    let called =
        text(asked, "login")?.ok_or_else(|| invalid("login", "is missing; say whose token it is"))?;
    let login = find(actor, called).map_err(|problem| problem.of_field("login"))?;
    let scope = text(asked, "scope")?.unwrap_or("read");
    choice("scope", scope, TokenScope::ALL)?;
    let (now, name) = (SystemTime::now(), text(asked, "name")?.unwrap_or_default());
    let expires = expires(text(asked, "expires")?, now)?;
    let NewToken { id, hash, token } =
        NewToken::generate().map_err(|error| Problem::new(Code::Failed, error.to_string()))?;
    let permit = actor.add_token(login, &id);
    let permit = permit.map_err(|denial| Problem::denied(denial, "login", called).of_field("login"))?;
    let mut fields = Fields::new();
    let mut put = |key: &str, value: &str| fields.insert(key.to_owned(), json!(value));
    put("id", &id);
    put("login", &login.id);
    put("hash", hash.expose());
    put("scope", scope);
    put("created", &written_time(now));
    if !name.is_empty() {
        put("name", name);
    }
    if let Some(expires) = expires {
        put("expires", &written_time(expires));
    }
    // Tokens lie beside their login, wherever that is.
    let beside = actor.snapshot().written_at(&RecordRef::new(RecordKind::Login, &login.id));
    let into = beside.map(|(path, _)| path.to_owned());
    let into = into.ok_or_else(|| Problem::not_found("login", called))?;
    draft.add(&permit, &into, &fields)?;
    Ok(Applied::added(permit.record().clone(), permit.rule(), move |actor| {
        let mut told = actor.snapshot().token(&id).map(told_of).unwrap_or_default();
        told.insert("token".to_owned(), json!(token.expose()));
        Value::Object(told)
    }))
}

/// Revokes a token.
pub(super) fn revoke_token(draft: &mut Draft, actor: &Actor<'_>, called: &str) -> Result<Applied, Problem> {
    let found = actor.snapshot().token(called).filter(|token| actor.see_token(token).is_ok());
    let token = found.ok_or_else(|| Problem::not_found("token", called))?;
    let permit = actor.revoke_token(token).map_err(|denial| Problem::denied(denial, "token", called))?;
    let at = written(actor, &permit)?;
    draft.remove(&permit, &at)?;
    Ok(Applied::removed(permit.record().clone(), permit.rule()))
}

/// Finds a login that the actor sees.
pub(super) fn find<'s>(actor: &Actor<'s>, called: &str) -> Result<&'s Login, Problem> {
    let found = actor.snapshot().login(called).filter(|login| actor.see_login(login).is_ok());
    found.ok_or_else(|| Problem::not_found("login", called))
}

/// Puts the hash of a password in its place.
fn hash(fields: &mut Fields) -> Result<(), Problem> {
    let Some(password) = text(fields, "password")?.map(Secret::new) else {
        return Ok(());
    };
    let hash = hash_password(&password).map_err(|error| match error {
        HashError::Invalid(why) => invalid("password", why.0),
        HashError::Failed(_) => Problem::new(Code::Failed, error.to_string()),
    })?;
    fields.insert("password".to_owned(), json!(hash.expose()));
    Ok(())
}

/// Reads when a token ends: a time, how long it lasts (`90d`), or `never`; after a year where nothing is said.
fn expires(word: Option<&str>, now: SystemTime) -> Result<Option<SystemTime>, Problem> {
    let wrong = || invalid("expires", "is no time to come; write 2027-01-31T00:00:00Z, 90d, 12h or never");
    let end = match word {
        None => now.checked_add(LIFETIME),
        Some("never") => return Ok(None),
        Some(word) => parse_time(word)
            .or_else(|| humantime::parse_duration(word).ok().and_then(|lasts| now.checked_add(lasts))),
    };
    // Years of five digits cannot be written.
    let last = parse_time("9999-01-01T00:00:00Z");
    end.filter(|end| *end > now && last.is_some_and(|last| *end < last)).map(Some).ok_or_else(wrong)
}

fn written_time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Shows the login as it is then.
fn shown(id: String) -> impl FnOnce(&Actor<'_>) -> Value + 'static {
    move |actor| show(actor, &id).unwrap_or_default()
}

/// What a login's keys say where its record leaves them out.
fn defaults() -> [(&'static str, Value); 2] {
    [("name", json!("")), ("status", json!("enabled"))]
}
