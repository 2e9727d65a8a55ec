//! Turns rendered text into the bytes that a phone reads.

use crate::template::{Escape, Newline};

/// The characters that a phone understands, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    /// Seven bits.
    Ascii,
    /// ISO 8859-1.
    Latin1,
    /// UTF-8.
    #[default]
    Utf8,
}

impl Charset {
    /// Every charset with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] =
        &[("ascii", Self::Ascii), ("latin-1", Self::Latin1), ("utf-8", Self::Utf8)];

    /// Tells whether the charset has a character.
    pub fn has(self, c: char) -> bool {
        match self {
            Self::Ascii => c.is_ascii(),
            Self::Latin1 => u32::from(c) <= 0xff,
            Self::Utf8 => true,
        }
    }

    /// Writes `text` in this charset.
    ///
    /// What the charset lacks becomes a numeric reference in XML (XML 1.0, section 4.1) and the nearest plain
    /// letters elsewhere.
    pub fn encode(self, text: String, escape: Escape, newline: Newline) -> Vec<u8> {
        let is_plain = self == Self::Utf8 || text.is_ascii();
        if is_plain && newline == Newline::Lf {
            return text.into_bytes();
        }
        let mut bytes = Vec::with_capacity(text.len() + text.len() / 8);
        for c in text.chars() {
            match c {
                '\n' if newline == Newline::CrLf => bytes.extend_from_slice(b"\r\n"),
                _ if self == Self::Utf8 => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                _ if self.has(c) => bytes.extend(u8::try_from(u32::from(c))),
                _ if escape == Escape::Xml => {
                    bytes.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes());
                }
                _ => bytes.extend_from_slice(deunicode::deunicode_char(c).unwrap_or("?").as_bytes()),
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_charset_lacks_becomes_a_reference_or_plain_letters() {
        let encode = |charset: Charset, escape| charset.encode("Zoë Șerban".into(), escape, Newline::Lf);
        assert_eq!(encode(Charset::Utf8, Escape::Line), "Zoë Șerban".as_bytes());
        assert_eq!(encode(Charset::Latin1, Escape::Line), b"Zo\xeb Serban");
        assert_eq!(encode(Charset::Ascii, Escape::Line), b"Zoe Serban");
        assert_eq!(encode(Charset::Ascii, Escape::Xml), b"Zo&#235; &#536;erban");
    }

    #[test]
    fn line_ends_are_those_of_the_phone() {
        assert_eq!(Charset::Ascii.encode("a\nb\n".into(), Escape::Line, Newline::CrLf), b"a\r\nb\r\n");
        assert_eq!(Charset::Utf8.encode("ä\n".into(), Escape::Line, Newline::CrLf), "ä\r\n".as_bytes());
    }
}
