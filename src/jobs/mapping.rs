//! Shipped mappings: what the columns of other systems' files are to us. Each is a file in `mappings/`.
//!
//! Promises: a column that has no field here is named whenever it is left out.

use std::path::Path;
use std::sync::LazyLock;

use crate::document::{Document, Entry, Fault};
use crate::model::TEXT_MAX;

/// The shipped mappings, by their ids.
const SHIPPED: &[(&str, &str)] = &[
    ("freepbx-endpoint-manager", include_str!("mappings/freepbx-endpoint-manager.toml")),
    ("fusionpbx", include_str!("mappings/fusionpbx.toml")),
    ("issabel", include_str!("mappings/issabel.toml")),
    ("plain-list", include_str!("mappings/plain-list.toml")),
    ("yeastar", include_str!("mappings/yeastar.toml")),
];

static MAPPINGS: LazyLock<Vec<Mapping>> =
    LazyLock::new(|| SHIPPED.iter().map(|(id, text)| Mapping::read(id, text).0).collect());

/// Goes through the mappings that bellhop ships, in the order of their ids.
pub fn mappings() -> impl Iterator<Item = &'static Mapping> {
    MAPPINGS.iter()
}

/// Finds a shipped mapping.
pub fn mapping(id: &str) -> Option<&'static Mapping> {
    mappings().find(|mapping| mapping.id == id)
}

/// What the columns of another system's file are to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What a job names it by.
    pub id: &'static str,
    /// The system that writes such files.
    pub name: String,
    /// What people should know before they use it.
    pub notes: String,
    /// The columns that it knows, in the order of its file.
    pub columns: Vec<MappedColumn>,
    /// The columns of files without a header, in their order; the number of cells chooses one.
    pub layouts: Vec<Vec<String>>,
    /// Whether rows of one MAC address are one device.
    pub merge: bool,
}

/// A column of another system's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedColumn {
    /// Its header, in lower case.
    pub header: String,
    /// What becomes of its cells.
    pub meaning: Meaning,
    /// Words of the other system, in lower case, each with ours; an empty one leaves the value as it is.
    pub words: Vec<(String, String)>,
    /// What stands between several values of one cell.
    pub separators: String,
}

/// What a column of another system's file is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The extension of a line: of the one whose number stands in its row, or of the next that is free.
    Extension,
    /// The field of this name.
    Field(String),
    /// The number of the line that the extension of its row is on.
    Line,
    /// Nothing: it is left out, and that is told.
    Nothing,
}

impl Mapping {
    fn read(id: &'static str, text: &str) -> (Self, Vec<Fault>) {
        let mut mapping = Self { id, ..Self::default() };
        let path = Path::new(id);
        let document = match Document::parse(path, text) {
            Ok(document) => document,
            Err(faults) => return (mapping, faults),
        };
        for entry in document.root() {
            match entry.key() {
                "columns" => {
                    let columns = entry.table().into_iter().flatten();
                    mapping.columns = columns.filter_map(|entry| column(&entry)).collect();
                    mapping.columns.sort_by(|a, b| a.header.cmp(&b.header));
                }
                "layouts" => {
                    let layout = |layout: Entry<'_>| layout.text(TEXT_MAX).map(cells);
                    mapping.layouts = entry.list().filter_map(layout).collect();
                }
                "merge" => mapping.merge = entry.boolean().unwrap_or_default(),
                "name" => mapping.name = entry.text(TEXT_MAX).unwrap_or_default().to_owned(),
                "notes" => mapping.notes = entry.text(2000).unwrap_or_default().to_owned(),
                _ => entry.unknown(&["columns", "layouts", "merge", "name", "notes"]),
            }
        }
        (mapping, document.into_faults())
    }

    /// Finds the column of a header in lower case.
    pub fn column(&self, header: &str) -> Option<&MappedColumn> {
        self.columns.iter().find(|column| column.header == header)
    }
}

fn cells(layout: &str) -> Vec<String> {
    layout.split(',').map(|cell| cell.trim().to_owned()).collect()
}

fn column(entry: &Entry<'_>) -> Option<MappedColumn> {
    let header = entry.key().to_owned();
    let (mut field, mut separators, mut words) = (None, String::new(), Vec::new());
    if entry.is_table() {
        for entry in entry.table()? {
            match entry.key() {
                "field" => field = entry.text_or_empty(TEXT_MAX).map(str::to_owned),
                "separators" => separators = entry.text(TEXT_MAX)?.to_owned(),
                "words" => {
                    let word = |entry: Entry<'_>| {
                        Some((entry.key().to_owned(), entry.text_or_empty(TEXT_MAX)?.to_owned()))
                    };
                    words = entry.table().into_iter().flatten().filter_map(word).collect();
                }
                _ => entry.unknown(&["field", "separators", "words"]),
            }
        }
    } else {
        field = entry.text_or_empty(TEXT_MAX).map(str::to_owned);
    }
    let meaning = match field?.as_str() {
        "" => Meaning::Nothing,
        "line-*" => Meaning::Extension,
        "line-number" => Meaning::Line,
        field => Meaning::Field(field.to_owned()),
    };
    Some(MappedColumn { header, meaning, words, separators })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_mapping_is_without_a_fault_and_in_order() {
        for (id, text) in SHIPPED {
            let (mapping, faults) = Mapping::read(id, text);
            assert_eq!(faults, [], "{id}");
            assert!(
                !mapping.name.is_empty() && !mapping.notes.is_empty() && !mapping.columns.is_empty(),
                "{id}"
            );
            for column in &mapping.columns {
                assert_eq!(column.header, column.header.to_lowercase(), "{id}");
                assert!(column.words.iter().all(|(word, _)| *word == word.to_lowercase()), "{id}");
            }
            for header in mapping.layouts.iter().flatten() {
                assert!(mapping.column(header).is_some(), "{id} {header}");
            }
            let sizes: Vec<usize> = mapping.layouts.iter().map(Vec::len).collect();
            assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{id}: the number of cells tells which");
        }
        assert!(SHIPPED.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(mapping("fusionpbx").is_some() && mapping("other").is_none());
    }
}
