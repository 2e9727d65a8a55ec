//! `bellhop generate`

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, anyhow};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::catalog::{Catalog, CatalogFiles};
use crate::cli::Failure;
use crate::config::Config;
use crate::generate;
use crate::snapshot::Fleet;
use crate::template::Limits;

/// The word that stands for what is to be made.
const GENERATE: &str = "generate";

/// Fill in every `generate` that stands for a serial or a phone's password
///
/// Serials of 128 bits and passwords that the model takes are written into the records, in place of the word
/// `generate`; comments and order stay as they are.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let config = Config::read(config).map_err(Failure::Faulty)?;
        let (files, _) = CatalogFiles::read(&config.catalog);
        let (catalog, _) = Catalog::resolve(files, Limits::default());
        let mut made = 0;
        for path in Fleet::paths(&config.fleet) {
            made += fill_in(&path, &catalog)?;
        }
        println!("{made} values made");
        Ok(())
    }
}

/// Fills in one file and tells how many values were made.
fn fill_in(path: &Path, catalog: &Catalog) -> anyhow::Result<usize> {
    let path = fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))?;
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if !text.contains(GENERATE) {
        return Ok(0);
    }
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
    if made > 0 {
        replace(&path, &text, &document.to_string())?;
        println!("{}: {made}", path.display());
    }
    Ok(made)
}

fn fill_in_device(device: &mut dyn TableLike, catalog: &Catalog) -> anyhow::Result<usize> {
    let model = device.get("model").and_then(Item::as_str).unwrap_or_default();
    let firmware = device.get("firmware").and_then(Item::as_str).unwrap_or_default();
    let rules = catalog.model(model).and_then(|model| model.firmware(firmware));
    let password = || generate::phone_password(rules);
    let mut made = usize::from(fill(device.get_mut("serial"), generate::serial)?);
    made += usize::from(fill(device.get_mut("admin-password"), password)?);
    made += usize::from(fill(device.get_mut("update-password"), generate::password)?);
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

/// Replaces a file as a whole, so that whoever reads it meanwhile gets the old or the new text.
fn replace(path: &Path, old: &str, new: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(".bellhop-").tempfile_in(folder).with_context(failed)?;
    file.write_all(new.as_bytes()).with_context(failed)?;
    let mode = fs::metadata(path).with_context(failed)?.permissions().mode();
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    if fs::read_to_string(path).with_context(failed)? != old {
        return Err(anyhow!("{} was changed by somebody else meanwhile; run it again", path.display()));
    }
    file.persist(path).map_err(|error| error.error).with_context(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)
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
