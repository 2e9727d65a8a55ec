//! What the server says when it starts: where it listens, and how to ask it as the phones of the example fleet would.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::listen::{Bound, Identities};
use crate::manage::Doorway;
use crate::model::Protocol;
use crate::snapshot::{Phone, Rules, Snapshot};

/// Says where the server listens, and how to ask it as the phones of the example fleet would.
///
/// # Errors
/// `out` cannot be written to.
pub fn write(
    out: &mut Vec<u8>,
    bound: &Bound,
    admin: Option<&Doorway>,
    identities: &Identities,
    snapshot: &Snapshot,
) -> io::Result<()> {
    writeln!(out, "bellhop {} serves {} devices", env!("CARGO_PKG_VERSION"), snapshot.devices())?;
    for (protocol, address) in bound.addresses() {
        let note = if protocol == Protocol::Https && identities.is_minted() {
            " (self-signed certificate)"
        } else {
            ""
        };
        writeln!(out, "  {protocol:<6} {address}{note}")?;
    }
    if let Some(doorway) = admin {
        let note = if doorway.is_tls() { " (TLS)" } else { "" };
        writeln!(out, "  admin  {}{note}", doorway.place())?;
    }
    let mut examples = snapshot.phones().filter(Phone::is_example).peekable();
    if examples.peek().is_some() {
        writeln!(out, "\nAsk as a phone of the example fleet would:")?;
    }
    for phone in examples {
        let ask = ask_as(&phone, bound, identities, &snapshot.world().rules);
        writeln!(out, "  # {} ({})\n  {ask}", phone.device.name, phone.model.id)?;
    }
    Ok(())
}

/// Writes the command line that asks for a phone's main file.
fn ask_as(phone: &Phone<'_>, bound: &Bound, identities: &Identities, rules: &Rules) -> String {
    let protocol = phone.protocol();
    let main = phone.firmware.files.iter().find(|file| file.main);
    let name = main.map(|file| phone.file_name(file)).unwrap_or_default();
    let address = bound.addresses().into_iter().find(|(bound, _)| *bound == protocol);
    let Some((_, address)) = address else {
        let serial = phone.device.serial.expose();
        let program = std::env::args().next().unwrap_or_else(|| "bellhop".to_owned());
        return format!("{program} render {serial} {name}  # asks over {protocol}, which is not served");
    };
    let insecure = if protocol == Protocol::Https && identities.is_minted() { "-k " } else { "" };
    let prefix = if rules.provisioning.path_prefix.is_empty() { "" } else { "/" };
    let prefix = format!("{prefix}{}", rules.provisioning.path_prefix);
    // Over TFTP a phone names nothing but the file.
    let is_at_top = protocol == Protocol::Tftp && phone.device.mac.is_some();
    let path = if is_at_top { String::new() } else { format!("{}/", phone.url_segment()) };
    format!("curl {insecure}{protocol}://{}{prefix}/{path}{name}", reachable(address))
}

/// Gives an address that this machine reaches itself by.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
