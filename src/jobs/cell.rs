//! How a cell of a table is written and read: what is blank, what clears, and what a spreadsheet may not run.

use std::borrow::Cow;

use crate::model::Cell;

/// What stands for a secret that is not shown; whoever sends it back changes nothing.
pub(super) const MASK: &str = "********";

impl Cell {
    /// Writes the cell so that [`Cell::read`] gives it back, and no spreadsheet takes it for a formula.
    pub fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Leave => Cow::Borrowed(""),
            Self::Clear => Cow::Borrowed("clear"),
            Self::Value(text) if is_plain(text) => Cow::Borrowed(text),
            Self::Value(text) => Cow::Owned(format!("'{text}")),
        }
    }
}

/// Tells whether a text stands for itself in a table.
fn is_plain(text: &str) -> bool {
    !text.starts_with('\'') && formula(text).is_none() && matches!(Cell::read(text), Cell::Value(_))
}

/// Tells which character makes a spreadsheet run a cell as a formula.
///
/// That is a first `=` or `@`, a tab or carriage return, or a sign where neither a number nor a phone number follows; the
/// wide forms of these signs count, since some spreadsheets take them for the same.
pub(super) fn formula(text: &str) -> Option<char> {
    let first = text.chars().next()?;
    if matches!(first, '\t' | '\r') {
        return Some(first);
    }
    let text = text.trim_start();
    let first = text.chars().next()?;
    match first {
        '=' | '@' | '\u{ff1d}' | '\u{ff20}' | '\u{ff0b}' | '\u{ff0d}' => Some(first),
        '+' | '-' if !is_number(&text[1..]) => Some(first),
        _ => None,
    }
}

/// Tells whether what follows a sign is a number, or a phone number as people write it.
fn is_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b" .,()-".contains(&byte))
}

/// Tells the first character that no cell may hold: a control character other than a tab or the end of a line.
pub(super) fn control(text: &str) -> Option<char> {
    // Most cells have none below a blank, which is told many bytes at a time.
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return None;
    }
    text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Adds a cell to a line of a CSV file, in quotes where it needs them.
pub(super) fn push(line: &mut String, text: &str) {
    let edge = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let quoted = text.contains([',', ';', '\t', '"', '\r', '\n'])
        || edge(text.chars().next())
        || edge(text.chars().next_back());
    if quoted {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_told_and_numbers_are_not() {
        for text in ["=1", "@SUM(A1)", "\tx", "\rx", "+cmd|' /C calc'!A0", "-x", "+", "-", " =1", "\u{ff1d}1"]
        {
            assert!(formula(text).is_some(), "{text:?}");
        }
        for text in
            ["+49 (89) 123-45", "-5", "+4989", "-1.5", "1=1", "x@example.net", "a\tb", "", "'=1", "*97"]
        {
            assert_eq!(formula(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_written_cell_reads_back() {
        for text in
            ["clear", "Clear", "=x", "'x", "''", "", "  ", "\n", "********", "+x", "plain", " edge ", "\t"]
        {
            let cell = Cell::Value(text.to_owned());
            let written = cell.written();
            assert_eq!(Cell::read(&written), cell, "{text:?}");
            assert_eq!(formula(&written), None, "{text:?}");
        }
    }
}
