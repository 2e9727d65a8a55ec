//! The edits that undo a change of a record.
//!
//! Promises: a record is then as it was with every key that an edit can write, its serial and secrets among them; the
//! times at which it was added and last changed are the server's own to write.

use serde_json::{Map, Value, json};

use crate::model::{RecordKind, RecordRef};
use crate::operation::engine::Changed;
use crate::operation::{Edit, Fields};

/// Keys that the server writes by itself.
const OWN: &[&str] = &["created", "updated"];

/// Gives the edits that turn a record as it is into what it was.
pub(super) fn inverse(change: &Changed, was: Option<&Fields>, is: Option<&Fields>) -> Vec<Edit> {
    let edit = match (was, is) {
        (None, None) => None,
        (Some(was), Some(is)) => change.after.as_ref().and_then(|record| changed(record, was, is)),
        (Some(was), None) => change.before.as_ref().and_then(|record| removed(record, was)),
        (None, Some(_)) => change.after.as_ref().and_then(added),
    };
    edit.into_iter().collect()
}

/// Undoes a change of a record.
fn changed(record: &RecordRef, was: &Fields, is: &Fields) -> Option<Edit> {
    let mut fields = patch(is, was);
    OWN.iter().for_each(|key| {
        fields.remove(*key);
    });
    let key = record.key.to_string();
    match record.kind {
        RecordKind::Device => Some(Edit::DeviceEdit { device: key, fields }),
        RecordKind::Extension => Some(Edit::ExtensionEdit { extension: key, fields }),
        RecordKind::Login => Some(Edit::LoginEdit { login: key, fields }),
        RecordKind::Organization | RecordKind::Provider | RecordKind::User => {
            Some(Edit::AccountEdit { account: key, fields })
        }
        RecordKind::Preferences => Some(Edit::PreferencesSet { fields }),
        RecordKind::Grant
        | RecordKind::Group
        | RecordKind::Job
        | RecordKind::Template
        | RecordKind::Token => None,
    }
}

/// Puts a record back that was removed.
fn removed(record: &RecordRef, was: &Fields) -> Option<Edit> {
    let mut fields = was.clone();
    OWN.iter().for_each(|key| {
        fields.remove(*key);
    });
    match record.kind {
        RecordKind::Device => {
            // An extension's own device would get its line.
            fields.entry("lines").or_insert_with(|| json!([]));
            Some(Edit::DeviceAdd { fields })
        }
        RecordKind::Extension => Some(Edit::ExtensionAdd { fields }),
        RecordKind::Organization | RecordKind::Provider | RecordKind::User => {
            Some(Edit::AccountAdd { kind: record.kind.word().to_owned(), fields })
        }
        _ => None,
    }
}

/// Takes a record away that was added.
fn added(record: &RecordRef) -> Option<Edit> {
    let key = record.key.to_string();
    match record.kind {
        RecordKind::Device => Some(Edit::DeviceRemove { device: key }),
        RecordKind::Extension => Some(Edit::ExtensionRemove { extension: key }),
        RecordKind::Login => Some(Edit::LoginRemove { login: key }),
        RecordKind::Organization | RecordKind::Provider | RecordKind::User => {
            Some(Edit::AccountRemove { account: key })
        }
        RecordKind::Template => Some(Edit::TemplateRemove { template: key }),
        RecordKind::Token => Some(Edit::TokenRevoke { token: key }),
        RecordKind::Grant | RecordKind::Group | RecordKind::Job | RecordKind::Preferences => None,
    }
}

/// Tables that are there even where nothing is in them, so that null, which would be their default, changes nothing.
const ALWAYS: &[&str] = &["raw", "settings", "sip"];

/// Gives the merge patch (RFC 7396) that turns one table into another.
fn patch(from: &Fields, to: &Fields) -> Fields {
    let mut made = Map::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        let gone = match from.get(key) {
            Some(Value::Object(table)) if ALWAYS.contains(&key.as_str()) => patch(table, &Map::new()).into(),
            _ => Value::Null,
        };
        made.insert(key.clone(), gone);
    }
    for (key, to) in to {
        match (from.get(key), to) {
            (Some(from), to) if from == to => (),
            (Some(Value::Object(from)), Value::Object(to)) => {
                made.insert(key.clone(), Value::Object(patch(from, to)));
            }
            (_, to) => {
                made.insert(key.clone(), to.clone());
            }
        }
    }
    made
}
