//! What a field of a job's operation takes, and the reading of it out of a cell.

use std::fmt;
use std::net::Ipv4Addr;

use crate::model::{
    Kind, Level, Mac, Serial, TEXT_MAX, Zone, check_host, check_id, check_name, check_number, check_url,
    check_user,
};

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// An account's id, or an extension's number.
    Account,
    /// An IPv4 address.
    Address,
    /// One or two IPv4 addresses.
    Addresses,
    /// `true`, `yes` or `1`; `false`, `no` or `0`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several of these words, the preferred one first.
    Choices(&'static [&'static str]),
    /// What a device is called: its id, serial or MAC address, or a name that only one has.
    Device,
    /// An extension's number.
    Extension,
    /// A firmware of the device's model, by its id.
    Firmware,
    /// A host name or an IP address.
    Host,
    /// A whole number in this range, both ends included.
    Integer(u32, u32),
    /// A level's word.
    Level,
    /// A MAC address, or its last three bytes.
    Mac,
    /// A model: `vendor/model`, or what it is called.
    Model,
    /// A device's name.
    Name,
    /// An organization's id.
    Organization,
    /// A password with this many characters, both ends included.
    Secret(usize, usize),
    /// The secret part of a device's URL.
    Serial,
    /// `enabled`, or what a truth value says.
    Status,
    /// A template's id.
    Template,
    /// A text of at most this many characters.
    Text(usize),
    /// Several texts of at most this many characters each.
    Texts(usize),
    /// A URL.
    Url,
    /// The user name of a phone that is asked for credentials.
    User,
    /// A vendor of the catalog.
    Vendor,
    /// A name of the time-zone database.
    Zone,
}

/// What a field is to be, read.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A truth value.
    Flag(bool),
    /// Whatever is to be made for it.
    Generate,
    /// A number.
    Number(u32),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret.
        f.write_str(match self {
            Self::Flag(_) => "Flag",
            Self::Generate => "Generate",
            Self::Number(_) => "Number",
            Self::Text(_) => "Text",
            Self::Texts(_) => "Texts",
        })
    }
}

