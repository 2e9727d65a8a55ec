//! Files of lines.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

use super::Verdict;

/// A line that is not blank.
pub(super) struct Line<'t> {
    pub(super) number: usize,
    /// Which of the shapes it has.
    pub(super) shape: usize,
    /// What the shape's first group met.
    pub(super) name: &'t str,
    /// What the shape's second group met.
    pub(super) value: &'t str,
}

/// Reads lines, each by the first of several shapes that fits it whole; blank ones are passed over.
pub(super) fn read<'t>(text: &'t str, shapes: &[&str]) -> Verdict<Vec<Line<'t>>> {
    let shapes: Vec<&Regex> = shapes.iter().map(|shape| pattern(shape)).collect();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let mut met =
            shapes.iter().enumerate().filter_map(|(shape, regex)| Some((shape, regex.captures(line)?)));
        let (shape, groups) =
            met.next().ok_or_else(|| format!("line {} has no known shape: {line}", at + 1))?;
        let group = |n: usize| groups.get(n).map_or("", |group| group.as_str());
        lines.push(Line { number: at + 1, shape, name: group(1), value: group(2) });
    }
    Ok(lines)
}

/// A pattern that a text must fit whole. Each is compiled once.
pub(super) fn pattern(pattern: &str) -> &'static Regex {
    static KNOWN: LazyLock<Mutex<HashMap<String, &'static Regex>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || -> &'static Regex {
        Box::leak(Box::new(Regex::new(&format!("^(?:{pattern})$")).expect("the pattern is sound")))
    };
    known.entry(pattern.to_owned()).or_insert_with(compile)
}

/// Refuses what no text file should have: a byte order mark, control characters other than tabs, a last line that does
/// not end.
pub(super) fn sound(text: &str) -> Verdict {
    if text.starts_with('\u{feff}') {
        return Err("it begins with a byte order mark".to_owned());
    }
    if let Some(sign) = text.chars().find(|sign| sign.is_control() && !['\n', '\t'].contains(sign)) {
        return Err(format!("it has the control character {sign:?}"));
    }
    if !text.ends_with('\n') {
        return Err("its last line does not end".to_owned());
    }
    Ok(())
}

/// Names that may stand once.
#[derive(Default)]
pub(super) struct Once(HashSet<String>);

impl Once {
    pub(super) fn add(&mut self, name: impl Into<String>) -> Verdict {
        let name = name.into();
        if self.0.contains(&name) {
            return Err(format!("{name} stands twice"));
        }
        self.0.insert(name);
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Refuses a name that stands twice among lines of one shape.
pub(super) fn once(lines: &[Line<'_>], shape: usize) -> Verdict {
    let mut names = Once::default();
    for line in lines.iter().filter(|line| line.shape == shape) {
        names.add(line.name).map_err(|why| format!("line {}: {why}", line.number))?;
    }
    Ok(())
}

/// Refuses a name that stands twice in a section, and a section that stands twice. Heads have the first shape, names
/// the second, which must not come before a head.
pub(super) fn sections(lines: &[Line<'_>]) -> Verdict {
    let mut heads = Once::default();
    let mut names = None;
    for line in lines {
        if line.shape == 0 {
            heads.add(line.name)?;
            names = Some(Once::default());
        } else {
            let names = names.as_mut().ok_or_else(|| format!("{} stands before any section", line.name))?;
            names.add(line.name).map_err(|why| format!("line {}: {why}", line.number))?;
        }
    }
    Ok(())
}

/// Refuses what does not hold, in words.
pub(super) fn ensure(holds: bool, otherwise: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
