//! The words of each DHCP server.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value as Json, json};

use crate::cli::dhcp::{Kind, Value};
use crate::model::Oui;

/// The servers whose words are known.
pub(super) const NAMES: [&str; 4] = ["isc", "kea", "dnsmasq", "mikrotik"];

/// Code of the vendor-specific information (RFC 2132, section 8.4).
const VENDOR_SPECIFIC: u8 = 43;

/// Writes what a server, one of [`NAMES`], needs.
pub(super) fn write(server: &str, kinds: &[Kind]) -> String {
    match server {
        "dnsmasq" => kinds.iter().map(dnsmasq).collect(),
        "isc" => isc(kinds),
        "kea" => format!("{:#}\n", kea(kinds)),
        _ => kinds.iter().map(mikrotik).collect(),
    }
}

/// What an option holds, as servers have to be told.
enum Held<'k> {
    Addresses(&'k [Ipv4Addr]),
    Bytes(Vec<u8>),
    Text(&'k str),
}

impl Kind {
    /// Gives the options with what they hold; those within the vendor-specific information are one.
    fn held(&self) -> Vec<(u8, Held<'_>)> {
        let mut held = Vec::new();
        let mut within = Vec::new();
        for option in &self.options {
            match (option.sub, &option.value) {
                (None, Value::Addresses(addresses)) => held.push((option.code, Held::Addresses(addresses))),
                (None, Value::Text(text)) => held.push((option.code, Held::Text(text))),
                (Some(sub), value) => {
                    let bytes = match value {
                        Value::Addresses(addresses) => addresses.iter().flat_map(Ipv4Addr::octets).collect(),
                        Value::Text(text) => text.clone().into_bytes(),
                    };
                    within.push(sub);
                    within.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
                    within.extend(bytes);
                }
            }
        }
        if !within.is_empty() {
            held.push((VENDOR_SPECIFIC, Held::Bytes(within)));
        }
        held
    }
}

/// ISC dhcpd: classes, below whatever else its file has.
fn isc(kinds: &[Kind]) -> String {
    let name = |code: u8| match code {
        VENDOR_SPECIFIC => "vendor-encapsulated-options".to_owned(),
        66 => "tftp-server-name".to_owned(),
        67 => "bootfile-name".to_owned(),
        _ => format!("phones-{code}"),
    };
    let mut definitions = BTreeSet::new();
    let mut text = String::new();
    for kind in kinds {
        let classes = kind.classes.iter().map(|class| {
            format!("substring(option vendor-class-identifier, 0, {}) = \"{class}\"", class.len())
        });
        let ouis = kind.by_address().map(|oui| {
            format!("substring(hardware, 1, {}) = {}", oui.octets().len(), joined(oui.octets(), ":"))
        });
        let known = classes.chain(ouis).collect::<Vec<_>>().join("\n    or ");
        text += &format!("\n# {}\nclass \"{}\" {{\n  match if {known};\n", kind.title, kind.name);
        for (code, held) in kind.held() {
            let (value, of) = match held {
                Held::Addresses(addresses) => (listed(addresses, ", "), "array of ip-address"),
                Held::Bytes(bytes) => (joined(&bytes, ":"), "string"),
                Held::Text(own) if code == VENDOR_SPECIFIC => (joined(own.as_bytes(), ":"), "string"),
                Held::Text(own) => (format!("\"{own}\""), "text"),
            };
            if name(code).starts_with("phones-") {
                definitions.insert(format!("option {} code {code} = {of};\n", name(code)));
            }
            text += &format!("  option {} {value};\n", name(code));
        }
        text += "}\n";
    }
    definitions.into_iter().collect::<String>() + &text
}

/// Kea: definitions of options and classes, to be put below `Dhcp4`.
fn kea(kinds: &[Kind]) -> Json {
    let known = |code: u8| [VENDOR_SPECIFIC, 66, 67].contains(&code);
    let mut definitions = BTreeSet::new();
    let classes = kinds.iter().map(|kind| {
        let classes = kind
            .classes
            .iter()
            .map(|class| format!("substring(option[60].hex, 0, {}) == '{class}'", class.len()));
        let ouis = kind.by_address().map(|oui| {
            format!("substring(pkt4.mac, 0, {}) == 0x{}", oui.octets().len(), joined(oui.octets(), ""))
        });
        let options = kind.held().into_iter().map(|(code, held)| {
            let (data, of) = match held {
                Held::Addresses(addresses) => (listed(addresses, ", "), "ipv4-address"),
                Held::Bytes(bytes) => (joined(&bytes, ""), "binary"),
                Held::Text(own) if code == VENDOR_SPECIFIC => (joined(own.as_bytes(), ""), "binary"),
                // A comma would begin another value.
                Held::Text(own) => (own.replace(',', "\\,"), "string"),
            };
            if !known(code) {
                definitions.insert((code, of));
            }
            json!({ "code": code, "data": data, "csv-format": of != "binary" })
        });
        json!({
            "name": kind.name,
            "test": classes.chain(ouis).collect::<Vec<_>>().join(" or "),
            "option-data": options.collect::<Vec<_>>(),
        })
    });
    let classes: Vec<Json> = classes.collect();
    let definitions = definitions.into_iter().map(|(code, of)| {
        json!({ "name": format!("phones-{code}"), "code": code, "type": of, "array": of == "ipv4-address" })
    });
    let definitions: Vec<Json> = definitions.collect();
    json!({ "Dhcp4": { "option-def": definitions, "client-classes": classes } })
}

/// dnsmasq: lines for its configuration.
fn dnsmasq(kind: &Kind) -> String {
    let mut text = format!("# {}\n", kind.title);
    for class in &kind.classes {
        // Octets are compared from the beginning on, texts anywhere within.
        let octets = joined(class.as_bytes(), ":");
        text += &format!("# option 60: {class}\ndhcp-match=set:{},60,{octets}\n", kind.name);
    }
    for oui in kind.by_address() {
        let any = ":*".repeat(6 - oui.octets().len());
        text += &format!("dhcp-mac=set:{},{oui}{any}\n", kind.name);
    }
    for (code, held) in kind.held() {
        let value = match held {
            Held::Addresses(addresses) => listed(addresses, ","),
            Held::Bytes(bytes) => joined(&bytes, ":"),
            Held::Text(own) => format!("\"{own}\""),
        };
        text += &format!("dhcp-option=tag:{},{code},{value}\n", kind.name);
    }
    text + "\n"
}

/// RouterOS 7: commands for its console. It knows phones by what they say of themselves only.
fn mikrotik(kind: &Kind) -> String {
    let mut text = format!("# {}\n", kind.title);
    let mut names = Vec::new();
    for (code, held) in kind.held() {
        let value = match held {
            Held::Addresses(addresses) => {
                let octets: Vec<u8> = addresses.iter().flat_map(Ipv4Addr::octets).collect();
                format!("0x{}", joined(&octets, ""))
            }
            Held::Bytes(bytes) => format!("0x{}", joined(&bytes, "")),
            Held::Text(own) => format!("\"s'{}'\"", own.replace('$', "\\$")),
        };
        let name = format!("{}-{code}", kind.name);
        text += &format!("/ip dhcp-server option add name={name} code={code} value={value}\n");
        names.push(name);
    }
    let (name, options) = (&kind.name, names.join(","));
    text += &format!("/ip dhcp-server option sets add name={name} options={options}\n");
    for class in &kind.classes {
        text += &format!(
            "/ip dhcp-server matcher add name={name} server=all code=60 matching-type=substring value=\"{class}\" \
             option-set={name}\n"
        );
    }
    if kind.classes.is_empty() {
        text += &format!(
            "# These phones send no certain class. Give their network the set, or their leases:\n\
             # /ip dhcp-server network set [find address=192.0.2.0/24] dhcp-option-set={name}\n"
        );
    }
    text + "\n"
}

impl Kind {
    /// Gives the first octets that the phones are known by: those of the vendor, where they send no class.
    fn by_address(&self) -> impl Iterator<Item = &Oui> {
        self.ouis.iter().filter(|_| self.classes.is_empty())
    }
}

fn joined(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn listed(addresses: &[Ipv4Addr], between: &str) -> String {
    addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(between)
}
