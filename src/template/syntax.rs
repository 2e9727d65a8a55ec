//! How a vendor writes one parameter.

use crate::template::{Charset, Escape};

/// The grammar of a file, as far as writing parameters goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Syntax {
    /// How a parameter is written.
    pub pattern: Pattern,
    /// How a parameter with an index is written; without it, the index follows the name in brackets.
    pub indexed: Option<Pattern>,
    /// Written instead of an empty value, where leaving it empty would keep the old one on the phone.
    pub null: Option<Box<str>>,
    /// Whether values stand in quotes.
    pub quote: Quote,
    /// Characters that make a value need quotes, besides blanks at its ends and quotes in it.
    pub quoted: Box<str>,
    /// How values are escaped.
    pub escape: Escape,
    /// The file's charset.
    pub charset: Charset,
    /// The file's line ends.
    pub newline: Newline,
}

impl Syntax {
    /// Reads the name of the parameter in a line of the file, where it has one.
    pub fn name_in<'l>(&self, line: &'l str) -> Option<&'l str> {
        let patterns = self.indexed.iter().chain([&self.pattern]);
        let names = patterns.filter_map(|pattern| pattern.name_in(line.trim_start()));
        names.min_by_key(|name| name.len()).filter(|name| !name.is_empty())
    }

    /// Tells whether a value stands in quotes.
    pub(super) fn quotes(&self, value: &str) -> bool {
        match self.quote {
            Quote::Always => true,
            Quote::Never => false,
            Quote::WhenNeeded => {
                let needs = |c| c == '"' || self.quoted.contains(c);
                value.trim() != value || value.contains(needs)
            }
        }
    }
}

/// Whether values stand in double quotes; a quote in a value becomes an apostrophe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quote {
    /// Always.
    Always,
    /// Never.
    #[default]
    Never,
    /// When the value begins or ends with a blank, or holds a quote or a character that the syntax names.
    WhenNeeded,
}

impl Quote {
    /// Every way with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] =
        &[("always", Self::Always), ("never", Self::Never), ("when-needed", Self::WhenNeeded)];
}

/// What ends a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Newline {
    /// Carriage return and line feed.
    CrLf,
    /// Line feed.
    #[default]
    Lf,
}

impl Newline {
    /// Every end with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] = &[("crlf", Self::CrLf), ("lf", Self::Lf)];
}

/// A text with `{name}`, `{index}` and `{value}` in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern(Box<[Piece]>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Index,
    Name,
    Text(Box<str>),
    Value,
}

impl Pattern {
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Reads the name between the texts around it.
    fn name_in<'l>(&self, line: &'l str) -> Option<&'l str> {
        let at = self.0.iter().position(|piece| *piece == Piece::Name)?;
        let (Some(Piece::Text(after)), before) = (self.0.get(at + 1), &self.0[..at]) else {
            return None;
        };
        let rest = match before {
            [] => line,
            [Piece::Text(before)] => line.strip_prefix(before.trim_start())?,
            _ => return None,
        };
        // Blanks around the sign between name and value come and go.
        let sign = Some(after.trim_end()).filter(|sign| !sign.is_empty()).unwrap_or(after);
        rest.split_once(sign).map(|(name, _)| name)
    }
}

impl std::str::FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let holes = [("{name}", Piece::Name), ("{index}", Piece::Index), ("{value}", Piece::Value)];
            let next = holes.into_iter().filter_map(|(hole, piece)| Some((rest.find(hole)?, hole, piece)));
            let Some((at, hole, piece)) = next.min_by_key(|(at, ..)| *at) else {
                pieces.push(Piece::Text(rest.into()));
                break;
            };
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].into()));
            }
            pieces.push(piece);
            rest = &rest[at + hole.len()..];
        }
        if pieces.contains(&Piece::Name) && pieces.contains(&Piece::Value) {
            Ok(Self(pieces.into()))
        } else {
            Err(InvalidPattern)
        }
    }
}

/// The pattern lacks its name or its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lacks a hole; write it like `{{name}} = {{value}}`")]
pub struct InvalidPattern;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_needs_name_and_value() {
        assert_eq!("{name}".parse::<Pattern>(), Err(InvalidPattern));
        let pattern: Pattern = "<{name} idx=\"{index}\">{value}</{name}>".parse().unwrap();
        assert_eq!(pattern.pieces().len(), 9);
    }
}
