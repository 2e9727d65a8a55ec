//! CSV: rows of cells below a header, as spreadsheets of many countries write them.
//!
//! The parser of the `csv` crate is fed by hand, since a cell that is too long shall not be copied, and a quote that is
//! never closed shall be told instead of taking the rest of the file for one cell.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use crate::jobs::Cell;
use crate::jobs::cell::{control, formula};
use crate::jobs::rows::CELL_MAX;
use crate::jobs::rows::assemble::Assembly;
use crate::jobs::rows::columns::{COLUMNS_MAX, Column, Headers};
use crate::jobs::rows::encoding::lines;
use crate::jobs::rows::fault::Faults;

/// What may stand between two cells, the preferred one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads a text into rows.
pub(super) fn read(text: &str, headers: &mut Headers<'_>, assembly: &mut Assembly, faults: &mut Faults) {
    let (delimiter, text, first_line) = delimiter(text, headers);
    let mut records = Records::new(text, delimiter, first_line);
    let Some(first) = records.next(faults) else {
        return;
    };
    if first.is_broken {
        return;
    }
    if first.count > COLUMNS_MAX {
        let message = format!("has {} columns; at most {COLUMNS_MAX} are possible", first.count);
        faults.line(first.line, message);
        return;
    }
    let names: Vec<String> = first.cells().map(|cell| cell.text.to_owned()).collect();
    let layout = headers.layout(first.line, &names, faults);
    if layout.is_none() && !names.iter().any(|name| headers.knows(name)) {
        // What stands there is not said: it may be a row, and hold a secret.
        let message = "is no header, since none of its cells names a field; begin with a line like `mac,name,line-1`, or say \
                       in the job's `columns` or `mapping` what the columns are";
        faults.line(first.line, message);
        return;
    }
    let is_row = layout.is_some();
    let columns = headers.read(first.line, &layout.unwrap_or(names), faults);
    if columns.is_empty() {
        return;
    }
    if is_row {
        row(&first, &columns, assembly, faults);
    }
    while let Some(record) = records.next(faults) {
        row(&record, &columns, assembly, faults);
        if assembly.is_full() {
            return;
        }
    }
}

/// Takes one record as a row.
fn row(record: &Record<'_>, columns: &[Column], assembly: &mut Assembly, faults: &mut Faults) {
    if record.is_broken {
        return;
    }
    let count = record.count;
    let blank_beyond = record.cells().skip(columns.len()).all(|cell| cell.text.trim().is_empty());
    if count < columns.len() || count > COLUMNS_MAX || !blank_beyond {
        let message = format!(
            "has {count} cells where the header has {}; write a cell for each column, blank ones too, and put texts \
             with `,`, `;` or a quote in them into quotes",
            columns.len()
        );
        faults.line(record.line, message);
        return;
    }
    assembly.begin(record.line);
    for (at, (cell, column)) in record.cells().zip(columns).enumerate() {
        match check(&cell) {
            Ok(()) => assembly.take(at, column, Cell::read(cell.text), faults),
            Err(why) => faults.cell(record.line, &column.name, why),
        }
    }
    assembly.end(columns, faults);
}

/// Refuses what no cell may hold, and what a spreadsheet would run.
fn check(cell: &Text<'_>) -> Result<(), String> {
    if cell.is_cut {
        return Err(format!("holds more than the {CELL_MAX} bytes that a cell may have; shorten it"));
    }
    if let Some(found) = control(cell.text) {
        return Err(format!("holds the control character U+{:04X}; take it out", u32::from(found)));
    }
    match formula(cell.text) {
        None => Ok(()),
        Some('\t') => Err("begins with a tab; put an apostrophe before it if it is meant".to_owned()),
        Some('\r') => {
            Err("begins with the end of a line; put an apostrophe before it if it is meant".to_owned())
        }
        Some(sign) => Err(format!(
            "begins with `{sign}`, which a spreadsheet takes for a formula; put an apostrophe before it if it is meant"
        )),
    }
}

