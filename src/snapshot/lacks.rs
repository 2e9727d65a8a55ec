//! What is asked of a phone that it cannot do, in words for whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::catalog::{Firmware, Model};
use crate::document::Fault;
use crate::model::{Kind, Preset, RecordKind, RecordRef, SettingId, Settings, SipTransport, Value};
use crate::snapshot::Snapshot;
use crate::snapshot::check::{Checker, Notes};

/// A setting that a phone cannot do as it is set, and why, as a clause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// The setting.
    pub setting: SettingId,
    /// Like "cannot do `ldap-tls`: it speaks LDAP in clear only".
    pub what: String,
}

/// Finds what one level sets that phones of a model and firmware cannot do.
///
/// A value that holds anyway where nobody sets one asks for nothing.
pub fn lacks<'l>(
    model: &'l Model,
    firmware: &'l Firmware,
    settings: &'l Settings,
) -> impl Iterator<Item = Lack> + use<'l> {
    settings.iter().filter(|(id, value)| !is_preset(*id, value)).filter_map(|(setting, value)| {
        let name = setting.setting().name;
        let what = match firmware.without.get(&setting) {
            Some(reason) => format!("cannot do `{name}`: {reason}"),
            None => {
                let missing = missing(model, firmware, setting, value);
                let verb =
                    if setting.setting().kind == Kind::LineKeys { "has no keys of type" } else { "has no" };
                (!missing.is_empty()).then(|| format!("{verb} `{}` for `{name}`", missing.join("`, `")))?
            }
        };
        Some(Lack { setting, what })
    })
}

/// Names the words of a value that the firmware has none of its own for.
fn missing<'v>(model: &Model, firmware: &Firmware, id: SettingId, value: &'v Value) -> Vec<&'v str> {
    let lacks = |word: &&str| firmware.values.has(id, word) == Some(false);
    match value {
        Value::Text(word) => Some(&**word).into_iter().filter(lacks).collect(),
        Value::Texts(words) => words.iter().map(|word| &**word).filter(lacks).collect(),
        Value::LineKeys(keys) if model.line_keys > 0 || model.expansion_modules > 0 => {
            let mut kinds: Vec<&str> = keys.iter().map(|key| key.kind.word()).filter(lacks).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        }
        Value::Bool(_) | Value::Integer(_) | Value::LineKeys(_) | Value::Secret(_) => Vec::new(),
    }
}

fn is_preset(id: SettingId, value: &Value) -> bool {
    match (id.setting().preset, value) {
        (Preset::Bool(preset), Value::Bool(value)) => preset == *value,
        (Preset::Integer(preset), Value::Integer(value)) => preset == *value,
        (Preset::Text(preset), Value::Text(value)) => *preset == **value,
        (Preset::Texts(preset), Value::Texts(value)) => {
            value.iter().map(|text| &**text).eq(preset.iter().copied())
        }
        // What switches off, or keeps a place free, asks for nothing.
        (_, Value::Bool(false)) => true,
        (_, Value::LineKeys(keys)) => keys.is_empty(),
        _ => false,
    }
}

impl Snapshot {
    /// Warns of what accounts' settings, and those of the server in the file `config`, ask of phones below them that
    /// cannot do it; looks at every phone.
    pub fn lacks_below(&self, config: &Path) -> Vec<Fault> {
        let mut found: BTreeMap<(&Path, u32, String), BTreeSet<&str>> = BTreeMap::new();
        for phone in self.phones() {
            let (model, firmware, accounts) = (phone.model, phone.firmware, phone.accounts());
            let place = |kind, id: &str| self.written_at(&RecordRef { kind, key: id.into() });
            let levels = [
                accounts.provider.map(|own| (place(RecordKind::Provider, &own.id), &own.settings)),
                accounts.organization.map(|own| (place(RecordKind::Organization, &own.id), &own.settings)),
                accounts.user.map(|own| (place(RecordKind::User, &own.id), &own.settings)),
                Some((Some((config, 0)), &self.config.settings)),
            ];
            for (place, settings) in levels.into_iter().flatten() {
                let Some((path, line)) = place else {
                    continue;
                };
                for Lack { what, .. } in lacks(model, firmware, settings) {
                    found.entry((path, line, what)).or_default().insert(&model.id);
                }
            }
        }
        let told = found.into_iter().map(|((path, line, what), models)| {
            let models: Vec<&str> = models.into_iter().collect();
            let named = models.iter().take(MODELS_NAMED).copied().collect::<Vec<_>>().join("`, `");
            let more = match models.len().saturating_sub(MODELS_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let noun = if models.len() == 1 { "model" } else { "models" };
            let message = format!(
                "{noun} `{named}`{more}, in use below it, {what}; do without, or set it where it can be done"
            );
            Fault::warning(path, line, message).of_key("settings")
        });
        told.collect()
    }
}

/// Most models that a warning names.
const MODELS_NAMED: usize = 5;

impl Checker<'_> {
    /// Warns of what the device's own settings, and those of its lines, ask of a phone that cannot do it.
    pub(super) fn lacks(&self, notes: &mut Notes, model: &Model, firmware: &Firmware) {
        let Some(phone) = self.snapshot.phone(notes.place) else {
            return;
        };
        for Lack { what, .. } in lacks(model, firmware, &phone.device.settings) {
            let cure = "leave it out, or choose another model";
            notes.warning("settings", format!("model `{}` {what}; {cure}", model.id));
        }
        if let Some(reason) = firmware.without_network.as_ref().filter(|_| phone.device.network.is_some()) {
            let cure = "leave it out, and have DHCP or the phone's own menu tell it";
            notes.warning("network", format!("model `{}` cannot do `network`: {reason}; {cure}", model.id));
        }
        if let Some(reason) = firmware.unproven.as_ref().filter(|_| phone.template().is_none()) {
            let cure = "try it before others get one, or give it a template of your own";
            notes.warning("model", format!("model `{}` is not proven: {reason}; {cure}", model.id));
        }
        for line in phone.lines() {
            let number = &line.extension.number;
            let transport = line.extension.sip.transport.map(SipTransport::word);
            let lost =
                transport.filter(|word| firmware.values.has(SettingId::TRANSPORT, word) == Some(false));
            let transport = lost.map(|word| format!("has no `{word}` for `transport`"));
            let settings = lacks(model, firmware, &line.extension.settings).map(|lack| lack.what);
            for what in settings.chain(transport) {
                let cure = "leave it out, or put the extension on another phone";
                notes.warning(
                    "lines",
                    format!("model `{}`, asked by extension `{number}`, {what}; {cure}", model.id),
                );
            }
        }
    }
}
