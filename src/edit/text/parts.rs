//! A text that is cut at its records: each is parsed when it is edited, and no other is.
//!
//! Promises: what is written is byte for byte what [`Whole`] would write, which a test holds over random edits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value as Json};

use crate::document::{Sections, sections};
use crate::edit::DraftError;
use crate::edit::text::whole::{Whole, not_its_own};
use crate::edit::text::{OfRecord, Style};
use crate::model::{RecordKind, RecordRef};

/// Fewest records that are worth the other cores.
const MANY: usize = 32;

/// The records of a text, in the order of the text.
pub(in crate::edit) struct Parts {
    text: Arc<str>,
    style: Style,
    parts: Vec<Part>,
    first: Option<usize>,
    last: Option<usize>,
    /// Where each record is.
    places: HashMap<RecordRef, usize>,
    /// Blank lines and comments below the last record.
    below: String,
}

/// A record, or a table that is none.
struct Part {
    before: Option<usize>,
    after: Option<usize>,
    /// Comments that were put above it.
    above: String,
    /// The rest of its text.
    body: Body,
    /// How many bytes of the rest stand above its first bracket.
    header: usize,
}

enum Body {
    /// As it was.
    Kept(Range<usize>),
    /// Edited, or added.
    Own(String),
}

impl Parts {
    /// Cuts a text; `None` where it must be parsed as a whole.
    pub(super) fn cut(text: &Arc<str>) -> Option<Self> {
        let style = Style::of(text);
        let mut plain = style.plain(text);
        let returns =
            if style.has_returns { memchr::memchr_iter(b'\n', plain.as_bytes()).count() } else { 0 };
        // Lines that end in two ways could not be written again.
        if plain.contains('\r') || style.has_returns && returns != text.matches("\r\n").count() {
            return None;
        }
        if style.is_cut {
            plain.to_mut().push('\n');
        }
        let plain: Arc<str> = match plain {
            Cow::Borrowed(plain) if plain.len() == text.len() => Arc::clone(text),
            other => other.into(),
        };
        let Sections { list, end } = sections(&plain)?;
        let mut parts = Vec::with_capacity(list.len());
        let mut places = HashMap::with_capacity(list.len());
        for (at, section) in list.iter().enumerate() {
            if let Some(kind) = section.kind {
                let name = section.name.clone().map(|name| &plain[name]);
                let name = if kind.key().is_some() { name } else { Some("") };
                // The first of two with one name would be found, and the other one behind it.
                if let Some(name) = name
                    && places.insert(RecordRef::new(kind, name), at).is_some()
                {
                    return None;
                }
            }
            parts.push(Part {
                before: at.checked_sub(1),
                after: (at + 1 < list.len()).then_some(at + 1),
                above: String::new(),
                body: Body::Kept(section.bytes.clone()),
                header: section.header - section.bytes.start,
            });
        }
        let (first, last) = ((!parts.is_empty()).then_some(0), parts.len().checked_sub(1));
        let below = plain[end..].to_owned();
        Some(Self { text: plain, style, parts, first, last, places, below })
    }

    /// Writes the text.
    pub(super) fn write(&self) -> String {
        let mut text = String::with_capacity(self.text.len() + self.text.len() / 8);
        let mut next = self.first;
        while let Some(at) = next {
            let part = &self.parts[at];
            text.push_str(&part.above);
            text.push_str(self.body(part));
            next = part.after;
        }
        text.push_str(&self.below);
        self.style.dress(text)
    }

    fn body<'p>(&'p self, part: &'p Part) -> &'p str {
        match &part.body {
            Body::Kept(bytes) => &self.text[bytes.clone()],
            Body::Own(text) => text,
        }
    }

    /// Tells whether there is such a record.
    pub(super) fn has(&self, record: &RecordRef) -> bool {
        self.places.contains_key(record)
    }

    /// Adds a record at the end.
    pub(super) fn add(&mut self, record: &RecordRef, fields: &Map<String, Json>) -> Result<(), DraftError> {
        let text = new_text(record.kind, fields)?;
        self.put_last(record, text);
        Ok(())
    }

