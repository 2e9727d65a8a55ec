//! Rows that would have the same thing: a record, a serial, a MAC address, an extension on a line.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::{Mac, RecordKind, RecordRef};
use crate::operation::many::text;
use crate::operation::many::work::Judged;
use crate::operation::{Edit, device};
use crate::rights::Actor;
use crate::snapshot::Snapshot;

/// Names the record that an edit is about, as far as it can be told before the edit is decided.
pub(super) fn target(actor: &Actor<'_>, edit: &Edit) -> Option<RecordRef> {
    let of = |kind, key: &str| Some(RecordRef::new(kind, key));
    match edit {
        Edit::DeviceAdd { fields } => {
            // One that is there is known by its serial; a new one that names none by its address.
            let mac = text(fields, "mac").and_then(|mac| mac.parse::<Mac>().ok()).map(|mac| mac.to_string());
            let serial = text(fields, "serial").filter(|serial| *serial != "generate").map(str::to_owned);
            of(RecordKind::Device, &serial.or(mac)?)
        }
        Edit::DeviceClear { device }
        | Edit::DeviceDisable { device }
        | Edit::DeviceEdit { device, .. }
        | Edit::DeviceEnable { device }
        | Edit::DevicePassword { device }
        | Edit::DeviceRemove { device }
        | Edit::DeviceRotate { device } => {
            let found = device::find(actor, device).ok()?;
            of(RecordKind::Device, found.device.serial.expose())
        }
        Edit::ExtensionAdd { fields } => of(RecordKind::Extension, text(fields, "number")?),
        Edit::ExtensionEdit { extension, .. } | Edit::ExtensionRemove { extension } => {
            of(RecordKind::Extension, extension)
        }
        Edit::AccountEdit { account, .. }
        | Edit::AccountRemove { account }
        | Edit::LevelSet { account, .. } => {
            crate::rights::Account::find(actor.snapshot(), account).and_then(|account| account.record())
        }
        _ => None,
    }
}

/// What a record alone can have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Claim {
    Line(String),
    Mac(String),
    Name(RecordKind, String),
}

/// Who claims what.
#[derive(Default)]
pub(super) struct Rivals {
    records: HashMap<RecordRef, usize>,
    values: HashMap<Claim, Vec<usize>>,
}

impl Rivals {
    /// Notes what a row would have; gives the row that changes one of its records already, and notes nothing then.
    pub(super) fn claim(&mut self, row: usize, snapshot: &Snapshot, judged: &[Judged]) -> Option<usize> {
        let records = || {
            judged.iter().flat_map(|judged| {
                judged.changes.iter().flat_map(|change| change.before.iter().chain(&change.after))
            })
        };
        if let Some(other) = records().find_map(|record| self.records.get(record).filter(|at| **at != row)) {
            return Some(*other);
        }
        for record in records() {
            self.records.insert(record.clone(), row);
        }
        for noted in judged.iter().flat_map(|judged| &judged.noted) {
            let Some(fields) = noted.fields() else { continue };
            let record = noted.record();
            let mut claim = |value| {
                let rows = self.values.entry(value).or_default();
                if rows.last() != Some(&row) {
                    rows.push(row);
                }
            };
            if let Some(name) = record.kind.key().and_then(|key| text(fields, key)) {
                claim(Claim::Name(record.kind, name.to_owned()));
            }
            if record.kind != RecordKind::Device {
                continue;
            }
            if let Some(mac) = text(fields, "mac") {
                claim(Claim::Mac(mac.to_owned()));
            }
            let has = snapshot.phone_by_serial(&record.key).map(|phone| &phone.device.lines);
            let lines = fields.get("lines").and_then(Value::as_array).into_iter().flatten();
            for number in lines.filter_map(Value::as_str).filter(|number| !number.is_empty()) {
                let is_new = has.is_none_or(|lines| !lines.iter().flatten().any(|line| line == number));
                if is_new {
                    claim(Claim::Line(number.to_owned()));
                }
            }
        }
        None
    }

    /// Lists the rows that would have what others would have, too: the row, the others, and what.
    pub(super) fn clashes(self) -> Vec<(usize, Vec<usize>, String)> {
        let mut clashes = Vec::new();
        for (value, rows) in self.values.into_iter().filter(|(_, rows)| rows.len() > 1) {
            let what = match value {
                Claim::Line(number) => format!("extension `{number}` on a line"),
                Claim::Mac(mac) => format!("MAC address {mac}"),
                Claim::Name(RecordKind::Device, _) => "the same serial".to_owned(),
                Claim::Name(kind, name) => format!("the {} `{name}`", kind.key().unwrap_or_default()),
            };
            for row in &rows {
                let others = rows.iter().copied().filter(|other| other != row).collect();
                clashes.push((*row, others, what.clone()));
            }
        }
        clashes
    }
}
