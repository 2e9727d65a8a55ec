//! How phones learn by DHCP where to ask.

use crate::document::Entry;

/// What a DHCP server tells phones of a kind, and how it tells them from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dhcp {
    /// What their vendor class identifier (option 60, RFC 2132) begins with; they are known by their addresses
    /// where this is empty.
    pub classes: Vec<String>,
    /// The options that they read, the preferred one first.
    pub options: Vec<DhcpOption>,
}

/// One option that phones read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DhcpOption {
    /// Its code, 1 to 254.
    pub code: u8,
    /// The code within option 43 (vendor-specific information, RFC 2132); none where it is an option of its own.
    pub sub: Option<u8>,
    /// What it holds: text with holes, or the server's addresses where there is none.
    pub text: Option<String>,
}

/// The holes that the text of an option may have: the URL; the server's name; what the URL has behind `//`; its path,
/// without slashes around it; the ports of HTTP and HTTPS.
const HOLES: &[&str] = &["{url}", "{host}", "{server}", "{path}", "{http-port}", "{https-port}"];

impl Dhcp {
    /// Reads `dhcp = { classes = […], options = [{ code = 66, text = "{url}" }] }`.
    pub(super) fn read(entry: &Entry<'_>) -> Self {
        let mut dhcp = Self::default();
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "classes" => {
                    dhcp.classes = entry.list().filter_map(|item| item.text(64).map(str::to_owned)).collect();
                }
                "options" => dhcp.options = entry.list().filter_map(|item| DhcpOption::read(&item)).collect(),
                _ => entry.unknown(&["classes", "options"]),
            }
        }
        dhcp
    }
}

impl DhcpOption {
    fn read(item: &Entry<'_>) -> Option<Self> {
        let (mut code, mut sub, mut text) = (None, None, None);
        let number = |entry: &Entry<'_>| entry.integer(1, 254).and_then(|number| u8::try_from(number).ok());
        for entry in item.table()? {
            match entry.key() {
                "code" => code = number(&entry),
                "sub" => sub = number(&entry),
                "text" => text = entry.text(128).map(str::to_owned),
                _ => entry.unknown(&["code", "sub", "text"]),
            }
        }
        if sub.is_some() && code != Some(43) {
            item.error("has a `sub` outside of option 43; write `code = 43` with it");
        }
        let rest = HOLES.iter().fold(text.clone().unwrap_or_default(), |text, hole| text.replace(hole, ""));
        if rest.contains(['{', '}', '"', '\'', '\\']) {
            item.error(format!("has a hole other than {}, or a quote; mend `text`", HOLES.join(", ")));
        }
        if code.is_none() {
            item.error("has no `code`; give the option's code, 1 to 254");
        }
        Some(Self { code: code?, sub, text })
    }
}
