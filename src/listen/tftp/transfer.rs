//! One transfer: a session with a line and a clock.
//!
//! Promises: waits for its client, its timer, news and its own file, and for nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::listen::tftp::line::{Came, Line};
use crate::listen::tftp::places::{Place, Told};
use crate::listen::tftp::source::Source;
use crate::tftp::{Ending, Event, Session, Step};

/// Room for what comes: acknowledgements, and the beginning of errors.
const ROOM: usize = 64;

/// A time that no wait reaches.
const FAR: Duration = Duration::from_secs(7 * 86_400);

/// How a transfer ended, and what follows.
pub(super) struct End {
    /// How it ended.
    pub(super) ending: Ending,
    /// Whether the client has begun to ask for the same once more.
    pub(super) again: bool,
}

/// Carries a session to its end.
pub(super) async fn carry(session: &mut Session, line: &Line<'_>, place: &mut Place, source: &Source) -> End {
    let (mut out, mut room) = (Vec::new(), [0; ROOM]);
    let handle = Arc::clone(&place.handle);
    let mut armed = Instant::now() + FAR;
    let mut timer = std::pin::pin!(sleep_until(armed.into()));
    let mut again = false;
    loop {
        let until = match session.step(Instant::now(), &mut out) {
            Step::End(ending) => return End { ending, again },
            // Whoever asks anew would take the old last block for the new first one.
            Step::Send if again => return End { ending: Ending::Silent, again },
            Step::Send => {
                if let Err(came) = line.send(&handle, &out).await {
                    take(session, &came, &[]);
                }
                continue;
            }
            Step::Wait(until) => until,
            Step::Want { offset, length } => {
                match source.read(offset, length, session.is_verified()).await {
                    Some((offset, bytes)) => session.give(offset, bytes),
                    None => session.handle(Event::Failed, Instant::now()),
                }
                continue;
            }
        };
        // A timer that fires early does no harm; setting it for each packet would.
        if until < armed || timer.is_elapsed() {
            armed = until;
            timer.as_mut().reset(until.into());
        }
        tokio::select! {
            biased;
            told = handle.told() => {
                if matches!(told, Told::Replaced) {
                    // Its last acknowledgement may have come just before, which made it complete.
                    look(session, line, &mut room);
                }
                let now = Instant::now();
                match told {
                    // With the last block under way it is no duplicate: its acknowledgement was overtaken, or lost.
                    Told::Again => again = session.is_at_end(),
                    Told::Mail(packet) => session.handle(Event::Datagram(&packet), now),
                    Told::Replaced => session.handle(Event::Replaced, now),
                    Told::Stopping => session.handle(Event::Stopping, now),
                }
            }
            came = line.receive(&mut room) => {
                let before = session.in_turn();
                take(session, &came, &room);
                if session.in_turn() > before {
                    line.rest();
                }
            }
            () = timer.as_mut() => look(session, line, &mut room),
        }
        if session.is_verified() {
            place.verify();
        }
    }
}

/// Takes all that has come.
fn look(session: &mut Session, line: &Line<'_>, room: &mut [u8]) {
    while let Some(came) = line.look(room) {
        take(session, &came, room);
    }
}

fn take(session: &mut Session, came: &Came, room: &[u8]) {
    let event = match came {
        Came::Datagram(length) => Event::Datagram(room.get(..*length).unwrap_or_default()),
        Came::Failed => Event::Failed,
        Came::Unreachable => Event::Unreachable,
    };
    session.handle(event, Instant::now());
}
