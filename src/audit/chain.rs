//! How a line is chained to the one before.
//!
//! A line is its entry's JSON object with a number before, and behind it the hash of the line before and its own:
//! SHA-256 of all of the line that stands before its own hash.

use sha2::{Digest, Sha256};

use crate::audit::Stamp;

/// What the first line of all names as the one before.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const NUMBER: &str = "{\"number\":";
const PREVIOUS: &str = ",\"previous\":\"";
const HASH: &str = ",\"hash\":\"";
const END: &str = "\"}";
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// A line's place in the chain, as it says itself.
pub(super) struct Link<'l> {
    pub(super) number: u64,
    pub(super) previous: &'l str,
    pub(super) hash: &'l str,
}

impl Link<'_> {
    pub(super) fn stamp(&self) -> Stamp {
        Stamp { number: self.number, hash: self.hash.to_owned() }
    }
}

/// Puts an entry's JSON object behind the last line; gives the line, ended, and its stamp.
pub(super) fn seal(entry: &str, last: Option<&Stamp>) -> (String, Stamp) {
    let number = last.map_or(1, |last| last.number.saturating_add(1));
    let previous = last.map_or(NOTHING, |last| &last.hash);
    let fields = entry.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let comma = if fields.is_empty() { "" } else { "," };
    let mut line = format!("{NUMBER}{number}{comma}{fields}{PREVIOUS}{previous}\"");
    let hash = digits(line.as_bytes());
    line.push_str(HASH);
    line.push_str(&hash);
    line.push_str(END);
    line.push('\n');
    (line, Stamp { number, hash })
}

/// Reads a line, its end left out; nothing when it is not what was written.
pub(super) fn open(line: &[u8]) -> Option<Link<'_>> {
    let text = std::str::from_utf8(line).ok()?;
    let (sealed, hash) = cut(text, HASH)?;
    let (before, previous) = cut_quoted(sealed, PREVIOUS)?;
    let number = before.strip_prefix(NUMBER)?;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let number = number.get(..end)?;
    let is_plain = !number.starts_with('0');
    let number = number.parse().ok()?;
    (is_plain && digits(sealed.as_bytes()) == hash).then_some(Link { number, previous, hash })
}

/// Cuts `…,"hash":"<digits>"}` in two.
fn cut<'l>(text: &'l str, key: &str) -> Option<(&'l str, &'l str)> {
    let text = text.strip_suffix(END)?;
    let at = text.len().checked_sub(DIGITS)?;
    let (before, hash) = text.split_at_checked(at)?;
    Some((before.strip_suffix(key)?, hash))
}

/// Cuts `…,"previous":"<digits>"` in two.
fn cut_quoted<'l>(text: &'l str, key: &str) -> Option<(&'l str, &'l str)> {
    let text = text.strip_suffix('"')?;
    let (before, hash) = text.split_at_checked(text.len().checked_sub(DIGITS)?)?;
    Some((before.strip_suffix(key)?, hash))
}

fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(DIGITS);
    for byte in Sha256::digest(bytes) {
        for half in [byte >> 4, byte & 0xf] {
            text.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    text
}
