//! A job out of a file: TOML as the fleet's files have it, or JSON as `bellhop job show --json` prints it.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item};

use crate::cli::Failure;
use crate::cli::act::password;
use crate::operation::Fields;

/// What `show` adds to a job, which is no part of its record.
const TOLD: &[&str] = &["edition", "editable", "removable", "runnable", "version"];

/// Reads a job's record; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Fields, Failure> {
    let text = password::whole(path)?;
    let told = path.display().to_string();
    let mut fields = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).with_context(|| format!("{told} is no JSON object"))?
    } else {
        // What a parser quotes may be a secret.
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            anyhow!("{told}:{line} is neither TOML nor JSON")
        })?;
        of_toml(&document).with_context(|| format!("{told} holds no single job"))?
    };
    for key in TOLD {
        fields.remove(*key);
    }
    Ok(fields)
}

/// Takes the keys of the file, or of its one `[[job]]` or `[job]`.
fn of_toml(document: &DocumentMut) -> anyhow::Result<Fields> {
    let one = match document.get("job") {
        Some(Item::ArrayOfTables(jobs)) if jobs.len() == 1 => jobs.get(0).map(|job| Item::Table(job.clone())),
        Some(Item::ArrayOfTables(jobs)) => return Err(anyhow!("it has {} of them; leave one", jobs.len())),
        Some(job) => Some(job.clone()),
        None => None,
    };
    match value(&one.unwrap_or_else(|| document.as_item().clone())) {
        Some(Value::Object(fields)) => Ok(fields),
        _ => Err(anyhow!("`job` is no table")),
    }
}

fn value(item: &Item) -> Option<Value> {
    if let Some(table) = item.as_table_like() {
        let pairs = table.iter().filter_map(|(key, item)| Some((key.to_owned(), value(item)?)));
        return Some(Value::Object(pairs.collect::<Map<String, Value>>()));
    }
    if let Some(items) = item.as_array() {
        return Some(items.iter().filter_map(|item| value(&Item::Value(item.clone()))).collect());
    }
    let number = item.as_integer().map(Value::from).or_else(|| item.as_float().map(Value::from));
    let plain = number.or_else(|| item.as_bool().map(Value::from));
    let text = || item.as_str().map(str::to_owned).or_else(|| Some(item.as_datetime()?.to_string()));
    plain.or_else(|| text().map(Value::from))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(text: &str) -> Result<Value, String> {
        of_toml(&text.parse().unwrap()).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn a_job_is_read_from_keys_or_from_its_table() {
        let wanted = json!({
            "id": "create", "batch": 10, "approval": true, "fields": { "mac": { "required": true }, "name": {} },
            "columns": { "Device MAC": "mac" },
        });
        let keys = "id = \"create\"\nbatch = 10\napproval = true\n";
        let tables =
            "fields = { mac = { required = true }, name = {} }\ncolumns = { \"Device MAC\" = \"mac\" }\n";
        assert_eq!(job(&format!("{keys}{tables}")).unwrap(), wanted);
        assert_eq!(job(&format!("# A job.\n[[job]]\n{keys}{tables}")).unwrap(), wanted);
        let deep = format!(
            "[job]\n{keys}[job.fields]\nmac.required = true\nname = {{}}\n[job.columns]\n\"Device MAC\" = \"mac\"\n"
        );
        assert_eq!(job(&deep).unwrap(), wanted);
        assert!(job("[[job]]\nid = \"a\"\n[[job]]\nid = \"b\"\n").unwrap_err().contains("2 of them"));
    }
}