    /// Adds records at the end, none of which is there; gives the place of one that cannot be.
    pub(super) fn add_all(&mut self, new: &[OfRecord<'_>]) -> Result<(), (usize, DraftError)> {
        let text = |(at, (record, fields)): (usize, &OfRecord<'_>)| {
            new_text(record.kind, fields).map_err(|error| (at, error))
        };
        let texts: Vec<String> =
            new.par_iter().with_min_len(MANY).enumerate().map(text).collect::<Result<_, _>>()?;
        for ((record, _), text) in new.iter().zip(texts) {
            self.put_last(record, text);
        }
        Ok(())
    }

    fn put_last(&mut self, record: &RecordRef, text: String) {
        let mut above = std::mem::take(&mut self.below);
        let is_first = self.first.is_none() && above.is_empty();
        if !is_first && !above.ends_with("\n\n") {
            above.push('\n');
        }
        self.style.is_cut = false;
        let at = self.parts.len();
        let header = 0;
        self.parts.push(Part { before: self.last, after: None, above, body: Body::Own(text), header });
        match self.last {
            Some(last) => self.parts[last].after = Some(at),
            None => self.first = Some(at),
        }
        self.last = Some(at);
        self.places.insert(record.clone(), at);
    }

    /// Merges fields into a record (RFC 7396).
    pub(super) fn change(
        &mut self,
        record: &RecordRef,
        fields: &Map<String, Json>,
    ) -> Result<(), DraftError> {
        let changed = self.changed(record, fields)?;
        self.take_in(record, fields, changed);
        Ok(())
    }

    /// Merges fields into records, each of which is named once; gives the place of one that cannot be changed.
    pub(super) fn change_all(&mut self, changes: &[OfRecord<'_>]) -> Result<(), (usize, DraftError)> {
        let change = |(at, (record, fields)): (usize, &OfRecord<'_>)| {
            self.changed(record, fields).map_err(|error| (at, error))
        };
        let changed: Vec<Changed> =
            changes.par_iter().with_min_len(MANY).enumerate().map(change).collect::<Result<_, _>>()?;
        for ((record, fields), changed) in changes.iter().zip(changed) {
            self.take_in(record, fields, changed);
        }
        Ok(())
    }

    /// Gives the text of a record with fields merged into it.
    fn changed(&self, record: &RecordRef, fields: &Map<String, Json>) -> Result<Changed, DraftError> {
        let at = *self.places.get(record).ok_or_else(|| DraftError::Missing(record.clone()))?;
        let part = &self.parts[at];
        let body = self.body(part);
        // What stands above the record stays as it is, and need not be read.
        let (above, own) = body.split_at(part.header);
        let mut whole = Whole::parse(own).ok_or_else(|| DraftError::Unfit(PathBuf::new()))?;
        whole.change(record, fields)?;
        let below = whole.take_below();
        Ok(Changed { at, text: format!("{above}{}", whole.write()), below })
    }

    fn take_in(&mut self, record: &RecordRef, fields: &Map<String, Json>, changed: Changed) {
        let Changed { at, text, below } = changed;
        self.parts[at].body = Body::Own(text);
        if !below.is_empty() {
            self.put_above(self.parts[at].after, &below);
        }
        let name = record.kind.key().and_then(|key| fields.get(key)?.as_str());
        if let Some(name) = name.filter(|name| *name != record.key) {
            self.places.remove(record);
            self.places.insert(RecordRef::new(record.kind, name), at);
        }
    }

    /// Puts comments above a part, or at the end.
    fn put_above(&mut self, next: Option<usize>, comments: &str) {
        let above = match next {
            Some(at) => &mut self.parts[at].above,
            None => &mut self.below,
        };
        above.insert_str(0, comments);
    }

    /// Removes a record, and the comment right above it.
    pub(super) fn remove(&mut self, record: &RecordRef) -> Result<(), DraftError> {
        let at = self.places.remove(record).ok_or_else(|| DraftError::Missing(record.clone()))?;
        let (before, after) = (self.parts[at].before, self.parts[at].after);
        match before {
            Some(before) => self.parts[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.parts[after].before = before,
            None => self.last = before,
        }
        let part = &self.parts[at];
        let above = format!("{}{}", part.above, &self.body(part)[..part.header]);
        let kept = not_its_own(&above).to_owned();
        self.put_above(after, &kept);
        if kept.is_empty() && before.is_none() {
            self.cut_blanks(after);
        }
        self.parts[at].body = Body::Own(String::new());
        Ok(())
    }

    /// Has a text whose first record is gone begin without a blank line.
    fn cut_blanks(&mut self, next: Option<usize>) {
        let Some(at) = next else {
            self.below = self.below.trim_start_matches('\n').to_owned();
            return;
        };
        let above = self.parts[at].above.trim_start_matches('\n').to_owned();
        self.parts[at].above = above;
        if !self.parts[at].above.is_empty() {
            return;
        }
        let part = &self.parts[at];
        let body = self.body(part);
        let cut = body.len() - body.trim_start_matches('\n').len();
        let (header, body) = (
            part.header - cut,
            match &part.body {
                Body::Kept(bytes) => Body::Kept(bytes.start + cut..bytes.end),
                Body::Own(text) => Body::Own(text[cut..].to_owned()),
            },
        );
        (self.parts[at].header, self.parts[at].body) = (header, body);
    }
}

/// A record's text with fields merged into it.
struct Changed {
    at: usize,
    text: String,
    /// Comments that stood above a last key that is gone.
    below: String,
}

/// Writes a new record.
fn new_text(kind: RecordKind, fields: &Map<String, Json>) -> Result<String, DraftError> {
    let mut whole = Whole::nothing();
    whole.add(kind, fields)?;
    Ok(whole.write())
}
