//! `bellhop check`

use std::path::Path;

use rayon::prelude::*;

use crate::cli::{Failure, load};
use crate::document::Fault;
use crate::listen::Identities;
use crate::reload::unrendered;
use crate::snapshot::Phone;

/// Read settings, certificates, catalog and fleet, render every file, and say all that is wrong
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
        let certificates = Identities::check(snapshot.config());
        if certificates.iter().any(Fault::is_error) {
            return Err(Failure::Faulty(certificates));
        }
        for warning in &certificates {
            eprintln!("{warning}");
        }
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
