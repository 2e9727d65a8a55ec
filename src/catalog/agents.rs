//! The User-Agents that phones send, all of them in one automaton.

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::primitives::PatternID;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

use crate::model::Mac;

/// Most bytes of a User-Agent that are looked at.
const LONGEST: usize = 512;

/// The names that a pattern may give to its groups.
const GROUPS: [&str; 4] = ["mac", "model", "serial", "version"];

/// Every User-Agent pattern of the catalog.
///
/// The automaton tells the first pattern that fits, and that pattern's own one what its groups hold.
#[derive(Debug, Default)]
pub(super) struct Agents {
    /// `None` as long as there are no patterns.
    first: Option<Regex>,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    vendor: usize,
    text: String,
    regex: Regex,
    /// By place in [`GROUPS`]: the group of that name, where the pattern has one.
    groups: [Option<usize>; GROUPS.len()],
}

/// What a User-Agent tells of the phone that sent it; it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentMatch<'a> {
    /// The vendor's place in the catalog.
    pub vendor: usize,
    /// The model as the phone spells it.
    pub model: Option<&'a [u8]>,
    /// The firmware's version.
    pub version: Option<&'a [u8]>,
    /// The MAC address.
    pub mac: Option<Mac>,
    /// The serial number on the phone's box.
    pub serial: Option<&'a [u8]>,
}

/// Collects patterns.
#[derive(Debug, Default)]
pub(super) struct AgentCollector {
    patterns: Vec<Pattern>,
}

impl AgentCollector {
    /// Takes a vendor's pattern.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn add(&mut self, vendor: usize, pattern: &str) -> Result<(), String> {
        let regex = Regex::builder().syntax(syntax()).build(pattern);
        let regex = regex.map_err(|_| "is not a regular expression; mend its syntax".to_owned())?;
        let names: Vec<_> = regex.group_info().pattern_names(PatternID::ZERO).skip(1).collect();
        let unknown = names.iter().flatten().find(|name| !GROUPS.contains(name));
        match unknown {
            Some(name) => Err(format!("names a group `{name}`; known are {}", GROUPS.join(", "))),
            None if names.contains(&None) => {
                Err("has a group without a name; begin it with `(?:`".to_owned())
            }
            None if !pattern.starts_with('^') => Err("does not begin with `^`; anchor it".to_owned()),
            None => {
                let groups = GROUPS.map(|name| regex.group_info().to_index(PatternID::ZERO, name));
                self.patterns.push(Pattern { vendor, text: pattern.to_owned(), regex, groups });
                Ok(())
            }
        }
    }

    /// Compiles what was collected.
    ///
    /// # Errors
    /// The automaton's own complaint, when the patterns are too many for it.
    pub(super) fn compile(self) -> Result<Agents, String> {
        let texts: Vec<_> = self.patterns.iter().map(|pattern| &pattern.text).collect();
        let config = Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .which_captures(WhichCaptures::Implicit)
            .nfa_size_limit(Some(64 << 20))
            .hybrid_cache_capacity(16 << 20)
            .onepass(false)
            .backtrack(false);
        let first = Regex::builder()
            .configure(config)
            .syntax(syntax())
            .build_many(&texts)
            .map_err(|error| error.to_string())?;
        Ok(Agents { first: Some(first), patterns: self.patterns })
    }
}

/// User-Agents are bytes.
fn syntax() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}

impl Agents {
    /// Tells whether a vendor has patterns.
    pub(super) fn has(&self, vendor: usize) -> bool {
        self.patterns.iter().any(|pattern| pattern.vendor == vendor)
    }

    /// Reads a User-Agent; any bytes are fine. Of several patterns that fit, the first in the catalog counts.
    pub(super) fn read<'a>(&self, agent: &'a [u8]) -> Option<AgentMatch<'a>> {
        let agent = &agent[..agent.len().min(LONGEST)];
        let input = Input::new(agent);
        let pattern = &self.patterns[self.first.as_ref()?.search_half(&input)?.pattern().as_usize()];
        let mut ends = [None; 2 * (1 + GROUPS.len())];
        pattern.regex.search_slots(&input, &mut ends)?;
        let [mac, model, serial, version] = pattern.groups.map(|group| {
            let (from, to) = (ends[2 * group?]?, ends[2 * group? + 1]?);
            Some(&agent[from.get()..to.get()]).filter(|text| !text.is_empty())
        });
        Some(AgentMatch {
            vendor: pattern.vendor,
            model,
            version,
            mac: mac.and_then(Mac::from_bytes),
            serial,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents(patterns: &[(usize, &str)]) -> Agents {
        let mut collector = AgentCollector::default();
        for (vendor, pattern) in patterns {
            collector.add(*vendor, pattern).unwrap();
        }
        collector.compile().unwrap()
    }

    #[test]
    fn an_agent_tells_model_version_and_mac() {
        let agents = agents(&[
            (0, r"^Snom (?P<model>\w+)"),
            (1, r"^Fanvil (?P<model>.+?) (?P<version>[0-9.]+) (?P<mac>[0-9a-f]{12})$"),
        ]);
        let found = agents.read(b"Fanvil X6U Pro 0.0.10 0c383e2cd782").unwrap();
        assert_eq!(found.vendor, 1);
        assert_eq!(found.model, Some(&b"X6U Pro"[..]));
        assert_eq!(found.version, Some(&b"0.0.10"[..]));
        assert_eq!(found.mac, "0c383e2cd782".parse().ok());
        assert_eq!(found.serial, None);
        for agent in [&b""[..], b"\xff\x00", b"curl/8", &[b'F'; 100_000]] {
            assert_eq!(agents.read(agent), None);
        }
    }

    #[test]
    fn patterns_that_cannot_work_are_refused() {
        for pattern in ["^(", "Fanvil", "^(?P<oui>x)", "^(x|y)"] {
            assert!(AgentCollector::default().add(0, pattern).is_err(), "{pattern}");
        }
    }
}
