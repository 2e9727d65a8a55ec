//! The metrics of files that are the same for everybody.

use metrics::{Counter, Gauge, counter, gauge};

use crate::model::Protocol;
use crate::telemetry::names;

/// The metrics of assets.
#[derive(Clone)]
pub struct Assets {
    /// Downloads under way.
    pub downloads: Gauge,
    http: AssetRequests,
    https: AssetRequests,
    tftp: AssetRequests,
}

/// The metrics of assets over one protocol.
#[derive(Clone)]
pub struct AssetRequests {
    /// Bytes that were sent.
    pub bytes: Counter,
    /// Requests that found all downloads taken.
    pub busy: Counter,
    /// Requests for files that cannot be read.
    pub failed: Counter,
    /// Requests for parts that are not there, and those whose condition does not hold.
    pub invalid: Counter,
    /// Requests for what is not there.
    pub missing: Counter,
    /// Requests answered with "not modified".
    pub not_modified: Counter,
    /// Requests that got a file or a part of it.
    pub served: Counter,
}

impl Assets {
    pub(super) fn new() -> Self {
        let [http, https, tftp] = [Protocol::Http, Protocol::Https, Protocol::Tftp].map(AssetRequests::of);
        Self { downloads: gauge!(names::ASSET_DOWNLOADS), http, https, tftp }
    }

    /// Gives the metrics of a protocol.
    pub const fn requests(&self, protocol: Protocol) -> &AssetRequests {
        match protocol {
            Protocol::Http => &self.http,
            Protocol::Https => &self.https,
            Protocol::Tftp => &self.tftp,
        }
    }
}

impl AssetRequests {
    fn of(protocol: Protocol) -> Self {
        let transport = protocol.word();
        let outcome = |outcome: &'static str| counter!(names::ASSET_REQUESTS, "transport" => transport, "outcome" => outcome);
        Self {
            bytes: counter!(names::ASSET_BYTES, "transport" => transport),
            busy: outcome("busy"),
            failed: outcome("failed"),
            invalid: outcome("invalid"),
            missing: outcome("missing"),
            not_modified: outcome("not-modified"),
            served: outcome("served"),
        }
    }
}
