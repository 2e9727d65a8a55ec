//! The flags of `bellhop device add` and `edit`, which are the keys of the record.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::device::put_lines;
use crate::cli::act::fields::{Settable, put_below, typed};
use crate::cli::act::password;
use crate::cli::act::session::Session;
use crate::operation::Fields;

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Flags {
    /// Name for people: 3 to 32 letters, digits, blanks, `_`, `-` and `.`
    #[arg(long)]
    name: Option<String>,
    /// Model, as `bellhop catalog` lists them
    #[arg(long)]
    model: Option<String>,
    /// Firmware of the model; its newest, unless said otherwise
    #[arg(long)]
    firmware: Option<String>,
    /// Version that the phone is to load, where its model wants one
    #[arg(long, value_name = "VERSION")]
    application_version: Option<String>,
    /// MAC address
    #[arg(long)]
    mac: Option<String>,
    /// Whether its URL is made of its MAC address instead of its serial
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    mac_based: Option<bool>,
    /// Whether it gets its files: enabled or disabled
    #[arg(long)]
    status: Option<String>,
    /// Notes for people
    #[arg(long)]
    notes: Option<String>,
    /// Protocol: http, https or tftp, as the firmware offers
    #[arg(long)]
    protocol: Option<String>,
    /// How often it asks, in the firmware's unit
    #[arg(long, value_name = "NUMBER")]
    update_interval: Option<u32>,
    /// Template that its files are made of
    #[arg(long)]
    template: Option<String>,
    /// Account that it belongs to
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
    /// Organization that it is assigned to
    #[arg(long, value_name = "ACCOUNT")]
    organization: Option<String>,
    /// Host in its URL, where it is not the server's own
    #[arg(long)]
    host: Option<String>,
    /// User of its web interface
    #[arg(long, value_name = "USER")]
    admin_user: Option<String>,
    /// User that it answers a challenge with; its MAC address, unless said otherwise
    #[arg(long, value_name = "USER")]
    update_user: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    rest: Rest,
}

#[derive(Debug, clap::Args)]
struct Rest {
    /// Put an extension on a line, as NUMBER=EXTENSION; NUMBER= frees it; the other lines stay
    #[arg(long, value_name = "NUMBER=EXTENSION")]
    line: Vec<String>,
    /// Address of its own, for phones without DHCP
    #[arg(long, value_name = "IP", help_heading = "Network")]
    network_address: Option<String>,
    /// Netmask
    #[arg(long, value_name = "IP", help_heading = "Network")]
    network_netmask: Option<String>,
    /// Gateway
    #[arg(long, value_name = "IP", help_heading = "Network")]
    network_gateway: Option<String>,
    /// Name servers, with commas between
    #[arg(long, value_name = "IPS", value_delimiter = ',', help_heading = "Network")]
    network_dns_servers: Vec<String>,
    /// Read the serial from the first line of a file, instead of having one generated; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Secrets")]
    serial_file: Option<PathBuf>,
    /// Ask for the password of its web interface, or read it as a line of standard input
    #[arg(long, conflicts_with = "admin_password_file", help_heading = "Secrets")]
    admin_password: bool,
    /// Read the password of its web interface from the first line of a file; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Secrets")]
    admin_password_file: Option<PathBuf>,
    /// Ask for the password that it answers a challenge with, or read it as a line of standard input
    #[arg(long, conflicts_with = "update_password_file", help_heading = "Secrets")]
    update_password: bool,
    /// Read the password that it answers a challenge with from the first line of a file; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Secrets")]
    update_password_file: Option<PathBuf>,
    /// Ask for the key that its files are encrypted by, or read it as a line of standard input
    #[arg(long, conflicts_with = "encryption_key_file", help_heading = "Secrets")]
    encryption_key: bool,
    /// Read the key that its files are encrypted by from the first line of a file; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Secrets")]
    encryption_key_file: Option<PathBuf>,
}

/// The keys of the record that --unset takes away.
const OWN: &[&str] = &[
    "admin-password",
    "admin-user",
    "application-version",
    "encryption-key",
    "firmware",
    "host",
    "lines",
    "mac",
    "mac-based",
    "network",
    "notes",
    "organization",
    "owner",
    "protocol",
    "status",
    "template",
    "update-interval",
    "update-password",
    "update-user",
];

impl Flags {
    /// Gives what was said of the record, its lines left out.
    pub(super) fn fields(&self, session: &Session, settable: &Settable) -> Result<Fields, Failure> {
        let (mut fields, rest) = (typed(self)?, &self.rest);
        let network = [
            ("address", &rest.network_address),
            ("netmask", &rest.network_netmask),
            ("gateway", &rest.network_gateway),
        ];
        for (key, text) in network {
            if let Some(text) = text {
                put_below(&mut fields, "network", key, Value::from(text.as_str()));
            }
        }
        if !rest.network_dns_servers.is_empty() {
            put_below(&mut fields, "network", "dns-servers", Value::from(rest.network_dns_servers.clone()));
        }
        let secrets = [
            ("serial", false, &rest.serial_file),
            ("admin-password", rest.admin_password, &rest.admin_password_file),
            ("update-password", rest.update_password, &rest.update_password_file),
            ("encryption-key", rest.encryption_key, &rest.encryption_key_file),
        ];
        for (key, ask, file) in secrets {
            let secret = password::given(&key.replace('-', " "), ask, file.as_deref())?;
            fields.extend(secret.map(|secret| (key.to_owned(), Value::from(secret))));
        }
        settable.fill(&mut fields, OWN, |word| session.is_vendor(word))?;
        Ok(fields)
    }

    /// Tells whether something was said of lines.
    pub(super) fn has_lines(&self) -> bool {
        !self.rest.line.is_empty()
    }

    /// Gives the lines as they are to be, if something was said of them.
    pub(super) fn lines(&self, before: &[Value]) -> Result<Option<Value>, Failure> {
        if self.has_lines() { put_lines(before, &self.rest.line).map(Some) } else { Ok(None) }
    }
}
