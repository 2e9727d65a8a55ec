//! The catalog as JSON.

use serde_json::{Value, json};

use crate::catalog::{Catalog, File, FileScope, Firmware, Model, Vendor};
use crate::cli::catalog::sorted;
use crate::model::{Kind, Oui, Preset, SETTINGS, Scope, Setting};

/// Writes every vendor with its models, or one alone, and every setting.
pub(super) fn catalog(catalog: &Catalog, only: Option<&Vendor>) -> Value {
    let vendors = catalog.vendors().iter().enumerate();
    let vendors = vendors.filter(|(_, vendor)| only.is_none_or(|only| only.id == vendor.id));
    let vendors: Vec<Value> = vendors.map(|(at, _)| vendor_json(catalog, at)).collect();
    let settings: Vec<Value> = SETTINGS.iter().map(setting_json).collect();
    json!({ "vendors": vendors, "settings": settings })
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
        "doubts": vendor.doubts,
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
        "unproven": firmware.unproven,
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
        "header": file.header.as_ref().map(|header| header.as_str()),
        "content-type": String::from_utf8_lossy(&file.content_type),
        "encryption": file.finish.encryption.map(|way| way.word()),
    })
}
