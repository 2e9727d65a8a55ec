//! The log: fields, not sentences, to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log of this process; `BELLHOP_LOG` chooses what is told (`info` without it).
pub fn start() {
    let filter = EnvFilter::try_from_env("BELLHOP_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .finish();
    // A test may have started one before; the first stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
