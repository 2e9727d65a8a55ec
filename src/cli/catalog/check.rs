//! `bellhop catalog check`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{Catalog, CatalogFiles, Model};
use crate::cli::catalog::cases::{self, Case};
use crate::cli::catalog::coverage::{Coverage, change_nothing, coverage};
use crate::cli::catalog::requests::Score;
use crate::cli::{Failure, load};
use crate::config::Config;
use crate::document::Fault;
use crate::template::Limits;

/// Longest time of one rendering.
const PATIENCE: Duration = Duration::from_secs(10);

/// Find what is wrong with, and missing from, the catalog or a folder of one's own
///
/// Every setting is tried on every kind of phone: one that changes no file, and of which the catalog does not say
/// that the phone lacks it, would be lost in silence. Requests of `cases/identify.toml` must tell what stands there, and
/// each other case get what it expects.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of vendors, or that of one vendor, put over the configured catalog; that alone when left out
    folder: Option<PathBuf>,
    /// Write what cases get as what they expect, for you to read as a diff
    #[arg(long)]
    bless: bool,
}

/// What is checked: of a catalog the vendors that are asked for, by their cases in these folders.
struct Checked {
    catalog: Arc<Catalog>,
    folders: Vec<PathBuf>,
    vendors: Vec<usize>,
    /// What may be forgotten, and may be meant.
    notes: Vec<String>,
    /// Vendors of whose models these alone are tried.
    alone: BTreeMap<usize, BTreeSet<String>>,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let checked = match self.folder {
            Some(folder) => read(config, &folder)?,
            None => {
                let loaded = load(config)?;
                let folders = loaded.snapshot.config().catalog.clone();
                let catalog = Arc::clone(&loaded.snapshot.world().catalog);
                let vendors = (0..catalog.vendors().len()).collect();
                Checked { catalog, folders, vendors, notes: Vec::new(), alone: BTreeMap::new() }
            }
        };
        let missing = checked.missing();
        let score = Score::of(&checked.catalog, &checked.folders, &checked.vendors)?;
        let (judged, differ) = checked.judge(self.bless)?;
        if io::stderr().is_terminal() {
            let models = checked.catalog.models().filter(|model| checked.tries(model)).count();
            eprintln!("trying every setting on {models} models …");
        }
        let kinds = coverage(&checked.catalog, |model| checked.tries(model))?;
        let told = [missing, score.wrong, differ, gaps(&kinds)].concat();
        for line in &told {
            println!("{line}");
        }
        for note in &checked.notes {
            println!("{note}");
        }
        print!("{}", to_fill_in(&kinds));
        let models = kinds
            .iter()
            .flat_map(|kind| kind.of.iter().map(|(model, _)| model))
            .collect::<BTreeSet<_>>()
            .len();
        let kinds = kinds.len();
        println!(
            "cases: {judged}; requests: {} tell what they should, {} may be of several vendors",
            score.told, score.ambiguous
        );
        if told.is_empty() {
            println!("all fine: {models} models, {kinds} kinds of them with their firmwares");
            return Ok(());
        }
        eprintln!("to mend: {}, in {models} models, {kinds} kinds of them with their firmwares", told.len());
        Err(Failure::Told)
    }
}

/// Reads a folder of vendors, or that of a vendor, over the configured catalog.
fn read(config: &Path, folder: &Path) -> Result<Checked, Failure> {
    let whole = folder.canonicalize().map_err(|error| anyhow::anyhow!("{}: {error}", folder.display()))?;
    let is_vendor = whole.join("vendor.toml").is_file();
    if let Some(parent) = whole.ancestors().skip(1).find(|above| above.join("vendor.toml").is_file()) {
        return Err(
            anyhow::anyhow!("that is a part of a vendor's folder; name `{}`", parent.display()).into()
        );
    }
    let (own, names) = match (whole.parent(), whole.file_name()) {
        (Some(parent), Some(name)) if is_vendor => (parent.to_owned(), vec![name.to_owned()]),
        _ => {
            let entries = fs::read_dir(&whole).into_iter().flatten().flatten();
            (whole.clone(), entries.map(|entry| entry.file_name()).collect())
        }
    };
    let configured = Config::read(config).ok();
    if configured.is_none() {
        eprintln!(
            "{}: cannot be read as a server's settings, so the folder is checked alone",
            config.display()
        );
    }
    let rendering =
        configured.as_ref().map_or_else(|| Config::default().rendering, |config| config.rendering.clone());
    // Thousands of files are made at once, on a machine that may have other work: its clock shall fail none of them.
    let limits = Limits { fuel: rendering.fuel, output_bytes: rendering.output_bytes, time: PATIENCE };
    let mut folders = configured.map(|config| config.catalog).unwrap_or_default();
    folders.retain(|known| known.is_dir() && known.canonicalize().ok().is_none_or(|known| known != own));
    let (others, _) = CatalogFiles::read(&folders);
    let (additions, _) = CatalogFiles::read(std::slice::from_ref(&own));
    folders.push(own.clone());
    let (files, mut faults) = CatalogFiles::read(&folders);
    let forgotten = forgotten(&files);
    let (catalog, broken) = Catalog::resolve(files, limits);
    faults.extend(broken);
    if faults.iter().any(Fault::is_error) {
        return Err(Failure::Faulty(faults));
    }
    let ids = catalog.vendors().iter().map(|vendor| &vendor.id);
    let vendors = (0..).zip(ids).filter(|(_, id)| names.iter().any(|name| **name == ***id));
    let vendors: Vec<usize> = vendors.map(|(at, _)| at).collect();
    let alone = vendors
        .iter()
        .filter_map(|at| Some((*at, additions.models_alone(&catalog.vendor(*at).id, &others)?)));
    let alone: BTreeMap<usize, BTreeSet<String>> = alone.collect();
    let notes = forgotten.into_iter().filter(|(model, _)| alone.values().any(|alone| alone.contains(model)));
    let notes = notes.map(|(_, note)| note).collect();
    Ok(Checked { catalog: Arc::new(catalog), folders: vec![own], vendors, notes, alone })
}

