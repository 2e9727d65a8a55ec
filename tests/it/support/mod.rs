//! A site: a server's files in a temporary folder.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bellhop::answer::{Answer, Outcome, answer};
use bellhop::document::Fault;
use bellhop::identify::Inquiry;
use bellhop::model::Protocol;
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use tempfile::TempDir;

/// The repository's own catalog.
pub(crate) fn shipped_catalog() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog")
}

/// A server's files in a folder that goes away with it.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// Makes a site with the shipped catalog and no records.
    pub(crate) fn new() -> Self {
        let site = Self { folder: TempDir::new().unwrap() };
        site.write("fleet/.keep", "").config("")
    }

    /// Writes a file below the site's folder.
    pub(crate) fn write(self, path: &str, text: &str) -> Self {
        self.put(path, text);
        self
    }

    /// Writes a file below the site's folder.
    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds lines to the settings; the first ones may stand before any table.
    pub(crate) fn config(self, text: &str) -> Self {
        let catalog = shipped_catalog();
        let own =
            if text.contains("catalog = ") { String::new() } else { format!("catalog = [{catalog:?}]\n") };
        let names = "[provisioning]\nhost = \"provisioning.example.net\"\nhttp-port = 80\nhttps-port = 443\n";
        let names = if text.contains("[provisioning]") { "" } else { names };
        self.write("bellhop.toml", &format!("state = \"state\"\n{own}{text}\n{names}"))
    }

    /// Gives a path below the site's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Reads the site's files.
    pub(crate) fn try_load(&self) -> Result<Snapshot, Vec<Fault>> {
        let mut loader = Loader::new(&self.path("bellhop.toml"))?;
        let nothing = loader.nothing();
        Ok(loader.load(&nothing)?.unwrap().snapshot)
    }

    /// Reads the site's files, which must be without a fault.
    pub(crate) fn load(&self) -> Snapshot {
        self.try_load().unwrap_or_else(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("faults:\n{}", faults.join("\n"))
        })
    }
}

/// Asks a snapshot for a path, from loopback.
pub(crate) fn ask<'s>(
    snapshot: &'s Snapshot,
    transport: Protocol,
    path: &str,
    user_agent: Option<&str>,
) -> Answer<'s> {
    let peer = IpAddr::from([127, 0, 0, 1]);
    let user_agent = user_agent.map(str::as_bytes);
    answer(snapshot, &Inquiry { transport, peer, path: path.as_bytes(), user_agent, certificate: None })
}

/// Says in one word how a request went, and gives the body where there is one.
pub(crate) fn outcome<'a>(answer: &'a Answer<'_>) -> (&'static str, Option<&'a [u8]>) {
    match &answer.outcome {
        Outcome::Failed(_) => ("failed", None),
        Outcome::Refused(refusal) => (refusal.word(), None),
        Outcome::Served { file, .. } => ("served", Some(&file.body)),
    }
}
