//! Colour, where somebody sees it.

use std::io::IsTerminal;

/// What output is coloured with: nothing, unless it goes to a terminal and the operator has not said no.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    is_on: bool,
}

/// What a colour says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tint {
    /// Something that was added, or is well.
    Good,
    /// A heading.
    Head,
    /// Something that was taken away, or is not well.
    Bad,
    /// What is beside the point.
    Quiet,
}

impl Paint {
    /// For standard output, as `NO_COLOR` and `TERM` allow.
    pub(super) fn stdout() -> Self {
        let said_no = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { is_on: !said_no && !is_dumb && std::io::stdout().is_terminal() }
    }

    /// Without any.
    #[cfg(test)]
    pub(super) const fn none() -> Self {
        Self { is_on: false }
    }

    /// Gives a text in a colour.
    pub(super) fn tint(self, tint: Tint, text: &str) -> String {
        let code = match tint {
            Tint::Good => "32",
            Tint::Head => "1",
            Tint::Bad => "31",
            Tint::Quiet => "2",
        };
        if self.is_on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Colours a unified diff.
    pub(super) fn diff(self, diff: &str) -> String {
        let line = |line: &str| match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => self.tint(Tint::Head, line),
            [b'+', ..] => self.tint(Tint::Good, line),
            [b'-', ..] => self.tint(Tint::Bad, line),
            [b'@', ..] => self.tint(Tint::Quiet, line),
            _ => line.to_owned(),
        };
        diff.lines().map(|text| line(text) + "\n").collect()
    }
}
