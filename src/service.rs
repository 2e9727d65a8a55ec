//! What the service manager hears (systemd's `sd_notify`; nothing is said where none listens).
//!
//! Promises, together H11: ready is said when the first good snapshot stands and every listener serves; reloading and
//! ready again around each publication and each reading that somebody asked for; stopping before the first listener
//! closes, with the time that it may take; alive only when each listener has just answered the server itself.

use std::error::Error;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::sleep;
use tracing::warn;

use crate::listen::Probe;
use crate::reload::{Moment, Report};
use crate::snapshot::{Snapshot, Store};

/// Time beyond the deadline of a stop in which the process must have ended.
const LEEWAY: Duration = Duration::from_secs(5);

/// Says that phones are served, perhaps with what was kept from before because the files are faulty.
pub fn ready(snapshot: &Snapshot, is_stale: bool) {
    let mut status = served(snapshot.devices(), snapshot.serial());
    if is_stale {
        status += ", kept from before: the files are faulty";
    }
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
        Moment::Ended(Report::Refused { serial, faults }, _) => {
            let faults = faults.len();
            format!("the files have {faults} faults; snapshot {serial}, the last good one, stays")
        }
        Moment::Ended(Report::Published { .. } | Report::Unchanged { .. }, snapshot) => {
            served(snapshot.devices(), snapshot.serial())
        }
    };
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says again and again that the server lives, while every listener answers and `threads_live`.
///
/// Three times in the time that the manager waits; nothing where it does not. It never ends.
pub async fn live(probe: &Probe, store: &Store, threads_live: impl Fn() -> bool) {
    let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()) else {
        return std::future::pending().await;
    };
    let interval = limit / 3;
    let mut was_well = true;
    loop {
        match probe.ask(interval).await {
            Ok(()) if threads_live() => {
                tell(&[NotifyState::Watchdog]);
                if !std::mem::replace(&mut was_well, true) {
                    let snapshot = store.keep();
                    tell(&[NotifyState::Status(&served(snapshot.devices(), snapshot.serial()))]);
                }
            }
            Ok(()) => fail(&mut was_well, "a thread of the server has ended"),
            Err(silent) => {
                warn!(error = &silent as &dyn Error, "a listener does not answer");
                fail(&mut was_well, &silent.to_string());
            }
        }
        sleep(interval).await;
    }
}

fn fail(was_well: &mut bool, status: &str) {
    *was_well = false;
    tell(&[NotifyState::Status(status)]);
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
