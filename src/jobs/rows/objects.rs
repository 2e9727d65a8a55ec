//! JSON lines: an object on each line, `null` clears, what is missing is left as it is.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::jobs::Cell;
use crate::jobs::cell::{MASK, control};
use crate::jobs::rows::CELL_MAX;
use crate::jobs::rows::assemble::Assembly;
use crate::jobs::rows::columns::{Column, Headers, Target};
use crate::jobs::rows::fault::Faults;

/// Most bytes of a line: a parsed value takes many times the memory of its text.
const LINE_MAX: usize = 1 << 20;

/// Most different keys of a file.
const KEYS_MAX: usize = 1000;

/// Reads a text into rows.
pub(super) fn read(text: &str, headers: &mut Headers<'_>, assembly: &mut Assembly, faults: &mut Faults) {
    let mut columns = Columns { known: HashMap::new(), all: Vec::new() };
    for (line, text) in (1_u64..).zip(text.split('\n')) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if text.len() > LINE_MAX {
            faults.line(line, format!("has {} bytes; a row has at most {LINE_MAX}", text.len()));
            continue;
        }
        let pairs = match serde_json::from_str::<Pairs>(text) {
            Ok(Pairs(pairs)) => pairs,
            Err(error) => {
                faults.line(line, why(text, &error));
                continue;
            }
        };
        assembly.begin(line);
        let mut said: HashSet<&str> = HashSet::new();
        for (key, value) in &pairs {
            if !said.insert(key) {
                faults.cell(line, key, "stands there twice; keep one of them");
                continue;
            }
            member(line, key, value, &mut columns, headers, assembly, faults);
        }
        assembly.end(&columns.all, faults);
        if assembly.is_full() {
            return;
        }
    }
}

/// The keys that were met, with what they are for.
struct Columns {
    known: HashMap<String, usize>,
    all: Vec<Column>,
}

impl Columns {
    fn find(
        &mut self,
        line: u64,
        key: &str,
        headers: &mut Headers<'_>,
        faults: &mut Faults,
    ) -> Option<usize> {
        if let Some(at) = self.known.get(key) {
            return Some(*at);
        }
        if self.all.len() >= KEYS_MAX {
            faults
                .line(line, format!("has a key more than the {KEYS_MAX} that a file may have; name fields"));
            return None;
        }
        let at = self.all.len();
        self.all.push(headers.column(line, at, key, faults));
        self.known.insert(key.to_owned(), at);
        Some(at)
    }
}

/// Takes one member of an object; tables of settings and vendor parameters are taken apart.
fn member(
    line: u64,
    key: &str,
    value: &Value,
    columns: &mut Columns,
    headers: &mut Headers<'_>,
    assembly: &mut Assembly,
    faults: &mut Faults,
) {
    if let (Value::Object(table), false) = (value, headers.maps(key)) {
        for (inner, value) in table {
            member(line, &format!("{key}.{inner}"), value, columns, headers, assembly, faults);
        }
        return;
    }
    if let (Value::Array(numbers), true) = (value, headers.takes_lines(key)) {
        for (number, value) in (1..).zip(numbers) {
            let cell =
                if matches!(value, Value::String(text) if text.is_empty()) { &Value::Null } else { value };
            member(line, &format!("line-{number}"), cell, columns, headers, assembly, faults);
        }
        return;
    }
    let Some(at) = columns.find(line, key, headers, faults) else {
        return;
    };
    let column = &columns.all[at];
    match cell(value) {
        Ok(cell) => {
            let said = matches!(&column.target, Target::Field(field) if assembly.has(field));
            if said && cell != Cell::Leave {
                faults.cell(line, key, "is for the same field as another key; leave one of them out");
                return;
            }
            assembly.take(at, column, cell, faults);
        }
        Err(why) => faults.cell(line, key, why),
    }
}

/// Gives what a value says.
fn cell(value: &Value) -> Result<Cell, String> {
    let text = match value {
        Value::Null => return Ok(Cell::Clear),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().is_empty() || text == MASK => return Ok(Cell::Leave),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => return Ok(Cell::Clear),
        Value::Array(values) => join(values)?,
        Value::Object(_) => {
            return Err("is a table; write its keys with a point, like `settings.vlan`".to_owned());
        }
    };
    if text.len() > CELL_MAX {
        return Err(format!("has {} bytes; at most {CELL_MAX} are possible", text.len()));
    }
    if let Some(found) = control(&text) {
        return Err(format!("holds the control character U+{:04X}; take it out", u32::from(found)));
    }
    Ok(Cell::Value(text))
}

/// Writes a list as a cell of a table has it.
fn join(values: &[Value]) -> Result<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => {
            Err("is a list of something else than texts; a row cannot hold that".to_owned())
        }
    };
    let texts: Vec<String> = values.iter().map(text).collect::<Result<_, _>>()?;
    Ok(texts.join("|"))
}

/// Says why a line is no object, without what it holds.
fn why(text: &str, error: &serde_json::Error) -> String {
    if text.starts_with('[') {
        "is a list; write one object on each line, without brackets around them".to_owned()
    } else if error.is_data() {
        "is no object; write one on each line, like {\"mac\": \"00:08:5D:1A:E9:8C\", \"line-1\": \"100\"}"
            .to_owned()
    } else if error.is_eof() {
        "ends within an object; write each whole object on one line".to_owned()
    } else {
        format!("is no JSON at character {}; write each whole object on one line", error.column())
    }
}

/// The members of an object in their order, those of one name as often as they stand there.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                    if pairs.len() > KEYS_MAX {
                        return Err(A::Error::custom("too many keys"));
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
