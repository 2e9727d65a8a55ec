//! The User-Agents that phones send, all of them in one automaton.

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::model::Mac;

/// Most bytes of a User-Agent that are looked at.
const LONGEST: usize = 512;

/// The names that a pattern may give to its groups.
const GROUPS: &[&str] = &["mac", "model", "serial", "version"];

/// Every User-Agent pattern of the catalog.
#[derive(Debug, Default)]
pub(super) struct Agents {
    set: RegexSet,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    vendor: usize,
    regex: Regex,
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
        let regex =
            compile(pattern).map_err(|_| "is not a regular expression; mend its syntax".to_owned())?;
        let unknown = regex.capture_names().flatten().find(|name| !GROUPS.contains(name));
        match unknown {
            Some(name) => Err(format!("names a group `{name}`; known are {}", GROUPS.join(", "))),
            None if !pattern.starts_with('^') => Err("does not begin with `^`; anchor it".to_owned()),
            None => {
                self.patterns.push(Pattern { vendor, regex });
                Ok(())
            }
        }
    }

    /// Compiles what was collected.
    ///
    /// # Errors
    /// The automaton's own complaint, when the patterns are too many for it.
    pub(super) fn compile(self) -> Result<Agents, regex::Error> {
        let set = RegexSetBuilder::new(self.patterns.iter().map(|pattern| pattern.regex.as_str()))
            .unicode(false)
            .size_limit(64 << 20)
            .dfa_size_limit(16 << 20)
            .build()?;
        Ok(Agents { set, patterns: self.patterns })
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).build()
}

impl Agents {
    /// Tells whether a vendor has patterns.
    pub(super) fn has(&self, vendor: usize) -> bool {
        self.patterns.iter().any(|pattern| pattern.vendor == vendor)
    }

    /// Reads a User-Agent; any bytes are fine. Of several patterns that fit, the first in the catalog counts.
    pub(super) fn read<'a>(&self, agent: &'a [u8]) -> Option<AgentMatch<'a>> {
        let agent = &agent[..agent.len().min(LONGEST)];
        let at = self.set.matches(agent).iter().next()?;
        let pattern = &self.patterns[at];
        let captures = pattern.regex.captures(agent)?;
        let group = |name| captures.name(name).map(|found| found.as_bytes()).filter(|text| !text.is_empty());
        Some(AgentMatch {
            vendor: pattern.vendor,
            model: group("model"),
            version: group("version"),
            mac: group("mac").and_then(Mac::from_bytes),
            serial: group("serial"),
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
        for pattern in ["^(", "Fanvil", "^(?P<oui>x)"] {
            assert!(AgentCollector::default().add(0, pattern).is_err(), "{pattern}");
        }
    }
}
