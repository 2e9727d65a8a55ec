//! Values to try settings with.

use crate::model::{KeyKind, Kind, Preset, SETTINGS, Setting, SettingId};

/// One setting with a value that differs from those of [`surroundings`].
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) setting: SettingId,
    /// The word of the vocabulary, where the setting has words.
    pub(super) word: Option<&'static str>,
    /// The value as TOML.
    value: String,
}

/// What stands around a setting that is tried: some have effect only beside others, some only without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// Every setting has a value.
    Full,
    /// Nothing has one but the registrar and the directory's server, so that what a URL replaces is seen.
    Plain,
}

impl Surroundings {
    pub(super) const ALL: [Self; 2] = [Self::Full, Self::Plain];

    /// Gives the settings as TOML, with a variant in the place of its setting.
    pub(super) fn text(self, variant: Option<&Variant>) -> String {
        let lines = SETTINGS.iter().filter_map(|setting| {
            let own = variant.filter(|variant| variant.setting.setting().name == setting.name);
            let value = own.map(|variant| variant.value.clone()).or_else(|| self.value(setting))?;
            Some(format!("{} = {value}\n", setting.name))
        });
        lines.collect()
    }

    fn value(self, setting: &Setting) -> Option<String> {
        let value = match (setting.kind, setting.preset) {
            (Kind::Host, _) => quoted(&format!("{}.example.net", setting.name)),
            (Kind::LineKeys, _) => KEYS.to_owned(),
            (Kind::Secret(..), _) => quoted("24680135"),
            (_, Preset::Text(text)) => quoted(text),
            (Kind::Text(_), _) => quoted(setting.name),
            (Kind::Texts(_), Preset::Unset) => "[\"one\"]".to_owned(),
            (Kind::Url, _) => quoted(&format!("http://files.example.net/{}.bin", setting.name)),
            (Kind::Integer(low, _), Preset::Unset) => (low + 99).to_string(),
            _ => return None,
        };
        let is_plain = self == Self::Plain && !matches!(setting.name, "ldap-server" | "registrar");
        (!is_plain).then_some(value)
    }
}

/// A key that is none of the phone's own choice.
const KEYS: &str = "[{ type = \"speed-dial\", value = \"100\", label = \"One\" }]";

impl Variant {
    /// Lists what is tried of every setting.
    pub(super) fn all() -> Vec<Self> {
        SETTINGS.iter().flat_map(Self::of).collect()
    }

    fn of(setting: &Setting) -> Vec<Self> {
        let Some(id) = SettingId::find(setting.name) else {
            return Vec::new();
        };
        let of = |word, value| Self { setting: id, word, value };
        let texts = |texts: &[&str]| texts.iter().map(|text| of(None, quoted(text))).collect::<Vec<_>>();
        match setting.kind {
            Kind::Bool => {
                let usual = setting.preset == Preset::Bool(true);
                vec![of(None, (!usual).to_string())]
            }
            Kind::Choice(words) => {
                let others = words.iter().filter(|word| setting.preset != Preset::Text(word));
                others.map(|word| of(Some(word), quoted(word))).collect()
            }
            Kind::Choices(words) => {
                words.iter().map(|word| of(Some(word), format!("[{}]", quoted(word)))).collect()
            }
            Kind::Host => texts(&["other.example.net"]),
            Kind::Integer(low, high) => {
                let values = [low, low + (high - low) / 3, low + (high - low) / 2, high];
                values.into_iter().map(|value| of(None, value.to_string())).collect()
            }
            Kind::LineKeys => KeyKind::ALL.iter().map(|(word, _)| of(Some(word), key(word))).collect(),
            Kind::Secret(..) => texts(&["13579024"]),
            Kind::Text(_) => texts(&["*55", "other"]),
            Kind::Texts(_) => vec![of(None, "[\"other\"]".to_owned())],
            Kind::Url => texts(&["http://files.example.net/other.bin"]),
            Kind::Zone => texts(&["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
        }
    }

    /// Gives the settings as TOML in which every one that has words has its word of this number, and whether any
    /// has so many.
    pub(super) fn chorus(number: usize) -> Option<String> {
        let mut any = false;
        let lines = SETTINGS.iter().filter_map(|setting| {
            let pick = |words: &[&'static str]| words.get(number).or(words.last()).copied();
            let (count, value) = match setting.kind {
                Kind::Choice(words) => (words.len(), quoted(pick(words)?)),
                Kind::Choices(words) => (words.len(), format!("[{}]", quoted(pick(words)?))),
                Kind::LineKeys => {
                    let words: Vec<&str> = KeyKind::ALL.iter().map(|(word, _)| *word).collect();
                    (words.len(), key(pick(&words)?))
                }
                _ => return None,
            };
            any |= number < count;
            Some(format!("{} = {value}\n", setting.name))
        });
        let text = lines.collect();
        any.then_some(text)
    }

    /// Gives the name that faults call it by.
    pub(super) fn name(&self) -> String {
        let name = self.setting.setting().name;
        self.word.map_or_else(|| name.to_owned(), |word| format!("{name} = {word}"))
    }
}

fn key(word: &str) -> String {
    let value = match word {
        "url" => ", value = \"http://files.example.net/key\"",
        "dnd" | "empty" | "forward" | "line" | "voicemail" => "",
        _ => ", value = \"200\"",
    };
    format!("[{{ type = \"{word}\"{value} }}]")
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
