//! `bellhop render`

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::{Failure, load};
use crate::model::Mac;
use crate::render::{Subject, preview, whole};
use crate::snapshot::{Phone, Snapshot};

/// Print the text of a phone's file, secrets masked
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Serial, MAC address or name of the device
    serial: String,
    /// Name of the file as the phone asks for it; its main file when left out
    file: Option<String>,
    /// Show secrets as they are
    #[arg(long)]
    reveal: bool,
    /// Print the file to the last byte, encoded and encrypted, instead of its text
    #[arg(long, requires = "reveal")]
    whole: bool,
    /// List the files of the device instead
    #[arg(long, conflicts_with = "file")]
    list: bool,
    /// Print the list as JSON, one array
    #[arg(long, requires = "list")]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        let snapshot = &loaded.snapshot;
        let phone = find(snapshot, &self.serial)?;
        if self.list {
            let names: Vec<String> = phone.firmware.files.iter().map(|file| phone.file_name(file)).collect();
            if self.json {
                println!("{:#}", serde_json::json!(names));
            } else {
                names.iter().for_each(|name| println!("{name}"));
            }
            return Ok(());
        }
        let at = place(&phone, self.file.as_deref())?;
        let subject = Subject::Phone(phone, at);
        let bytes =
            if self.whole { whole(snapshot, &subject) } else { preview(snapshot, &subject, self.reveal) }?;
        std::io::stdout().write_all(&bytes).context("cannot write the file")?;
        Ok(())
    }
}

/// Finds a device by what an operator calls it.
fn find<'s>(snapshot: &'s Snapshot, called: &str) -> anyhow::Result<Phone<'s>> {
    let by_mac = || snapshot.phone_by_mac(called.parse::<Mac>().ok()?);
    if let Some(phone) = snapshot.phone_by_serial(called).or_else(by_mac) {
        return Ok(phone);
    }
    let mut named = snapshot.phones().filter(|phone| phone.device.name == called);
    match (named.next(), named.next()) {
        (Some(phone), None) => Ok(phone),
        (Some(_), Some(_)) => Err(anyhow!("several devices have that name; give the serial or MAC address")),
        (None, _) => {
            Err(anyhow!("no device has that serial, MAC address or name; `bellhop device list` lists them"))
        }
    }
}

fn place(phone: &Phone<'_>, file: Option<&str>) -> anyhow::Result<u16> {
    let mut files = (0..).zip(&phone.firmware.files);
    let Some(name) = file else {
        let main = files.find(|(_, file)| file.main).map(|(at, _)| at);
        return main.ok_or_else(|| anyhow!("the model has no main file; name one"));
    };
    let matches = phone.catalog().match_path(name.trim_start_matches('/').as_bytes());
    let found = files.find(|(_, file)| matches.contains(file.path)).map(|(at, _)| at);
    found.ok_or_else(|| {
        let names: Vec<String> = phone.firmware.files.iter().map(|file| phone.file_name(file)).collect();
        anyhow!("the device has no file `{name}`; it has {}", names.join(", "))
    })
}
