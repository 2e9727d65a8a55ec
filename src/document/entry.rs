//! One value of a document, and the questions that a reader may ask it.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::document::{Document, Fault, nearest, one_of};

/// A table of a document; iterating gives its entries.
#[derive(Clone)]
pub struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
}

/// A key with its value, or an item of an array under the array's key.
#[derive(Clone)]
pub struct Entry<'d> {
    document: &'d Document<'d>,
    key: &'d str,
    value: &'d Spanned<DeValue<'d>>,
    /// Where the fault is marked: the key where there is one.
    offset: usize,
    is_item: bool,
}

impl<'d> Table<'d> {
    pub(super) fn new(document: &'d Document<'_>, table: &'d DeTable<'_>, span: Range<usize>) -> Self {
        // A document is never changed, only its faults are, so that its lifetimes may shrink to the borrow.
        Self { document, table, span }
    }

    /// Gives the line that the table begins on.
    pub fn line(&self) -> u32 {
        self.document.line(self.span.start)
    }

    /// Gives the entry under a key.
    pub fn get(&self, key: &str) -> Option<Entry<'d>> {
        let (key, value) = self.table.get_key_value(key)?;
        Some(Entry::of(self.document, key, value))
    }

    /// Notes an error of the table as a whole.
    pub fn error(&self, message: impl Into<String>) {
        self.document.error(self.line(), message);
    }

    /// Notes that a key is missing from the table.
    pub fn missing(&self, key: &str, cure: &str) {
        let fault = Fault::error(self.document.path(), self.line(), format!("`{key}` is missing; {cure}"));
        self.document.note(fault.of_key(key));
    }
}

impl<'d> IntoIterator for Table<'d> {
    type Item = Entry<'d>;
    type IntoIter = Entries<'d>;

    fn into_iter(self) -> Self::IntoIter {
        Entries { document: self.document, inner: self.table.iter() }
    }
}

/// The entries of a [`Table`], in the order of the keys.
pub struct Entries<'d> {
    document: &'d Document<'d>,
    inner: toml::map::Iter<'d, Spanned<DeString<'d>>, Spanned<DeValue<'d>>>,
}

impl<'d> Iterator for Entries<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.inner.next()?;
        Some(Entry::of(self.document, key, value))
    }
}

impl<'d> Entry<'d> {
    fn of(
        document: &'d Document<'_>,
        key: &'d Spanned<DeString<'_>>,
        value: &'d Spanned<DeValue<'_>>,
    ) -> Self {
        Self { document, key: key.get_ref(), value, offset: key.span().start, is_item: false }
    }

