//! What the columns of a file are for: by the job's own words, by its mapping, or by the names of fields.

use std::collections::HashMap;

use crate::document::nearest;
use crate::jobs::mapping::{MappedColumn, Mapping, Meaning, mapping};
use crate::jobs::rows::fault::{Faults, shown};
use crate::jobs::rows::known;
use crate::model::{Job, Mac, TEXT_MAX};

/// Most columns of a file.
pub(super) const COLUMNS_MAX: usize = 1000;

/// What the cells of a column are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An extension on a line.
    Extension,
    /// The field of this name.
    Field(String),
    /// The number of the line that the next extension of the row is on.
    Line,
    /// They are all blank, or somebody has to say what they are for.
    Nameless,
    /// Nothing.
    Nothing,
}

/// A column of a file.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its header as it can be told, or its place.
    pub(super) name: String,
    /// What its cells are for.
    pub(super) target: Target,
    /// What else the mapping says of it.
    pub(super) mapped: Option<&'static MappedColumn>,
}

/// Says what columns are for, as a job sees it.
pub(super) struct Headers<'j> {
    job: &'j Job,
    /// The mapping of the job.
    pub(super) mapping: Option<&'static Mapping>,
    own: HashMap<String, &'j str>,
    /// Headers that are left out since the mapping, or the job, has no field for them.
    left_out: Vec<String>,
}

impl<'j> Headers<'j> {
    /// Takes a job's own columns and mapping.
    pub(super) fn new(job: &'j Job, faults: &mut Faults) -> Self {
        let own = job.columns.iter().map(|(header, field)| (key(header), &**field)).collect();
        let found = job.mapping.as_deref().and_then(mapping);
        if let Some(id) = job.mapping.as_deref().filter(|_| found.is_none()) {
            let message = format!(
                "there is no mapping `{}`, which the job reads columns by; `bellhop job mappings` lists them",
                shown(id)
            );
            faults.line(0, message);
        }
        Self { job, mapping: found, own, left_out: Vec::new() }
    }

    /// Tells whether somebody knows a header.
    pub(super) fn knows(&self, header: &str) -> bool {
        let key = key(header);
        self.own.contains_key(&key)
            || self.mapping.is_some_and(|mapping| mapping.column(&key).is_some())
            || known::named(self.job.operation, header).is_some()
    }

    /// Tells whether the job or its mapping says what a key is for.
    pub(super) fn maps(&self, header: &str) -> bool {
        let key = key(header);
        self.own.contains_key(&key) || self.mapping.is_some_and(|mapping| mapping.column(&key).is_some())
    }

    /// Tells whether a key holds the extensions of all lines.
    pub(super) fn takes_lines(&self, header: &str) -> bool {
        header == "lines" && !self.maps(header) && known::named(self.job.operation, "line-1").is_some()
    }

    /// Gives the header that a file without one has, by its mapping and the number of its cells; none where the first
    /// record is a header, and an empty one where no layout fits.
    pub(super) fn layout(&self, line: u64, first: &[String], faults: &mut Faults) -> Option<Vec<String>> {
        let layouts = &self.mapping.filter(|mapping| !mapping.layouts.is_empty())?.layouts;
        let is_mac = |cell: &String| cell.trim().parse::<Mac>().is_ok();
        if first.iter().any(|cell| self.knows(cell)) && !first.iter().any(is_mac) {
            return None;
        }
        let found = layouts.iter().find(|layout| layout.len() == first.len());
        if found.is_none() {
            let known: Vec<String> =
                layouts.iter().map(|layout| format!("`{}`", layout.join(", "))).collect();
            let message = format!(
                "has {} cells and no header that is known; without one, write {}",
                first.len(),
                known.join(" or ")
            );
            faults.line(line, message);
        }
        Some(found.cloned().unwrap_or_default())
    }

