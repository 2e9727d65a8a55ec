//! The address of a phone's network interface.

use std::fmt;
use std::str::FromStr;

/// A 48-bit MAC address (IEEE EUI-48).
///
/// Parses `00:08:5D:1A:E9:8C`, `00-08-5d-1a-e9-8c` and `00085d1ae98c`, in any case; prints the first form.
/// A MAC address names a phone; it is printed on its box and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac([u8; 6]);

impl Mac {
    /// Makes an address of its six octets.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// Reads an address from bytes of a request; `None` unless all of them form one address.
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        let separator = match text.len() {
            12 => None,
            17 => Some(text[2]).filter(|byte| matches!(byte, b':' | b'-')),
            _ => return None,
        };
        let step = if text.len() == 17 { 3 } else { 2 };
        let mut octets = [0; 6];
        for (at, octet) in octets.iter_mut().enumerate() {
            let pair = text.get(at * step..at * step + 2)?;
            *octet = hex(pair[0])? << 4 | hex(pair[1])?;
            if step == 3 && at < 5 && text.get(at * 3 + 2).copied() != separator {
                return None;
            }
        }
        (text.len() == 12 || separator.is_some()).then_some(Self(octets))
    }

    /// Gives the six octets.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Prints twelve hexadecimal digits in lower case, as most phones put them into file names.
    pub fn plain(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Prints twelve hexadecimal digits in upper case.
    pub fn plain_upper(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02X}")).collect()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = InvalidMac;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(text.as_bytes()).ok_or(InvalidMac)
    }
}

/// The text is not a MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a MAC address; write six pairs of hexadecimal digits, like 00:08:5D:1A:E9:8C")]
pub struct InvalidMac;

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_the_same_address() {
        let mac = Mac::new([0x00, 0x08, 0x5d, 0x1a, 0xe9, 0x8c]);
        for text in ["00:08:5D:1A:E9:8C", "00-08-5d-1a-e9-8c", "00085d1ae98c", "00085D1AE98C"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
        assert_eq!(mac.to_string(), "00:08:5D:1A:E9:8C");
        assert_eq!(mac.plain(), "00085d1ae98c");
        assert_eq!(mac.plain_upper(), "00085D1AE98C");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "00085d1ae98",
            "00085d1ae98cc",
            "00:08:5D:1A:E9:8",
            "00:08:5D-1A:E9:8C",
            "00.08.5D.1A.E9.8C",
            "0008:5d1a:e98c",
            "00085d1ae98g",
            "00085d1ae9\u{e9}",
            "00:08:5D:1A:E9:8C ",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(InvalidMac), "{text:?}");
        }
    }
}
