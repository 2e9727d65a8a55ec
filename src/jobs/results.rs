//! What became of rows, written as rows again.
//!
//! Promises: no value of a record is in it, neither secrets nor what was generated; a spreadsheet runs none of its cells.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::jobs::cell::{formula, push};
use crate::jobs::rows::Format;

/// What became of a row, as people read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResultRow {
    /// The line of the input that it began on.
    pub row: u64,
    /// The record that it is about: `device 2f9c0d1e4b5a6978`; empty where there is none.
    pub record: String,
    /// What became of it: `done`, `unchanged`, `refused`, `failed` or `pending`.
    pub status: &'static str,
    /// Why, where it is not done; what should be looked at, where it is.
    pub message: String,
    /// The keys that changed.
    pub changed: Vec<String>,
}

/// Writes what became of rows: CSV with a header, or an object on each line.
///
/// # Errors
/// `into` takes no more.
pub fn write_results(
    rows: impl IntoIterator<Item = ResultRow>,
    format: Format,
    into: &mut dyn Write,
) -> io::Result<()> {
    if format == Format::Csv {
        into.write_all(b"row,record,status,message,changed\r\n")?;
    }
    let mut line = String::new();
    for row in rows {
        line.clear();
        match format {
            Format::Csv => {
                line.push_str(&row.row.to_string());
                for text in [&row.record, row.status, &row.message, &row.changed.join("|")] {
                    line.push(',');
                    push_safe(&mut line, text);
                }
                line.push_str("\r\n");
            }
            Format::JsonLines => {
                line.push_str(&serde_json::to_string(&row)?);
                line.push('\n');
            }
        }
        into.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// Adds a text that nobody reads back, with an apostrophe where a spreadsheet would run it.
fn push_safe(line: &mut String, text: &str) {
    if formula(text).is_some() { push(line, &format!("'{text}")) } else { push(line, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let rows = [
            ResultRow {
                row: 2,
                record: "device 2f9c0d1e4b5a6978".to_owned(),
                status: "done",
                changed: vec!["name".to_owned(), "settings.vlan".to_owned()],
                ..ResultRow::default()
            },
            ResultRow {
                row: 7,
                status: "refused",
                message: "=HYPERLINK(\"x\"), as it says; mend it".to_owned(),
                ..ResultRow::default()
            },
        ];
        let mut written = Vec::new();
        write_results(rows, format, &mut written).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn results_keep_the_lines_of_the_input_and_hold_no_formula() {
        assert_eq!(
            written(Format::Csv),
            "row,record,status,message,changed\r\n\
             2,device 2f9c0d1e4b5a6978,done,,name|settings.vlan\r\n\
             7,,refused,\"'=HYPERLINK(\"\"x\"\"), as it says; mend it\",\r\n"
        );
        let lines = written(Format::JsonLines);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines[0]["changed"][1], "settings.vlan");
        assert_eq!((&lines[1]["row"], &lines[1]["status"]), (&7.into(), &"refused".into()));
    }
}
