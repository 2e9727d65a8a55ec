//! Accounts as somebody may see them.

use serde_json::{Value, json};

use crate::model::Level;
use crate::operation::account::{find, is_below};
use crate::operation::asked::choice;
use crate::operation::look::part;
use crate::operation::record::{self, Secrets};
use crate::operation::told::hide;
use crate::operation::{Fields, Page, Problem, extension, version};
use crate::rights::{Account, Actor, Kind};

/// The kinds of accounts that are records of their own, with their words.
pub(super) const KINDS: &[(&str, Kind)] =
    &[("organization", Kind::Organization), ("provider", Kind::Provider), ("user", Kind::User)];

/// Lists accounts of a kind, or all, below an account; the highest first, then by id.
pub(in crate::operation) fn list(
    actor: &Actor<'_>,
    kind: Option<&str>,
    below: Option<&str>,
    page: Page,
) -> Result<Value, Problem> {
    let kind = kind.map(|word| choice("kind", word, KINDS)).transpose()?;
    let below = below.map(|id| find(actor, id).map_err(|problem| problem.of_field("below"))).transpose()?;
    let wanted = |account: &Account<'_>| {
        kind.is_none_or(|kind| account.kind() == kind)
            && below.is_none_or(|above| is_below(actor, *account, above))
            && actor.see_account(*account).is_ok()
    };
    let snapshot = actor.snapshot();
    let providers = snapshot.providers().map(Account::Provider);
    let organizations = snapshot.organizations().map(Account::Organization);
    let users = snapshot.users().map(Account::User);
    let mut accounts: Vec<_> = providers.chain(organizations).chain(users).filter(wanted).collect();
    accounts.sort_by_key(|account| (account.kind(), account.id()));
    Ok(part(&accounts, page, |account| row(actor, *account)))
}

fn row(actor: &Actor<'_>, account: Account<'_>) -> Value {
    let seen = actor.sees_level(account);
    json!({
        "id": account.id(),
        "kind": account.kind().word(),
        "name": name(account),
        "parent": account.parent(actor.snapshot()).filter(|parent| actor.knows(*parent)).map(Account::id),
        "provisioning": seen.then(|| account.level(actor.snapshot()).word()),
    })
}

/// Shows an account, with the levels that the actor may set it to.
pub(in crate::operation) fn show(actor: &Actor<'_>, called: &str) -> Result<Value, Problem> {
    match find(actor, called)? {
        Account::Extension(found) => Ok(extension::whole(actor, found)),
        account => Ok(Value::Object(whole(actor, account))),
    }
}

fn whole(actor: &Actor<'_>, account: Account<'_>) -> Fields {
    let snapshot = actor.snapshot();
    let record = account.record();
    let told = record.as_ref().and_then(|record| record::of(snapshot, record, Secrets::Mask));
    let mut fields = told.unwrap_or_default();
    hide(actor, &mut fields);
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put("id", json!(account.id()));
    put("kind", json!(account.kind().word()));
    put("name", json!(name(account)));
    put("counts", counts(actor, account));
    if let Some(record) = &record {
        put("version", json!(version(snapshot, record)));
        put("settable-levels", levels(actor, account));
        let managed: Vec<&str> =
            Some("roles-management").into_iter().chain(sip_management(account)).collect();
        for key in managed {
            fields.entry(key).or_insert(Value::Bool(true));
        }
    }
    if !actor.sees_level(account) {
        fields.remove("provisioning");
    }
    fields
}

/// Names the key that users alone have.
fn sip_management(account: Account<'_>) -> Option<&'static str> {
    (account.kind() == Kind::User).then_some("sip-management")
}

/// Lists the levels that the actor may choose for an account.
pub(in crate::operation) fn levels(actor: &Actor<'_>, account: Account<'_>) -> Value {
    actor.settable_levels(account).into_iter().map(Level::word).collect()
}

/// Counts what lies below an account, as far as the actor sees it.
fn counts(actor: &Actor<'_>, account: Account<'_>) -> Value {
    let snapshot = actor.snapshot();
    let seen = |found: &Account<'_>| is_below(actor, *found, account) && actor.see_account(*found).is_ok();
    let context = actor.context(account);
    let devices = snapshot.phones();
    let devices =
        devices.filter(|phone| context.see_device(phone).is_ok() && actor.see_device(phone).is_ok());
    let mut counts = Fields::new();
    let mut count = |key: &str, number: usize| counts.insert(key.to_owned(), json!(number));
    if account.kind() == Kind::Administrator {
        count("providers", snapshot.providers().map(Account::Provider).filter(seen).count());
    }
    if account.kind() <= Kind::Provider {
        count("organizations", snapshot.organizations().map(Account::Organization).filter(seen).count());
    }
    if account.kind() <= Kind::Organization {
        count("users", snapshot.users().map(Account::User).filter(seen).count());
    }
    count("extensions", snapshot.extensions().map(Account::Extension).filter(seen).count());
    count("devices", devices.count());
    Value::Object(counts)
}

/// Gives the name for people.
pub(super) fn name(account: Account<'_>) -> &str {
    match account {
        Account::Administrator => "Administrator",
        Account::Provider(provider) => &provider.name,
        Account::Organization(organization) => &organization.name,
        Account::User(user) => &user.name,
        Account::Extension(extension) => &extension.display_name,
    }
}
