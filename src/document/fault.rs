//! What is wrong with a file, where, and how to mend it.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing wrong in a file that people write.
///
/// Prints as `path:line: what; cure`, and never with a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1; 0 means the file as a whole.
    pub line: u32,
    /// Whether it can be lived with.
    pub severity: Severity,
    /// What is wrong and what to do about it.
    pub message: String,
    /// The key of the record that it is about, where it is about one.
    pub key: Option<Box<str>>,
}

/// How bad a [`Fault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and somebody should look at it.
    Warning,
}

impl Fault {
    /// Makes an error.
    pub fn error(path: &Path, line: u32, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, severity: Severity::Error, message: message.into(), key: None }
    }

    /// Makes a warning.
    pub fn warning(path: &Path, line: u32, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, severity: Severity::Warning, message: message.into(), key: None }
    }

    /// Says which key it is about.
    #[must_use]
    pub fn of_key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Tells whether the file cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        let warning = if self.is_error() { "" } else { "warning: " };
        write!(f, " {warning}{}", self.message)
    }
}

/// Gives the word of `known` that `word` was probably meant to be; of several, the first by the alphabet.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let score = |candidate: &str| strsim::jaro_winkler(word, candidate);
    let best = known.into_iter().max_by(|a, b| score(a).total_cmp(&score(b)).then_with(|| b.cmp(a)))?;
    (score(best) > 0.75).then_some(best)
}

/// Writes words as a list for people: `a`, `b` or `c`.
pub fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_prints_place_and_message() {
        let path = Path::new("fleet/hq.toml");
        assert_eq!(Fault::error(path, 3, "x; y").to_string(), "fleet/hq.toml:3: x; y");
        assert_eq!(Fault::warning(path, 0, "x").to_string(), "fleet/hq.toml: warning: x");
    }

    #[test]
    fn the_nearest_word_is_found_only_when_it_is_near() {
        assert_eq!(nearest("modle", ["name", "model", "mac"]), Some("model"));
        assert_eq!(nearest("timezone", ["time-zone", "tones"]), Some("time-zone"));
        assert_eq!(nearest("xyzzy", ["name", "model", "mac"]), None);
    }

    #[test]
    fn words_are_listed_for_people() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
