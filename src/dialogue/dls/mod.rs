//! The Deployment Service's protocol, by which OpenStage and OpenScape desk phones are told their settings.
//!
//! The phone begins: it POSTs a message that says why it comes and who it is. Each answer is an action: the items that
//! the phone shall write, in as many messages as it takes, and in the end that it may go. Every answer repeats the
//! nonce of the message that it is for. What has been said is kept nowhere: the phone hands back what it was given.

use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

use crate::model::Mac;

/// Most nodes of a message; the longest that a phone sends has a fraction of them.
const MOST_NODES: u32 = 20_000;

/// Longest nonce, and longest text of an item that is looked at.
const LONGEST: usize = 128;

/// Most bytes of items in one message: phones take 50 kB.
const MOST_BYTES: usize = 45 << 10;

/// Items that a phone said it cannot write, as far as they are told of.
const MOST_TOLD: usize = 32;

/// What a phone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The MAC address that it gives for its own.
    pub mac: Option<Mac>,
    /// The model that it gives for its own.
    pub model: Option<String>,
    /// The version of its firmware.
    pub version: Option<String>,
    /// The names of items that it could not write.
    pub failed: Vec<String>,
    nonce: String,
    reason: Reason,
    /// Whether the rest of the message is still to come.
    goes_on: bool,
    /// Most items that it takes in one message.
    most_items: Option<usize>,
}

/// Why a phone says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It wants to know its settings.
    Asks,
    /// It has written items.
    Wrote,
    /// It cannot write items while somebody talks on it.
    Busy,
    /// It tells of something that no settings follow from.
    Tells,
}

/// An answer to a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its bytes.
    pub body: Vec<u8>,
    /// What the phone shall hand back with its next message; none when it may go.
    pub bookmark: Option<Bookmark>,
}

/// Where a conversation stands: it names a phone, as its messages do, and proves as little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bookmark {
    /// The phone.
    pub mac: Option<Mac>,
    /// The item that comes next.
    pub next: usize,
}

impl Message {
    /// Reads what a phone sent.
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        // Without a document type there are no entities that could grow.
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).ok()?;
        let root =
            Some(document.root_element()).filter(|root| root.tag_name().name() == "WorkpointMessage")?;
        let message = child(root, "Message")?;
        let nonce = message.attribute("nonce")?;
        if !(1..=LONGEST).contains(&nonce.len()) || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let items = child(message, "ItemList");
        let items: Vec<Node<'_, '_>> = items.into_iter().flat_map(|list| list.children()).collect();
        let item = |name: &str| {
            let found = items.iter().find(|item| item.attribute("name") == Some(name))?;
            found.text().map(str::trim).filter(|text| (1..=LONGEST).contains(&text.len()))
        };
        let failed = items.iter().filter(|item| item.attribute("status") == Some("failed"));
        let failed = failed.filter_map(|item| item.attribute("name")).take(MOST_TOLD);
        let most_items = message.attribute("maxItems").and_then(|most| most.trim().parse().ok());
        Some(Self {
            mac: item("mac-addr").and_then(|mac| Mac::from_bytes(mac.as_bytes())),
            model: item("related-device-type").or_else(|| item("device-type")).map(str::to_owned),
            version: item("software-version").map(str::to_owned),
            failed: failed.map(|name| name.chars().take(LONGEST).collect()).collect(),
            nonce: nonce.to_owned(),
            reason: Reason::read(child(message, "ReasonForContact")?),
            goes_on: message.attribute("fragment") == Some("next"),
            most_items: most_items.filter(|most| *most > 0),
        })
    }

    /// Writes what the message tells of the phone as if it were a User-Agent: model, version and MAC address.
    pub fn agent(&self) -> Option<String> {
        let version = self.version.as_deref().unwrap_or("-");
        let mac = self.mac.map(Mac::plain).unwrap_or_default();
        self.model.as_ref().map(|model| format!("{model} {version} {mac}"))
    }

    /// Answers, with the items that the phone's file has and what it handed back.
    pub fn answer(&self, file: &[u8], given: Option<Bookmark>) -> Reply {
        let mac = self.mac.or_else(|| given.and_then(|given| given.mac));
        if self.goes_on {
            return self.reply("GetNextFragment", "", Some(Bookmark { mac, next: 0 }));
        }
        let from = match self.reason {
            Reason::Asks => 0,
            Reason::Wrote => match given {
                Some(given) => given.next,
                None => return self.reply("CleanUp", "", None),
            },
            // The phone comes again by itself as soon as it is free.
            Reason::Busy => {
                return self.reply("CleanUp", "<Item name=\"send-solicited\">true</Item>\n", None);
            }
            Reason::Tells => return self.reply("CleanUp", "", None),
        };
        let text = String::from_utf8_lossy(file);
        let items = items(&text);
        let part = part(&items, from, self.most_items.unwrap_or(usize::MAX));
        match items.get(part.clone()) {
            Some(these @ [_, ..]) => {
                self.reply("WriteItems", &these.concat(), Some(Bookmark { mac, next: part.end }))
            }
            Some([]) | None => self.reply("CleanUp", "", None),
        }
    }

    fn reply(&self, action: &str, items: &str, bookmark: Option<Bookmark>) -> Reply {
        let list = if items.is_empty() { String::new() } else { format!("<ItemList>\n{items}</ItemList>\n") };
        let nonce = &self.nonce;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <DLSMessage xmlns=\"http://www.siemens.com/DLS\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"http://www.siemens.com/DLS\">\n\
             <Message nonce=\"{nonce}\">\n<Action>{action}</Action>\n{list}</Message>\n</DLSMessage>\n"
        );
        Reply { body: body.into_bytes(), bookmark }
    }
}

impl Reason {
    fn read(node: Node<'_, '_>) -> Self {
        match (node.text().map(str::trim), node.attribute("action"), node.attribute("status")) {
            (Some("inventory-changes" | "solicited" | "start-up"), _, _) => Self::Asks,
            (Some("reply-to"), Some("WriteItems"), Some("busy")) => Self::Busy,
            (Some("reply-to"), Some("WriteItems"), _) => Self::Wrote,
            _ => Self::Tells,
        }
    }
}

impl Bookmark {
    /// Writes it as a phone hands it back.
    pub fn write(&self) -> String {
        let mac = self.mac.map(Mac::plain).unwrap_or_default();
        format!("{mac}.{}", self.next)
    }

    /// Reads what a phone hands back.
    pub fn read(text: &str) -> Option<Self> {
        let (mac, next) = text.split_once('.')?;
        let next = next.parse().ok()?;
        let mac = if mac.is_empty() { None } else { Some(Mac::from_bytes(mac.as_bytes())?) };
        Some(Self { mac, next })
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// Lists the items of a file: each begins a line, and text between them is nobody's.
fn items(file: &str) -> Vec<String> {
    let lines = file.lines().map(str::trim).filter(|line| line.starts_with("<Item "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Gives as many items as a message holds.
fn part(items: &[String], from: usize, most: usize) -> Range<usize> {
    let mut bytes = 0;
    let fits = |item: &&String| {
        bytes += item.len();
        bytes <= MOST_BYTES
    };
    let count = items.iter().skip(from).take(most).take_while(fits).count();
    // An item that is too long for any message is told to the phone all the same, which may take it.
    let count = if count == 0 { items.len().saturating_sub(from).min(1) } else { count };
    from..from.saturating_add(count)
}

#[cfg(test)]
mod tests;
