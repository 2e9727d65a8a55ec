//! How long to wait for an acknowledgement (RFC 6298; RFC 1123, section 4.2.3.2).
//!
//! Promises: learns from the round trips that it is told of, doubles when one is lost, stays within its bounds.

use std::time::Duration;

/// First wait, before anything was measured.
const FIRST: Duration = Duration::from_millis(500);

/// Shortest wait: phones write to flash between blocks.
const SHORTEST: Duration = Duration::from_millis(200);

/// Longest wait, whatever the client would allow: beyond it a lost packet costs more than a spare one.
const LONGEST: Duration = Duration::from_secs(4);

/// What is known of a peer's round trips.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoundTrip {
    smooth: Option<(Duration, Duration)>,
    wait: Duration,
    longest: Duration,
}

impl RoundTrip {
    /// Knows nothing yet; waits at most `timeout` seconds where the client negotiated that.
    pub(super) fn new(timeout: Option<u8>) -> Self {
        let longest = timeout.map_or(LONGEST, |seconds| Duration::from_secs(seconds.into()).min(LONGEST));
        Self { smooth: None, wait: FIRST.min(longest), longest }
    }

    /// Gives the time to wait.
    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    /// Learns from the round trip of a packet that was sent once (Karn's rule).
    pub(super) fn measure(&mut self, trip: Duration) {
        let (mean, spread) = match self.smooth {
            None => (trip, trip / 2),
            Some((mean, spread)) => ((mean * 7 + trip) / 8, (spread * 3 + mean.abs_diff(trip)) / 4),
        };
        self.smooth = Some((mean, spread));
        self.recover();
    }

    /// Waits again as measured: something came through. Where nothing was measured yet the wait stays as it is.
    pub(super) fn recover(&mut self) {
        if let Some((mean, spread)) = self.smooth {
            self.wait = (mean + spread * 4).max(SHORTEST).min(self.longest);
        }
    }

    /// Doubles the wait after a loss.
    pub(super) fn back_off(&mut self) {
        self.wait = (self.wait * 2).min(self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_comes_back_with_a_measurement() {
        let mut trip = RoundTrip::new(None);
        let mut waits = Vec::new();
        for _ in 0..6 {
            waits.push(trip.wait().as_millis());
            trip.back_off();
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 4000, 4000]);
        trip.measure(Duration::from_millis(10));
        assert_eq!(trip.wait(), SHORTEST);
        trip.back_off();
        assert_eq!(trip.wait(), SHORTEST * 2);
        trip.recover();
        assert_eq!(trip.wait(), SHORTEST);
        let mut slow = RoundTrip::new(None);
        slow.measure(Duration::from_millis(800));
        assert_eq!(slow.wait(), Duration::from_millis(2400));
    }

    #[test]
    fn a_negotiated_time_is_the_longest_wait() {
        let mut trip = RoundTrip::new(Some(1));
        trip.back_off();
        trip.back_off();
        assert_eq!(trip.wait(), Duration::from_secs(1));
        assert_eq!(RoundTrip::new(Some(255)).longest, LONGEST);
    }
}
