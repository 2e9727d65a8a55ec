//! Reads the catalog's folders into what each level says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::catalog::facts::{FACT_KEYS, Facts};
use crate::document::{Document, Entry, Fault, Table};
use crate::model::Oui;

/// The catalog as its files say it, later folders over earlier ones.
#[derive(Debug, Default)]
pub struct CatalogFiles {
    pub(super) vendors: BTreeMap<String, VendorFile>,
    /// Sources of templates by `vendor/name`.
    pub(super) templates: BTreeMap<String, String>,
    /// Where each template lies, to tell its faults.
    pub(super) template_paths: BTreeMap<String, PathBuf>,
    /// What each vendor's files hash to.
    pub(super) digests: BTreeMap<String, u64>,
    /// Vendors, each with what stands before the slash of a quoted name in its templates: whose templates they use.
    pub(super) quoted: BTreeSet<(String, String)>,
    /// Those of `vars` that templates name.
    pub(super) seen_vars: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(super) struct VendorFile {
    pub(super) name: Option<String>,
    pub(super) ouis: Vec<Oui>,
    pub(super) shared_ouis: Vec<Oui>,
    pub(super) agents: Vec<(String, Place)>,
    pub(super) kin: Vec<String>,
    pub(super) facts: Facts,
    pub(super) families: BTreeMap<String, FamilyFile>,
    pub(super) models: BTreeMap<String, ModelFile>,
    pub(super) place: Place,
}

#[derive(Debug, Default)]
pub(super) struct FamilyFile {
    pub(super) extends: Option<String>,
    pub(super) default_firmware: Option<String>,
    pub(super) facts: Facts,
    pub(super) firmwares: BTreeMap<String, FirmwareFile>,
    pub(super) place: Place,
}

#[derive(Debug, Default)]
pub(super) struct ModelFile {
    pub(super) name: Option<String>,
    pub(super) family: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) default_firmware: Option<String>,
    pub(super) facts: Facts,
    pub(super) firmwares: BTreeMap<String, FirmwareFile>,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct FirmwareFile {
    pub(super) label: Option<String>,
    pub(super) family: Option<String>,
    pub(super) versions: Vec<String>,
    pub(super) facts: Facts,
}

impl FirmwareFile {
    /// Gives what is said here over what `base` says.
    pub(super) fn over(&self, base: &Self) -> Self {
        let versions = if self.versions.is_empty() { &base.versions } else { &self.versions };
        Self {
            label: self.label.clone().or_else(|| base.label.clone()),
            family: self.family.clone().or_else(|| base.family.clone()),
            versions: versions.clone(),
            facts: self.facts.clone().over(&base.facts),
        }
    }
}

/// Where something was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) line: u32,
}

impl Place {
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::error(&self.path, self.line, message)
    }
}

impl CatalogFiles {
    /// Names models without a variable that all others of their family have, two or more, each as `vendor/model` with
    /// the family and the variable.
    pub fn forgotten_vars(&self) -> Vec<(String, &str, &str)> {
        let mut families: BTreeMap<String, Vec<(String, &ModelFile, &str)>> = BTreeMap::new();
        for (vendor, file) in &self.vendors {
            for (id, model) in &file.models {
                let Some(family) = model.family.as_deref() else { continue };
                let whole =
                    if family.contains('/') { family.to_owned() } else { format!("{vendor}/{family}") };
                families.entry(whole).or_default().push((format!("{vendor}/{id}"), model, family));
            }
        }
        let mut forgotten = Vec::new();
        for models in families.into_values().filter(|models| models.len() > 2) {
            let vars: BTreeSet<&String> =
                models.iter().flat_map(|(_, model, _)| model.facts.vars.keys()).collect();
            for var in vars {
                let mut without = models.iter().filter(|(_, model, _)| !model.facts.vars.contains_key(var));
                if let (Some((id, _, family)), None) = (without.next(), without.next()) {
                    forgotten.push((id.clone(), *family, var.as_str()));
                }
            }
        }
        forgotten
    }

