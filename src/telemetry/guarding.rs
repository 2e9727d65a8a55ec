//! The metrics of those who ask for what is not theirs.

use metrics::{Counter, Gauge, counter, gauge};

use crate::guard::Alarm;
use crate::telemetry::names;

/// Bans and alarms.
#[derive(Clone)]
pub struct Guarding {
    /// Networks that are banned now.
    pub bans: Gauge,
    /// Bans that began.
    pub bans_total: Counter,
    alarms: Vec<Counter>,
}

impl Guarding {
    pub(super) fn new() -> Self {
        let alarm = |alarm: &Alarm| counter!(names::GUARD_ALARMS, "kind" => alarm.word());
        Self {
            bans: gauge!(names::GUARD_BANS),
            bans_total: counter!(names::GUARD_BANS_TOTAL),
            alarms: Alarm::ALL.iter().map(alarm).collect(),
        }
    }

    /// Counts an alarm.
    pub fn alarm(&self, alarm: Alarm) {
        let at = Alarm::ALL.iter().position(|known| *known == alarm);
        if let Some(counter) = at.and_then(|at| self.alarms.get(at)) {
            counter.increment(1);
        }
    }
}
