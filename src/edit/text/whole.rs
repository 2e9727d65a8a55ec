//! A text that is parsed as a whole: whatever is TOML, and the few records that are edited of a longer one.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::edit::DraftError;
use crate::edit::text::Style;
use crate::edit::value::{in_order, item, merge, new_table};
use crate::model::{RecordKind, RecordRef};

/// A text, parsed, and how its lines end.
#[derive(Clone)]
pub(in crate::edit) struct Whole {
    document: DocumentMut,
    style: Style,
}

/// Where a record is.
#[derive(Clone, Copy)]
enum Found {
    /// A section of its own, the how-manieth of its kind.
    Section(usize),
    /// An item of a list in the document's root.
    Item(usize),
    /// The one table of its kind.
    Only,
}

impl Whole {
    /// Parses a text; `None` where it is not TOML, or could not be written again as it is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let style = Style::of(text);
        let parsed = Self { document: style.plain(text).parse().ok()?, style };
        (parsed.write() == text).then_some(parsed)
    }

    /// Makes a text without a record.
    pub(super) fn nothing() -> Self {
        Self { document: DocumentMut::new(), style: Style::default() }
    }

    /// Writes the text.
    pub(super) fn write(&self) -> String {
        self.style.dress(self.document.to_string())
    }

    /// Takes away, and gives, what stands below the last record.
    pub(super) fn take_below(&mut self) -> String {
        let below = self.document.trailing().as_str().unwrap_or_default().to_owned();
        self.document.set_trailing("");
        below
    }

    /// Adds a record at the end.
    pub(super) fn add(&mut self, kind: RecordKind, fields: &Map<String, Json>) -> Result<(), DraftError> {
        let root = self.document.as_table();
        if let Some(Item::Value(Value::Array(_))) = root.get(kind.word()) {
            return self.add_item(kind, fields);
        }
        let last = last_position(root);
        let mut table = new_table(fields)?;
        table.set_position(Some(last + 1));
        let before = self.document.trailing().as_str().unwrap_or_default().to_owned();
        let is_first = self.document.iter().next().is_none() && before.is_empty();
        let gap = if is_first || before.ends_with("\n\n") { "" } else { "\n" };
        let cut = if !before.is_empty() && !before.ends_with('\n') { "\n" } else { "" };
        table.decor_mut().set_prefix(format!("{before}{cut}{gap}"));
        self.document.set_trailing("");
        self.style.is_cut = false;
        match kind.key() {
            None => {
                self.document.insert(kind.word(), Item::Table(table));
            }
            Some(_) => match self.document.get_mut(kind.word()) {
                Some(Item::ArrayOfTables(tables)) => tables.push(table),
                _ => {
                    let mut tables = ArrayOfTables::new();
                    tables.push(table);
                    self.document.insert(kind.word(), Item::ArrayOfTables(tables));
                }
            },
        }
        Ok(())
    }

    fn add_item(&mut self, kind: RecordKind, fields: &Map<String, Json>) -> Result<(), DraftError> {
        let mut table = InlineTable::new();
        for (key, json) in in_order(fields) {
            let value = item(key, json)?.into_value().map_err(|_| DraftError::Value(key.clone()))?;
            table.insert(key, value);
        }
        if let Some(Item::Value(Value::Array(array))) = self.document.get_mut(kind.word()) {
            array.push(table);
        }
        Ok(())
    }

    /// Merges fields into a record (RFC 7396).
    pub(super) fn change(
        &mut self,
        record: &RecordRef,
        fields: &Map<String, Json>,
    ) -> Result<(), DraftError> {
        let missing = || DraftError::Missing(record.clone());
        let found = self.find(record).ok_or_else(missing)?;
        let position = self.position(record.kind, found);
        let table = self.table(record.kind, found).ok_or_else(missing)?;
        let homeless = merge(table, matches!(found, Found::Item(_)), fields)?;
        if !homeless.is_empty() {
            self.put_below(position, &homeless);
        }
        Ok(())
    }

    /// Removes a record, and the comment right above it.
    pub(super) fn remove(&mut self, record: &RecordRef) -> Result<(), DraftError> {
        let missing = || DraftError::Missing(record.clone());
        let found = self.find(record).ok_or_else(missing)?;
        let word = record.kind.word();
        let removed = match (found, self.document.get_mut(word)) {
            (Found::Item(at), Some(Item::Value(Value::Array(array)))) => {
                remove_item(array, at);
                return Ok(());
            }
            (Found::Section(at), Some(Item::ArrayOfTables(tables))) => {
                let removed = tables.remove(at);
                if tables.is_empty() {
                    self.document.remove(word);
                }
                removed
            }
            (Found::Only, Some(Item::Table(_))) => {
                let removed = self.document.remove(word).and_then(|item| item.into_table().ok());
                removed.ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
        self.leave_behind(&removed);
        Ok(())
    }

    /// Keeps what stands above a record that goes and does not belong to it.
    fn leave_behind(&mut self, removed: &Table) {
        let above = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let kept = not_its_own(above).to_owned();
        let position = removed.position().unwrap_or_default();
        self.put_below(position, &kept);
        if kept.is_empty() && !has_before(self.document.as_table(), position) {
            self.cut_blanks(position);
        }
    }

    /// Puts comments above the section that follows a position, or at the end.
    fn put_below(&mut self, position: isize, comments: &str) {
        match first_after(self.document.as_table_mut(), position) {
            Some(next) => {
                let own = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or("\n");
                let both = format!("{comments}{own}");
                next.decor_mut().set_prefix(both);
            }
            None => {
                let own = self.document.trailing().as_str().unwrap_or_default();
                let both = format!("{comments}{own}");
                self.document.set_trailing(both);
            }
        }
    }

    /// Has a text whose first record is gone begin without a blank line.
    fn cut_blanks(&mut self, position: isize) {
        let cut = |text: &str| text.trim_start_matches('\n').to_owned();
        match first_after(self.document.as_table_mut(), position) {
            Some(next) => {
                let own = cut(next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default());
                next.decor_mut().set_prefix(own);
            }
            None => {
                let own = cut(self.document.trailing().as_str().unwrap_or_default());
                self.document.set_trailing(own);
            }
        }
    }

    /// Tells where in the document a record's section stands.
    fn position(&self, kind: RecordKind, found: Found) -> isize {
        let table = match (found, self.document.get(kind.word())) {
            (Found::Section(at), Some(Item::ArrayOfTables(tables))) => tables.get(at),
            (Found::Only, Some(Item::Table(table))) => Some(table),
            _ => None,
        };
        table.and_then(Table::position).unwrap_or_default()
    }

    /// Finds a record by its kind and the value of its key.
    fn find(&self, record: &RecordRef) -> Option<Found> {
        let item = self.document.get(record.kind.word())?;
        let Some(key) = record.kind.key() else {
            return item.is_table_like().then_some(Found::Only);
        };
        let is_it = |table: &dyn TableLike| {
            table.get(key).and_then(Item::as_str).is_some_and(|value| value == record.key)
        };
        match item {
            Item::ArrayOfTables(tables) => tables.iter().position(|table| is_it(table)).map(Found::Section),
            Item::Value(Value::Array(array)) => {
                let is_it = |value: &Value| value.as_inline_table().is_some_and(|table| is_it(table));
                array.iter().position(is_it).map(Found::Item)
            }
            _ => None,
        }
    }

    fn table(&mut self, kind: RecordKind, found: Found) -> Option<&mut dyn TableLike> {
        let item = self.document.get_mut(kind.word())?;
        match (found, item) {
            (Found::Section(at), Item::ArrayOfTables(tables)) => {
                tables.get_mut(at).map(|table| table as &mut dyn TableLike)
            }
            (Found::Item(at), Item::Value(Value::Array(array))) => {
                let table = array.get_mut(at)?.as_inline_table_mut()?;
                Some(table as &mut dyn TableLike)
            }
            (Found::Only, item) => item.as_table_like_mut(),
            _ => None,
        }
    }

    /// Tells whether there is such a record.
    pub(super) fn has(&self, record: &RecordRef) -> bool {
        self.find(record).is_some()
    }
}

/// Takes an item out of a list, and leaves the comment of the line before.
fn remove_item(array: &mut Array, at: usize) {
    let removed = array.remove(at);
    let above = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let Some((above, _)) = above.rsplit_once('\n') else { return };
    let joined = |below: Option<&str>| {
        let (_, below) = below.unwrap_or_default().split_once('\n').unwrap_or_default();
        format!("{above}\n{below}")
    };
    match array.get_mut(at) {
        Some(next) => {
            let both = joined(next.decor().prefix().and_then(|prefix| prefix.as_str()));
            next.decor_mut().set_prefix(both);
        }
        None => {
            let both = joined(array.trailing().as_str());
            array.set_trailing(both);
        }
    }
}

/// Gives what of the lines above a section does not belong to it: all but the blank lines and the comment right above
/// it. A comment with no blank line above it may belong to what is before, or to the file as a whole, and stays.
pub(super) fn not_its_own(above: &str) -> &str {
    let lines: Vec<&str> = above.split_inclusive('\n').collect();
    let is_blank = |line: &&str| line.trim().is_empty();
    let comments = lines.iter().rev().take_while(|line| !is_blank(line)).count();
    let rest = &lines[..lines.len() - comments];
    let (rest, comments) = if rest.is_empty() { (&lines[..], 0) } else { (rest, comments) };
    let blanks = rest.iter().rev().take_while(|line| is_blank(line)).count();
    let kept: usize = lines[..lines.len() - comments - blanks].iter().map(|line| line.len()).sum();
    &above[..kept]
}

/// Visits the sections of a document, in no order.
fn each_section(table: &Table, visit: &mut impl FnMut(&Table)) {
    for (_, item) in table.iter() {
        match item {
            Item::Table(inner) => {
                visit(inner);
                each_section(inner, visit);
            }
            Item::ArrayOfTables(tables) => tables.iter().for_each(|inner| {
                visit(inner);
                each_section(inner, visit);
            }),
            _ => (),
        }
    }
}

fn last_position(root: &Table) -> isize {
    let mut last = 0;
    each_section(root, &mut |table| last = last.max(table.position().unwrap_or_default()));
    last
}

fn has_before(root: &Table, position: isize) -> bool {
    let mut has = !root.get_values().is_empty();
    each_section(root, &mut |table| has |= table.position().is_some_and(|other| other < position));
    has
}

/// Gives the first section after a position.
fn first_after(root: &mut Table, position: isize) -> Option<&mut Table> {
    let mut next: Option<isize> = None;
    each_section(root, &mut |table| {
        if let Some(other) = table.position().filter(|other| *other > position) {
            next = Some(next.map_or(other, |next| next.min(other)));
        }
    });
    section_at(root, next?)
}

fn section_at(table: &mut Table, position: isize) -> Option<&mut Table> {
    for (_, item) in table.iter_mut() {
        let inner: Vec<&mut Table> = match item {
            Item::Table(inner) => vec![inner],
            Item::ArrayOfTables(tables) => tables.iter_mut().collect(),
            _ => continue,
        };
        for inner in inner {
            if inner.position() == Some(position) {
                return Some(inner);
            }
            if let Some(found) = section_at(inner, position) {
                return Some(found);
            }
        }
    }
    None
}