/// Says which models lack a variable that all others of their family have.
fn forgotten(files: &CatalogFiles) -> Vec<(String, String)> {
    let forgotten = files.forgotten_vars().into_iter().map(|(model, family, var)| {
        let note =
            format!("note: {model} has no `vars.{var}`, which every other model of family `{family}` has");
        (model, note)
    });
    forgotten.collect()
}

impl Checked {
    fn tries(&self, model: &Model) -> bool {
        self.vendors.contains(&model.vendor)
            && self.alone.get(&model.vendor).is_none_or(|alone| alone.contains(&*model.id))
    }

    /// Says what vendors lack beside their templates.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for at in &self.vendors {
            let vendor = self.catalog.vendor(*at);
            let mut miss = |what: &str| missing.push(format!("{}: {what}", vendor.id));
            if !self.catalog.models().any(|model| model.vendor == *at) {
                miss("has no models; describe one as `[model.…]`");
                continue;
            }
            if self.alone.contains_key(at) {
                // What is added to another folder's vendor leans on what that has.
                continue;
            }
            if !self.catalog.has_agents(*at) {
                miss("no `user-agents`; give patterns for what its phones say of themselves");
            }
            let cases = self.folders.iter().map(|folder| folder.join(&*vendor.id).join("cases"));
            if !cases.into_iter().any(|cases| cases.join("identify.toml").is_file()) {
                miss("no `cases/identify.toml`; write what its phones say, and what it tells");
            }
            if cases::folders(&self.folders, &vendor.id).is_empty() {
                miss("no cases; write a phone, what it asks for, and judge what it gets");
            }
        }
        missing
    }

    /// Judges the cases; gives how many there are, and what is wrong with them.
    fn judge(&self, bless: bool) -> Result<(usize, Vec<String>), Failure> {
        let (mut judged, mut wrong) = (0, Vec::new());
        for at in &self.vendors {
            for folder in cases::folders(&self.folders, &self.catalog.vendor(*at).id) {
                judged += 1;
                match Case::read(&self.catalog, &folder) {
                    Ok(case) => {
                        let differs = case.judge(bless).map_err(anyhow::Error::from)?;
                        wrong.extend(differs.iter().map(|what| format!("{}: {what}", folder.display())));
                    }
                    Err(faults) => wrong.extend(faults.iter().map(ToString::to_string)),
                }
            }
        }
        Ok((judged, wrong))
    }
}

/// Says what is to be mended, each once with the kinds of phones that it is true of.
fn gaps(kinds: &[Coverage]) -> Vec<String> {
    let mut gaps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kind in kinds {
        let Some((model, firmware)) = kind.of.first() else { continue };
        let firmware = if &**firmware == "any" { String::new() } else { format!(" with {firmware}") };
        let lost = (!kind.lost.is_empty()).then(|| change_nothing(&Vec::from_iter(&kind.lost)));
        for gap in kind.gaps.iter().cloned().chain(lost) {
            gaps.entry(gap).or_default().push(format!("{model}{firmware}"));
        }
    }
    let line = |(gap, of): (String, Vec<String>)| {
        let more = of.len().saturating_sub(KINDS_NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}{more}: {gap}", of.into_iter().take(KINDS_NAMED).collect::<Vec<_>>().join(", "))
    };
    gaps.into_iter().map(line).collect()
}

/// Most kinds of phones that a line names.
const KINDS_NAMED: usize = 3;

/// Gives a table to fill in, of the settings that change nothing, where there are several.
fn to_fill_in(kinds: &[Coverage]) -> String {
    let lost: BTreeSet<&str> = kinds.iter().flat_map(|kind| &kind.lost).copied().collect();
    if lost.len() < 3 {
        return String::new();
    }
    let lines: String = lost.iter().map(|name| format!("{name} = \"\"\n")).collect();
    format!("what phones of a kind lack may be said so, each with its reason:\n\n[without]\n{lines}\n")
}
