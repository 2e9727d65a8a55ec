//! Records as JSON: the keys of the fleet's files with their values.
//!
//! A key that says nothing but the default is left out. Promises: with [`Secrets::Mask`] no secret is in it.

mod device;
mod jobs;
mod management;
mod settings;

pub(super) use self::device::device;
pub(super) use self::jobs::{grant, group, job};
pub(super) use self::management::{login, preferences, template, token};
pub(super) use self::settings::{raw, settings};

use serde_json::{Value, json};

use crate::model::{Extension, ExtensionKind, Level, Organization, Provider, RecordKind, RecordRef, User};
use crate::operation::Fields;
use crate::snapshot::Snapshot;

/// What stands for a secret that is not to be seen.
pub(super) const MASK: &str = "********";

/// What becomes of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// [`MASK`] stands in their place.
    Mask,
    /// They are written as they are: for comparisons, never for an answer.
    Write,
}

/// Gives a record of a snapshot.
pub(super) fn of(snapshot: &Snapshot, record: &RecordRef, secrets: Secrets) -> Option<Fields> {
    let key = record.key.as_str();
    match record.kind {
        RecordKind::Device => snapshot.phone_by_serial(key).map(|phone| device(phone.device, secrets)),
        RecordKind::Extension => snapshot.extension(key).map(|record| extension(record, secrets)),
        RecordKind::Grant => snapshot.grant(key).map(grant),
        RecordKind::Group => snapshot.group(key).map(group),
        RecordKind::Job => snapshot.job(key).map(|record| job(record, secrets)),
        RecordKind::Login => snapshot.login(key).map(|record| login(record, secrets)),
        RecordKind::Organization => snapshot.organization(key).map(|record| organization(record, secrets)),
        RecordKind::Preferences => snapshot.preferences().map(preferences),
        RecordKind::Provider => snapshot.provider(key).map(|record| provider(record, secrets)),
        RecordKind::Template => snapshot.template(key).map(template),
        RecordKind::Token => snapshot.token(key).map(|record| token(record, secrets)),
        RecordKind::User => snapshot.user(key).map(|record| user(record, secrets)),
    }
}

/// Gives a provider.
pub(super) fn provider(provider: &Provider, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &provider.id);
    put(&mut fields, "name", &provider.name);
    put_level(&mut fields, Some(provider.provisioning));
    put_managed(&mut fields, "roles-management", provider.roles_management);
    put_table(&mut fields, "settings", settings(&provider.settings, secrets));
    put_table(&mut fields, "raw", raw(&provider.raw, secrets));
    fields
}

/// Gives an organization.
pub(super) fn organization(organization: &Organization, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &organization.id);
    put(&mut fields, "provider", &organization.provider);
    put(&mut fields, "name", &organization.name);
    put_level(&mut fields, Some(organization.provisioning));
    put_managed(&mut fields, "roles-management", organization.roles_management);
    put_table(&mut fields, "settings", settings(&organization.settings, secrets));
    put_table(&mut fields, "raw", raw(&organization.raw, secrets));
    fields
}

/// Gives a user.
pub(super) fn user(user: &User, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &user.id);
    put(&mut fields, "organization", &user.organization);
    put(&mut fields, "name", &user.name);
    put_level(&mut fields, Some(user.provisioning));
    put_managed(&mut fields, "roles-management", user.roles_management);
    put_managed(&mut fields, "sip-management", user.sip_management);
    put_table(&mut fields, "settings", settings(&user.settings, secrets));
    put_table(&mut fields, "raw", raw(&user.raw, secrets));
    fields
}

/// Gives an extension.
pub(super) fn extension(extension: &Extension, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "number", &extension.number);
    put(&mut fields, "user", &extension.user);
    if extension.kind != ExtensionKind::PhoneTerminal {
        let word = ExtensionKind::ALL.iter().find(|(_, kind)| *kind == extension.kind);
        put(&mut fields, "kind", word.map_or("", |(word, _)| word));
    }
    put_level(&mut fields, extension.provisioning);
    put(&mut fields, "display-name", &extension.display_name);
    put(&mut fields, "label", &extension.label);
    let (sip, mut told) = (&extension.sip, Fields::new());
    put(&mut told, "user", &sip.user);
    put(&mut told, "auth-user", &sip.auth_user);
    put(&mut told, "server", sip.server.as_deref().unwrap_or_default());
    if let Some(password) = &sip.password {
        put(&mut told, "password", if secrets == Secrets::Write { password.expose() } else { MASK });
    }
    told.extend(sip.port.map(|port| ("port".to_owned(), json!(port))));
    told.extend(sip.transport.map(|transport| ("transport".to_owned(), json!(transport.word()))));
    put_table(&mut fields, "sip", told);
    put_table(&mut fields, "settings", settings(&extension.settings, secrets));
    put_table(&mut fields, "raw", raw(&extension.raw, secrets));
    fields
}

fn put(fields: &mut Fields, key: &str, text: &str) {
    if !text.is_empty() {
        fields.insert(key.to_owned(), Value::from(text));
    }
}

fn put_level(fields: &mut Fields, level: Option<Level>) {
    if let Some(level) = level {
        let word = Level::ALL.iter().find(|(_, known)| *known == level);
        put(fields, "provisioning", word.map_or("", |(word, _)| word));
    }
}

/// Puts what an account may manage, which it may unless its record says otherwise.
fn put_managed(fields: &mut Fields, key: &str, may: bool) {
    if !may {
        fields.insert(key.to_owned(), Value::Bool(false));
    }
}

fn put_table(fields: &mut Fields, key: &str, table: Fields) {
    if !table.is_empty() {
        fields.insert(key.to_owned(), Value::Object(table));
    }
}
