//! `bellhop catalog check`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogFiles};
use crate::cli::catalog::coverage::{Coverage, coverage};
use crate::cli::catalog::requests::Score;
use crate::cli::catalog::vendors::Cases;
use crate::cli::{Failure, load};
use crate::config::Config;
use crate::document::Fault;
use crate::template::Limits;

/// Find what is wrong with, and missing from, the catalog or a folder of one's own
///
/// Every setting is tried on every kind of phone: one that changes no file, and of which the catalog does not say
/// that the phone lacks it, would be lost in silence. Requests of `cases/identify.toml` must tell what stands there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of vendors, or that of one vendor, put over the configured catalog; that alone when left out
    folder: Option<PathBuf>,
}

/// What is checked: a catalog, the folders that it came from, and the only vendor that is asked for.
struct Checked {
    catalog: Arc<Catalog>,
    folders: Vec<PathBuf>,
    vendor: Option<String>,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let checked = match self.folder {
            Some(folder) => read(config, &folder)?,
            None => {
                let loaded = load(config)?;
                let folders = loaded.snapshot.config().catalog.clone();
                Checked { catalog: Arc::clone(&loaded.snapshot.world().catalog), folders, vendor: None }
            }
        };
        let missing = checked.missing();
        let score = Score::of(&checked.catalog, &checked.folders, checked.vendor.as_deref())?;
        let gaps = coverage(&checked.catalog, checked.vendor.as_deref())?;
        let mut told = 0;
        for line in missing.into_iter().chain(score.wrong.iter().cloned()).chain(gaps.iter().flat_map(lines))
        {
            println!("{line}");
            told += 1;
        }
        let models =
            gaps.iter().flat_map(|kind| kind.of.iter().map(|(model, _)| model)).collect::<BTreeSet<_>>();
        let (models, kinds) = (models.len(), gaps.len());
        let Score { told: known, ambiguous, wrong } = &score;
        println!(
            "{known} requests tell what they should, {ambiguous} may be of several vendors, {} are taken wrong",
            wrong.len()
        );
        if told == 0 {
            println!("all fine: {models} models of {kinds} kinds");
            return Ok(());
        }
        eprintln!("to mend: {told}, in {models} models of {kinds} kinds");
        Err(Failure::Told)
    }
}

/// Reads a folder of vendors, or that of a vendor, over the configured catalog.
fn read(config: &Path, folder: &Path) -> Result<Checked, Failure> {
    let is_vendor = folder.join("vendor.toml").is_file();
    let vendor = folder.canonicalize().ok().filter(|_| is_vendor);
    let vendor = vendor.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let own = if is_vendor { folder.join("..") } else { folder.to_owned() };
    let configured = Config::read(config).ok();
    let rendering =
        configured.as_ref().map_or_else(|| Config::default().rendering, |config| config.rendering.clone());
    let limits = Limits { fuel: rendering.fuel, output_bytes: rendering.output_bytes, time: rendering.time };
    let mut folders = configured.map(|config| config.catalog).unwrap_or_default();
    let same = |known: &PathBuf| known.canonicalize().ok() == own.canonicalize().ok();
    folders.retain(|known| known.is_dir() && !same(known));
    folders.push(own);
    let (files, mut faults) = CatalogFiles::read(&folders);
    let (catalog, broken) = Catalog::resolve(files, limits);
    faults.extend(broken);
    if faults.iter().any(Fault::is_error) {
        return Err(Failure::Faulty(faults));
    }
    Ok(Checked { catalog: Arc::new(catalog), folders, vendor })
}

impl Checked {
    /// Says what vendors lack beside their templates.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (at, vendor) in self.catalog.vendors().iter().enumerate() {
            if self.vendor.as_ref().is_some_and(|only| **only != *vendor.id) {
                continue;
            }
            let mut miss = |what: String| missing.push(format!("{}: {what}", vendor.id));
            let models: Vec<_> = self.catalog.models().filter(|model| model.vendor == at).collect();
            if models.is_empty() {
                if vendor.doubts.is_empty() {
                    miss("has no models; describe one as `[model.…]`, or say in `doubts` why not".to_owned());
                }
                continue;
            }
            if !self.catalog.has_agents(at) {
                miss("no `user-agents`; give patterns for what its phones say of themselves".to_owned());
            }
            let cases = Cases::of(&self.folders, &vendor.id);
            if !cases.identify {
                miss("no `cases/identify.toml`; write what its phones say, and what it tells".to_owned());
            }
            if cases.golden.is_empty() {
                miss("no cases; write a phone, what it asks for, and judge what it gets".to_owned());
            }
        }
        missing
    }
}

/// Says what is to be mended for a kind of phone.
fn lines(kind: &Coverage) -> impl Iterator<Item = String> {
    let (model, firmware) =
        kind.of.first().map(|(model, firmware)| (&**model, &**firmware)).unwrap_or_default();
    let others = match kind.of.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    kind.gaps.iter().map(move |gap| format!("{model}, firmware {firmware}{others}: {gap}"))
}
