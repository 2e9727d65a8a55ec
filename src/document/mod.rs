//! TOML text whose every value knows its line, read without stopping at the first fault.
//!
//! Every file that people write is read through here: settings, catalog and fleet. A reader goes through the
//! [`Entry`]s of a table and asks each for the value that it expects; whatever does not fit becomes a
//! [`Fault`] of the [`Document`] and reading goes on. Read next: [`Entry`].

mod entry;
mod fault;
mod sections;
mod settings;

pub use self::entry::{Entry, Table};
pub use self::fault::{Fault, Severity, nearest, one_of};
pub use self::sections::{Section, Sections, sections};
pub use self::settings::{read_raw, read_secret, read_settings};

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

/// A TOML text being read, and the faults found in it so far.
pub struct Document<'t> {
    path: &'t Path,
    text: &'t str,
    /// Lines of the whole text above this part of it.
    above: u32,
    root: Spanned<DeTable<'t>>,
    faults: RefCell<Vec<Fault>>,
    /// Where the lines end, once somebody asks for one.
    ends: OnceCell<Vec<usize>>,
}

impl<'t> Document<'t> {
    /// Parses a text.
    ///
    /// # Errors
    /// All that breaks the rules of TOML, with lines.
    pub fn parse(path: &'t Path, text: &'t str) -> Result<Self, Vec<Fault>> {
        Self::parse_part(path, text, 0)
    }

    /// Parses a part of a text that begins with a line of its own, so many lines below the whole's first one.
    ///
    /// # Errors
    /// All that breaks the rules of TOML, with lines.
    pub fn parse_part(path: &'t Path, text: &'t str, above: u32) -> Result<Self, Vec<Fault>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let ends = OnceCell::new();
        if errors.is_empty() {
            return Ok(Self { path, text, above, root, faults: RefCell::default(), ends });
        }
        let fault = |error: &toml::de::Error| {
            let line = error.span().map_or(0, |span| line_at(text, span.start) + above);
            // The error's own text would quote the line, which may hold a password.
            Fault::error(path, line, format!("not TOML: {}; mend the syntax", error.message()))
        };
        Err(errors.iter().map(fault).collect())
    }

    /// Gives the table that is the whole document.
    pub fn root(&self) -> Table<'_> {
        Table::new(self, self.root.get_ref(), self.root.span())
    }

    /// Gives the file that is being read.
    pub fn path(&self) -> &'t Path {
        self.path
    }

    /// Notes an error found by other means than an entry's.
    pub fn error(&self, line: u32, message: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::error(self.path, line, message));
    }

    /// Notes a warning.
    pub fn warning(&self, line: u32, message: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::warning(self.path, line, message));
    }

    /// Notes a fault of a key.
    pub(super) fn note(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// Ends the reading with what was found.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    fn line(&self, offset: usize) -> u32 {
        // Each record asks for its line: counting from the top each time would take a large file minutes.
        let ends = self.ends.get_or_init(|| memchr::memchr_iter(b'\n', self.text.as_bytes()).collect());
        let before = ends.partition_point(|end| *end < offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1).saturating_add(self.above)
    }
}

fn line_at(text: &str, offset: usize) -> u32 {
    let before = &text.as_bytes()[..offset.min(text.len())];
    u32::try_from(memchr::memchr_iter(b'\n', before).count()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, read: impl FnOnce(&Document<'_>)) -> Vec<String> {
        let path = Path::new("x.toml");
        match Document::parse(path, text) {
            Ok(document) => {
                read(&document);
                document.into_faults().iter().map(ToString::to_string).collect()
            }
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn broken_syntax_is_told_with_its_line_and_without_the_line_itself() {
        let mut faults = faults("a = 1\npassword = \"CANARY\nb = 2\nc ==\n", |_| ());
        faults.sort();
        assert!(faults.len() >= 2, "{faults:?}");
        assert!(faults[0].starts_with("x.toml:2: not TOML: "), "{faults:?}");
        assert!(!faults.concat().contains("CANARY"));
    }

    #[test]
    fn every_wrong_value_is_a_fault_of_its_own() {
        let text = "number = 7\nword = \"reed\"\nflag = 1\ntext = \"\"\nlist = [1, \"a\"]\nmodle = 1\n";
        let found = faults(text, |document| {
            for entry in document.root() {
                match entry.key() {
                    "number" => assert_eq!(entry.integer(10, 20), None),
                    "word" => assert_eq!(entry.choice(&["green", "red"]), None),
                    "flag" => assert_eq!(entry.boolean(), None),
                    "text" => assert_eq!(entry.text(3), None),
                    "list" => assert_eq!(entry.list().filter_map(|item| item.text(9)).count(), 1),
                    _ => entry.unknown(&["model", "name"]),
                }
            }
        });
        let mut found = found;
        found.sort();
        assert_eq!(
            found,
            [
                "x.toml:1: `number` is 7; give a whole number from 10 to 20",
                "x.toml:2: `word` does not know `reed`; did you mean `red`?",
                "x.toml:3: `flag` is a number; write true or false",
                "x.toml:4: `text` is empty; give 1 to 3 characters, or leave the key out",
                "x.toml:5: `list` holds a number; give a text in quotes",
                "x.toml:6: unknown key `modle`; did you mean `model`?",
            ]
        );
    }
}
