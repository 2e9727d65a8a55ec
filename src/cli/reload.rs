//! `bellhop reload`

use std::path::Path;

use anyhow::Context;

use crate::cli::Failure;
use crate::config::Config;
use crate::manage::{Key, reload};

/// Have the server that runs read its files again, and wait for what it says
///
/// Exit code 0 means that it serves what the files say, 78 that they are faulty and it stays with what it had.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Publish what the files say even where they would take away many devices or break files that phones have now
    #[arg(long)]
    force: bool,
    /// Print JSON: result, serial, devices, and the lines of warnings or faults
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let config = Config::read(config).map_err(Failure::Faulty)?;
        let key = Key::read(&config.state).context("is the server running, and are you its operator?")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let told = runtime.block_on(reload(&key, self.force))?;
        if self.json {
            println!("{:#}", told.body);
            return if told.done { Ok(()) } else { Err(Failure::Faulty(Vec::new())) };
        }
        let list =
            |name: &str| told.body.get(name).and_then(|list| list.as_array()).cloned().unwrap_or_default();
        for line in list("warnings").iter().chain(&list("faults")).filter_map(|line| line.as_str()) {
            eprintln!("{line}");
        }
        let (result, serial) = (&told.body["result"], &told.body["serial"]);
        println!("{}: serial {serial}", result.as_str().unwrap_or("?"));
        if told.done { Ok(()) } else { Err(Failure::Faulty(Vec::new())) }
    }
}
