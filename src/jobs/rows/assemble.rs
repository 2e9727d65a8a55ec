//! Rows out of cells: what a mapping says of words, lines, and rows that are one device.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::jobs::mapping::Mapping;
use crate::jobs::rows::columns::{Column, Target};
use crate::jobs::rows::fault::Faults;
use crate::jobs::rows::known::LINES_MAX;
use crate::jobs::rows::twins::normal;
use crate::jobs::rows::{CELLS_MAX, ROWS_MAX};
use crate::jobs::{Cell, Row};
use crate::model::{FieldSource, Job, JobOperation};

/// The rows so far, and the one that is being read.
pub(super) struct Assembly {
    rows: Vec<Row>,
    /// Of rows that are one device: where each is.
    merged: Option<HashMap<String, usize>>,
    cells: usize,
    /// Whether the file has more than it may.
    full: bool,
    line: u64,
    current: BTreeMap<String, Cell>,
    /// What the row says of lines: the columns of its numbers and extensions, in their order.
    numbers: Vec<String>,
    extensions: Vec<(usize, Vec<String>)>,
    /// Of rows with extensions: the first line that may be free.
    free: HashMap<usize, u16>,
    /// Whether a device without a name is called by its MAC address.
    names: bool,
}

impl Assembly {
    /// Begins with the rows of a job, which another system's file may be mapped to.
    pub(super) fn new(job: &Job, mapping: Option<&Mapping>) -> Self {
        let asks = job.field("name").is_some_and(|name| name.from == FieldSource::Asked);
        Self {
            rows: Vec::new(),
            merged: mapping.is_some_and(|mapping| mapping.merge).then(HashMap::new),
            cells: 0,
            full: false,
            line: 0,
            current: BTreeMap::new(),
            numbers: Vec::new(),
            extensions: Vec::new(),
            free: HashMap::new(),
            names: asks && mapping.is_some() && job.operation == JobOperation::DeviceCreate,
        }
    }