    /// Reads a header on a line; two columns may not be for the same field.
    pub(super) fn read(&mut self, line: u64, header: &[String], faults: &mut Faults) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        let mut taken: HashMap<String, usize> = HashMap::new();
        for (at, header) in header.iter().enumerate() {
            let column = self.column(line, at, header, faults);
            if let Target::Field(field) = &column.target {
                if let Some(first) = taken.get(field) {
                    let message = format!(
                        "is for `{}`, as column `{}` is; leave one of them out (map it to \"\")",
                        shown(field),
                        columns[*first].name
                    );
                    faults.cell(line, &column.name, message);
                } else {
                    taken.insert(field.clone(), at);
                }
            }
            columns.push(column);
        }
        columns
    }

    /// Says what one column is for.
    pub(super) fn column(&mut self, line: u64, at: usize, header: &str, faults: &mut Faults) -> Column {
        let header = header.trim();
        let name = if header.is_empty() { format!("number {}", at + 1) } else { shown(header) };
        let key = key(header);
        let column = |target, mapped| Column { name: name.clone(), target, mapped };
        if let Some(field) = self.own.get(&key) {
            if field.is_empty() {
                return column(Target::Nothing, None);
            }
            let Some(known) = known::named(self.job.operation, field) else {
                let message = format!(
                    "the job reads it as `{}`, which is no field; {}",
                    shown(field),
                    self.cure(field)
                );
                faults.cell(line, header, message);
                return column(Target::Nothing, None);
            };
            return column(self.taken(line, header, known, faults), None);
        }
        if header.is_empty() {
            return column(Target::Nameless, None);
        }
        if let Some(mapped) = self.mapping.and_then(|mapping| mapping.column(&key)) {
            let target = self.meant(mapped);
            if target == Target::Nothing {
                self.left_out.push(name.clone());
            }
            return column(target, Some(mapped));
        }
        if let Some(field) = known::named(self.job.operation, header) {
            return column(self.taken(line, header, field, faults), None);
        }
        let message = format!("is no field of {}; {}", self.job.operation.word(), self.cure(header));
        faults.cell(line, header, message);
        column(Target::Nothing, None)
    }

    /// Says what a mapped column is for here; what the operation or the job does not take is left out.
    fn meant(&self, mapped: &MappedColumn) -> Target {
        let takes_lines = || self.takes("line-1");
        match &mapped.meaning {
            Meaning::Extension if takes_lines() => Target::Extension,
            Meaning::Extension => self.field("extension"),
            Meaning::Field(field) => self.field(field),
            Meaning::Line if takes_lines() => Target::Line,
            Meaning::Line | Meaning::Nothing => Target::Nothing,
        }
    }

    fn field(&self, field: &str) -> Target {
        match known::named(self.job.operation, field) {
            Some(field) if self.takes(&field) => Target::Field(field),
            _ => Target::Nothing,
        }
    }

    /// Takes a field if runs of the job do; what a row says of one that the job fixes is compared with that.
    fn taken(&self, line: u64, header: &str, field: String, faults: &mut Faults) -> Target {
        if self.takes(&field) {
            return Target::Field(field);
        }
        let message =
            format!("the job does not take `{}`; leave the column out, or map it to \"\"", shown(&field));
        faults.cell(line, header, message);
        Target::Nothing
    }

    fn takes(&self, field: &str) -> bool {
        self.job.field(field).is_some()
            || self.job.operation.field(field).is_some_and(|field| self.job.takes(&field))
    }

    /// Names the nearest field, or where they are listed.
    fn cure(&self, header: &str) -> String {
        let names = known::names(self.job.operation);
        // The comparison takes the product of the lengths.
        let near = (header.len() <= TEXT_MAX)
            .then(|| nearest(&known::normal(header), names.iter().map(|name| &**name)));
        match near.flatten() {
            Some(near) => format!("did you mean `{near}`? To leave the column out, map it to \"\""),
            None => {
                "name a field in the job's `columns` for it, or map it to \"\" to leave it out".to_owned()
            }
        }
    }

    /// Says which columns were left out that nobody asked to leave out.
    pub(super) fn warnings(&self) -> Vec<String> {
        if self.left_out.is_empty() {
            return Vec::new();
        }
        let mut names: Vec<&str> = self.left_out.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        vec![format!("leaves out: {}", listed.join(", "))]
    }
}

/// Gives a header as headers are compared: in lower case, without blanks at its ends.
fn key(header: &str) -> String {
    header.trim().to_lowercase()
}
