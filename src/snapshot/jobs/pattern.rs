//! Patterns of texts: regular expressions that mean the same here and wherever a form is drawn.
//!
//! Promises: matching takes time in proportion to the text, whatever the pattern; a pattern that another engine would
//! read otherwise is refused. What is understood is the common part of ECMA 262 and of our own engine.

use regex::RegexBuilder;

/// A pattern that the whole of a text must match.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Box<str>,
    compiled: regex::Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Says what is wrong with it, to follow its name.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = translated(text)?;
        let compiled = RegexBuilder::new(&format!("^(?:{plain})$")).size_limit(SIZE_MAX).build();
        let compiled = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "is too large; make its repetitions smaller, or say `minimum` and `maximum`".to_owned()
            }
            _ => format!(
                "`{}` is no regular expression; mend its brackets and repetitions",
                text.escape_debug()
            ),
        })?;
        Ok(Self { text: text.into(), compiled })
    }

    /// Tells whether the whole of a text matches.
    pub fn fits(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// Gives the pattern as forms have it: one that need not match the whole, and therefore says that it does.
    pub fn anchored(&self) -> String {
        format!("^(?:{})$", self.text)
    }
}

/// Most bytes of a compiled pattern.
const SIZE_MAX: usize = 1 << 18;

/// Writes a pattern in the words of our engine, in which `\d` would be the digits of every script.
fn translated(text: &str) -> Result<String, String> {
    let (mut plain, mut in_class) = (String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, in_class) {
            ('\\', _) => plain.push_str(&escape(rest.next(), in_class)?),
            ('[', false) => {
                in_class = true;
                plain.push(c);
                if rest.next_if_eq(&'^').is_some() {
                    plain.push('^');
                }
                if rest.peek() == Some(&']') {
                    return Err("has an empty pair of square brackets; put characters into it".to_owned());
                }
            }
            ('[', true) => return Err("has `[` within square brackets; write `\\[`".to_owned()),
            (']', true) => {
                in_class = false;
                plain.push(c);
            }
            ('&' | '~' | '-', true) if rest.peek() == Some(&c) => {
                return Err(format!("has `{c}{c}` within square brackets; write it once"));
            }
            ('(', false) => {
                plain.push(c);
                if rest.next_if_eq(&'?').is_some() {
                    if rest.next_if_eq(&':').is_none() {
                        return Err("has a group that looks around or sets a mode; write plain groups, `(…)` or `(?:…)`".to_owned());
                    }
                    plain.push_str("?:");
                }
            }
            _ => plain.push(c),
        }
    }
    Ok(plain)
}

/// Writes what follows a backslash in the words of our engine.
fn escape(escaped: Option<char>, in_class: bool) -> Result<String, String> {
    Ok(match escaped {
        Some('d') => "[0-9]".to_owned(),
        Some('D') => "[^0-9]".to_owned(),
        Some('w') => "[0-9A-Za-z_]".to_owned(),
        Some('W') => "[^0-9A-Za-z_]".to_owned(),
        Some('s') => "[ \\t\\n\\r\\f\\v\u{a0}\u{feff}]".to_owned(),
        Some('S') => "[^ \\t\\n\\r\\f\\v\u{a0}\u{feff}]".to_owned(),
        Some('b') if !in_class => "(?-u:\\b)".to_owned(),
        Some('-') if in_class => "\\-".to_owned(),
        Some(c) if "^$\\.*+?()[]{}|/".contains(c) => format!("\\{c}"),
        Some(c) => {
            return Err(format!(
                "has `\\{}`, which not everybody understands alike; leave it out",
                c.escape_debug()
            ));
        }
        None => return Err("ends in a backslash; write two of them for one".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().fits(text)
    }

    #[test]
    fn a_pattern_is_for_the_whole_of_a_text() {
        assert!(fits("[0-9]{4}|x", "1234") && fits("[0-9]{4}|x", "x"));
        assert!(!fits("[0-9]{4}|x", "12345") && !fits("[0-9]{4}", "a1234"));
        assert!(fits("", "") && !fits("", "a"));
    }

    #[test]
    fn short_forms_mean_ascii_inside_and_outside_of_brackets() {
        assert!(fits(r"\d{2}[\d-]\w\s\S\D\W", "12-a bx."));
        assert!(!fits(r"\d", "٣") && fits(r"[^\d]", "٣"));
        assert!(fits(r"\bab\b", "ab") && fits(r"a\/b\.", "a/b.") && fits(r"[a\-z]", "-"));
    }

    #[test]
    fn what_engines_read_in_different_ways_is_refused() {
        for pattern in [
            "(?i)a",
            "(?=a)",
            "(?<!a)b",
            "(?P<n>a)",
            r"(a)\1",
            r"\Aab",
            r"\pL",
            "[[:alpha:]]",
            "[a&&b]",
            "[]a]",
            "a\\",
            "(",
            "a{2,1}",
            "*",
            r"\x41",
            "[z-a]",
        ] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::new("(?:[a-z]{500}){500}").unwrap_err().contains("too large"));
    }

    #[test]
    fn a_pattern_that_backtracks_elsewhere_ends_at_once_here() {
        let began = std::time::Instant::now();
        assert!(!fits("(a+)+b", &"a".repeat(255)));
        assert!(began.elapsed().as_secs() < 5);
    }
}
