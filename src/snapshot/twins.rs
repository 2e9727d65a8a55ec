//! Tells of records that have the same serial, MAC address, number, id or line.
//!
//! Of the records with one key the first, by path and line, is in the right, whichever of them was read before.

use std::collections::HashMap;
use std::hash::Hash;

use crate::document::Severity;
use crate::model::RecordKind;
use crate::snapshot::check::Trouble;
use crate::snapshot::{AccountPlace, LinePlace, Place, Snapshot};

impl Snapshot {
    pub(super) fn serial_twins(&self, twins: Vec<(Place, Place)>) -> Vec<Trouble> {
        self.device_twins("serial", twins, |_| "this serial".to_owned())
    }

    pub(super) fn mac_twins(&self, twins: Vec<(Place, Place)>) -> Vec<Trouble> {
        let mac = |place| self.device(place).mac;
        self.device_twins("mac", twins, |place| {
            mac(place).map_or_else(String::new, |mac| format!("MAC address {mac}"))
        })
    }

    fn device_twins(
        &self,
        key: &'static str,
        twins: Vec<(Place, Place)>,
        what: impl Fn(Place) -> String,
    ) -> Vec<Trouble> {
        let twins = by_first(twins, |place| (&self.slot(place.file).path, place.at));
        let trouble = |(first, place): (Place, Place)| {
            let (what, name) = (what(first), &self.device(first).name);
            let at = self.line_of(RecordKind::Device, first);
            let message =
                format!("{what} already belongs to device `{name}` ({at}); give one of them another");
            Trouble { kind: RecordKind::Device, place, key: Some(key), severity: Severity::Error, message }
        };
        twins.map(trouble).collect()
    }

    pub(super) fn number_twins(&self, twins: Vec<(Place, Place)>) -> Vec<Trouble> {
        let twins = by_first(twins, |place| (&self.slot(place.file).path, place.at));
        let trouble = |(first, place): (Place, Place)| {
            let (number, at) = (&self.extension_at(first).number, self.line_of(RecordKind::Extension, first));
            let message = format!(
                "this number already belongs to extension `{number}` ({at}); give one of them another"
            );
            Trouble {
                kind: RecordKind::Extension,
                place,
                key: Some("number"),
                severity: Severity::Error,
                message,
            }
        };
        twins.map(trouble).collect()
    }

    pub(super) fn account_twins(&self, twins: Vec<(AccountPlace, AccountPlace)>) -> Vec<Trouble> {
        let kind_of = |account: AccountPlace| account.kind.record();
        let twins = by_first(twins, |account| {
            (&self.slot(account.place.file).path, self.line_number(kind_of(*account), account.place))
        });
        let trouble = |(first, second): (AccountPlace, AccountPlace)| {
            let (kind, id, at) =
                (kind_of(first), self.account_id(first), self.line_of(kind_of(first), first.place));
            let message = format!(
                "`{id}` is already the id of a {} ({at}); ids are unique among all accounts",
                kind.word()
            );
            let (kind, place) = (kind_of(second), second.place);
            Trouble { kind, place, key: Some("id"), severity: Severity::Error, message }
        };
        twins.map(trouble).collect()
    }

    /// Tells of extensions on several devices; the same one twice on one device is told when its file is read.
    pub(super) fn line_twins(&self, twins: Vec<(LinePlace, LinePlace)>) -> Vec<Trouble> {
        let order = |line: &LinePlace| (&self.slot(line.device.file).path, line.device.at, line.line);
        let twins = by_first(twins, order).filter(|(first, second)| first.device != second.device);
        let trouble = |(first, second): (LinePlace, LinePlace)| {
            let device = self.device(first.device);
            let number = device.lines[first.line as usize].as_deref().unwrap_or_default();
            let (line, name, at) =
                (first.line + 1, &device.name, self.line_of(RecordKind::Device, first.device));
            let cure = "take it off one of them";
            let message =
                format!("extension `{number}` is already on line {line} of device `{name}` ({at}); {cure}");
            let (kind, place) = (RecordKind::Device, second.device);
            Trouble { kind, place, key: Some("lines"), severity: Severity::Error, message }
        };
        twins.map(trouble).collect()
    }

    /// Gives a record's file and line.
    pub(super) fn line_of(&self, kind: RecordKind, place: Place) -> String {
        format!("{}:{}", self.slot(place.file).path.display(), self.line_number(kind, place))
    }

    /// Gives the line that a record begins on.
    pub(super) fn line_number(&self, kind: RecordKind, place: Place) -> u32 {
        let records = &self.slot(place.file).records;
        match kind {
            RecordKind::Organization => records.organizations.line(place.at),
            RecordKind::Provider => records.providers.line(place.at),
            RecordKind::User => records.users.line(place.at),
            RecordKind::Device => records.devices.line(place.at),
            RecordKind::Extension => records.extensions.line(place.at),
            RecordKind::Grant => records.grants.line(place.at),
            RecordKind::Group => records.groups.line(place.at),
            RecordKind::Job => records.jobs.line(place.at),
            RecordKind::Login => records.logins.line(place.at),
            RecordKind::Preferences => records.preferences.line(place.at),
            RecordKind::Template => records.templates.line(place.at),
            RecordKind::Token => records.tokens.line(place.at),
        }
    }
}

/// Pairs the first of the places with one key with each of the others, given each with the one that an index holds.
pub(super) fn by_first<P: Copy + Eq + Hash, K: Ord>(
    twins: Vec<(P, P)>,
    order: impl Fn(&P) -> K,
) -> impl Iterator<Item = (P, P)> {
    let mut groups: HashMap<P, Vec<P>> = HashMap::new();
    for (held, other) in twins {
        groups.entry(held).or_insert_with(|| vec![held]).push(other);
    }
    for group in groups.values_mut() {
        group.sort_by_key(&order);
    }
    groups.into_values().flat_map(|group| {
        let first = group[0];
        group.into_iter().skip(1).map(move |other| (first, other))
    })
}
