//! Requests that phones have been seen to send, and what is told by them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::cli::Failure;
use crate::cli::identify::Told;
use crate::config::Config;
use crate::document::{Document, Fault, Table};
use crate::identify::{Inquiry, identify};
use crate::model::{Mac, Protocol};
use crate::snapshot::{Cache, Rules, Snapshot, Stamp, World};

/// How many requests tell what they are said to tell.
#[derive(Debug, Default)]
pub(super) struct Score {
    /// Those that tell of whom they are, and all else that they are said to.
    pub(super) told: usize,
    /// Those that phones of several vendors send, and that are taken for nobody's.
    pub(super) ambiguous: usize,
    /// What is wrong with the others.
    pub(super) wrong: Vec<String>,
}

/// A request, and what it is said to tell.
#[derive(Debug, Default)]
struct Request {
    path: Option<String>,
    user_agent: Option<String>,
    model: Option<String>,
    version: Option<String>,
    mac: Option<Mac>,
    serial: Option<String>,
    ambiguous: bool,
    firmware: Option<String>,
    line: u32,
}

impl Score {
    /// Judges the requests in `cases/identify.toml` of vendors, which are named by their places in the catalog.
    pub(super) fn of(
        catalog: &Arc<Catalog>,
        folders: &[PathBuf],
        vendors: &[usize],
    ) -> Result<Self, Failure> {
        let config = Arc::new(Config::default());
        let rules = Rules::new(&config, "provisioning.example.net");
        let world = World::new(Arc::clone(catalog), rules, None, Stamp::default());
        let nobody = Snapshot::empty(Arc::new(world), config, Arc::new(Cache::new(0)));
        let mut score = Self::default();
        for at in vendors {
            let id = &catalog.vendor(*at).id;
            for folder in folders {
                let path = folder.join(&**id).join("cases/identify.toml");
                let Ok(text) = fs::read_to_string(&path) else {
                    continue;
                };
                for request in read(&path, &text).map_err(Failure::Faulty)? {
                    score.judge(&nobody, *at, &path, &request);
                }
            }
        }
        Ok(score)
    }

    fn judge(&mut self, nobody: &Snapshot, vendor: usize, file: &Path, request: &Request) {
        let path = request.path.as_ref().map_or_else(|| "/".to_owned(), |path| format!("/{path}"));
        let local = std::net::Ipv4Addr::LOCALHOST.into();
        let inquiry = Inquiry {
            user_agent: request.user_agent.as_deref().map(str::as_bytes),
            ..Inquiry::new(Protocol::Http, local, path.as_bytes())
        };
        let catalog = &nobody.world().catalog;
        let vendor = catalog.vendor(vendor);
        let told = Told::of(catalog, &identify(nobody, &inquiry));
        let whole = request
            .model
            .as_ref()
            .map(|id| if id.contains('/') { id.clone() } else { format!("{}/{id}", vendor.id) });
        let of = whole.as_deref().and_then(|id| catalog.model(id));
        let model =
            whole.as_ref().map(|id| of.map_or_else(|| format!("no model `{id}`"), |of| of.name.clone()));
        let version = told.version.as_ref().filter(|_| request.firmware.is_some());
        let firmware = of.zip(version).and_then(|(of, version)| {
            of.firmware_of(version.as_bytes(), &of.firmwares[of.default_firmware])
                .map(|one| one.id.to_string())
        });
        if request.ambiguous && told.vendor.is_none() && told.mac == request.mac {
            self.ambiguous += 1;
            return;
        }
        let text = |told: &Option<String>| told.clone().unwrap_or_else(|| "none".to_owned());
        let pairs = [
            ("vendor", Some(vendor.name.clone()), told.vendor),
            ("model", model, told.model),
            ("version", request.version.clone(), told.version),
            ("firmware", request.firmware.clone(), firmware),
            ("MAC address", request.mac.map(|mac| mac.to_string()), told.mac.map(|mac| mac.to_string())),
            ("serial", request.serial.clone(), told.serial),
        ];
        let differ = pairs.iter().filter(|(_, wanted, told)| wanted != told);
        let differ: Vec<String> = differ
            .map(|(what, wanted, told)| {
                format!("{what} `{}`, and the case wants `{}`", text(told), text(wanted))
            })
            .collect();
        if differ.is_empty() {
            self.told += 1;
        } else {
            self.wrong.push(format!("{}:{}: tells {}", file.display(), request.line, differ.join(", ")));
        }
    }
}

fn read(path: &Path, text: &str) -> Result<Vec<Request>, Vec<Fault>> {
    let document = Document::parse(path, text)?;
    let mut requests = Vec::new();
    for entry in document.root() {
        match entry.key() {
            "request" => requests.extend(entry.records().map(|(table, line)| one(table, line))),
            _ => entry.unknown(&["request"]),
        }
    }
    let faults = document.into_faults();
    if faults.iter().any(Fault::is_error) { Err(faults) } else { Ok(requests) }
}

fn one(table: Table<'_>, line: u32) -> Request {
    let mut request = Request { line, ..Request::default() };
    for entry in table {
        let text = |max| entry.text(max).map(str::to_owned);
        match entry.key() {
            "ambiguous" => request.ambiguous = entry.boolean().unwrap_or_default(),
            "firmware" => request.firmware = text(64),
            "mac" => request.mac = entry.parse(),
            "model" => request.model = text(64),
            "path" => request.path = text(512),
            "serial" => request.serial = text(64),
            "user-agent" => request.user_agent = text(1024),
            "version" => request.version = text(64),
            _ => entry.unknown(&[
                "ambiguous",
                "firmware",
                "mac",
                "model",
                "path",
                "serial",
                "user-agent",
                "version",
            ]),
        }
    }
    request
}