    /// Names the models that a vendor's files describe, as `vendor/model`, where they say nothing of other models and
    /// have no template that `others` have, too.
    pub fn models_alone(&self, vendor: &str, others: &Self) -> Option<BTreeSet<String>> {
        let file = self.vendors.get(vendor)?;
        let is_of_vendor = |name: &&String| name.split_once('/').is_some_and(|(of, _)| of == vendor);
        let mut templates = self.templates.keys().filter(is_of_vendor);
        let is_more = file.facts != Facts::default()
            || !file.families.is_empty()
            || templates.any(|name| others.templates.contains_key(name));
        (!is_more).then(|| file.models.keys().map(|model| format!("{vendor}/{model}")).collect())
    }

    /// Reads folders, a later one over those before it.
    pub fn read(folders: &[PathBuf]) -> (Self, Vec<Fault>) {
        let mut files = Self::default();
        let mut faults = Vec::new();
        for folder in folders {
            for vendor in entries(folder, &mut faults).into_iter().filter(|path| path.is_dir()) {
                files.read_vendor(&vendor, &mut faults);
            }
        }
        (files, faults)
    }

    fn read_vendor(&mut self, folder: &Path, faults: &mut Vec<Fault>) {
        let Some(id) = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return;
        };
        for path in entries(folder, faults) {
            if path.extension().is_some_and(|extension| extension == "toml") {
                let Some(text) = read(&path, faults) else {
                    continue;
                };
                self.digest(&id, &text);
                match Document::parse(&path, &text) {
                    Ok(document) => {
                        self.vendors.entry(id.clone()).or_default().read(&document, &id);
                        faults.extend(document.into_faults());
                    }
                    Err(broken) => faults.extend(broken),
                }
            }
        }
        self.read_templates(&folder.join("templates"), &id, faults);
    }

    fn digest(&mut self, vendor: &str, text: &str) {
        let digest = self.digests.entry(vendor.to_owned()).or_default();
        let mut hasher = std::hash::DefaultHasher::new();
        (*digest, text).hash(&mut hasher);
        *digest = hasher.finish();
    }

    fn read_templates(&mut self, folder: &Path, prefix: &str, faults: &mut Vec<Fault>) {
        if !folder.is_dir() {
            return;
        }
        for path in entries(folder, faults) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let name = format!("{prefix}/{name}");
            if path.is_dir() {
                self.read_templates(&path, &name, faults);
            } else if let Some(text) = read(&path, faults) {
                let vendor = prefix.split('/').next().unwrap_or(prefix);
                self.digest(vendor, &text);
                let names = text.split(['"', '\'']).filter_map(|name| name.split_once('/'));
                self.quoted.extend(names.map(|(first, _)| (vendor.to_owned(), first.to_owned())));
                let vars =
                    text.split("vars.").skip(1).filter_map(|rest| rest.split(|c: char| !is_name(c)).next());
                self.seen_vars.extend(vars.map(str::to_owned));
                self.templates.insert(name.clone(), text);
                self.template_paths.insert(name, path);
            }
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Lists a folder in the order of the names, without hidden entries.
fn entries(folder: &Path, faults: &mut Vec<Fault>) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut paths = listed.unwrap_or_else(|error| {
        faults.push(Fault::error(
            folder,
            0,
            format!("cannot be listed: {error}; check `catalog` and its rights"),
        ));
        Vec::new()
    });
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    paths
}

fn read(path: &Path, faults: &mut Vec<Fault>) -> Option<String> {
    let text = fs::read_to_string(path);
    text.map_err(|error| {
        faults.push(Fault::error(path, 0, format!("cannot be read: {error}; check its rights")));
    })
    .ok()
}

