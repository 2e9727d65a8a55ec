//! What somebody may be told of records that an edit touches: nothing of what is out of its sight.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use similar::TextDiff;

use crate::audit::{DOTS, differences};
use crate::edit::Draft;
use crate::model::{RecordKind, RecordRef, Serial};
use crate::operation::Fields;
use crate::operation::engine::Changed;
use crate::operation::record::{self, Secrets};
use crate::rights::{Account, Actor};

/// Most bytes of files that are compared line by line.
const LARGE: usize = 1 << 20;

/// Tells whether an actor sees a record.
pub(super) fn sees(actor: &Actor<'_>, record: &RecordRef) -> bool {
    let (snapshot, key) = (actor.snapshot(), record.key.as_str());
    match record.kind {
        RecordKind::Device => {
            snapshot.phone_by_serial(key).is_some_and(|phone| actor.see_device(&phone).is_ok())
        }
        RecordKind::Extension | RecordKind::Organization | RecordKind::Provider | RecordKind::User => {
            Account::find(snapshot, key).is_some_and(|account| actor.see_account(account).is_ok())
        }
        RecordKind::Login => snapshot.login(key).is_some_and(|login| actor.see_login(login).is_ok()),
        RecordKind::Template => {
            snapshot.template(key).is_some_and(|template| actor.see_template(template).is_ok())
        }
        RecordKind::Token => snapshot.token(key).is_some_and(|token| actor.see_token(token).is_ok()),
        // Who sees a job is for its grants to say, and whoever edits one does.
        RecordKind::Job => true,
        RecordKind::Grant | RecordKind::Group => actor.see_grants().is_ok(),
        RecordKind::Preferences => actor.is_administrator(),
    }
}

/// Puts dots in the place of whatever a record names that is out of an actor's sight.
pub(super) fn hide(actor: &Actor<'_>, fields: &mut Fields) {
    if actor.is_administrator() {
        return;
    }
    let snapshot = actor.snapshot();
    let known = |id: &str| Account::find(snapshot, id).is_none_or(|account| actor.knows(account));
    let is_template = |id: &str| {
        let template = snapshot.template(id);
        template.is_none_or(|template| actor.see_template(template).is_ok())
    };
    for (key, value) in fields.iter_mut() {
        match (key.as_str(), value) {
            ("account" | "organization" | "owner" | "provider" | "user", value) => dots(value, known),
            ("template", value) => dots(value, is_template),
            ("lines", Value::Array(lines)) => lines.iter_mut().for_each(|line| dots(line, known)),
            _ => (),
        }
    }
}

fn dots(value: &mut Value, is_known: impl Fn(&str) -> bool) {
    if value.as_str().is_some_and(|id| !is_known(id)) {
        *value = DOTS.into();
    }
}

/// Compares the records before and after as a unified diff, secrets masked.
///
/// The administrator sees the files themselves, unless they are large: then the records that change. A file may hold records of others, and its name may tell of them, so
/// that everybody else sees the keys that change of the records in its own sight.
pub(super) fn files(before: &Actor<'_>, after: &Actor<'_>, draft: &Draft, changes: &[Changed]) -> String {
    if before.is_administrator() && draft.bytes() <= LARGE {
        return draft.diff();
    }
    let mut diff = String::new();
    for Changed { before: old, after: new } in joined(changes) {
        let fields = |actor: &Actor<'_>, record: &Option<RecordRef>| {
            let seen = record.as_ref().filter(|record| sees(actor, record));
            seen.and_then(|record| record::of(actor.snapshot(), record, Secrets::Write))
        };
        let (old_fields, new_fields) = (fields(before, &old), fields(after, &new));
        let (mut was, mut is) = differences(
            old_fields.as_ref().unwrap_or(&Fields::new()),
            new_fields.as_ref().unwrap_or(&Fields::new()),
        );
        if was == is && old_fields.is_some() == new_fields.is_some() {
            continue;
        }
        hide(before, &mut was);
        hide(after, &mut is);
        let name = |record: &Option<RecordRef>, is_there: bool| match record {
            Some(record) if is_there => name_of(record),
            _ => "/dev/null".to_owned(),
        };
        let (from, to) = (name(&old, old_fields.is_some()), name(&new, new_fields.is_some()));
        let kind = old.as_ref().or(new.as_ref()).map_or("", |record| record.kind.word());
        let (was, is) = match (old_fields.is_some(), new_fields.is_some()) {
            (true, true) => (written("", &was), written("", &is)),
            (true, false) => (written(kind, &was), String::new()),
            _ => (String::new(), written(kind, &is)),
        };
        diff += &TextDiff::from_lines(&was, &is).unified_diff().header(&from, &to).to_string();
    }
    diff
}

/// Puts together what becomes of each record over several edits, in the order in which they touch it first.
fn joined(changes: &[Changed]) -> Vec<Changed> {
    let mut all: Vec<Changed> = Vec::new();
    let mut known: BTreeMap<(&'static str, &str), usize> = BTreeMap::new();
    for change in changes {
        let found = change.before.as_ref().and_then(|old| known.remove(&(old.kind.word(), old.key.as_str())));
        let at = found.unwrap_or(all.len());
        match all.get_mut(at) {
            Some(first) => first.after.clone_from(&change.after),
            None => all.push(change.clone()),
        }
        known.extend(change.after.as_ref().map(|new| ((new.kind.word(), new.key.as_str()), at)));
    }
    all
}

/// Names a record for people: a device by its public id, never by its serial.
fn name_of(record: &RecordRef) -> String {
    let id = match record.key.parse::<Serial>() {
        Ok(serial) if record.kind == RecordKind::Device => serial.public_id(),
        _ => record.key.to_string(),
    };
    format!("{} {id}", record.kind.word()).trim_end().to_owned()
}

/// Writes keys as the files have them, one a line, those of tables after a point.
fn written(kind: &str, fields: &Fields) -> String {
    let mut text = if kind.is_empty() { String::new() } else { format!("[[{kind}]]\n") };
    lines(&mut text, "", fields);
    text
}

fn lines(text: &mut String, table: &str, fields: &Fields) {
    for (key, value) in fields {
        match value {
            Value::Object(inner) => lines(text, &format!("{table}{key}."), inner),
            // A string takes whatever is written.
            value => writeln!(text, "{table}{key} = {value}").unwrap_or_default(),
        }
    }
}
