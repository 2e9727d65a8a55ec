//! `bellhop device`

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::{Failure, load};
use crate::snapshot::Phone;

/// Look at devices
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the devices of the fleet
    List {
        /// Print JSON, one array
        #[arg(long)]
        json: bool,
    },
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        let Command::List { json } = self.command;
        let phones = loaded.snapshot.phones();
        if json {
            let devices: Vec<Value> = phones.map(|phone| device_json(&phone)).collect();
            println!("{}", serde_json::to_string_pretty(&devices)?);
            return Ok(());
        }
        println!("{:<32} {:<22} {:<17} {:<8} {:<5} LINES", "NAME", "MODEL", "MAC", "STATUS", "VIA");
        for phone in phones {
            let device = phone.device;
            let mac = device.mac.map_or_else(|| "-".to_owned(), |mac| mac.to_string());
            let status = if device.enabled { "enabled" } else { "disabled" };
            let lines: Vec<&str> = phone.lines().map(|line| line.extension.number.as_str()).collect();
            let (via, lines) = (phone.protocol(), lines.join(" "));
            println!("{:<32} {:<22} {mac:<17} {status:<8} {via:<5} {lines}", device.name, phone.model.id);
        }
        Ok(())
    }
}

/// Describes a device without its passwords; the serial is shown to whoever can read the records anyway.
fn device_json(phone: &Phone<'_>) -> Value {
    let device = phone.device;
    let (accounts, interval) = (phone.accounts(), &phone.firmware.interval);
    let lines: Vec<Value> = phone
        .lines()
        .map(|line| json!({ "line": line.number, "extension": line.extension.number.as_str() }))
        .collect();
    let files: Vec<String> = phone.firmware.files.iter().map(|file| phone.file_name(file)).collect();
    json!({
        "serial": device.serial.expose(),
        "name": device.name.as_str(),
        "vendor": &*phone.vendor().id,
        "model": &*phone.model.id,
        "firmware": &*phone.firmware.id,
        "application_version": device.application_version.as_str(),
        "mac": device.mac.map(|mac| mac.to_string()),
        "mac_based": device.mac_based,
        "status": if device.enabled { "enabled" } else { "disabled" },
        "notes": device.notes.as_str(),
        "update_interval": phone.update_interval(),
        "update_interval_unit": interval.unit.word(),
        "protocol": phone.protocol().word(),
        "template": &*device.template,
        "owner": device.owner.as_deref().unwrap_or("administrator"),
        "provider": accounts.provider.map(|provider| provider.id.as_str()),
        "organization": accounts.organization.map(|organization| organization.id.as_str()),
        "user": accounts.user.map(|user| user.id.as_str()),
        "lines": lines,
        "files": files,
    })
}
