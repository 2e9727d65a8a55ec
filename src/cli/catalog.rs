//! `bellhop catalog`

use std::path::Path;

use serde_json::{Value, json};

use crate::catalog::{Catalog, File, FileScope, Firmware, Model};
use crate::cli::{Failure, load};
use crate::model::{Kind, Oui, Preset, SETTINGS, Scope, Setting};

/// List vendors, models and firmwares, or the settings
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON, with files and settings
    #[arg(long)]
    json: bool,
    /// List the settings with their values and defaults instead
    #[arg(long)]
    settings: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        if self.settings && !self.json {
            for setting in SETTINGS {
                println!("{:<24} {}\n{:<24} {}", setting.name, setting.help, "", values(setting));
            }
            return Ok(());
        }
        let loaded = load(config)?;
        let catalog = &*loaded.snapshot.world().catalog;
        if self.json {
            let vendors: Vec<Value> =
                (0..catalog.vendors().len()).map(|at| vendor_json(catalog, at)).collect();
            let settings: Vec<Value> = SETTINGS.iter().map(setting_json).collect();
            let whole = json!({ "vendors": vendors, "settings": settings });
            println!("{}", serde_json::to_string_pretty(&whole)?);
            return Ok(());
        }
        println!("{:<22} {:<10} {:>5} {:>4}  FIRMWARE", "MODEL", "NAME", "LINES", "KEYS");
        for model in sorted(catalog) {
            let firmwares: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
            let firmwares = firmwares.join(", ");
            println!(
                "{:<22} {:<10} {:>5} {:>4}  {firmwares}",
                model.id, model.name, model.lines, model.line_keys
            );
        }
        Ok(())
    }
}

fn sorted(catalog: &Catalog) -> Vec<&Model> {
    let mut models: Vec<&Model> = catalog.models().collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models
}

fn values(setting: &Setting) -> String {
    let kind = match setting.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Choice(words) => words.join(", "),
        Kind::Choices(words) => format!("a list of {}", words.join(", ")),
        Kind::Host => "a host".to_owned(),
        Kind::Integer(low, high) => format!("{low} to {high}"),
        Kind::LineKeys => "a list of keys".to_owned(),
        Kind::Secret(low, high) => format!("a secret of {low} to {high} characters"),
        Kind::Text(max) => format!("text of at most {max} characters"),
        Kind::Texts(max) => format!("a list of texts of at most {max} characters"),
        Kind::Url => "a URL".to_owned(),
        Kind::Zone => "a name of the time-zone database".to_owned(),
    };
    let scope = if setting.scope == Scope::Line { "; a line may have its own" } else { "" };
    format!("{kind}; default {}{scope}", preset(setting.preset))
}

fn preset(preset: Preset) -> String {
    match preset {
        Preset::Bool(flag) => flag.to_string(),
        Preset::Integer(number) => number.to_string(),
        Preset::Text(text) => text.to_owned(),
        Preset::Texts(texts) => texts.join(", "),
        Preset::Unset => "unset".to_owned(),
    }
}

fn setting_json(setting: &Setting) -> Value {
    let (kind, words) = match setting.kind {
        Kind::Bool => ("bool", None),
        Kind::Choice(words) => ("choice", Some(words)),
        Kind::Choices(words) => ("choices", Some(words)),
        Kind::Host => ("host", None),
        Kind::Integer(..) => ("integer", None),
        Kind::LineKeys => ("line-keys", None),
        Kind::Secret(..) => ("secret", None),
        Kind::Text(_) => ("text", None),
        Kind::Texts(_) => ("texts", None),
        Kind::Url => ("url", None),
        Kind::Zone => ("time-zone", None),
    };
    let default = match setting.preset {
        Preset::Bool(flag) => json!(flag),
        Preset::Integer(number) => json!(number),
        Preset::Text(text) => json!(text),
        Preset::Texts(texts) => json!(texts),
        Preset::Unset => Value::Null,
    };
    let scope = if setting.scope == Scope::Line { "line" } else { "phone" };
    json!({ "name": setting.name, "kind": kind, "words": words, "default": default, "scope": scope, "help": setting.help })
}

fn vendor_json(catalog: &Catalog, at: usize) -> Value {
    let vendor = catalog.vendor(at);
    let models = sorted(catalog).into_iter().filter(|model| model.vendor == at);
    json!({
        "id": &*vendor.id,
        "name": vendor.name,
        "ouis": vendor.ouis.iter().map(Oui::to_string).collect::<Vec<_>>(),
        "shared-ouis": vendor.shared_ouis.iter().map(Oui::to_string).collect::<Vec<_>>(),
        "models": models.map(model_json).collect::<Vec<_>>(),
    })
}

fn model_json(model: &Model) -> Value {
    let default = model.firmwares.get(model.default_firmware).map(|firmware| &*firmware.id);
    json!({
        "id": &*model.id,
        "name": model.name,
        "lines": model.lines,
        "line-keys": model.line_keys,
        "expansion-modules": model.expansion_modules,
        "expansion-keys": model.expansion_keys,
        "web-interface": model.web_interface,
        "default-firmware": default,
        "firmwares": model.firmwares.iter().map(firmware_json).collect::<Vec<_>>(),
    })
}

fn firmware_json(firmware: &Firmware) -> Value {
    let protocols: Vec<&str> = firmware.protocols.iter().map(|protocol| protocol.word()).collect();
    let interval = &firmware.interval;
    json!({
        "id": &*firmware.id,
        "label": firmware.label,
        "protocols": protocols,
        "needs-application-version": firmware.application_version,
        "interval": {
            "unit": interval.unit.word(),
            "parameter": interval.parameter,
            "min": interval.min,
            "max": interval.max,
            "default": interval.default_value(),
        },
        "files": firmware.files.iter().map(file_json).collect::<Vec<_>>(),
        "probes": firmware.probes.iter().map(|probe| &probe.name).collect::<Vec<_>>(),
        "doubts": firmware.doubts,
    })
}

fn file_json(file: &File) -> Value {
    let scope = if file.scope == FileScope::Common { "common" } else { "phone" };
    json!({
        "name": file.name,
        "template": file.template,
        "scope": scope,
        "main": file.main,
        "secrets": file.secrets,
        "content-type": String::from_utf8_lossy(&file.content_type),
    })
}
