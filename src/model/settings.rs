//! Settings as one level gives them, before inheritance.

use crate::model::Secret;
use crate::model::SettingId;

/// What one level (server, provider, organization, user, device, extension) sets; mostly nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(Box<[(SettingId, Value)]>);

impl Settings {
    /// Takes the values that a level gives; a later one for the same setting replaces an earlier one.
    pub fn new(mut values: Vec<(SettingId, Value)>) -> Self {
        values.reverse();
        values.sort_by_key(|(id, _)| *id);
        values.dedup_by_key(|(id, _)| *id);
        Self(values.into_boxed_slice())
    }

    /// Gives this level's own value of a setting.
    pub fn get(&self, id: SettingId) -> Option<&Value> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.0[at].1)
    }

    /// Goes through what this level sets, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (SettingId, &Value)> {
        self.0.iter().map(|(id, value)| (*id, value))
    }

    /// Tells whether this level sets nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A setting's value, of the kind that the vocabulary asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A number.
    Integer(u32),
    /// Keys beside the display.
    LineKeys(Box<[LineKey]>),
    /// A password.
    Secret(Secret),
    /// A text, host, URL, time zone or word.
    Text(Box<str>),
    /// Several texts or words.
    Texts(Box<[Box<str>]>),
}

/// One key beside the display or on an expansion module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineKey {
    /// What pressing it does.
    pub kind: KeyKind,
    /// Number, URL or park slot that it acts on; empty where its kind needs none.
    pub value: Box<str>,
    /// Text beside the key; the value where empty.
    pub label: Box<str>,
    /// Line that it uses, from 1.
    pub line: u8,
    /// Its place, from 1; in a list without places the keys follow one another.
    pub key: u16,
    /// Expansion module that it sits on, from 1; 0 is the phone itself.
    pub expansion: u8,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Watches another extension and picks its calls up (busy lamp field).
    Blf,
    /// Switches do-not-disturb.
    Dnd,
    /// Nothing; keeps the place free.
    Empty,
    /// Forwards calls.
    Forward,
    /// Calls with the far side answering by itself.
    Intercom,
    /// Takes or shows a line.
    Line,
    /// Parks a call, or takes it back.
    Park,
    /// Calls a number.
    SpeedDial,
    /// Fetches a URL.
    Url,
    /// Calls the voice mailbox.
    Voicemail,
}

impl KeyKind {
    /// Every kind with its word in files, in the order of the words.
    pub const ALL: &[(&'static str, Self)] = &[
        ("blf", Self::Blf),
        ("dnd", Self::Dnd),
        ("empty", Self::Empty),
        ("forward", Self::Forward),
        ("intercom", Self::Intercom),
        ("line", Self::Line),
        ("park", Self::Park),
        ("speed-dial", Self::SpeedDial),
        ("url", Self::Url),
        ("voicemail", Self::Voicemail),
    ];

    /// Gives the word in files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Tells whether a key of this kind needs a value.
    pub const fn needs_value(self) -> bool {
        matches!(self, Self::Blf | Self::Intercom | Self::Park | Self::SpeedDial | Self::Url)
    }
}

/// Parameters in a vendor's own words, for what the vocabulary lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw(pub Box<[RawParameter]>);

/// One parameter of [`Raw`].
#[derive(Clone, PartialEq, Eq)]
pub struct RawParameter {
    /// Vendor (`yealink`) whose phones get it; every phone where absent.
    pub vendor: Option<Box<str>>,
    /// The vendor's name of the parameter; `{line}` in it stands for the line's number.
    pub name: Box<str>,
    /// Its value, as the phone shall read it.
    pub value: Box<str>,
}

impl RawParameter {
    /// Tells whether its name says that its value is a secret.
    pub fn is_secret(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        ["pass", "pwd", "pswd", "secret", "key", "pin", "psk", "token"].iter().any(|word| name.contains(word))
    }
}

impl std::fmt::Debug for RawParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawParameter({:?} {:?} ••••)", self.vendor, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SettingId {
        SettingId::find(name).unwrap()
    }

    #[test]
    fn the_last_value_of_a_setting_stays() {
        let settings = Settings::new(vec![
            (id("vlan"), Value::Integer(1)),
            (id("lldp"), Value::Bool(false)),
            (id("vlan"), Value::Integer(2)),
        ]);
        assert_eq!(settings.get(id("vlan")), Some(&Value::Integer(2)));
        assert_eq!(settings.get(id("lldp")), Some(&Value::Bool(false)));
        assert_eq!(settings.get(id("tones")), None);
        assert_eq!(settings.iter().count(), 2);
    }

    #[test]
    fn debug_output_shows_no_raw_value() {
        let raw = RawParameter { vendor: None, name: "a".into(), value: "CANARY-2".into() };
        assert!(!format!("{raw:?}").contains("CANARY"));
    }
}
