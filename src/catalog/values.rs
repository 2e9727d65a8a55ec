//! A vendor's own words for those of the vocabulary, and what its phones cannot do.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use minijinja::Value;

use crate::document::Entry;
use crate::model::{KeyKind, Kind, SettingId, Zone};

/// What one level says: `None` takes away what a level below it said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ValueFacts(BTreeMap<SettingId, Arc<Table>>);

type Table = BTreeMap<String, Option<Value>>;

/// What one level says that phones cannot do, with the reason; `None` takes away what a level below it said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WithoutFacts {
    settings: BTreeMap<SettingId, Option<String>>,
    /// That files cannot tell the phone its address, which is no setting but a device's own.
    network: Option<Option<String>>,
}

/// The tables made so far, by where they come from; what is named stays where it is.
#[derive(Debug, Default)]
pub(super) struct Made(HashMap<Places, (Arc<Values>, ValueFacts)>);

/// Where the tables of the settings are kept.
type Places = Vec<(SettingId, usize)>;

/// A firmware's words by setting and by the vocabulary's word.
#[derive(Debug, Default)]
pub struct Values {
    words: BTreeMap<SettingId, Vec<String>>,
    seen: Value,
}

impl Values {
    /// Tells whether the firmware has a word for one of the vocabulary; `None` where the setting has no table.
    pub fn has(&self, setting: SettingId, word: &str) -> Option<bool> {
        self.words.get(&setting).map(|words| words.iter().any(|known| known == word))
    }

    /// Goes through the settings that have tables, with the words in them.
    pub fn iter(&self) -> impl Iterator<Item = (SettingId, &[String])> {
        self.words.iter().map(|(id, words)| (*id, words.as_slice()))
    }

    /// Gives all of them as templates see them: by the setting's name with underscores, then by word.
    pub fn seen(&self) -> Value {
        self.seen.clone()
    }
}

impl ValueFacts {
    /// Reads the table `values`.
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            let Some(id) = setting(&entry) else {
                continue;
            };
            let words = Arc::make_mut(self.0.entry(id).or_default());
            for entry in entry.table().into_iter().flatten() {
                if is_word(id, entry.key()) {
                    words.insert(entry.key().to_owned(), word(&entry));
                } else {
                    let cure = "`bellhop catalog --settings` lists its values";
                    entry.error(format!("is no value of the setting `{}`; {cure}", id.setting().name));
                }
            }
        }
    }

    /// Gives these with `base` below them.
    pub(super) fn over(self, base: &Self) -> Self {
        let mut all = base.0.clone();
        for (id, words) in self.0 {
            match all.get_mut(&id) {
                Some(below) => Arc::make_mut(below).extend((*words).clone()),
                None => drop(all.insert(id, words)),
            }
        }
        Self(all)
    }

    /// Makes of all levels what holds; firmwares whose tables are those of a family share them.
    pub(super) fn resolve(&self, made: &mut Made) -> Arc<Values> {
        let tables: Places = self.0.iter().map(|(id, table)| (*id, Arc::as_ptr(table).addr())).collect();
        if let Some((values, _)) = made.0.get(&tables) {
            return Arc::clone(values);
        }
        let values = Arc::new(self.make());
        made.0.insert(tables, (Arc::clone(&values), self.clone()));
        values
    }

    fn make(&self) -> Values {
        let mut words = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for (id, table) in &self.0 {
            let table: BTreeMap<String, Value> =
                table.iter().filter_map(|(word, value)| Some((word.clone(), value.clone()?))).collect();
            words.insert(*id, table.keys().cloned().collect());
            seen.insert(id.setting().name.replace('-', "_"), Value::from(table));
        }
        Values { words, seen: Value::from(seen) }
    }
}

impl WithoutFacts {
    /// Reads the table `without`.
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            let reason = || if entry.is_false() { None } else { entry.text(256).map(str::to_owned) };
            if entry.key() == "network" {
                self.network = Some(reason());
            } else if let Some(id) = setting(&entry) {
                self.settings.insert(id, reason());
            }
        }
    }

    /// Gives these with `base` below them.
    pub(super) fn over(self, base: &Self) -> Self {
        let mut settings = base.settings.clone();
        settings.extend(self.settings);
        Self { settings, network: self.network.or_else(|| base.network.clone()) }
    }

    /// Gives what holds of all levels.
    pub(super) fn resolve(&self) -> BTreeMap<SettingId, String> {
        self.settings.iter().filter_map(|(id, reason)| Some((*id, reason.clone()?))).collect()
    }

    /// Says why files cannot tell a phone its address, where they cannot.
    pub(super) fn network(&self) -> Option<String> {
        self.network.clone().flatten()
    }
}

fn setting(entry: &Entry<'_>) -> Option<SettingId> {
    let id = SettingId::find(entry.key());
    if id.is_none() {
        entry.error("is no setting; `bellhop catalog --settings` lists them");
    }
    id
}

fn is_word(id: SettingId, word: &str) -> bool {
    match id.setting().kind {
        Kind::Choice(words) | Kind::Choices(words) => words.contains(&word),
        Kind::LineKeys => KeyKind::ALL.iter().any(|(known, _)| *known == word),
        Kind::Integer(low, high) => word.parse().is_ok_and(|number: u32| (low..=high).contains(&number)),
        Kind::Zone => Zone::find(word).is_some(),
        Kind::Bool | Kind::Host | Kind::Secret(..) | Kind::Text(_) | Kind::Texts(_) | Kind::Url => false,
    }
}

/// Reads a vendor's word: a text, a number or a list of them; `false` is none.
fn word(entry: &Entry<'_>) -> Option<Value> {
    if entry.is_false() {
        None
    } else if entry.is_list() {
        Some(entry.list().filter_map(|item| scalar(&item)).collect())
    } else {
        scalar(entry)
    }
}

fn scalar(entry: &Entry<'_>) -> Option<Value> {
    let text = entry.scalar()?;
    let number = (!entry.is_text()).then(|| text.parse::<i64>().ok()).flatten();
    Some(number.map_or_else(|| Value::from(text), Value::from))
}