impl FieldKind {
    /// Gives what a setting takes; none for the keys beside the display, which no cell can hold.
    pub const fn of_setting(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool => Self::Boolean,
            Kind::Choice(words) => Self::Choice(words),
            Kind::Choices(words) => Self::Choices(words),
            Kind::Host => Self::Host,
            Kind::Integer(low, high) => Self::Integer(low, high),
            Kind::LineKeys => return None,
            Kind::Secret(low, high) => Self::Secret(low, high),
            Kind::Text(max) => Self::Text(max),
            Kind::Texts(max) => Self::Texts(max),
            Kind::Url => Self::Url,
            Kind::Zone => Self::Zone,
        })
    }

    /// Gives the word for it in answers to programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address | Self::Host | Self::Name | Self::Text(_) | Self::Url | Self::User | Self::Zone => {
                "text"
            }
            Self::Addresses | Self::Choices(_) | Self::Texts(_) => "list",
            Self::Boolean => "boolean",
            Self::Choice(_) | Self::Status => "choice",
            Self::Device => "device",
            Self::Extension => "extension",
            Self::Firmware => "firmware",
            Self::Integer(..) => "integer",
            Self::Level => "level",
            Self::Mac => "mac",
            Self::Model => "model",
            Self::Organization => "organization",
            Self::Secret(..) | Self::Serial => "secret",
            Self::Template => "template",
            Self::Vendor => "vendor",
        }
    }

    /// Gives the words of a closed set, in order.
    pub fn words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Boolean => Some(vec!["false", "true"]),
            Self::Choice(words) | Self::Choices(words) => Some(words.to_vec()),
            Self::Level => Some(Level::ALL.iter().map(|(word, _)| *word).collect()),
            Self::Status => Some(STATUS.to_vec()),
            _ => None,
        }
    }

    /// Gives the fewest and most characters of a text, where bounds make sense at all.
    pub const fn length(self) -> Option<(u32, u32)> {
        #[expect(clippy::cast_possible_truncation, reason = "every length is far below")]
        match self {
            Self::Account | Self::Extension | Self::Organization | Self::Template | Self::User => {
                Some((1, 64))
            }
            Self::Device | Self::Serial | Self::Url => Some((1, TEXT_MAX as u32)),
            Self::Host => Some((1, 253)),
            Self::Name => Some((3, 32)),
            Self::Secret(low, high) => Some((low as u32, high as u32)),
            Self::Text(max) => Some((1, max as u32)),
            _ => None,
        }
    }

    /// Tells whether its values are secrets.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret(..) | Self::Serial)
    }

    /// Reads a value; whether the thing that it names is there is not looked at.
    ///
    /// # Errors
    /// Says what is wrong and how to mend it, to follow the name of the field; a secret is not in it.
    pub fn read(self, text: &str) -> Result<FieldValue, String> {
        let checked = |check: Result<(), crate::model::InvalidText>| check.map_err(|why| why.to_string());
        match self {
            Self::Account => checked(check_id(text).or_else(|_| check_number(text)))?,
            Self::Address => drop(address(text)?),
            Self::Addresses => return addresses(text),
            Self::Boolean => return flag(text, "true", "false").map(FieldValue::Flag),
            Self::Choice(words) => word(text, words)?,
            Self::Choices(words) => return list(text, |item| word(item, words)),
            Self::Device => bounded(text, 1, TEXT_MAX)?,
            Self::Extension => checked(check_number(text))?,
            Self::Firmware | Self::Vendor => bounded(text, 1, 64)?,
            Self::Host => checked(check_host(text))?,
            Self::Integer(low, high) => return number(text, low, high).map(FieldValue::Number),
            Self::Level => word(text, &Level::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>())?,
            Self::Mac => mac(text)?,
            Self::Model => bounded(text, 1, 130)?,
            Self::Name => checked(check_name(text))?,
            Self::Organization | Self::Template => checked(check_id(text))?,
            Self::Secret(low, high) => secret(text, low, high)?,
            Self::Serial => drop(text.parse::<Serial>().map_err(|why| why.to_string())?),
            Self::Status => {
                let is_enabled = flag(text, "enabled", "disabled")?;
                return Ok(FieldValue::Text(STATUS[usize::from(is_enabled)].to_owned()));
            }
            Self::Text(max) => free(text, max)?,
            Self::Texts(max) => return list(text, |item| bounded(item, 1, max)),
            Self::Url => checked(check_url(text))?,
            Self::User => checked(check_user(text))?,
            Self::Zone => {
                Zone::find(text)
                    .ok_or("is not a zone of the time-zone database; write one like `Europe/Bucharest`")?;
            }
        }
        Ok(FieldValue::Text(text.to_owned()))
    }
}

/// What a device's status may be.
const STATUS: [&str; 2] = ["disabled", "enabled"];

/// What parts the items of a list; in an item it is written with a backslash before it, as a backslash is.
const SEPARATOR: char = '|';

/// Writes a list as a cell holds it; none where no cell can: of no items, or with one that is blank at an end.
pub fn join_list(items: &[&str]) -> Option<String> {
    let fits = |item: &&str| !item.is_empty() && item.trim() == *item;
    if items.is_empty() || !items.iter().all(fits) {
        return None;
    }
    let escaped = |item: &&str| item.replace('\\', "\\\\").replace(SEPARATOR, "\\|");
    Some(items.iter().map(escaped).collect::<Vec<_>>().join("|"))
}

