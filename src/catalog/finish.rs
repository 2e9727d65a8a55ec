//! What the catalog's files say of what becomes of a file's text.

use crate::document::Entry;
use crate::finish::{Encoding, Encryption, Finish};

/// The facts of one level, or of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FinishFacts {
    encoding: Option<Encoding>,
    /// Within: none, where a level takes away what it inherits.
    encryption: Option<Option<Encryption>>,
    end: Option<String>,
    line_max: Option<u32>,
    size_max: Option<u32>,
}

impl FinishFacts {
    /// The keys that it takes.
    pub(super) const KEYS: &[&str] = &["encoding", "encryption", "end", "line-max", "size-max"];

    /// Reads one entry; `false` when its key is none of [`Self::KEYS`].
    pub(super) fn read(&mut self, entry: &Entry<'_>) -> bool {
        match entry.key() {
            "encoding" => self.encoding = entry.one_of(Encoding::ALL),
            "encryption" => {
                let ways = Encryption::ALL.iter().map(|(word, way)| (*word, Some(*way)));
                let words: Vec<_> = ways.chain([("none", None)]).collect();
                self.encryption = entry.one_of(&words);
            }
            "end" => self.end = entry.text_or_empty(16).map(str::to_owned),
            "line-max" => self.line_max = entry.integer(1, u32::MAX),
            "size-max" => self.size_max = entry.integer(1, u32::MAX),
            _ => return false,
        }
        true
    }

    pub(super) fn over(&self, base: &Self) -> Self {
        Self {
            encoding: self.encoding.or(base.encoding),
            encryption: self.encryption.or(base.encryption),
            end: self.end.clone().or_else(|| base.end.clone()),
            line_max: self.line_max.or(base.line_max),
            size_max: self.size_max.or(base.size_max),
        }
    }

    pub(super) fn whole(self) -> Finish {
        Finish {
            encoding: self.encoding.unwrap_or_default(),
            encryption: self.encryption.flatten(),
            end: self.end.map(Into::into),
            line_max: self.line_max,
            size_max: self.size_max,
        }
    }
}
