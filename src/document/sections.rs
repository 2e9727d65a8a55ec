//! Where in a text each record begins and ends, without reading what is in it.
//!
//! Fleets are lists of records, of which a change touches a few, and a large one is read in parts. Promises: a text
//! that is cut here means the same, part by part, as it does as a whole; what could mean something else is not cut.

use std::ops::Range;

use crate::model::RecordKind;

/// A record, or a table that is none, with the blank lines and comments above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is, where it is a record.
    pub kind: Option<RecordKind>,
    /// Its bytes, with what stands above it.
    pub bytes: Range<usize>,
    /// Where its first bracket is.
    pub header: usize,
    /// The value of its key, where it has one.
    pub name: Option<Range<usize>>,
}

/// A text, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sections {
    /// The sections in their order, without a gap.
    pub list: Vec<Section>,
    /// Where the last one ends: behind it are blank lines and comments.
    pub end: usize,
}

/// Cuts a text at its records; `None` where the parts might mean something else than the whole, as with keys above the
/// first table, tables apart from the record that they are of, names in quotes, or no TOML at all.
pub fn sections(text: &str) -> Option<Sections> {
    let mut cutter =
        Cutter { text, bytes: text.as_bytes(), at: 0, end: 0, list: Vec::new(), is_inner: false };
    let mut single: Vec<&str> = Vec::new();
    let mut word = "";
    while let Some(byte) = cutter.next_on_line() {
        match byte {
            b'\n' => cutter.at += 1,
            b'#' => cutter.skip_line(),
            b'[' => {
                let (path, is_list) = cutter.header()?;
                if path.contains('.') {
                    let first = path.split('.').next()?.trim();
                    // A table of another record's would belong to the last of its kind, wherever that stands.
                    if word.is_empty() || first != word {
                        return None;
                    }
                    cutter.is_inner = true;
                } else {
                    word = path;
                    if !is_list {
                        if single.contains(&word) {
                            return None;
                        }
                        single.push(word);
                    }
                    let kind = RecordKind::ALL.iter().copied().find(|kind| kind.word() == word);
                    if kind.is_some_and(|kind| kind.key().is_some() != is_list) {
                        return None;
                    }
                    cutter.begin(kind);
                }
                cutter.end_line()?;
            }
            _ => cutter.value()?,
        }
    }
    let Cutter { mut list, end, .. } = cutter;
    if let Some(last) = list.last_mut() {
        last.bytes.end = end;
    }
    Some(Sections { list, end })
}

struct Cutter<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// The end of the last line that says something.
    end: usize,
    list: Vec<Section>,
    /// Whether the lines are of a table inside a record.
    is_inner: bool,
}

impl<'t> Cutter<'t> {
    /// Gives the first byte that is no blank.
    fn next_on_line(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    }

    /// Reads `[a.b]` or `[[a]]`, and stays on its line.
    fn header(&mut self) -> Option<(&'t str, bool)> {
        self.is_inner &= self.list.last().is_some();
        let is_list = self.bytes.get(self.at + 1) == Some(&b'[');
        let begin = self.at + if is_list { 2 } else { 1 };
        let length = memchr::memchr2(b']', b'\n', self.bytes.get(begin..)?)?;
        let path = self.text.get(begin..begin + length)?;
        let end = begin + length;
        let closes = if is_list { "]]" } else { "]" };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_. \t".contains(c);
        let is_key = |part: &str| {
            let part = part.trim();
            !part.is_empty() && !part.contains([' ', '\t'])
        };
        if !self.text[end..].starts_with(closes)
            || !path.chars().all(is_plain)
            || !path.split('.').all(is_key)
        {
            return None;
        }
        // What is above it goes with it.
        let header = self.at;
        self.at = end + closes.len();
        if !path.contains('.') {
            let bytes = self.end..header;
            if let Some(last) = self.list.last_mut() {
                last.bytes.end = self.end;
            }
            self.list.push(Section { kind: None, bytes, header, name: None });
            self.is_inner = false;
        }
        Some((path.trim(), is_list))
    }

    fn begin(&mut self, kind: Option<RecordKind>) {
        if let Some(last) = self.list.last_mut() {
            last.kind = kind;
        }
    }

    /// Goes behind the rest of a line on which nothing but a comment may stand.
    fn end_line(&mut self) -> Option<()> {
        match self.next_on_line() {
            None | Some(b'\n' | b'#') => {
                self.skip_line();
                self.end = self.at;
                Some(())
            }
            Some(_) => None,
        }
    }

