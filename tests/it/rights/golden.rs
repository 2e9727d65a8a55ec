//! Tables that are checked in: what every cell is, rewritten by `BLESS=1` and read as a diff.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bellhop::rights::{Denial, Rule};

/// A table in the making: columns of words.
pub(super) struct Table {
    text: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table, with a sentence on what it shows and the names of its columns.
    pub(super) fn new(title: &str, columns: &[&str]) -> Self {
        let head = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { text: format!("# {title}\n"), rows: vec![head] }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[&str]) {
        assert_eq!(cells.len(), self.rows[0].len(), "{cells:?}");
        self.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    /// Gives the table with its columns in line.
    pub(super) fn write(mut self) -> String {
        let columns = 0..self.rows[0].len();
        let widths: Vec<_> =
            columns.map(|at| self.rows.iter().map(|row| row[at].len()).max().unwrap_or_default()).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                write!(line, "{cell:<width$} | ").unwrap();
            }
            self.text.push_str(line.trim_end_matches([' ', '|']));
            self.text.push('\n');
        }
        self.text
    }
}

/// Compares tables with a file beside the tests, or rewrites it with `BLESS=1`.
pub(super) fn check(name: &str, tables: impl IntoIterator<Item = Table>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rights").join(name);
    let text = tables.into_iter().map(Table::write).collect::<Vec<_>>().join("\n");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let differ: Vec<_> = text.lines().filter(|line| !known.lines().any(|other| other == *line)).collect();
    assert!(
        text == known,
        "{name} is not as checked in; rewrite it and see the change with BLESS=1 and git diff; new lines:\n{}",
        differ.join("\n")
    );
}

/// Writes a decision: what is allowed and by which rule, or how it is refused.
pub(super) fn decision<T>(decided: Result<T, Denial>, allowed: impl FnOnce(T) -> (String, Rule)) -> String {
    match decided {
        Ok(value) => {
            let (word, rule) = allowed(value);
            format!("{word} {rule}")
        }
        Err(denial) => refusal(&denial),
    }
}

/// Writes how something is refused, with the field that it is about.
pub(super) fn refusal(denial: &Denial) -> String {
    assert!(!denial.why.is_empty(), "{denial:?}");
    let field = denial.field.map(|field| format!(" ({field})")).unwrap_or_default();
    format!("{} {}{field}", if denial.hidden { "hidden" } else { "no" }, denial.rule)
}