/// Takes a list apart that a cell holds.
fn split_list(text: &str) -> Vec<String> {
    let (mut items, mut item, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            SEPARATOR if !escaped => items.push(std::mem::take(&mut item)),
            // A backslash before anything else is meant as it stands.
            _ if escaped && c != SEPARATOR && c != '\\' => item.extend(['\\', c]),
            _ => item.push(c),
        }
        escaped = false;
    }
    if escaped {
        item.push('\\');
    }
    items.push(item);
    items.iter().map(|item| item.trim().to_owned()).collect()
}

fn flag(text: &str, yes: &str, no: &str) -> Result<bool, String> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&[yes, "true", "yes", "1"]) {
        Ok(true)
    } else if is(&[no, "false", "no", "0"]) {
        Ok(false)
    } else {
        Err(format!("does not know `{}`; write `{yes}` or `{no}`", text.escape_debug()))
    }
}

fn word(text: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&text) {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    Err(format!("does not know `{}`; write one of {}", text.escape_debug(), known.join(", ")))
}

fn number(text: &str, low: u32, high: u32) -> Result<u32, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_plain && (low..=high).contains(number));
    number.ok_or_else(|| format!("is `{}`; give a whole number from {low} to {high}", text.escape_debug()))
}

fn bounded(text: &str, low: usize, high: usize) -> Result<(), String> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        return Err("has control characters, like ends of lines; leave them out".to_owned());
    }
    if (low..=high).contains(&length) {
        return Ok(());
    }
    Err(format!("has {length} characters; use {low} to {high}"))
}

/// Checks a text that may have several lines.
fn free(text: &str, max: usize) -> Result<(), String> {
    bounded(&text.replace(['\n', '\r', '\t'], " "), 1, max)
}

fn secret(text: &str, low: usize, high: usize) -> Result<(), String> {
    let length = text.chars().count();
    if !(low..=high).contains(&length) {
        Err(format!("has {length} characters; use {low} to {high}"))
    } else if text.trim() != text || text.chars().any(char::is_control) {
        let why = "has control characters, or blanks at an end, which phones drop; leave them out";
        Err(why.to_owned())
    } else {
        Ok(())
    }
}

fn mac(text: &str) -> Result<(), String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    let mac: Mac = text.parse().map_err(|why: crate::model::InvalidMac| why.to_string())?;
    if mac.octets() == [0; 6] || mac.octets()[0] & 1 == 1 {
        return Err("is no phone's address; write the one on its box".to_owned());
    }
    Ok(())
}

fn address(text: &str) -> Result<Ipv4Addr, String> {
    text.parse().map_err(|_| "is not an IPv4 address; write it like 192.0.2.10".to_owned())
}

fn addresses(text: &str) -> Result<FieldValue, String> {
    match list(text, |item| address(item).map(drop))? {
        FieldValue::Texts(items) if items.len() > 2 => {
            Err("has more than two name servers; keep two".to_owned())
        }
        items => Ok(items),
    }
}

fn list(text: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<FieldValue, String> {
    let mut items: Vec<String> = Vec::new();
    for item in split_list(text) {
        check(&item)?;
        if items.contains(&item) {
            return Err(format!("holds `{}` twice; keep the preferred place", item.escape_debug()));
        }
        items.push(item);
    }
    Ok(FieldValue::Texts(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_written_reads_back() {
        for items in [&["g722", "pcma"][..], &["a|b", "\\", "\\|", "c\\d"], &["\\\\", "|"]] {
            assert_eq!(split_list(&join_list(items).unwrap()), items);
        }
        assert_eq!(split_list(" a | b\\c |\\"), ["a", "b\\c", "\\"]);
        for items in [&[][..], &[""], &["a", " b"]] {
            assert_eq!(join_list(items), None, "{items:?}");
        }
    }

    #[test]
    fn a_text_may_have_several_lines_and_a_name_may_not() {
        assert_eq!(FieldKind::Text(9).read(" a\nb "), Ok(FieldValue::Text(" a\nb ".to_owned())));
        assert!(FieldKind::Text(9).read("a\u{7}b").is_err());
        assert!(FieldKind::Vendor.read("a\nb").is_err());
    }
}
