//! What the service manager hears (systemd's `sd_notify`; nothing is said where none listens).
//!
//! Promises, together H11: ready is said when the first good snapshot stands and every listener serves; reloading and
//! ready again around each publication and each reading that somebody asked for; stopping before the first listener
//! closes, with the time that it may take.

use std::error::Error;
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::warn;

use crate::reload::{Moment, Report};
use crate::snapshot::Snapshot;

/// Time beyond the deadline of a stop in which the process must have ended.
const LEEWAY: Duration = Duration::from_secs(5);

/// Says that phones are served.
pub fn ready(snapshot: &Snapshot) {
    let status = served(snapshot.devices(), snapshot.serial());
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that files are being read, and how that went.
pub fn note(moment: Moment<'_>) {
    let status = match moment {
        Moment::Begun => {
            let mut states = vec![NotifyState::Reloading];
            states.extend(NotifyState::monotonic_usec_now());
            return tell(&states);
        }
        Moment::Ended(Report::Published { serial, devices, .. }) => served(*devices, *serial),
        Moment::Ended(Report::Refused { serial, faults }) => {
            let faults = faults.len();
            format!("the files have {faults} faults; snapshot {serial}, the last good one, stays")
        }
        Moment::Ended(Report::Unchanged { .. }) => return tell(&[NotifyState::Ready]),
    };
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that no more phones are served, and that those under way may take so long.
pub fn stopping(deadline: Duration) {
    let microseconds = u32::try_from((deadline + LEEWAY).as_micros()).unwrap_or(u32::MAX);
    tell(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(microseconds),
        NotifyState::Status("finishing responses under way"),
    ]);
}

fn served(devices: usize, serial: u64) -> String {
    format!("serving {devices} devices, snapshot {serial}")
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(error = &error as &dyn Error, "the service manager cannot be told");
    }
}
