//! `bellhop dhcp`

mod formats;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::catalog::{Dhcp, Firmware, Vendor};
use crate::cli::{Failure, load};
use crate::model::{Oui, Protocol};
use crate::snapshot::{Rules, Snapshot};

/// Print what a DHCP server needs, so that phones find this server
///
/// Phones are known by their vendor class identifier (option 60) where they send a certain one, else by the first
/// octets of their addresses. All get the URL of this server without a serial: phones get their files by it over TFTP,
/// and over HTTP and HTTPS where their provisioning is MAC-based or they have credentials.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The DHCP server
    #[arg(value_parser = formats::NAMES)]
    server: String,
    /// Phones of this vendor, by its id or name; may be given several times. Without it, those of the fleet's devices
    #[arg(long = "vendor", value_name = "NAME")]
    vendors: Vec<String>,
    /// The protocol that phones shall ask by, where they speak it; else, and without it, one that all of a kind speak
    #[arg(long, value_parser = ["http", "https", "tftp"])]
    protocol: Option<String>,
    /// The server's address, for options that hold no names; may be given several times
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<std::net::Ipv4Addr>,
}

/// Phones that are told the same.
#[derive(Debug)]
struct Kind {
    /// A name for classes and tags: letters, digits and hyphens.
    name: String,
    /// The vendor's name, for comments.
    title: String,
    ouis: Vec<Oui>,
    classes: Vec<String>,
    options: Vec<Told>,
}

/// An option with what it holds.
#[derive(Debug)]
struct Told {
    code: u8,
    sub: Option<u8>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Addresses(Vec<std::net::Ipv4Addr>),
    Text(String),
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        let kinds = self.kinds(&loaded.snapshot)?;
        print!("{}", formats::write(&self.server, &kinds));
        Ok(())
    }

    fn kinds(&self, snapshot: &Snapshot) -> Result<Vec<Kind>, Failure> {
        let catalog = &*snapshot.world().catalog;
        let mut asked: BTreeMap<(usize, &Dhcp), Vec<&Firmware>> = BTreeMap::new();
        if self.vendors.is_empty() {
            for phone in snapshot.phones() {
                if let Some(dhcp) = told(phone.firmware) {
                    asked.entry((phone.model.vendor, dhcp)).or_default().push(phone.firmware);
                }
            }
        }
        for name in &self.vendors {
            let vendor = catalog.vendor_called(name).ok_or_else(|| {
                anyhow!("there is no vendor `{name}`; `bellhop catalog --vendors` lists them")
            })?;
            for model in catalog.models().filter(|model| catalog.vendor(model.vendor).id == vendor.id) {
                for firmware in &model.firmwares {
                    if let Some(dhcp) = told(firmware) {
                        asked.entry((model.vendor, dhcp)).or_default().push(firmware);
                    }
                }
            }
        }
        if asked.is_empty() {
            let error = match self.vendors.join(", ") {
                none if none.is_empty() => anyhow!(
                    "no phones of a vendor that is known to read DHCP options; name one with --vendor, or add devices"
                ),
                named => {
                    anyhow!("no phones of {named} are known to read DHCP options; see `dhcp` in the catalog")
                }
            };
            return Err(error.into());
        }
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        let kinds = asked.into_iter().map(|((vendor, dhcp), firmwares)| {
            let count = counts.entry(vendor).or_default();
            *count += 1;
            self.kind(snapshot, catalog.vendor(vendor), *count, dhcp, &firmwares)
        });
        Ok(kinds.collect::<anyhow::Result<_>>()?)
    }

    fn kind(
        &self,
        snapshot: &Snapshot,
        vendor: &Vendor,
        count: usize,
        dhcp: &Dhcp,
        firmwares: &[&Firmware],
    ) -> anyhow::Result<Kind> {
        let rules = &snapshot.world().rules;
        let protocol = self.protocol(rules, firmwares).context("its phones ask by no protocol")?;
        let options = dhcp.options.iter().map(|option| {
            let value = match &option.text {
                Some(text) => Value::Text(filled(text, rules, protocol)),
                None => Value::Addresses(self.addresses(rules, vendor, option.code)?),
            };
            Ok(Told { code: option.code, sub: option.sub, value })
        });
        let suffix = if count > 1 { format!("-{count}") } else { String::new() };
        Ok(Kind {
            name: format!("{}{suffix}", vendor.id),
            title: vendor.name.clone(),
            ouis: vendor.ouis.clone(),
            classes: dhcp.classes.clone(),
            options: options.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Gives the protocol of phones that are told the same: the wanted one where they speak it, else the first that all
    /// of them speak.
    fn protocol(&self, rules: &Rules, firmwares: &[&Firmware]) -> Option<Protocol> {
        let mut spoken = firmwares.iter().flat_map(|firmware| &firmware.protocols);
        let wanted = spoken.find(|own| Some(own.word()) == self.protocol.as_deref()).copied();
        let first = firmwares.first()?;
        let preferred = rules.protocol_of(first);
        let of_all = |own: &Protocol| firmwares.iter().all(|firmware| firmware.protocols.contains(own));
        let common = preferred.into_iter().chain(first.protocols.iter().copied()).find(of_all);
        wanted.or(common).or(preferred)
    }

    fn addresses(&self, rules: &Rules, vendor: &Vendor, code: u8) -> anyhow::Result<Vec<std::net::Ipv4Addr>> {
        if !self.addresses.is_empty() {
            return Ok(self.addresses.clone());
        }
        let host = rules.provisioning.host.parse();
        host.map(|address| vec![address]).map_err(|_| {
            anyhow!("option {code} of {} holds addresses; give this server's with --address", vendor.name)
        })
    }
}

/// Gives what phones with a firmware are told; one without options takes away an inherited one.
fn told(firmware: &Firmware) -> Option<&Dhcp> {
    firmware.dhcp.as_ref().filter(|dhcp| !dhcp.options.is_empty())
}

/// Fills the holes of an option's text.
fn filled(text: &str, rules: &Rules, protocol: Protocol) -> String {
    let (host, port) = (&rules.provisioning.host, rules.port(protocol));
    let usual =
        matches!((protocol, port), (Protocol::Http, 80) | (Protocol::Https, 443) | (Protocol::Tftp, 69));
    let port = if usual { String::new() } else { format!(":{port}") };
    let path = &rules.provisioning.path_prefix;
    let slash = if path.is_empty() { "" } else { "/" };
    let server = format!("{host}{port}{slash}{path}");
    text.replace("{url}", &format!("{protocol}://{server}"))
        .replace("{server}", &server)
        .replace("{host}", host)
        .replace("{path}", path)
        .replace("{http-port}", &rules.port(Protocol::Http).to_string())
        .replace("{https-port}", &rules.port(Protocol::Https).to_string())
}
