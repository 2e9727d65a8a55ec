//! Settings after inheritance, as templates see them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Object, Value as Seen};

use crate::model::{LineKey, Preset, SETTINGS, SettingId, Settings, Value};
use crate::render::Secrets;
use crate::render::objects::secret;

/// The value of every setting, by its place in the vocabulary.
#[derive(Debug, Clone)]
pub(super) struct Effective {
    seen: Vec<Seen>,
    keys: Option<Box<[LineKey]>>,
    secrets: Secrets,
}

impl Effective {
    /// Begins with what holds where no level says anything.
    pub(super) fn presets(secrets: Secrets) -> Self {
        static PRESETS: OnceLock<Vec<Seen>> = OnceLock::new();
        let seen = PRESETS.get_or_init(|| SETTINGS.iter().map(|setting| preset(setting.preset)).collect());
        Self { seen: seen.clone(), keys: None, secrets }
    }

    /// Puts a level over those before it.
    pub(super) fn over(&mut self, level: &Settings) {
        for (id, value) in level.iter() {
            if let Value::LineKeys(keys) = value {
                self.keys = Some(keys.clone());
            }
            self.seen[id.index()] = self.seen(value);
        }
    }

    /// Gives the value of a setting.
    pub(super) fn get(&self, id: SettingId) -> Seen {
        self.seen[id.index()].clone()
    }

    /// Replaces the value of a setting.
    pub(super) fn set(&mut self, id: SettingId, seen: Seen) {
        self.seen[id.index()] = seen;
    }

    /// Gives the keys beside the display, when a level sets them.
    pub(super) fn keys(&self) -> Option<&[LineKey]> {
        self.keys.as_deref()
    }

    fn seen(&self, value: &Value) -> Seen {
        match value {
            Value::Bool(flag) => Seen::from(*flag),
            Value::Integer(number) => Seen::from(*number),
            Value::LineKeys(_) => Seen::from(()),
            Value::Secret(text) => secret(text, self.secrets),
            Value::Text(text) => Seen::from(&**text),
            Value::Texts(texts) => texts.iter().map(|text| Seen::from(&**text)).collect(),
        }
    }
}

fn preset(preset: Preset) -> Seen {
    match preset {
        Preset::Bool(flag) => Seen::from(flag),
        Preset::Integer(number) => Seen::from(number),
        Preset::Text(text) => Seen::from(text),
        Preset::Texts(texts) => texts.iter().map(|text| Seen::from(*text)).collect(),
        Preset::Unset => Seen::from(()),
    }
}

/// Settings under their names with underscores.
impl Object for Effective {
    fn get_value(self: &Arc<Self>, key: &Seen) -> Option<Seen> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Seen> {
        by_underscored(key).map(|id| self.seen[id.index()].clone())
    }
}

/// Finds a setting by its name as templates write it: with underscores.
pub(super) fn by_underscored(name: &str) -> Option<SettingId> {
    static NAMES: OnceLock<HashMap<String, SettingId>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let id = |name| SettingId::find(name).map(|id| (str::replace(name, "-", "_"), id));
        SETTINGS.iter().filter_map(|setting| id(setting.name)).collect()
    });
    names.get(name).copied()
}
