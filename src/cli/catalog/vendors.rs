//! The table of vendors: what is known, and how well it is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::catalog::{Catalog, Firmware, Model};
use crate::cli::catalog::cases;
use crate::model::SETTINGS;

/// One format of a vendor's: the template of the phones' own file.
#[derive(Debug, Default)]
struct Format<'c> {
    models: BTreeSet<&'c str>,
    /// Fewest and most settings that phones heed.
    settings: Option<(usize, usize)>,
    /// How files are encrypted for devices that have a key.
    encryption: BTreeSet<&'static str>,
    /// Whether it is a guess that all of its phones read it.
    unproven: bool,
}

/// Writes the table, in Markdown.
pub(super) fn table(catalog: &Catalog, folders: &[PathBuf]) -> String {
    let mut text = String::from(
        "| vendor | models | format | settings | encrypted | cases |\n| --- | ---: | --- | ---: | --- | ---: |\n",
    );
    for (at, vendor) in catalog.vendors().iter().enumerate() {
        let mut formats: BTreeMap<&str, Format<'_>> = BTreeMap::new();
        for model in catalog.models().filter(|model| model.vendor == at) {
            for firmware in &model.firmwares {
                note(&mut formats, model, firmware);
            }
        }
        if formats.is_empty() {
            text += &format!("| {} | 0 | | | | 0 |\n", vendor.name);
        }
        let mut name = vendor.name.as_str();
        let mut cases = cases::folders(folders, &vendor.id).len().to_string();
        for (template, format) in formats {
            let (least, most) = format.settings.unwrap_or_default();
            let settings = if least == most { most.to_string() } else { format!("{least} to {most}") };
            let models = format.models.len();
            let encryption = format.encryption.into_iter().collect::<Vec<_>>().join(", ");
            let unproven = if format.unproven { ", not proven" } else { "" };
            text += &format!(
                "| {name} | {models} | `{template}`{unproven} | {settings} | {encryption} | {cases} |\n"
            );
            (name, cases) = ("", String::new());
        }
    }
    let models = catalog.models().count();
    let (vendors, settings) = (catalog.vendors().len(), SETTINGS.len());
    text += &format!("\n{vendors} vendors, {models} models; the vocabulary has {settings} settings.\n");
    text
}

fn note<'c>(formats: &mut BTreeMap<&'c str, Format<'c>>, model: &'c Model, firmware: &'c Firmware) {
    let Some(main) = firmware.files.iter().find(|file| file.main) else {
        return;
    };
    let format = formats.entry(&main.template).or_default();
    format.models.insert(&model.id);
    let heeded = SETTINGS.len() - firmware.without.len();
    let (least, most) = format.settings.unwrap_or((heeded, heeded));
    format.settings = Some((least.min(heeded), most.max(heeded)));
    format.unproven |= firmware.unproven.is_some();
    format.encryption.extend(main.finish.encryption.map(|encryption| encryption.word()));
}
