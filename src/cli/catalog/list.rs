//! `bellhop catalog list`

use std::path::Path;

use crate::cli::catalog::{json, sorted, vendors};
use crate::cli::table::Table;
use crate::cli::{Failure, load};
use crate::model::{KeyKind, Kind, Preset, SETTINGS, Scope, Setting};

/// List models with their firmwares, or the settings
#[derive(Debug, Default, PartialEq, clap::Args)]
pub(super) struct List {
    /// Those of one vendor, by its id or name
    #[arg(long, value_name = "NAME")]
    vendor: Option<String>,
    /// Print JSON, with files and settings
    #[arg(long)]
    json: bool,
    /// List the settings with their values and defaults instead
    #[arg(long, conflicts_with_all = ["vendor", "vendors"])]
    settings: bool,
    /// List the vendors instead, with how many models and formats each has, as a table in Markdown
    #[arg(long, conflicts_with_all = ["vendor", "json"])]
    vendors: bool,
}

impl List {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        if self.settings && !self.json {
            for setting in SETTINGS {
                println!("{:<24} {}\n{:<24} {}", setting.name, setting.help, "", values(setting));
            }
            return Ok(());
        }
        let loaded = load(config)?;
        let catalog = &*loaded.snapshot.world().catalog;
        if self.vendors {
            print!("{}", vendors::table(catalog, &loaded.snapshot.config().catalog));
            return Ok(());
        }
        let only = match self.vendor {
            Some(name) => Some(catalog.vendor_called(&name).ok_or_else(|| {
                anyhow::anyhow!("there is no vendor `{name}`; `bellhop catalog list --vendors` lists them")
            })?),
            None => None,
        };
        if self.json {
            println!("{:#}", json::catalog(catalog, only));
            return Ok(());
        }
        let mut table = Table::new(&["MODEL", "NAME", "LINES", "KEYS", "FIRMWARE"]);
        for model in sorted(catalog) {
            if only.is_some_and(|vendor| vendor.id != catalog.vendor(model.vendor).id) {
                continue;
            }
            let firmwares: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
            let keys = match model.expansion_modules {
                0 => model.line_keys.to_string(),
                modules => format!("{}+{modules}x{}", model.line_keys, model.expansion_keys),
            };
            let (id, name) = (model.id.to_string(), model.name.clone());
            table.row([id, name, model.lines.to_string(), keys, firmwares.join(", ")]);
        }
        Ok(table.print()?)
    }
}

fn values(setting: &Setting) -> String {
    let kind = match setting.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Choice(words) => words.join(", "),
        Kind::Choices(words) => format!("a list of {}", words.join(", ")),
        Kind::Host => "a host".to_owned(),
        Kind::Integer(low, high) => format!("{low} to {high}"),
        Kind::LineKeys => {
            let kinds: Vec<&str> = KeyKind::ALL.iter().map(|(word, _)| *word).collect();
            format!("a list of {{ type, value, label, line, key, expansion }}, by type {}", kinds.join(", "))
        }
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
