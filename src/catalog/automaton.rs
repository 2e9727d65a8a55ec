//! Many patterns in one automaton, which is built state by state as texts ask for it.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

/// Most bytes that the states built so far may take, for each thread; more begin anew.
const CACHE: usize = 16 << 20;

/// Patterns of whole texts: each has to begin with `^` and to end with `$`.
pub(super) struct Automaton {
    dfa: DFA,
    caches: Pool<Cache, NewCache>,
}

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl Automaton {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The automaton's own complaint, when the patterns are too many for it.
    pub(super) fn new(patterns: &[String]) -> Result<Self, String> {
        let config = DFA::config().match_kind(MatchKind::All).cache_capacity(CACHE);
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let dfa = DFA::builder()
            .configure(config)
            .syntax(syntax)
            .build_many(patterns)
            .map_err(|error| error.to_string())?;
        let of = dfa.clone();
        Ok(Self { dfa, caches: Pool::new(Box::new(move || of.create_cache())) })
    }

    /// Visits the places of the patterns that match a text as a whole, whatever their number in one go over it.
    pub(super) fn matches(&self, text: &[u8], mut visit: impl FnMut(usize)) {
        let (dfa, mut cache) = (&self.dfa, self.caches.get());
        let mut end = || {
            let mut state = dfa.start_state_forward(&mut cache, &Input::new(text)).ok()?;
            for byte in text {
                state = dfa.next_state(&mut cache, state, *byte).ok()?;
                if state.is_dead() {
                    return None;
                }
            }
            dfa.next_eoi_state(&mut cache, state).ok()
        };
        // It gives up on nothing, as it was not told when to, so that each error stands for no match.
        if let Some(state) = end().filter(|state| state.is_match()) {
            for at in 0..dfa.match_len(&cache, state) {
                visit(dfa.match_pattern(&cache, state, at).as_usize());
            }
        }
    }
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Automaton").field("patterns", &self.dfa.pattern_len()).finish_non_exhaustive()
    }
}