/// Finds what stands between the cells, by what makes most headers known and then most cells; a first line `sep=;`, as
/// spreadsheets write it, says it outright.
///
/// Gives the text below such a line, too, and the number of its first line.
fn delimiter<'t>(text: &'t str, headers: &Headers<'_>) -> (u8, &'t str, u64) {
    for delimiter in DELIMITERS {
        let sep = format!("sep={}", char::from(delimiter));
        let rest = text
            .get(..sep.len())
            .filter(|start| start.eq_ignore_ascii_case(&sep))
            .map(|_| &text[sep.len()..]);
        if let Some(rest) = rest.filter(|rest| rest.starts_with(['\r', '\n'])) {
            let end = if rest.starts_with("\r\n") { 2 } else { 1 };
            return (delimiter, &rest[end..], 2);
        }
    }
    let score = |delimiter: &u8| {
        let mut records = Records::new(text, *delimiter, 1);
        let Some(first) = records.next(&mut Faults::default()) else {
            return (0, 0);
        };
        (first.cells().filter(|cell| headers.knows(cell.text)).count(), first.cells().count())
    };
    // The last of equals is the greatest to `max_by_key`, hence from the back.
    let best = DELIMITERS.into_iter().rev().max_by_key(score);
    (best.unwrap_or(b','), text, 1)
}

/// A cell of a record.
struct Text<'r> {
    /// What it holds, without the quotes around it; without blanks at its ends where it has no quotes.
    text: &'r str,
    /// Whether it holds more than it may, so that nothing of it is here.
    is_cut: bool,
}

/// One record: a line, or several where a cell in quotes holds ends of lines.
struct Record<'r> {
    /// The line that it begins on.
    line: u64,
    /// How many cells it has; more than a file may have columns are not kept.
    count: usize,
    /// Whether a quote in it stands where none can.
    is_broken: bool,
    text: &'r str,
    ends: &'r [(usize, bool)],
}

impl<'r> Record<'r> {
    fn cells(&self) -> impl Iterator<Item = Text<'r>> + use<'r> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |(end, is_cut)| {
            let cell = Text { text: &text[start..*end], is_cut: *is_cut };
            start = *end;
            cell
        })
    }

    fn is_blank(&self) -> bool {
        self.cells().all(|cell| !cell.is_cut && cell.text.trim().is_empty())
    }
}

/// The records of a text, one at a time.
struct Records<'t> {
    reader: Reader,
    /// What is still to be read.
    rest: &'t str,
    /// The line that it begins on.
    line: u64,
    /// Whether a carriage return stood before it, whose line feed counts no line.
    after_return: bool,
    /// What one cell is read into: a byte more than it may have.
    cell: Vec<u8>,
    text: String,
    ends: Vec<(usize, bool)>,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, delimiter: u8, line: u64) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        let cell = vec![0; CELL_MAX + 1];
        let (text, rest) = (String::new(), text);
        Self { reader, rest, line, after_return: false, cell, text, ends: Vec::new() }
    }

    /// Reads the next record that is not blank.
    fn next(&mut self, faults: &mut Faults) -> Option<Record<'_>> {
        loop {
            self.skip_ends_of_lines();
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            let (count, is_broken) = self.read(faults);
            let record = Record { line, count, is_broken, text: &self.text, ends: &self.ends };
            if is_broken || !record.is_blank() {
                return Some(Record { line, count, is_broken, text: &self.text, ends: &self.ends });
            }
        }
    }

    fn skip_ends_of_lines(&mut self) {
        while let Some(end @ (b'\r' | b'\n')) = self.rest.as_bytes().first() {
            self.line += u64::from(!(self.after_return && *end == b'\n'));
            self.after_return = *end == b'\r';
            self.rest = &self.rest[1..];
        }
    }

    /// Reads a record's cells; gives how many they are, and whether a quote stands where none can.
    fn read(&mut self, faults: &mut Faults) -> (usize, bool) {
        self.text.clear();
        self.ends.clear();
        let (mut count, mut is_broken) = (0, false);
        loop {
            count += 1;
            let (raw, read) = self.read_cell();
            let found = quoting(raw);
            if let Quoting::Wrong(why) = found {
                faults.line(self.line, format!("cell {count} {why}"));
                is_broken = true;
            }
            if self.ends.len() <= COLUMNS_MAX {
                match found {
                    _ if read.is_cut => {}
                    Quoting::None => self.text.push_str(raw.trim()),
                    // The parser gives back what it was given, less the quotes: text, hence.
                    _ => self.text.push_str(&String::from_utf8_lossy(&self.cell[..read.length])),
                }
                self.ends.push((self.text.len(), read.is_cut));
            }
            self.line += read.lines;
            if read.ends_record {
                return (count, is_broken);
            }
        }
    }

    /// Reads a cell; gives it as it stands in the file, and what the parser says of it.
    fn read_cell(&mut self) -> (&'t str, Read) {
        let start = self.rest;
        let mut read = Read { length: 0, is_cut: false, ends_record: true, lines: 0 };
        let (mut used, mut at_end) = (0, false);
        loop {
            let into = if read.is_cut { 0 } else { read.length };
            let (result, taken, given) =
                self.reader.read_field(&start.as_bytes()[used..], &mut self.cell[into..]);
            used += taken;
            read.length = into + given;
            match result {
                ReadFieldResult::InputEmpty => at_end = true,
                ReadFieldResult::OutputFull => read.is_cut = true,
                ReadFieldResult::Field { record_end } => {
                    read.ends_record = record_end;
                    break;
                }
                ReadFieldResult::End => {
                    at_end = true;
                    break;
                }
            }
        }
        read.is_cut |= read.length > CELL_MAX;
        self.rest = &start[used..];
        read.lines = lines(&start.as_bytes()[..used]);
        self.after_return = start.as_bytes()[..used].ends_with(b"\r");
        let raw = if at_end { used } else { used.saturating_sub(1) };
        (&start[..raw], read)
    }
}

