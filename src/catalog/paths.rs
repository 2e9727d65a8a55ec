//! The names that phones ask for: those that are texts in a table, all others in one automaton.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::quality::RandomState;

use crate::catalog::automaton::Automaton;
use crate::model::Mac;

/// A pattern's place among all of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

impl PathId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Longest name that is looked for; no phone asks for a longer one.
const LONGEST: usize = 255;

/// Every distinct pattern of the catalog, matched at the same cost whatever their number.
///
/// A pattern is text that matches in any case, with `{mac}` for a MAC address in any spelling and `*` for
/// anything within a path segment.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Patterns that are nothing but text, in lower case.
    texts: HashMap<Box<[u8]>, PathId, RandomState>,
    /// All others; `None` as long as there are no patterns.
    others: Option<Automaton>,
    /// By place in `others`: the pattern, and how many bytes stand before the MAC address, where there is one.
    holes: Vec<(PathId, Option<usize>)>,
    /// First segments of patterns that have several.
    folders: Vec<String>,
}

/// The patterns that a path matches, and the address in it.
#[derive(Debug, Default)]
pub struct PathMatches {
    /// The MAC address in the path.
    pub mac: Option<Mac>,
    text: Option<PathId>,
    others: Vec<PathId>,
}

impl PathMatches {
    /// Tells whether a pattern matched.
    pub fn contains(&self, id: PathId) -> bool {
        self.iter().any(|matched| matched == id)
    }

    /// Goes through the patterns that matched: a text first.
    pub fn iter(&self) -> impl Iterator<Item = PathId> + Clone {
        self.text.iter().chain(&self.others).copied()
    }
}

/// Collects patterns and gives each distinct one an id.
#[derive(Debug, Default)]
pub(super) struct PathCollector {
    ids: BTreeMap<String, PathId>,
    patterns: Vec<String>,
}

impl PathCollector {
    /// Takes a pattern.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn add(&mut self, pattern: &str) -> Result<PathId, &'static str> {
        let pattern = pattern.to_ascii_lowercase();
        if let Some(id) = self.ids.get(&pattern) {
            return Ok(*id);
        }
        let before_mac = pattern.split_once("{mac}").map(|(before, _)| before);
        let rest = pattern.replacen("{mac}", "", 1);
        if rest.contains(['{', '}']) {
            return Err("has a hole that is neither {mac} nor in `vars`; give it a value there");
        }
        if before_mac.is_some_and(|before| before.contains('*')) {
            return Err("has `*` before {mac}; put the MAC address first");
        }
        if pattern.is_empty()
            || pattern.starts_with('/')
            || pattern.split('/').any(|part| matches!(part, "" | "." | ".."))
        {
            return Err(
                "is not a relative path; leave out a slash at either end, and empty parts, `.` and `..`",
            );
        }
        if pattern.len() > LONGEST {
            return Err("is longer than 255 characters; shorten it");
        }
        let id = PathId(u32::try_from(self.patterns.len()).map_err(|_| "is one pattern too many")?);
        self.patterns.push(pattern.clone());
        self.ids.insert(pattern, id);
        Ok(id)
    }

    pub(super) fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Compiles what was collected.
    ///
    /// # Errors
    /// The automaton's own complaint, when the patterns are too many for it.
    pub(super) fn compile(self) -> Result<Paths, String> {
        let (mut texts, mut regexes, mut holes) = (HashMap::default(), Vec::new(), Vec::new());
        for (id, pattern) in (0..).map(PathId).zip(&self.patterns) {
            let mac = pattern.find("{mac}");
            if mac.is_none() && !pattern.contains('*') {
                texts.insert(pattern.as_bytes().into(), id);
            } else {
                regexes.push(regex(pattern));
                holes.push((id, mac));
            }
        }
        let others = Automaton::new(&regexes)?;
        let folders = self.patterns.iter().filter_map(|pattern| pattern.split_once('/'));
        let folders: BTreeSet<String> = folders.map(|(folder, _)| folder.to_owned()).collect();
        Ok(Paths { texts, others: Some(others), holes, folders: folders.into_iter().collect() })
    }
}

impl Paths {
    /// Tells whether some pattern begins with this segment and a slash.
    pub(super) fn knows_folder(&self, segment: &[u8]) -> bool {
        self.folders.iter().any(|folder| folder.as_bytes().eq_ignore_ascii_case(segment))
    }

