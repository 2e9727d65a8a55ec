//! How the addresses of a manufacturer's phones begin.

use std::fmt;
use std::str::FromStr;

use crate::model::Mac;

/// The first three to five octets of a manufacturer's MAC addresses: what the IEEE assigns, or a part of it where
/// several brands share a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oui {
    octets: [u8; Self::LONGEST],
    length: u8,
}

impl Oui {
    /// Fewest octets.
    pub const SHORTEST: usize = 3;
    /// Most octets.
    pub const LONGEST: usize = 5;

    /// Gives so many octets that an address begins with; at least [`Self::SHORTEST`], at most [`Self::LONGEST`].
    pub fn of(mac: Mac, length: usize) -> Self {
        let length = length.clamp(Self::SHORTEST, Self::LONGEST);
        let mut octets = [0; Self::LONGEST];
        octets[..length].copy_from_slice(&mac.octets()[..length]);
        Self { octets, length: u8::try_from(length).unwrap_or_default() }
    }

    /// Gives the octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

impl fmt::Display for Oui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, octet) in self.octets().iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{octet:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for Oui {
    type Err = InvalidOui;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = (text.len() + 1) / 3;
        if text.len() % 3 != 2 || !(Self::SHORTEST..=Self::LONGEST).contains(&length) {
            return Err(InvalidOui);
        }
        let whole = format!("{text}{}", ":00".repeat(6 - length));
        whole.parse().map(|mac| Self::of(mac, length)).map_err(|_| InvalidOui)
    }
}

/// The text is not how addresses begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("holds something else than three to five octets; write them like 00:15:65")]
pub struct InvalidOui;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_to_five_octets_are_read_and_printed() {
        for text in ["00:15:65", "00:04:13:E5", "00:04:13:E5:A0"] {
            assert_eq!(text.parse::<Oui>().unwrap().to_string(), text);
        }
        let mac: Mac = "00:04:13:e5:a0:01".parse().unwrap();
        assert_eq!("00:04:13:e5".parse(), Ok(Oui::of(mac, 4)));
        assert_ne!("00:04:13".parse(), Ok(Oui::of(mac, 4)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "00:15", "00:15:65:", "00:04:13:e5:a0:01", "001565", "00:15:6g", "00:15:6\u{e9}"] {
            assert_eq!(text.parse::<Oui>(), Err(InvalidOui), "{text:?}");
        }
    }
}