    /// Tells whether no more rows are taken.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Begins a row on a line.
    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.current.clear();
        self.numbers.clear();
        self.extensions.clear();
    }

    /// Takes a cell of the row.
    pub(super) fn take(&mut self, at: usize, column: &Column, cell: Cell, faults: &mut Faults) {
        match &column.target {
            Target::Nothing => {}
            Target::Nameless if cell == Cell::Leave => {}
            Target::Nameless => {
                let message = "has no header, and this cell holds something; name the column, or empty it";
                faults.cell(self.line, &column.name, message);
            }
            Target::Line => self.numbers.push(match cell {
                Cell::Value(text) => text.trim().to_owned(),
                Cell::Clear | Cell::Leave => String::new(),
            }),
            Target::Extension => {
                let separators = column.mapped.map_or("", |mapped| &*mapped.separators);
                let text = if let Cell::Value(text) = &cell { text } else { "" };
                let several = text.split(|c| separators.contains(c)).map(str::trim);
                let several = several.filter(|text| !text.is_empty()).map(str::to_owned);
                self.extensions.push((at, several.collect()));
            }
            Target::Field(field) => {
                let cell = translated(column, cell);
                if cell != Cell::Leave {
                    self.cells += 1;
                    self.current.insert(field.clone(), cell);
                }
            }
        }
    }

    /// Tells whether the row says something of a field already.
    pub(super) fn has(&self, field: &str) -> bool {
        self.current.contains_key(field)
    }

    /// Ends the row.
    pub(super) fn end(&mut self, columns: &[Column], faults: &mut Faults) {
        if self.rows.len() >= ROWS_MAX || self.cells > CELLS_MAX {
            self.full = true;
            let message = format!(
                "the file has more than {ROWS_MAX} rows or {CELLS_MAX} filled cells; split it in two"
            );
            faults.line(self.line, message);
            return;
        }
        let cells = std::mem::take(&mut self.current);
        let same = match cells.get("mac") {
            Some(Cell::Value(mac)) => normal(mac),
            _ => String::new(),
        };
        let known = self.merged.as_ref().filter(|_| !same.is_empty()).and_then(|merged| merged.get(&same));
        let at = match known.copied() {
            Some(at) => {
                self.merge(at, cells, faults);
                at
            }
            None => {
                let at = self.rows.len();
                if let Some(merged) = self.merged.as_mut().filter(|_| !same.is_empty()) {
                    merged.insert(same, at);
                }
                self.rows.push(Row { number: self.line, cells });
                at
            }
        };
        self.lines(at, columns, faults);
    }

    /// Adds what a later row of the same device says.
    fn merge(&mut self, at: usize, cells: BTreeMap<String, Cell>, faults: &mut Faults) {
        let row = &mut self.rows[at];
        for (field, cell) in cells {
            if field == "mac" {
                continue;
            }
            let known = row.cells.entry(field.clone()).or_insert_with(|| cell.clone());
            if *known != cell {
                let message = format!(
                    "says something else than line {} does of the same device; make them agree",
                    row.number
                );
                faults.cell(self.line, &field, message);
            }
        }
    }

    /// Puts the extensions of the row that was read onto the lines of row `at`.
    fn lines(&mut self, at: usize, columns: &[Column], faults: &mut Faults) {
        let extensions = std::mem::take(&mut self.extensions);
        for (place, (column, several)) in extensions.iter().enumerate() {
            let name = columns.get(*column).map_or("", |column| &*column.name);
            let number = self.numbers.get(place).filter(|number| !number.is_empty());
            let number = match number.map(|number| number.parse::<u16>()) {
                None => None,
                Some(Ok(number)) if (1..=LINES_MAX).contains(&number) => Some(number),
                Some(_) => {
                    let message = format!("has no number of a line beside it; write 1 to {LINES_MAX}");
                    faults.cell(self.line, name, message);
                    continue;
                }
            };
            if several.len() > usize::from(LINES_MAX) {
                let message =
                    format!("holds {} extensions; a device has at most {LINES_MAX} lines", several.len());
                faults.cell(self.line, name, message);
                continue;
            }
            for (further, extension) in (0_u16..).zip(several) {
                let free = self.free.entry(at).or_insert(1);
                let cells = &mut self.rows[at].cells;
                let line = number.map_or_else(
                    || next_free(cells, free),
                    |number| number.saturating_add(further).min(LINES_MAX),
                );
                if let Entry::Vacant(place) = cells.entry(format!("line-{line}")) {
                    self.cells += 1;
                    place.insert(Cell::Value(extension.clone()));
                } else {
                    let message =
                        format!("puts a second extension on line {line} of this device; give each its own");
                    faults.cell(self.line, name, message);
                }
            }
        }
        self.extensions = extensions;
    }

    /// Gives the rows.
    pub(super) fn finish(mut self) -> Vec<Row> {
        let nameless = self.rows.iter_mut().filter(|row| self.names && !row.cells.contains_key("name"));
        for row in nameless {
            if let Some(Cell::Value(mac)) = row.cells.get("mac") {
                let name = format!("Phone {}", normal(mac));
                row.cells.insert("name".to_owned(), Cell::Value(name));
            }
        }
        self.rows
    }
}

/// Finds the next line that a row says nothing of; from `free`, before which there is none.
fn next_free(cells: &BTreeMap<String, Cell>, free: &mut u16) -> u16 {
    while *free < LINES_MAX && cells.contains_key(&format!("line-{free}")) {
        *free += 1;
    }
    *free
}

/// Says in our words what a cell says in another system's.
fn translated(column: &Column, cell: Cell) -> Cell {
    let (Some(mapped), Cell::Value(text)) = (column.mapped, &cell) else {
        return cell;
    };
    let word = text.trim().to_lowercase();
    match mapped.words.iter().find(|(theirs, _)| *theirs == word) {
        Some((_, ours)) => Cell::read(ours),
        None => cell,
    }
}
