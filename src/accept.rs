//! The one accept loop, for phones and operators alike.
//!
//! Promises: nothing that a peer does holds it up; faults of one connection are passed over; faults of the
//! process, like want of descriptors, pause it and never end it.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use metrics::Counter;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
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

/// Where connections come from.
pub trait Entrance {
    /// A connection.
    type Stream;
    /// Who connects.
    type Peer;

    /// Waits for the next one.
    fn take(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>> + Send;
}

impl Entrance for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    async fn take(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.accept().await?;
        // Responses are written in one go; waiting to fill packets would only delay their ends.
        stream.set_nodelay(true).ok();
        Ok((stream, peer))
    }
}

impl Entrance for UnixListener {
    type Stream = UnixStream;
    type Peer = ();

    async fn take(&self) -> io::Result<(UnixStream, ())> {
        self.accept().await.map(|(stream, _)| (stream, ()))
    }
}

/// Takes connections until the server stops; each is served in a task of its own, or closed where `serve` gives none.
pub async fn run<E, F>(listener: E, gate: Gate, serve: impl Fn(E::Stream, E::Peer) -> Option<F>)
where
    E: Entrance,
    F: Future<Output = ()> + Send + 'static,
{
    let mut quiet = true;
    loop {
        let accepted = tokio::select! {
            () = gate.stop.cancelled() => return,
            accepted = listener.take() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                quiet = true;
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