    /// Matches a path; any bytes are fine.
    pub(super) fn matches(&self, path: &[u8]) -> PathMatches {
        if path.len() > LONGEST {
            return PathMatches::default();
        }
        let mut lower = [0; LONGEST];
        let lower = &mut lower[..path.len()];
        lower.copy_from_slice(path);
        lower.make_ascii_lowercase();
        let text = self.texts.get(&*lower).copied();
        let mut matches = PathMatches { text, ..PathMatches::default() };
        let Some(automaton) = &self.others else {
            return matches;
        };
        automaton.matches(lower, |at| {
            let (id, hole) = self.holes[at];
            let mac = hole.and_then(|hole| mac_at(path, hole));
            // Some names have zeros where others have an address; they are nobody's, and no phone's own file.
            if mac.is_none_or(|mac| mac.octets() != [0; 6]) {
                matches.mac = matches.mac.or(mac);
                matches.others.push(id);
            }
        });
        matches
    }
}

/// Reads the MAC address that begins after so many bytes, in any spelling.
fn mac_at(path: &[u8], hole: usize) -> Option<Mac> {
    let rest = path.get(hole..)?;
    let dense = rest.get(..12).and_then(Mac::from_bytes);
    dense.or_else(|| rest.get(..17).and_then(Mac::from_bytes))
}

/// Writes a pattern as a regular expression.
fn regex(pattern: &str) -> String {
    const MAC: &str = "(?:[0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})";
    let parts = pattern.split("{mac}").map(|part| {
        let literals: Vec<String> = part.split('*').map(regex::escape).collect();
        literals.join("[^/]*")
    });
    format!("^{}$", parts.collect::<Vec<_>>().join(MAC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(patterns: &[&str]) -> (Paths, Vec<PathId>) {
        let mut collector = PathCollector::default();
        let ids = patterns.iter().map(|pattern| collector.add(pattern).unwrap()).collect();
        (collector.compile().unwrap(), ids)
    }

    #[test]
    fn a_path_finds_every_pattern_that_fits_and_its_mac() {
        let (paths, ids) = paths(&["{mac}.cfg", "SEP{MAC}.cnf.xml", "y000000000066.cfg", "*.cfg"]);
        let mac = "00:15:65:aa:bb:cc".parse().ok();
        let found = paths.matches(b"001565AABBCC.cfg");
        assert_eq!((found.mac, found.iter().collect::<Vec<_>>()), (mac, vec![ids[0], ids[3]]));
        for path in
            ["sep001565aabbcc.cnf.xml", "SEP00-15-65-aa-bb-cc.cnf.xml", "SEP00:15:65:AA:BB:CC.cnf.xml"]
        {
            let found = paths.matches(path.as_bytes());
            assert_eq!((found.mac, found.contains(ids[1])), (mac, true), "{path}");
        }
        let found = paths.matches(b"Y000000000066.CFG");
        assert_eq!((found.mac, found.contains(ids[2])), (None, true));
        for path in [&b"x/001565aabbcc.cfg"[..], b"001565aabbc.cfg", b"001565aabbcc.cfg\n", b"\xff\xfe", b""]
        {
            assert!(!paths.matches(path).contains(ids[0]), "{path:?}");
        }
    }

    #[test]
    fn zeros_are_no_address_and_name_no_phones_own_file() {
        let (paths, ids) = paths(&["{mac}-directory.xml", "000000000000-directory.xml", "*.xml"]);
        let found = paths.matches(b"000000000000-directory.xml");
        assert_eq!((found.mac, found.iter().collect::<Vec<_>>()), (None, vec![ids[1], ids[2]]));
        assert!(paths.matches(b"000000000001-directory.xml").contains(ids[0]));
    }

    #[test]
    fn the_same_pattern_is_kept_once() {
        let (_, ids) = paths(&["{mac}.cfg", "{MAC}.cfg", "a.cfg"]);
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
    }

    #[test]
    fn patterns_that_cannot_work_are_refused() {
        for pattern in ["", "/a.cfg", "../a.cfg", "{serial}.cfg", "*{mac}.cfg", "a//b"] {
            assert!(PathCollector::default().add(pattern).is_err(), "{pattern}");
        }
    }
}