impl VendorFile {
    fn read(&mut self, document: &Document<'_>, vendor: &str) {
        let place = |line| Place { path: document.path().to_owned(), line };
        if self.name.is_none() {
            self.place = place(0);
        }
        let mut facts = Facts::default();
        for entry in document.root() {
            match entry.key() {
                "family" => self.read_families(&entry, vendor, &place),
                "kin" => self.kin = texts(&entry),
                "model" => self.read_models(&entry, vendor, &place),
                "name" => {
                    self.name = entry.text(64).map(str::to_owned);
                    self.place = place(entry.line());
                }
                "ouis" => self.ouis = entry.list().filter_map(|item| oui(&item)).collect(),
                "shared-ouis" => self.shared_ouis = entry.list().filter_map(|item| oui(&item)).collect(),
                "user-agents" => {
                    let agents = entry
                        .list()
                        .filter_map(|item| Some((item.text(1024)?.to_owned(), place(item.line()))));
                    self.agents = agents.collect();
                }
                _ if facts.read(&entry, vendor) => (),
                _ => entry.unknown(&known(&[
                    "family",
                    "kin",
                    "model",
                    "name",
                    "ouis",
                    "shared-ouis",
                    "user-agents",
                ])),
            }
        }
        self.facts = facts.over(&self.facts);
    }

    fn read_families(&mut self, entry: &Entry<'_>, vendor: &str, place: &impl Fn(u32) -> Place) {
        for (id, table, line) in tables(entry) {
            let family = self.families.entry(id.to_owned()).or_default();
            family.place = place(line);
            let mut facts = Facts::default();
            for entry in table {
                match entry.key() {
                    "default-firmware" => family.default_firmware = entry.text(64).map(str::to_owned),
                    "extends" => family.extends = entry.text(64).map(str::to_owned),
                    "firmware" => read_firmwares(&mut family.firmwares, &entry, vendor),
                    _ if facts.read(&entry, vendor) => (),
                    _ => entry.unknown(&known(&["default-firmware", "extends", "firmware"])),
                }
            }
            family.facts = facts.over(&family.facts);
        }
    }

    fn read_models(&mut self, entry: &Entry<'_>, vendor: &str, place: &impl Fn(u32) -> Place) {
        for (id, table, line) in tables(entry) {
            let model = self.models.entry(id.to_owned()).or_default();
            model.place = place(line);
            let mut facts = Facts::default();
            for entry in table {
                match entry.key() {
                    "aliases" => model.aliases = texts(&entry),
                    "default-firmware" => model.default_firmware = entry.text(64).map(str::to_owned),
                    "family" => model.family = entry.text(64).map(str::to_owned),
                    "firmware" => read_firmwares(&mut model.firmwares, &entry, vendor),
                    "name" => model.name = entry.text(64).map(str::to_owned),
                    _ if facts.read(&entry, vendor) => (),
                    _ => {
                        entry.unknown(&known(&["aliases", "default-firmware", "family", "firmware", "name"]));
                    }
                }
            }
            model.facts = facts.over(&model.facts);
        }
    }
}

fn read_firmwares(firmwares: &mut BTreeMap<String, FirmwareFile>, entry: &Entry<'_>, vendor: &str) {
    for (id, table, _) in tables(entry) {
        let firmware = firmwares.entry(id.to_owned()).or_default();
        let mut facts = Facts::default();
        for entry in table {
            match entry.key() {
                "family" => firmware.family = entry.text(64).map(str::to_owned),
                "label" => firmware.label = entry.text(64).map(str::to_owned),
                "versions" => firmware.versions = texts(&entry),
                _ if facts.read(&entry, vendor) => (),
                _ => entry.unknown(&known(&["family", "label", "versions"])),
            }
        }
        firmware.facts = facts.over(&firmware.facts);
    }
}

/// Goes through a table of tables: key, table and line of each.
fn tables<'d>(entry: &Entry<'d>) -> impl Iterator<Item = (&'d str, Table<'d>, u32)> + use<'d> {
    let inner = entry.table().into_iter().flatten();
    inner.filter_map(|entry| Some((entry.key(), entry.table()?, entry.line())))
}

fn known<'k>(own: &[&'k str]) -> Vec<&'k str> {
    own.iter().copied().chain(FACT_KEYS.iter().copied()).collect()
}

fn texts(entry: &Entry<'_>) -> Vec<String> {
    entry.list().filter_map(|item| item.text(64).map(str::to_owned)).collect()
}

fn oui(entry: &Entry<'_>) -> Option<Oui> {
    entry.parse()
}
