//! Tables that fit the terminal: long columns are shortened, and nothing is wrapped.
//!
//! Where nobody looks, into a file or a pipe, everything is written in full.

use std::io::{self, BufWriter, IsTerminal, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::paint::{Paint, Tint};

/// Least width that a column is shortened to.
const LEAST: usize = 6;

/// Blanks between columns.
const GAP: usize = 2;

/// Rows below a head, all of them of as many cells.
pub(super) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table with these columns.
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; control characters are written as escapes, so that no text plays with the terminal.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let tame = |cell: String| if cell.chars().any(char::is_control) { tamed(&cell) } else { cell };
        let mut row: Vec<String> = cells.into_iter().map(tame).collect();
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
    }

    /// Prints it to standard output.
    ///
    /// # Errors
    /// It cannot be written; whoever reads no further is no error.
    pub(super) fn print(&self) -> io::Result<()> {
        let out = io::stdout();
        let room = if out.is_terminal() {
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
        } else {
            None
        };
        let mut out = BufWriter::new(out.lock());
        let written = self.write(&mut out, room, Paint::stdout()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Writes it, in lines no wider than `room` where there is a limit.
    pub(super) fn write(&self, out: &mut impl Write, room: Option<usize>, paint: Paint) -> io::Result<()> {
        let widths = self.widths(room);
        let head: Vec<String> = self.head.iter().map(|word| (*word).to_owned()).collect();
        writeln!(out, "{}", paint.tint(Tint::Head, &line(&head, &widths)))?;
        for row in &self.rows {
            writeln!(out, "{}", line(row, &widths))?;
        }
        Ok(())
    }

    /// Gives each column what it needs, or takes from the widest until the line fits; columns for which there is no
    /// room at all get none.
    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.head.iter().map(|word| word.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let Some(room) = room else {
            return widths;
        };
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        while total(&widths) > room {
            let widest = widths.iter().copied().max().unwrap_or_default();
            if widest > LEAST {
                widths
                    .iter_mut()
                    .rev()
                    .filter(|width| **width == widest)
                    .take(1)
                    .for_each(|width| *width -= 1);
            } else if widths.len() > 1 {
                widths.pop();
            } else {
                return vec![room];
            }
        }
        widths
    }
}

/// Writes cells in columns; nothing follows the last one.
fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        if !line.is_empty() {
            line.push_str(&" ".repeat(GAP));
        }
        let cell = shortened(cell, *width);
        line.push_str(&cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Gives a text that is no wider, with `…` at its end where something is missing.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut short, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

fn tamed(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(room: Option<usize>) -> Vec<String> {
        let mut table = Table::new(&["NAME", "MODEL", "LINES", "STATE"]);
        table.row([
            "Front desk".into(),
            "yealink/t46s".into(),
            "0087*001 0087*002".into(),
            "editable".into(),
        ]);
        table.row(["受付の電話".into(), "a/b".into(), "\u{1b}[31m".into(), String::new()]);
        let mut out = Vec::new();
        table.write(&mut out, room, Paint::none()).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn where_nobody_looks_everything_is_written_in_full() {
        assert_eq!(
            written(None),
            [
                "NAME        MODEL         LINES              STATE",
                "Front desk  yealink/t46s  0087*001 0087*002  editable",
                "受付の電話  a/b           \\u{1b}[31m",
            ]
        );
    }

    #[test]
    fn a_table_fits_terminals_of_all_widths() {
        for room in 1..80 {
            for line in written(Some(room)) {
                assert!(line.width() <= room, "{room}: {line}");
            }
        }
        assert_eq!(
            written(Some(40)),
            [
                "NAME       MODEL      LINES     STATE",
                "Front de…  yealink/…  0087*00…  editable",
                "受付の電…  a/b        \\u{1b}[…",
            ]
        );
    }

    #[test]
    fn what_is_too_long_ends_with_dots() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdef", 5), "abcd…");
        assert_eq!(shortened("受付の", 4), "受…");
    }
}
