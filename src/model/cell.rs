//! What is said of a field: in a cell of a table, in a form, or in a job.

use std::fmt;

/// What is said of a field.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// It stays as it is: the cell is blank, or holds the mask that stands for a secret.
    Leave,
    /// It is taken away: the cell holds the word `clear`.
    Clear,
    /// It is to be this.
    Value(String),
}

impl Cell {
    /// Reads the text of a cell: blank or a mask leaves, `clear` in any case clears.
    ///
    /// A leading apostrophe says that the rest is meant as it stands: `'clear`, `'=x`, `''x`.
    pub fn read(text: &str) -> Self {
        let word = text.trim();
        if let Some(literal) = text.strip_prefix('\'') {
            Self::Value(literal.to_owned())
        } else if word.is_empty() || MASKS.contains(&word) {
            Self::Leave
        } else if word.eq_ignore_ascii_case("clear") {
            Self::Clear
        } else {
            Self::Value(text.to_owned())
        }
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value may be a secret.
        f.write_str(match self {
            Self::Leave => "Leave",
            Self::Clear => "Clear",
            Self::Value(_) => "Value",
        })
    }
}

/// What is shown in the place of a secret, and comes back where a record is copied.
const MASKS: [&str; 2] = ["********", "••••"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_leaves_clears_or_says_what_stands_in_it() {
        for blank in ["", "  ", "\t", "********", " •••• "] {
            assert_eq!(Cell::read(blank), Cell::Leave, "{blank:?}");
        }
        assert_eq!(Cell::read(" Clear "), Cell::Clear);
        for (text, value) in [("'clear", "clear"), ("'=x", "=x"), ("''x", "'x"), (" Desk 1 ", " Desk 1 ")] {
            assert_eq!(Cell::read(text), Cell::Value(value.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn what_a_cell_holds_is_not_printed() {
        assert_eq!(format!("{:?}", Cell::Value("CANARY".to_owned())), "Value");
    }
}
