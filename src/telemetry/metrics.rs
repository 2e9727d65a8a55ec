//! Every metric: its name, its labels, its handle.

use metrics::{Counter, Gauge, counter, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::model::Protocol;
use crate::permit::Refusal;

const ACCEPT_ERRORS: &str = "bellhop_accept_errors_total";
const BUILD_INFO: &str = "bellhop_build_info";
const CACHE_BYTES: &str = "bellhop_cache_bytes";
const CONNECTIONS: &str = "bellhop_connections";
const HANDSHAKE_FAILURES: &str = "bellhop_handshake_failures_total";
const REFUSALS: &str = "bellhop_refusals_total";
const RELOADS: &str = "bellhop_reloads_total";
const RENDERS: &str = "bellhop_renders_total";
const REQUESTS: &str = "bellhop_requests_total";
const SNAPSHOT_DEVICES: &str = "bellhop_snapshot_devices";
const SNAPSHOT_SERIAL: &str = "bellhop_snapshot_serial";
const SNAPSHOT_TIMESTAMP: &str = "bellhop_snapshot_timestamp_seconds";

/// The metrics of a process.
pub struct Metrics {
    handle: PrometheusHandle,
    /// Reads that brought a new snapshot.
    pub reloads_published: Counter,
    /// Reads that found nothing new.
    pub reloads_unchanged: Counter,
    /// Reads that found faults; the last good snapshot stayed.
    pub reloads_refused: Counter,
    /// Devices of the current snapshot.
    pub snapshot_devices: Gauge,
    /// Number of the current snapshot.
    pub snapshot_serial: Gauge,
    /// When the current snapshot was published, in seconds since 1970.
    pub snapshot_timestamp: Gauge,
    /// Bytes of rendered files that are kept.
    pub cache_bytes: Gauge,
    http: Requests,
    https: Requests,
}

/// The metrics of a phone listener.
#[derive(Clone)]
pub struct Requests {
    /// Connections that could not be taken.
    pub accept_errors: Counter,
    /// Connections open now.
    pub connections: Gauge,
    /// TLS handshakes that failed or took too long.
    pub handshake_failures: Counter,
    /// Requests whose file could not be rendered.
    pub failed: Counter,
    /// Requests that break HTTP or ask for what is not offered.
    pub invalid: Counter,
    /// Requests answered with "not modified".
    pub not_modified: Counter,
    /// Requests that got nothing.
    pub refused: Counter,
    /// Requests that got a file.
    pub served: Counter,
    /// Files out of the cache.
    pub renders_kept: Counter,
    /// Files rendered anew.
    pub renders_made: Counter,
    /// Files that failed to render.
    pub renders_failed: Counter,
    refusals: Vec<Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            describe();
            gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
            Self {
                handle: recorder.handle(),
                reloads_published: counter!(RELOADS, "result" => "published"),
                reloads_unchanged: counter!(RELOADS, "result" => "unchanged"),
                reloads_refused: counter!(RELOADS, "result" => "refused"),
                snapshot_devices: gauge!(SNAPSHOT_DEVICES),
                snapshot_serial: gauge!(SNAPSHOT_SERIAL),
                snapshot_timestamp: gauge!(SNAPSHOT_TIMESTAMP),
                cache_bytes: gauge!(CACHE_BYTES),
                http: Requests::of(Protocol::Http),
                https: Requests::of(Protocol::Https),
            }
        })
    }
}

impl Metrics {
    /// Gives the metrics of the listeners of a protocol.
    pub fn requests(&self, protocol: Protocol) -> Requests {
        match protocol {
            Protocol::Http | Protocol::Tftp => self.http.clone(),
            Protocol::Https => self.https.clone(),
        }
    }

    /// Writes all of them in the Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

impl Requests {
    fn of(protocol: Protocol) -> Self {
        let transport = protocol.word();
        let outcome =
            |outcome: &'static str| counter!(REQUESTS, "transport" => transport, "outcome" => outcome);
        let render = |result: &'static str| counter!(RENDERS, "transport" => transport, "result" => result);
        let refusal =
            |refusal: &Refusal| counter!(REFUSALS, "transport" => transport, "reason" => refusal.word());
        Self {
            accept_errors: counter!(ACCEPT_ERRORS, "transport" => transport),
            connections: gauge!(CONNECTIONS, "transport" => transport),
            handshake_failures: counter!(HANDSHAKE_FAILURES, "transport" => transport),
            failed: outcome("failed"),
            invalid: outcome("invalid"),
            not_modified: outcome("not-modified"),
            refused: outcome("refused"),
            served: outcome("served"),
            renders_kept: render("kept"),
            renders_made: render("made"),
            renders_failed: render("failed"),
            refusals: Refusal::ALL.iter().map(refusal).collect(),
        }
    }

    /// Counts a refusal by its reason.
    pub fn refusal(&self, refusal: Refusal) {
        self.refused.increment(1);
        if let Some(counter) =
            Refusal::ALL.iter().position(|known| *known == refusal).and_then(|at| self.refusals.get(at))
        {
            counter.increment(1);
        }
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge};
    describe_counter!(ACCEPT_ERRORS, "Connections that could not be taken.");
    describe_gauge!(BUILD_INFO, "Always 1; its label tells the version.");
    describe_gauge!(CACHE_BYTES, "Bytes of rendered files that are kept in memory.");
    describe_gauge!(CONNECTIONS, "Connections of phones that are open.");
    describe_counter!(HANDSHAKE_FAILURES, "TLS handshakes that failed or took too long.");
    describe_counter!(REFUSALS, "Requests of phones that got nothing, by reason.");
    describe_counter!(RELOADS, "Readings of the files, by result.");
    describe_counter!(RENDERS, "Files handed out or failed, by how they came about.");
    describe_counter!(REQUESTS, "Requests of phones, by outcome.");
    describe_gauge!(SNAPSHOT_DEVICES, "Devices of the current snapshot.");
    describe_gauge!(SNAPSHOT_SERIAL, "Number of the current snapshot.");
    describe_gauge!(SNAPSHOT_TIMESTAMP, "When the current snapshot was published, in seconds since 1970.");
}