/// What the parser says of a cell.
struct Read {
    length: usize,
    is_cut: bool,
    ends_record: bool,
    /// How many ends of lines stand in it and after it.
    lines: u64,
}

/// How a cell stands in quotes.
enum Quoting {
    None,
    Whole,
    Wrong(&'static str),
}

/// Looks at the quotes of a cell as it stands in the file.
fn quoting(raw: &str) -> Quoting {
    let Some(inner) = raw.strip_prefix('"') else {
        return if raw.trim_start().starts_with('"') {
            Quoting::Wrong("has a blank before its opening quote; take the blank out")
        } else {
            Quoting::None
        };
    };
    let bytes = inner.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'"', &bytes[from..]) {
        let next = from + at + 1;
        match bytes.get(next) {
            None => return Quoting::Whole,
            Some(b'"') => from = next + 1,
            Some(_) => {
                return Quoting::Wrong("goes on after its closing quote; write a quote inside it twice");
            }
        }
    }
    Quoting::Wrong("opens a quote that is never closed; close it, or write a quote inside a cell twice")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jobs::cell::push;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_cells_hold_they_read_back_as_they_were_written(
            table in prop::collection::vec(prop::collection::vec("(\\PC|clear|\"|'|=|,|;|\t|\r|\n| ){0,6}", 3), 1..6),
            delimiter in prop::sample::select(DELIMITERS.to_vec()),
        ) {
            let mut text = String::new();
            for row in &table {
                for (at, cell) in row.iter().enumerate() {
                    text.extend((at > 0).then_some(char::from(delimiter)));
                    push(&mut text, &Cell::Value(cell.clone()).written());
                }
                text.push_str("\r\n");
            }
            let mut faults = Faults::default();
            let mut records = Records::new(&text, delimiter, 1);
            let mut back = Vec::new();
            while let Some(record) = records.next(&mut faults) {
                prop_assert!(record.cells().all(|cell| check(&cell).is_ok()), "{:?}", text);
                back.push(record.cells().map(|cell| Cell::read(cell.text)).collect::<Vec<_>>());
            }
            let cells = |row: &Vec<String>| row.iter().map(|cell| Cell::Value(cell.clone())).collect::<Vec<_>>();
            prop_assert_eq!(back, table.iter().map(cells).collect::<Vec<_>>());
            prop_assert!(faults.is_empty());
        }
    }
}
