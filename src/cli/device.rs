//! `bellhop device`

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::{Failure, load};
use crate::config::Config;
use crate::manage::{Key, fetched};
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
        let fetched = last_fetched(config)?;
        if json {
            let devices: Vec<Value> = phones.map(|phone| device_json(&phone, &fetched)).collect();
            println!("{}", serde_json::to_string_pretty(&devices)?);
            return Ok(());
        }
        println!(
            "{:<32} {:<22} {:<17} {:<8} {:<5} {:<20} LINES",
            "NAME", "MODEL", "MAC", "STATUS", "VIA", "FETCHED"
        );
        for phone in phones {
            let device = phone.device;
            let mac = device.mac.map_or_else(|| "-".to_owned(), |mac| mac.to_string());
            let status = if device.enabled { "enabled" } else { "disabled" };
            let lines: Vec<&str> = phone.lines().map(|line| line.extension.number.as_str()).collect();
            let (via, lines) = (phone.protocol(), lines.join(" "));
            let fetched = fetched[device.serial.expose()].as_str().unwrap_or("-");
            println!(
                "{:<32} {:<22} {mac:<17} {status:<8} {via:<5} {fetched:<20} {lines}",
                device.name, phone.model.id
            );
        }
        Ok(())
    }
}

/// Asks the server when devices last fetched a file; without a server nobody knows.
fn last_fetched(config: &Path) -> Result<Value, Failure> {
    let config = Config::read(config).map_err(Failure::Faulty)?;
    let Ok(key) = Key::read(&config.state) else {
        return Ok(Value::Null);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(fetched(&key)).map_or(Value::Null, |told| told.body))
}

/// Describes a device without its passwords; the serial is shown to whoever can read the records anyway.
fn device_json(phone: &Phone<'_>, fetched: &Value) -> Value {
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
        "known_by": phone.known_by().word(),
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
        "created": device.dates.as_ref().and_then(|dates| dates.created.as_deref()),
        "updated": device.dates.as_ref().and_then(|dates| dates.updated.as_deref()),
        "last_fetched": fetched[device.serial.expose()],
    })
}
