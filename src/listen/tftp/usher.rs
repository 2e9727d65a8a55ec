//! What strangers hear on a transfer's own port: that they are at the wrong one (RFC 1350, section 4).
//!
//! Promises: the transfer's socket is connected and stays so, which keeps strangers' packets out of the transfer and
//! lets it hear the network's word that nobody is there (promise T3); strangers come to a second socket on the same
//! port, which no packet can end or disturb the transfer by. A transfer that is over in a moment has none, and the
//! system itself tells its strangers that nobody is there for them.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

use crate::listen::tftp::line::Line;
use crate::listen::tftp::places::{Ends, Handle};
use crate::listen::tftp::{Desk, PAUSE, error};
use crate::tftp::{ErrorCode, Packet};

/// Age of a transfer from which on strangers are told; most are over by then, and cost nothing more.
const SETTLED: Duration = Duration::from_millis(300);

/// Room for the beginning of a packet.
const ROOM: usize = 64;

/// Turns strangers away from a transfer's port for as long as it is polled.
pub(super) async fn turn_away(desk: &Desk, line: &Line<'_>, ends: Ends, handle: &Handle) -> Infallible {
    sleep(SETTLED).await;
    // Whoever forges requests gets no second socket.
    handle.verified().await;
    // Boxed, so that transfers that are over by then stay small.
    Box::pin(listen(desk, line, ends)).await
}

async fn listen(desk: &Desk, line: &Line<'_>, ends: Ends) -> Infallible {
    let Some(_descriptor) = descriptor(&desk.room.ushers) else { return pending().await };
    // A port that strangers cannot be heard on is as good as any other.
    let Some(Ok(socket)) = line.second_socket() else { return pending().await };
    let mut room = [0; ROOM];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut room).await else {
            sleep(PAUSE).await;
            continue;
        };
        let packet = room.get(..length).unwrap_or_default();
        if is_same(from, ends.peer) {
            // It came in the moment in which both sockets were open to it.
            desk.room.places.deliver(ends, packet);
            continue;
        }
        desk.room.transfers.stray.increment(1);
        // An error is never answered by an error.
        let is_error = matches!(Packet::decode(packet), Ok(Packet::Error { .. }));
        if !is_error
            && desk.room.settings(|settings| settings.allows(from.ip()))
            && desk.room.places.may_scold(from)
        {
            socket.try_send_to(&error(ErrorCode::UnknownTransfer, "no transfer"), from).ok();
        }
    }
}

/// Takes a descriptor out of those that transfers leave.
fn descriptor(ushers: &Semaphore) -> Option<SemaphorePermit<'_>> {
    ushers.try_acquire().ok()
}

fn is_same(from: SocketAddr, peer: SocketAddr) -> bool {
    (from.ip(), from.port()) == (peer.ip(), peer.port())
}
