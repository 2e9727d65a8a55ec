//! What becomes of a rendered text before it is a file: its end, its limits, its encoding, its encryption.
//!
//! Promises: nothing is cut and nothing left out; what a phone would not take is an error that names the parameter
//! and never a value. The same text gives the same bytes. Knows nothing of snapshots. Read next: [`Finish`].

mod encryption;
mod grandstream;
#[cfg(test)]
mod tests;

pub use self::encryption::Encryption;

use crate::model::{Mac, Secret};
use crate::template::Syntax;

/// What a file's text goes through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finish {
    /// What the file is written in.
    pub encoding: Encoding,
    /// How it is encrypted for a device that has a key.
    pub encryption: Option<Encryption>,
    /// What the text ends with, whatever line ends its template ends with.
    pub end: Option<Box<str>>,
    /// Most bytes of a line, its end among them.
    pub line_max: Option<u32>,
    /// Most bytes of the file.
    pub size_max: Option<u32>,
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Grandstream's binary configuration file, made of lines like `P2=secret`.
    Grandstream,
    /// As the template writes it.
    #[default]
    Text,
}

impl Encoding {
    /// Every encoding with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] = &[("grandstream", Self::Grandstream), ("text", Self::Text)];

    /// Tells whether a file in it holds the phone's MAC address, so that it cannot be common to phones.
    pub const fn holds_mac(self) -> bool {
        match self {
            Self::Grandstream => true,
            Self::Text => false,
        }
    }
}

/// Why a text cannot be the phone's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The device's key cannot be the phone's.
    #[error("cannot be encrypted by the device's key, which the phone does not take; give it another one")]
    Key,
    /// A line is no parameter.
    #[error("writes line {0} of the file, which is none like `name=value`")]
    Line(usize),
    /// A line is longer than the phone takes.
    #[error("writes {bytes} bytes into the line of {what}, and the phone takes {most}")]
    LongLine {
        /// Its parameter, or its number.
        what: String,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: u32,
    },
    /// The file holds the MAC address, and the device has none.
    #[error("makes a file with the phone's MAC address in it, and the device has none")]
    NoMac,
    /// The file is larger than the phone takes.
    #[error("makes a file of {bytes} bytes, and the phone takes {most}")]
    Size {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        most: u32,
    },
}

impl Finish {
    /// Makes the text of a file, in the file's charset, what the phone takes as such.
    ///
    /// # Errors
    /// The phone would not take it.
    pub fn text(&self, mut text: Vec<u8>, syntax: &Syntax) -> Result<Vec<u8>, Unfit> {
        if let Some(end) = &self.end {
            let last = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
            text.truncate(last.map_or(0, |last| last + 1));
            text.extend_from_slice(end.as_bytes());
        }
        if let Some(most) = self.line_max {
            let too_long = |line: &[u8]| exceeds(line.len(), most);
            let lines = text.split_inclusive(|byte| *byte == b'\n');
            if let Some((number, line)) = (1..).zip(lines).find(|(_, line)| too_long(line)) {
                return Err(Unfit::LongLine { what: what(line, number, syntax), bytes: line.len(), most });
            }
        }
        Ok(text)
    }

    /// Makes the text of a file the file itself, encrypted where a key is given.
    ///
    /// # Errors
    /// The phone would not take it.
    pub fn file(&self, text: Vec<u8>, mac: Option<Mac>, key: Option<&Secret>) -> Result<Vec<u8>, Unfit> {
        let file = match self.encoding {
            Encoding::Grandstream => grandstream::encode(&text, mac.ok_or(Unfit::NoMac)?)?,
            Encoding::Text => text,
        };
        let file = match (self.encryption, key) {
            (Some(encryption), Some(key)) => encryption.encrypt(file, key)?,
            (None, _) | (_, None) => file,
        };
        match self.size_max {
            Some(most) if exceeds(file.len(), most) => Err(Unfit::Size { bytes: file.len(), most }),
            _ => Ok(file),
        }
    }
}

fn exceeds(bytes: usize, most: u32) -> bool {
    u32::try_from(bytes).map_or(true, |bytes| bytes > most)
}

/// Names a line by its parameter, never by what it says.
fn what(line: &[u8], number: usize, syntax: &Syntax) -> String {
    let line = String::from_utf8_lossy(line);
    match syntax.name_in(&line) {
        Some(name) => format!("`{}`", name.escape_debug()),
        None => format!("line {number} of the file"),
    }
}