    /// Gives the key.
    pub fn key(&self) -> &'d str {
        self.key
    }

    /// Gives the line of the key.
    pub fn line(&self) -> u32 {
        self.document.line(self.offset)
    }

    /// Notes that the value is wrong: `message` follows the quoted key.
    pub fn error(&self, message: impl Display) {
        let fault = Fault::error(self.document.path(), self.line(), format!("`{}` {message}", self.key));
        self.document.note(fault.of_key(self.key));
    }

    /// Notes that the value can be used but should be looked at.
    pub fn warning(&self, message: impl Display) {
        let fault = Fault::warning(self.document.path(), self.line(), format!("`{}` {message}", self.key));
        self.document.note(fault.of_key(self.key));
    }

    /// Notes that nobody knows the key, and which of `known` was probably meant.
    pub fn unknown(&self, known: &[&str]) {
        let cure = match nearest(self.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", one_of(known)),
        };
        let message = format!("unknown key `{}`; {cure}", self.key);
        self.document.note(Fault::error(self.document.path(), self.line(), message).of_key(self.key));
    }

    /// Reads a text of 1 to `max` characters.
    pub fn text(&self, max: usize) -> Option<&'d str> {
        let text = self.string()?;
        if text.is_empty() {
            self.error(format!("is empty; give 1 to {max} characters, or leave the key out"));
            return None;
        }
        self.at_most(text, max)
    }

    /// Reads a text of at most `max` characters, which may be empty.
    pub fn text_or_empty(&self, max: usize) -> Option<&'d str> {
        let text = self.string()?;
        self.at_most(text, max)
    }

    /// Reads a text that its type can be parsed from; the type's error says what is wrong and the cure.
    pub fn parse<T: FromStr<Err: Display>>(&self) -> Option<T> {
        match self.string()?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(error);
                None
            }
        }
    }

    /// Reads a text that passes `check`, whose error says what is wrong and the cure.
    pub fn checked<E: Display>(&self, check: impl FnOnce(&str) -> Result<(), E>) -> Option<&'d str> {
        let text = self.string()?;
        match check(text) {
            Ok(()) => Some(text),
            Err(error) => {
                self.error(error);
                None
            }
        }
    }

    /// Reads one of some words.
    pub fn choice(&self, words: &[&'static str]) -> Option<&'static str> {
        let word = self.string()?;
        let found = words.iter().find(|known| **known == word).copied();
        if found.is_none() {
            let cure = match nearest(word, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", one_of(words)),
            };
            self.error(format!("does not know `{}`; {cure}", word.escape_debug()));
        }
        found
    }

    /// Reads one of some words and gives what it stands for.
    pub fn one_of<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let known: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        let found = self.choice(&known)?;
        words.iter().find(|(word, _)| *word == found).map(|(_, meaning)| *meaning)
    }

    /// Reads a whole number from `low` to `high`.
    pub fn integer(&self, low: u32, high: u32) -> Option<u32> {
        let DeValue::Integer(digits) = self.value.get_ref() else {
            self.is_a("give a whole number");
            return None;
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix());
        let fits = number.ok().and_then(|number| u32::try_from(number).ok());
        let fits = fits.filter(|number| (low..=high).contains(number));
        if fits.is_none() {
            self.error(format!("is {}; give a whole number from {low} to {high}", digits.as_str()));
        }
        fits
    }

    /// Reads a truth value.
    pub fn boolean(&self) -> Option<bool> {
        let found = self.value.get_ref().as_bool();
        if found.is_none() {
            self.is_a("write true or false");
        }
        found
    }

    /// Reads a point in time, and gives it as it is written (RFC 3339).
    pub fn time(&self) -> Option<String> {
        let time = self.value.get_ref().as_datetime();
        let time = time.filter(|time| time.date.is_some() && time.time.is_some() && time.offset.is_some());
        if time.is_none() {
            self.is_a("write a date, a time and an offset without quotes, like 2026-11-21T09:30:00Z");
        }
        time.map(ToString::to_string)
    }

    /// Reads a text, number or truth value as the text that it would be written as.
    pub fn scalar(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.is_a("give a text in quotes, a number, true or false");
                None
            }
        }
    }

    /// Tells whether the value is a table.
    pub fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Tells whether the value is a list.
    pub fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Tells whether the value is a text.
    pub fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Tells whether the value is `false`.
    pub fn is_false(&self) -> bool {
        self.value.get_ref().as_bool() == Some(false)
    }

    /// Reads a table.
    pub fn table(&self) -> Option<Table<'d>> {
        if let DeValue::Table(table) = self.value.get_ref() {
            return Some(Table::new(self.document, table, self.value.span()));
        }
        self.is_a(&format!("write it as a table: `{} = {{ … }}`", self.key));
        None
    }

    /// Reads an array; what is no array gives no items.
    pub fn list(&self) -> impl Iterator<Item = Self> + use<'d> {
        let items = match self.value.get_ref() {
            DeValue::Array(items) => &items[..],
            _ => {
                self.is_a("write a list in square brackets");
                &[][..]
            }
        };
        let (document, key) = (self.document, self.key);
        items.iter().map(move |value| Self {
            document,
            key,
            value,
            offset: value.span().start,
            is_item: true,
        })
    }

    /// Reads the tables of `[[key]]`, each with its line; anything else is a fault that says so.
    pub fn records(&self) -> impl Iterator<Item = (Table<'d>, u32)> + use<'d> {
        let items = match self.value.get_ref() {
            DeValue::Array(items) => &items[..],
            _ => {
                self.error(format!("is not a list of records; write `[[{}]]` with two brackets", self.key));
                &[][..]
            }
        };
        let (document, key) = (self.document, self.key);
        // Lines are counted on from the record before: counting each from the top would take the square of the time.
        let (mut counted, mut line) = (0, 1);
        items.iter().filter_map(move |value| {
            let offset = value.span().start;
            if let Some(between) = document.text.as_bytes().get(counted..offset) {
                line += u32::try_from(memchr::memchr_iter(b'\n', between).count()).unwrap_or_default();
                counted = offset;
            }
            let entry = Self { document, key, value, offset, is_item: true };
            Some((entry.table()?, line))
        })
    }

    fn string(&self) -> Option<&'d str> {
        let found = self.value.get_ref().as_str();
        if found.is_none() {
            self.is_a("give a text in quotes");
        }
        found
    }

    fn at_most(&self, text: &'d str, max: usize) -> Option<&'d str> {
        let length = text.chars().count();
        if length > max {
            self.error(format!("has {length} characters; at most {max} are possible"));
            return None;
        }
        Some(text)
    }

    fn is_a(&self, cure: &str) {
        let kind = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let verb = if self.is_item { "holds" } else { "is" };
        self.error(format!("{verb} {kind}; {cure}"));
    }
}
