//! What a change would change, for people's eyes: no secret is in it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use similar::TextDiff;
use toml_edit::{Document, Item, Table, TableLike, Value};

use crate::audit::{DOTS, is_secret};
use crate::documents::Rewrite;
use crate::model::{Kind, SettingId};

/// Compares documents before and after, with secrets masked.
pub(super) fn unified(root: &Path, rewrites: &[Rewrite]) -> String {
    let mut diff = String::new();
    for rewrite in rewrites {
        let before = Secrets::of(rewrite.before.as_deref().unwrap_or_default());
        let after = Secrets::of(&rewrite.after);
        let name = rewrite.path.strip_prefix(root).unwrap_or(&rewrite.path).display().to_string();
        let (old, new) = (before.mask(&after, "old"), after.mask(&before, "new"));
        let from = if rewrite.before.is_some() { name.as_str() } else { "/dev/null" };
        let text = TextDiff::from_lines(&old, &new);
        diff += &text.unified_diff().context_radius(3).header(from, &name).to_string();
    }
    diff
}

/// A text and where its secrets are.
struct Secrets<'t> {
    text: &'t str,
    values: Vec<(Range<usize>, String)>,
    known: BTreeSet<String>,
}

impl<'t> Secrets<'t> {
    fn of(text: &'t str) -> Self {
        let mut values = Vec::new();
        match Document::parse(text) {
            Ok(document) => in_table(document.as_table(), false, &mut values),
            // What cannot be read may be anything.
            Err(_) => values.push((0..text.len(), text.to_owned())),
        }
        values.sort_by_key(|(range, _)| range.start);
        let known = values.iter().map(|(_, secret)| secret.clone()).collect();
        Self { text, values, known }
    }

    /// Writes the text with a mask for each secret; one that the other text has not shows that it is another one.
    fn mask(&self, other: &Self, what: &str) -> String {
        let mut masked = String::new();
        let mut from = 0;
        for (range, secret) in &self.values {
            let Some(between) = self.text.get(from..range.start) else { continue };
            masked += &self.without_secrets(between, other);
            masked += &if other.known.contains(secret) {
                format!("\"{DOTS}\"")
            } else {
                format!("\"{DOTS} ({what})\"")
            };
            from = range.end;
        }
        masked + &self.without_secrets(self.text.get(from..).unwrap_or_default(), other)
    }

    /// Masks what of the rest is a secret nevertheless: one in a comment, or a record that is commented out.
    fn without_secrets(&self, text: &str, other: &Self) -> String {
        let mut whole = String::new();
        for line in text.split_inclusive('\n') {
            match line.split_once('#') {
                Some((code, comment)) if is_telling(comment) => {
                    let end = if line.ends_with('\n') { "\n" } else { "" };
                    whole += &format!("{code}# {DOTS}{end}");
                }
                _ => whole += line,
            }
        }
        for secret in self.known.union(&other.known).filter(|secret| secret.chars().count() >= 4) {
            if whole.contains(secret.as_str()) {
                whole = whole.replace(secret.as_str(), DOTS);
            }
        }
        whole
    }
}

/// Tells whether a comment looks like a key with a secret.
fn is_telling(comment: &str) -> bool {
    let words = comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    comment.contains('=') && words.into_iter().any(is_masked)
}

fn is_masked(key: &str) -> bool {
    is_secret(key) || SettingId::find(key).is_some_and(|id| matches!(id.setting().kind, Kind::Secret(..)))
}

fn in_table(table: &dyn TableLike, in_raw: bool, into: &mut Vec<(Range<usize>, String)>) {
    for (key, item) in table.iter() {
        // Vendor parameters speak a language of their own: any of them may be a secret.
        let in_raw = in_raw || key == "raw";
        match item {
            Item::Value(value) if is_masked(key) || in_raw && !value.is_inline_table() => note(value, into),
            Item::Value(value) => in_value(value, in_raw, into),
            Item::Table(inner) => in_table(inner, in_raw, into),
            Item::ArrayOfTables(tables) => {
                tables.iter().for_each(|inner: &Table| in_table(inner, in_raw, into));
            }
            Item::None => (),
        }
    }
}

fn in_value(value: &Value, in_raw: bool, into: &mut Vec<(Range<usize>, String)>) {
    match value {
        Value::InlineTable(table) => in_table(table, in_raw, into),
        Value::Array(array) => array.iter().for_each(|value| in_value(value, in_raw, into)),
        _ => (),
    }
}

fn note(value: &Value, into: &mut Vec<(Range<usize>, String)>) {
    if let Some(range) = value.span() {
        into.push((range, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = r#"# password = "CANARY-comment"
[[device]]
serial = "CANARY-serial"
name = "Desk"
admin-password = "CANARY-admin" # once CANARY-admin
settings = { user-password = "CANARY-user", language = "en" }
update-password = """
CANARY-update
"""
raw = { "a.b" = "CANARY-raw", yealink = { c = "CANARY-deep" } }

[[extension]]
number = "1"
[extension.sip]
password = 'CANARY-sip'
"#;

    fn diff(after: &str) -> String {
        let path = Path::new("/fleet/sp/org.toml").to_owned();
        let rewrite = Rewrite { path, before: Some(BEFORE.into()), after: after.into() };
        unified(Path::new("/fleet"), &[rewrite])
    }

    #[test]
    fn no_secret_is_in_a_diff_wherever_it_stands() {
        let after = BEFORE.replace("\"Desk\"", "\"Hall\"").replace("'CANARY-sip'", "'CANARY-new'");
        let diff = diff(&after.replace("\"CANARY-raw\"", "\"CANARY-other\""));
        assert!(!diff.contains("CANARY"), "{diff}");
        assert!(diff.contains("--- sp/org.toml\n+++ sp/org.toml\n"), "{diff}");
        assert!(diff.contains("-name = \"Desk\"\n+name = \"Hall\"\n"), "{diff}");
        assert!(diff.contains("language = \"en\""), "{diff}");
    }

    #[test]
    fn a_secret_that_changes_is_told_of_without_being_told() {
        let diff = diff(&BEFORE.replace("\"CANARY-admin\" #", "\"CANARY-next\" #"));
        assert!(diff.contains(&format!("-admin-password = \"{DOTS} (old)\"")), "{diff}");
        assert!(diff.contains(&format!("+admin-password = \"{DOTS} (new)\"")), "{diff}");
        assert!(!diff.contains("CANARY"), "{diff}");
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        assert!(!diff("password = \"CANARY-broken\nx").contains("CANARY"));
    }
}
