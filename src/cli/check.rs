//! `bellhop check`

use std::path::Path;

use rayon::prelude::*;

use crate::cli::{Failure, load};
use crate::document::Fault;
use crate::render::{Subject, preview};
use crate::snapshot::{Phone, Snapshot};

/// Read settings, catalog and fleet, render every file, and say all that is wrong
///
/// Each fault is printed as `file:line: what is wrong; what to do`. Warnings do not count. Exit code 0 means that
/// the server would take it all, 78 that it would not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out the rendering, which takes long with very many devices
    #[arg(long)]
    no_render: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        for warning in &loaded.warnings {
            eprintln!("{warning}");
        }
        let snapshot = &loaded.snapshot;
        if !self.no_render {
            let phones: Vec<Phone<'_>> = snapshot.phones().collect();
            let faults: Vec<Fault> =
                phones.par_iter().flat_map_iter(|phone| unrendered(snapshot, phone)).collect();
            if !faults.is_empty() {
                return Err(Failure::Faulty(faults));
            }
        }
        let models = snapshot.world().catalog.models().count();
        println!("all fine: {} devices, {models} models", snapshot.devices());
        Ok(())
    }
}

/// Renders every file of a phone and tells those that fail.
fn unrendered(snapshot: &Snapshot, phone: &Phone<'_>) -> Vec<Fault> {
    let files = (0..).zip(&phone.firmware.files);
    let failed = files.filter_map(|(at, _)| preview(snapshot, &Subject::Phone(*phone, at), true).err());
    let (path, line) = phone.written_at();
    failed
        .map(|error| Fault::error(path, line, format!("{error}: {}; mend the template", error.source)))
        .collect()
}
