//! Templates of the administrator, of providers and of organizations: which text a file is made of, who wrote it, and
//! what it may not do.

mod cache; // what is rendered anew when a template changes
mod faults; // texts that do not compile, or are for nothing
mod hostile; // what a text may not do
mod preferences; // what the administrator prefers for every device
mod resolution; // own, imported and shipped texts

use std::time::SystemTime;

use bellhop::answer::Outcome;
use bellhop::model::Protocol::Http;
use bellhop::reload::{Doubt, Loader};
use bellhop::snapshot::Snapshot;

use crate::support::{ACCOUNTS, DEVICE, FILE, SERIAL, Site, ask};

/// Another phone of the same kind.
pub(super) const OTHER: &str = "a1b2c3d4e5f6g7h8j9k1m2n3p4";
/// Its main file.
pub(super) const OTHER_FILE: &str = "0015654aa938.cfg";

/// The kind of the phones.
pub(super) const MODEL: &str = "yealink/t46s";
/// Their firmware.
pub(super) const FIRMWARE: &str = "66.86";

/// A record of a template with one body for the phones' main file.
pub(super) fn template(id: &str, owner: Option<&str>, visibility: &str, body: Option<&str>) -> String {
    let owner = owner.map(|owner| format!("owner = {owner:?}\n")).unwrap_or_default();
    let files = body.map(|body| format!("files = {{ \"{{mac}}.cfg\" = {body:?} }}\n")).unwrap_or_default();
    format!(
        "[[template]]\nid = {id:?}\nname = \"{id} tpl\"\nvisibility = {visibility:?}\n{owner}\
         [[template.equipment]]\nmodel = {MODEL:?}\nfirmware = {FIRMWARE:?}\n{files}\n"
    )
}

/// The record of the usual phone, with a template.
pub(super) fn device(template: &str) -> String {
    DEVICE.replace("owner = \"sp\"", &format!("owner = \"sp\"\ntemplate = {template:?}"))
}

/// The record of the other phone, with a template.
pub(super) fn other(template: &str) -> String {
    device(template)
        .replace(SERIAL, OTHER)
        .replace("A9:37", "A9:38")
        .replace("0087*001", "0087*002")
        .replace("Desk", "Other")
}

/// A site with accounts, templates and devices.
pub(super) fn site(templates: &str, devices: &str) -> Site {
    Site::new()
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/templates.toml", templates)
        .write("fleet/devices.toml", devices)
}

/// A phone's file as it is served.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Got {
    pub(super) body: String,
    pub(super) kept: bool,
    pub(super) etag: String,
    pub(super) dated: Option<String>,
}

/// Asks for a phone's main file.
pub(super) fn get(snapshot: &Snapshot, serial: &str, file: &str) -> Got {
    match ask(snapshot, Http, &format!("/{serial}/{file}"), None).outcome {
        Outcome::Served { file, kept, .. } => Got {
            body: String::from_utf8(file.body.to_vec()).unwrap(),
            kept,
            etag: String::from_utf8(file.etag.to_vec()).unwrap(),
            dated: file
                .dated(|| SystemTime::now() + std::time::Duration::from_secs(5))
                .map(|dated| String::from_utf8(dated.to_vec()).unwrap()),
        },
        Outcome::Failed(error) => panic!("{error}: {}", error.source),
        Outcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

/// Gives the text of the usual phone's main file.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    get(snapshot, SERIAL, FILE).body
}

/// A loader with what it published last.
pub(super) struct Loading {
    loader: Loader,
    pub(super) last: Snapshot,
}

impl Loading {
    pub(super) fn new(site: &Site) -> Self {
        let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
        let nothing = loader.nothing();
        let last = loader.load(&nothing).unwrap().unwrap().snapshot;
        Self { loader, last }
    }

    /// Reads again what must be without a fault.
    pub(super) fn again(&mut self) {
        match self.loader.load_with(&self.last, Doubt::Refuse) {
            Ok(Some(loaded)) => self.last = loaded.snapshot,
            Ok(None) => panic!("nothing changed"),
            Err(faults) => panic!("{faults:?}"),
        }
    }
}
