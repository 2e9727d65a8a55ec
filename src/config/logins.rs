//! What is decided about those who sign in.

use std::time::Duration;

use crate::config::values::{seconds, set};
use crate::document::Entry;

/// How long sessions last, and what guessing passwords costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logins {
    /// Time without a request after which a session ends: 1 min to 24 h.
    pub idle: Duration,
    /// Time after which a session ends in any case: 5 min to 30 days.
    pub age: Duration,
    /// Sessions of one login at once: 1 to 64; the oldest ends for a new one.
    pub sessions: u32,
    /// Passwords that are checked at once: 1 to 16.
    pub checks: u32,
    /// Wrong passwords for a login from one network before it has to wait: 1 to 100.
    pub attempts: u32,
    /// The first wait, twice as long each time after: 1 s to 1 min.
    pub delay: Duration,
    /// The longest wait: 1 s to 1 h.
    pub longest_delay: Duration,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(1800),
            age: Duration::from_secs(12 * 3600),
            sessions: 16,
            checks: 1,
            attempts: 5,
            delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(900),
        }
    }
}

impl Logins {
    pub(super) fn read(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "age" => set(&mut self.age, seconds(&entry, 300, 30 * 86_400)),
                "attempts" => set(&mut self.attempts, entry.integer(1, 100)),
                "checks" => set(&mut self.checks, entry.integer(1, 16)),
                "delay" => set(&mut self.delay, seconds(&entry, 1, 60)),
                "idle" => set(&mut self.idle, seconds(&entry, 60, 86_400)),
                "longest-delay" => set(&mut self.longest_delay, seconds(&entry, 1, 3600)),
                "sessions" => set(&mut self.sessions, entry.integer(1, 64)),
                _ => entry.unknown(&[
                    "age",
                    "attempts",
                    "checks",
                    "delay",
                    "idle",
                    "longest-delay",
                    "sessions",
                ]),
            }
        }
    }
}
