//! Rows out of a file: CSV as people and spreadsheets write it, or JSON lines.
//!
//! Promises: every fault of a file is told in one run, with its line and column and the cure, and without what a cell
//! holds; a file that is made to do harm costs no more memory than its size; nothing is changed by reading.

mod assemble;
mod columns;
mod encoding;
mod fault;
mod known;
mod objects;
mod table;
mod twins;

pub use self::fault::RowFault;

use self::assemble::Assembly;
use self::columns::Headers;
use self::fault::Faults;
use crate::jobs::Row;
use crate::model::Job;

/// Most bytes of a file: 64 MiB.
pub const FILE_MAX: usize = 64 << 20;

/// Most rows of a file.
pub const ROWS_MAX: usize = 1_000_000;

/// Most bytes of a cell: 64 KiB.
pub const CELL_MAX: usize = 64 << 10;

/// Most cells of a file that are not blank, which bounds the memory that its rows take.
const CELLS_MAX: usize = 8_000_000;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header: RFC 4180, or with `;` or tabs.
    Csv,
    /// An object on each line.
    JsonLines,
}

impl Format {
    /// Finds the format of a media type, whatever its parameters say.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "application/csv" | "text/csv" | "text/tab-separated-values" => Some(Self::Csv),
            "application/json-lines"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/x-ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// Gives the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// Guesses the format of a text: an object or a list is JSON.
    fn of_text(text: &str) -> Self {
        if text.trim_start().starts_with(['{', '[']) { Self::JsonLines } else { Self::Csv }
    }
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows in the order of their lines; cells that leave a value as it is are not there.
    pub rows: Vec<Row>,
    /// What somebody should look at, like columns that are left out.
    pub warnings: Vec<String>,
}

/// Reads the rows of a file as a job wants them; the format is guessed where none is given.
///
/// # Errors
/// Everything that is wrong with the file, at most 100 faults and how many more.
pub fn read_rows(job: &Job, bytes: &[u8], format: Option<Format>) -> Result<Rows, Vec<RowFault>> {
    let mut faults = Faults::default();
    if bytes.len() > FILE_MAX {
        let message = format!("the file has {} bytes; send at most {FILE_MAX} at a time", bytes.len());
        faults.line(0, message);
        return Err(faults.finish());
    }
    let text = match encoding::text(bytes) {
        Ok(text) => text,
        Err((line, message)) => {
            faults.line(line, message);
            return Err(faults.finish());
        }
    };
    let mut headers = Headers::new(job, &mut faults);
    let mut assembly = Assembly::new(job, headers.mapping);
    match format.unwrap_or_else(|| Format::of_text(text)) {
        Format::Csv => table::read(text, &mut headers, &mut assembly, &mut faults),
        Format::JsonLines => objects::read(text, &mut headers, &mut assembly, &mut faults),
    }
    let rows = assembly.finish();
    if rows.is_empty() && faults.is_empty() {
        faults.line(0, "there are no rows; write one for each record, below a header of field names");
    }
    twins::find(job.operation, &rows, &mut faults);
    if faults.is_empty() { Ok(Rows { rows, warnings: headers.warnings() }) } else { Err(faults.finish()) }
}
