//! `bellhop generate`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde_json::json;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::audit::{Entry, Log};
use crate::catalog::{Catalog, CatalogFiles};
use crate::cli::Failure;
use crate::config::Config;
use crate::documents::{Change, Documents, Folder, Rewrite};
use crate::generate;
use crate::template::Limits;

/// The word that stands for what is to be made.
const GENERATE: &str = "generate";

/// Fill in every `generate` that stands for a serial or a phone's password
///
/// Serials of 128 bits and passwords that the model takes are written into the records, in place of the word
/// `generate`; comments and order stay as they are.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON: the files with how many values each got
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let config = Config::read(config).map_err(Failure::Faulty)?;
        let (files, _) = CatalogFiles::read(&config.catalog);
        let (catalog, _) = Catalog::resolve(files, Limits::default());
        let (folder, log) = (Folder::new(&config.fleet), Log::open(&config.state)?);
        let lock = folder.lock()?;
        folder.recover(&lock, &log)?;
        let mut files: BTreeMap<PathBuf, (Rewrite, usize)> = BTreeMap::new();
        for path in folder.list().with_context(|| format!("cannot list {}", config.fleet.display()))? {
            let real = fs::canonicalize(&path).with_context(|| format!("cannot find {}", path.display()))?;
            // Another link may lead to the same file.
            if !files.contains_key(&real) {
                files.extend(fill_in(&path, &folder, &catalog)?.map(|filled| (real, filled)));
            }
        }
        let made: usize = files.values().map(|(_, made)| made).sum();
        let told: Vec<(String, usize)> =
            files.values().map(|(rewrite, made)| (rewrite.path.display().to_string(), *made)).collect();
        if made > 0 {
            let mut entry = Entry::new("administrator", "shell", "generate");
            entry.why = Some(format!("{made} values were left to be generated"));
            let rewrites = files.into_values().map(|(rewrite, _)| rewrite).collect();
            let change = Change { rewrites, audit: entry.text() };
            folder.write(&lock, &change)?;
            folder.conclude(&lock, &change, &log)?;
        }
        if self.json {
            let files: Vec<_> =
                told.iter().map(|(path, made)| json!({ "file": path, "made": made })).collect();
            println!("{:#}", json!({ "files": files, "made": made }));
            return Ok(());
        }
        for (path, made) in &told {
            println!("{path}: {made}");
        }
        println!("{made} values made");
        Ok(())
    }
}

/// Fills in one file and tells how many values were made; `None` where none was.
fn fill_in(path: &Path, folder: &Folder, catalog: &Catalog) -> anyhow::Result<Option<(Rewrite, usize)>> {
    let text = folder.read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some(text) = text.filter(|text| text.contains(GENERATE)) else {
        return Ok(None);
    };
    // The parser's own words would quote the line, which may hold a password; `bellhop check` tells more.
    let mut document: DocumentMut =
        text.parse().map_err(|_| anyhow!("{} is not TOML; mend it first", path.display()))?;
    let mut made = 0;
    match document.get_mut("device") {
        Some(Item::ArrayOfTables(devices)) => {
            for device in devices.iter_mut() {
                made += fill_in_device(device, catalog)?;
            }
        }
        Some(Item::Value(Value::Array(devices))) => {
            for device in devices.iter_mut().filter_map(Value::as_inline_table_mut) {
                made += fill_in_device(device, catalog)?;
            }
        }
        _ => (),
    }
    let (before, after) = (Some(text.into()), document.to_string().into());
    Ok((made > 0).then(|| (Rewrite { path: path.to_owned(), before, after }, made)))
}

fn fill_in_device(device: &mut dyn TableLike, catalog: &Catalog) -> anyhow::Result<usize> {
    let model = device.get("model").and_then(Item::as_str).unwrap_or_default();
    let firmware = device.get("firmware").and_then(Item::as_str).unwrap_or_default();
    let rules = catalog.model(model).and_then(|model| model.firmware(firmware));
    let password = || generate::phone_password(rules);
    let mut made = usize::from(fill(device.get_mut("serial"), generate::serial)?);
    made += usize::from(fill(device.get_mut("admin-password"), password)?);
    made += usize::from(fill(device.get_mut("update-password"), generate::password)?);
    made += usize::from(fill(device.get_mut("encryption-key"), generate::password)?);
    if let Some(settings) = device.get_mut("settings").and_then(Item::as_table_like_mut) {
        made += usize::from(fill(settings.get_mut("admin-password"), password)?);
        made += usize::from(fill(settings.get_mut("user-password"), password)?);
    }
    Ok(made)
}

/// Puts a new value in the place of `generate`, with what stands around it as it was.
fn fill(
    item: Option<&mut Item>,
    make: impl FnOnce() -> Result<String, generate::NoRandom>,
) -> anyhow::Result<bool> {
    let Some(value) = item.and_then(Item::as_value_mut).filter(|value| value.as_str() == Some(GENERATE))
    else {
        return Ok(false);
    };
    let decor = value.decor().clone();
    *value = Value::from(make()?);
    *value.decor_mut() = decor;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_is_replaced() {
        let text = "# kept\n[[device]]\nserial = \"generate\"   # of this phone\nnotes = \"generate\"\nadmin-password = \"generate\"\n";
        let mut document: DocumentMut = text.parse().unwrap();
        let device = document["device"].as_array_of_tables_mut().unwrap().get_mut(0).unwrap();
        assert_eq!(fill_in_device(device, &Catalog::default()).unwrap(), 2);
        let lines: Vec<String> = document.to_string().lines().map(str::to_owned).collect();
        assert_eq!((lines[0].as_str(), lines[1].as_str()), ("# kept", "[[device]]"));
        assert!(
            lines[2].starts_with("serial = \"") && lines[2].ends_with("\"   # of this phone"),
            "{}",
            lines[2]
        );
        assert_eq!(lines[3], "notes = \"generate\"");
        assert!(!lines[4].contains("generate"), "{}", lines[4]);
    }
}
