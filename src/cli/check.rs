//! `bellhop check`

use std::path::Path;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::cli::{Failure, load};
use crate::document::Fault;
use crate::listen::Identities;
use crate::reload::{Loaded, unrendered};
use crate::snapshot::{Phone, Snapshot};

/// Read settings, certificates, catalog and fleet, render every file, and say all that is wrong
///
/// Each fault is printed as `file:line: what is wrong; what to do`. Warnings do not count. Exit code 0 means that
/// the server would take it all, 78 that it would not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out the rendering, which takes long with very many devices
    #[arg(long)]
    no_render: bool,
    /// Print JSON: every fault with file, line, key, severity and message, and what was counted
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let (checked, faults) = match load(config) {
            Ok(loaded) => {
                let faults = self.faults(&loaded, config);
                (Some(loaded.snapshot), faults)
            }
            Err(Failure::Faulty(faults)) => (None, faults),
            Err(other) => return Err(other),
        };
        let count = |snapshot: &Snapshot| (snapshot.devices(), snapshot.world().catalog.models().count());
        let counted = checked.as_ref().map(count);
        let is_fine = !faults.iter().any(Fault::is_error);
        if self.json {
            let told: Vec<Value> = faults.iter().map(fault_json).collect();
            let (devices, models) = counted.unzip();
            let told = json!({ "fine": is_fine, "devices": devices, "models": models, "faults": told });
            println!("{told:#}");
        } else {
            for fault in &faults {
                eprintln!("{fault}");
            }
            if let Some((devices, models)) = counted.filter(|_| is_fine) {
                println!("all fine: {devices} devices, {models} models");
            }
        }
        if is_fine { Ok(()) } else { Err(Failure::Faulty(Vec::new())) }
    }

    /// Finds what is wrong beside the records themselves, the warnings of those first.
    fn faults(&self, loaded: &Loaded, config: &Path) -> Vec<Fault> {
        let snapshot = &loaded.snapshot;
        let mut faults = loaded.warnings.clone();
        faults.extend(Identities::check(snapshot.config()));
        faults.extend(snapshot.lacks_below(config));
        if !self.no_render && !faults.iter().any(Fault::is_error) {
            let phones: Vec<Phone<'_>> = snapshot.phones().collect();
            faults.par_extend(phones.par_iter().flat_map_iter(|phone| unrendered(snapshot, phone)));
        }
        faults
    }
}

fn fault_json(fault: &Fault) -> Value {
    let severity = if fault.is_error() { "error" } else { "warning" };
    json!({
        "file": fault.path.display().to_string(),
        "line": (fault.line > 0).then_some(fault.line),
        "key": fault.key.as_deref(),
        "severity": severity,
        "message": fault.message,
    })
}
