//! Logs and metrics: how the server tells what it does.
//!
//! Promises: no secret, path, body or token in either; labels of metrics are closed sets; the request path only
//! adds to counters that were looked up when the listener was bound.

mod assets;
mod durations;
mod fields;
mod guarding;
mod handshake;
mod journal;
mod json;
mod log;
mod metrics;
pub(crate) mod names;
mod runs;
mod samples;

pub use self::assets::{AssetRequests, Assets};
pub use self::durations::Durations;
pub use self::guarding::Guarding;
pub use self::handshake::HandshakeFailure;
pub use self::log::{LogError, set_level as set_log_level, start as start_log};
pub use self::metrics::{CacheGauges, Metrics, Requests, Transfers};
pub use self::runs::Runs;
pub use self::samples::Sample;
