//! The one accept loop, for phones and operators alike.
//!
//! Promises: nothing that a peer does holds it up; faults of one connection are passed over; faults of the
//! process, like want of descriptors, pause it and never end it.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use metrics::Counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// Time to wait when the process itself cannot take connections.
const PAUSE: Duration = Duration::from_millis(100);

/// What a loop needs besides its listener.
#[derive(Clone)]
pub struct Gate {
    /// Who listens, for logs.
    pub transport: &'static str,
    /// Tells the loop to end.
    pub stop: CancellationToken,
    /// Where connections are spawned, so that stopping can wait for them.
    pub tracker: TaskTracker,
    /// Counts connections that could not be taken.
    pub errors: Counter,
}

/// Takes connections until the server stops; each is served in a task of its own, or closed where `serve` gives none.
pub async fn run<F>(listener: TcpListener, gate: Gate, serve: impl Fn(TcpStream, SocketAddr) -> Option<F>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut quiet = true;
    loop {
        let accepted = tokio::select! {
            () = gate.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                quiet = true;
                // Responses are written in one go; waiting to fill packets would only delay their ends.
                stream.set_nodelay(true).ok();
                if let Some(serving) = serve(stream, peer) {
                    gate.tracker.spawn(serving);
                }
            }
            Err(error) if is_of_one_connection(&error) => (),
            Err(error) => {
                gate.errors.increment(1);
                if quiet {
                    let (transport, error) = (gate.transport, &error as &dyn std::error::Error);
                    warn!(transport, error, "cannot accept; pausing");
                    quiet = false;
                }
                sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
    )
}
