//! `bellhop catalog show`

use std::path::Path;

use crate::catalog::{Catalog, FileScope, Firmware, Model, Vendor};
use crate::cli::catalog::sorted;
use crate::cli::{Failure, load};

/// Show a vendor, or a model: what it asks for, what it lacks, and what is in doubt
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A vendor's id or name, or a model as devices name it, like `yealink/t46s`, or as it calls itself
    name: String,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        let catalog = &*loaded.snapshot.world().catalog;
        if let Some(vendor) = catalog.vendor_called(&self.name) {
            show_vendor(catalog, vendor);
            return Ok(());
        }
        match *catalog.models_called(None, &self.name) {
            [model] => {
                show_model(catalog, model);
                Ok(())
            }
            [] => Err(anyhow::anyhow!(
                "there is no vendor and no model `{}`; `bellhop catalog list` lists them",
                self.name
            )
            .into()),
            ref several => {
                let ids: Vec<&str> = several.iter().map(|model| &*model.id).collect();
                Err(anyhow::anyhow!("several models are called so: {}; name one", ids.join(", ")).into())
            }
        }
    }
}

fn show_vendor(catalog: &Catalog, vendor: &Vendor) {
    println!("{} ({})", vendor.name, vendor.id);
    let ouis: Vec<String> = vendor.ouis.iter().map(ToString::to_string).collect();
    let shared: Vec<String> = vendor.shared_ouis.iter().map(ToString::to_string).collect();
    row("addresses begin with", &ouis.join(", "));
    row("of these, others use", &shared.join(", "));
    let models = sorted(catalog).into_iter().filter(|model| catalog.vendor(model.vendor).id == vendor.id);
    let models: Vec<&str> = models.map(|model| model.name.as_str()).collect();
    row("models", &models.join(", "));
    for doubt in &vendor.doubts {
        row("in doubt", doubt);
    }
}

fn show_model(catalog: &Catalog, model: &Model) {
    println!("{} {} ({})", catalog.vendor(model.vendor).name, model.name, model.id);
    row("called", &model.spellings.join(", "));
    row("lines", &model.lines.to_string());
    row("line keys", &model.line_keys.to_string());
    if model.expansion_modules > 0 {
        row(
            "expansion modules",
            &format!("{} with {} keys each", model.expansion_modules, model.expansion_keys),
        );
    }
    row("web pages", if model.web_interface { "yes" } else { "none" });
    for (at, firmware) in model.firmwares.iter().enumerate() {
        let usual = if at == model.default_firmware { ", the usual one" } else { "" };
        println!("\nfirmware {}{usual}: {}", firmware.id, firmware.label);
        show_firmware(firmware);
    }
}

fn show_firmware(firmware: &Firmware) {
    let protocols: Vec<&str> = firmware.protocols.iter().map(|protocol| protocol.word()).collect();
    row("tells versions", &firmware.versions.join("…, "));
    row("asks over", &protocols.join(", "));
    let interval = &firmware.interval;
    let (min, max, unit) = (interval.min, interval.max, interval.unit.word());
    row("asks every", &format!("{min} to {max} {unit} (`{}`)", interval.parameter));
    for file in &firmware.files {
        let common = if file.scope == FileScope::Common { ", the same for all of a kind" } else { "" };
        let main = if file.main { ", its main file" } else { "" };
        let header =
            file.header.as_ref().map(|header| format!(", with a header `{header}`")).unwrap_or_default();
        row("gets", &format!("{}{main}{common}{header}, from {}", file.name, file.template));
    }
    let probes: Vec<&str> = firmware.probes.iter().map(|probe| probe.name.as_str()).collect();
    row("asks in vain for", &probes.join(", "));
    let vars: Vec<String> = firmware.vars.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    row("vars", &vars.join(", "));
    for (setting, words) in firmware.values.iter() {
        row(&format!("knows of {}", setting.setting().name), &words.join(", "));
    }
    for (setting, reason) in &firmware.without {
        row(&format!("lacks {}", setting.setting().name), reason);
    }
    row("lacks network", firmware.without_network.as_deref().unwrap_or_default());
    row("unproven", firmware.unproven.as_deref().unwrap_or_default());
    for doubt in &firmware.doubts {
        row("in doubt", doubt);
    }
}

fn row(what: &str, text: &str) {
    if !text.is_empty() {
        println!("  {what:<30} {text}");
    }
}
