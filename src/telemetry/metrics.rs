//! Every metric: its name, its labels, its handle.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::model::Protocol;
use crate::permit::Refusal;
use crate::tftp::Ending;

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
const TFTP_BYTES: &str = "bellhop_tftp_bytes_total";
const TFTP_IN_FLIGHT: &str = "bellhop_tftp_transfers";
const TFTP_REFUSALS: &str = "bellhop_tftp_refusals_total";
const TFTP_RETRANSMISSIONS: &str = "bellhop_tftp_retransmissions_total";
const TFTP_SECONDS: &str = "bellhop_tftp_transfer_seconds";
const TFTP_TRANSFERS: &str = "bellhop_tftp_transfers_total";

/// Bounds of the durations that transfers are counted by, in seconds.
const TRANSFER_SECONDS: &[f64] = &[0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];

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
    /// Transfers over TFTP.
    pub transfers: Transfers,
    http: Requests,
    https: Requests,
    tftp: Requests,
}

/// The metrics of transfers over TFTP.
#[derive(Clone)]
pub struct Transfers {
    /// Bytes of files that phones acknowledged.
    pub bytes: Counter,
    /// Transfers under way.
    pub in_flight: Gauge,
    /// Packets that were sent again.
    pub retransmissions: Counter,
    /// How long transfers took, however they ended.
    pub seconds: Histogram,
    /// Requests that found all places taken, or no descriptor.
    pub busy: Counter,
    /// Requests of sources that have their share of places.
    pub crowded: Counter,
    /// Requests that came twice.
    pub duplicate: Counter,
    /// Requests of sources that ask too often.
    pub frequent: Counter,
    /// Datagrams that are no packet.
    pub malformed: Counter,
    /// Datagrams from networks that are not answered.
    pub network: Counter,
    /// Packets that belong to no transfer.
    pub stray: Counter,
    /// Requests to send a file to the server.
    pub upload: Counter,
    endings: Vec<Counter>,
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
        let seconds = Matcher::Full(TFTP_SECONDS.to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, TRANSFER_SECONDS)
            .expect("the bounds are there")
            .build_recorder();
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
                transfers: Transfers::new(),
                http: Requests::of(Protocol::Http),
                https: Requests::of(Protocol::Https),
                tftp: Requests::of(Protocol::Tftp),
            }
        })
    }
}

impl Metrics {
    /// Gives the metrics of the listeners of a protocol.
    pub fn requests(&self, protocol: Protocol) -> Requests {
        match protocol {
            Protocol::Http => self.http.clone(),
            Protocol::Https => self.https.clone(),
            Protocol::Tftp => self.tftp.clone(),
        }
    }

    /// Writes all of them in the Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was measured since into its buckets, so that it takes no memory where nobody reads them.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

impl Transfers {
    fn new() -> Self {
        let refusal = |reason: &'static str| counter!(TFTP_REFUSALS, "reason" => reason);
        let ending = |ending: &Ending| counter!(TFTP_TRANSFERS, "outcome" => ending.word());
        Self {
            bytes: counter!(TFTP_BYTES),
            in_flight: gauge!(TFTP_IN_FLIGHT),
            retransmissions: counter!(TFTP_RETRANSMISSIONS),
            seconds: histogram!(TFTP_SECONDS),
            busy: refusal("busy"),
            crowded: refusal("crowded"),
            duplicate: refusal("duplicate"),
            frequent: refusal("frequent"),
            malformed: refusal("malformed"),
            network: refusal("network"),
            stray: refusal("stray"),
            upload: refusal("upload"),
            endings: Ending::ALL.iter().map(ending).collect(),
        }
    }

    /// Counts the end of a transfer.
    pub fn ended(&self, ending: Ending) {
        let at = Ending::ALL.iter().position(|known| *known == ending);
        if let Some(counter) = at.and_then(|at| self.endings.get(at)) {
            counter.increment(1);
        }
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
    use metrics::{describe_counter, describe_gauge, describe_histogram};
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
    describe_counter!(TFTP_BYTES, "Bytes of files that phones acknowledged over TFTP.");
    describe_gauge!(TFTP_IN_FLIGHT, "Transfers over TFTP that are under way.");
    describe_counter!(
        TFTP_REFUSALS,
        "TFTP datagrams that came to nothing before anything was looked up, by reason."
    );
    describe_counter!(TFTP_RETRANSMISSIONS, "TFTP packets that were sent again.");
    describe_histogram!(TFTP_SECONDS, "How long transfers over TFTP took.");
    describe_counter!(TFTP_TRANSFERS, "Transfers over TFTP, by how they ended.");
}