    /// Goes behind a key and its value.
    fn value(&mut self) -> Option<()> {
        let begin = self.at;
        let section = self.list.last()?;
        if !self.is_inner
            && let Some(key) = section.kind.and_then(RecordKind::key)
        {
            let rest = &self.text[begin..];
            if rest.starts_with(['"', '\'']) && rest[1..].starts_with(key) {
                return None;
            }
            let value = rest.strip_prefix(key).map(|rest| rest.trim_start_matches([' ', '\t']));
            if let Some(value) = value.and_then(|rest| rest.strip_prefix('=')) {
                let value = value.trim_start_matches([' ', '\t']);
                let name = plain_text(value)?;
                let from = self.text.len() - value.len() + 1;
                if section.name.is_some() {
                    return None;
                }
                self.list.last_mut()?.name = name.map(|length| from..from + length);
            }
        }
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at) {
                None if depth == 0 => break,
                None => return None,
                Some(b'\n') if depth == 0 => {
                    self.at += 1;
                    break;
                }
                Some(b'#') => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    continue;
                }
                Some(b'[' | b'{') => depth += 1,
                Some(b']' | b'}') => depth = depth.checked_sub(1)?,
                Some(quote @ (b'"' | b'\'')) => {
                    self.quoted(*quote)?;
                    continue;
                }
                Some(_) => (),
            }
            self.at += 1;
        }
        self.end = self.at;
        Some(())
    }

    /// Goes behind a text in quotes.
    fn quoted(&mut self, quote: u8) -> Option<()> {
        let escapes = quote == b'"';
        let triple = [quote; 3];
        if self.bytes[self.at..].starts_with(&triple) {
            self.at += 3;
            loop {
                match self.bytes.get(self.at)? {
                    b'\\' if escapes => self.at += 2,
                    _ if self.bytes[self.at..].starts_with(&triple) => break,
                    _ => self.at += 1,
                }
            }
            // Up to two quotes may stand right before the three that end it.
            while self.bytes.get(self.at) == Some(&quote) {
                self.at += 1;
            }
            return Some(());
        }
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'\n' => return None,
                b'\\' if escapes => self.at += 2,
                byte if *byte == quote => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }
}

/// Gives how long a text in quotes is that needs no reading; `None` where it does, `Some(None)` where it is no text.
#[expect(clippy::option_option, reason = "what is no text names nothing, and is no reason to give up")]
fn plain_text(value: &str) -> Option<Option<usize>> {
    let quote = match value.bytes().next() {
        Some(quote @ (b'"' | b'\'')) => char::from(quote),
        _ => return Some(None),
    };
    let rest = &value[1..];
    let length = rest.find([quote, '\n', '\\'])?;
    let is_plain = rest[length..].starts_with(quote) && !(length == 0 && rest[1..].starts_with(quote));
    is_plain.then_some(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Above.\n\n[[device]] # one\nserial = \"a\" # \"\nnotes = \"\"\"\n[[device]]\nserial = 'x'\\\"\"\"\"\"\nlines = [ # ]\n\
         \"1\",\n]\n[device.raw]\nserial = 'no'\n\n# Below.\n[preferences]\nprotocol='http'\n[[user]]\nname = \"u\"\n  id='\u{e9}'\n# End.\n";

    fn parts(text: &str) -> Option<Vec<(&'static str, &str, Option<&str>)>> {
        let cut = sections(text)?;
        let part = |section: Section| {
            let word = section.kind.map_or("", RecordKind::word);
            assert_eq!(text.as_bytes()[section.header], b'[');
            (word, &text[section.bytes], section.name.map(|name| &text[name]))
        };
        Some(cut.list.into_iter().map(part).collect())
    }

    #[test]
    fn a_text_is_cut_at_its_records_and_nothing_of_it_is_lost() {
        let parts = parts(TEXT).unwrap();
        let told: Vec<_> = parts.iter().map(|(word, _, name)| (*word, *name)).collect();
        assert_eq!(told, [("device", Some("a")), ("preferences", None), ("user", Some("\u{e9}"))]);
        let whole: String = parts.iter().map(|(_, text, _)| *text).collect();
        assert_eq!(whole + "# End.\n", TEXT);
        assert!(parts[1].1.starts_with("\n# Below.\n[preferences]"), "{:?}", parts[1].1);
    }

    #[test]
    fn what_might_mean_something_else_in_parts_is_not_cut() {
        for text in [
            "device = []\n",
            "[[device]]\nserial = \"a\"\n[[user]]\nid = \"u\"\n[device.raw]\nx = 1\n",
            "[device.raw]\nx = 1\n",
            "[[\"device\"]]\nserial = \"a\"\n",
            "[device]\nserial = \"a\"\n",
            "[[preferences]]\n",
            "[preferences]\n[[user]]\nid = \"u\"\n[preferences]\n",
            "[[device]]\nserial = \"a\\u0062\"\n",
            "[[device]]\nserial = \"\"\"a\"\"\"\n",
            "[[device]]\n\"serial\" = \"a\"\n",
            "[[device]]\nserial = \"a\"\nserial = \"b\"\n",
            "[[device]]\nserial = \"a\n",
            "[[device]]\nlines = [\n",
            "[[device] ]\n",
            "[[device]] x\n",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(parts("# Nothing.\n"), Some(Vec::new()));
    }
}
