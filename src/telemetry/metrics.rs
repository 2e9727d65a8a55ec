//! Every metric: its name, its labels, its handle.

use std::sync::Arc;

use metrics::{Counter, Gauge, counter, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use metrics_process::Collector;

use crate::model::Protocol;
use crate::permit::Refusal;
use crate::telemetry::HandshakeFailure;
use crate::telemetry::assets::Assets;
use crate::telemetry::durations::{self, Durations, write_family};
use crate::telemetry::guarding::Guarding;
use crate::telemetry::names;
use crate::telemetry::runs::Runs;
use crate::telemetry::samples::{self, Sample};
use crate::tftp::Ending;

/// The metrics of a process.
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    process: Collector,
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
    /// Rendered files that are kept.
    pub cache: CacheGauges,
    /// When the first of the server's certificates ends, in seconds since 1970; 0 where there is none.
    pub certificate_expiry: Gauge,
    /// Most connections of phones that may be open.
    pub connections_limit: Gauge,
    /// Whether the files are faulty and older ones are served: 1 or 0.
    pub snapshot_stale: Gauge,
    /// How long reads took that brought a new snapshot.
    pub reload_published: Durations,
    /// How long reads took that found nothing new.
    pub reload_unchanged: Durations,
    /// How long reads took that found faults.
    pub reload_refused: Durations,
    /// Bans and alarms.
    pub guarding: Guarding,
    /// Transfers over TFTP.
    pub transfers: Transfers,
    /// Files that are the same for everybody.
    pub assets: Assets,
    /// Runs of jobs.
    pub runs: Runs,
    http: Requests,
    https: Requests,
    tftp: Requests,
}

/// The metrics of the rendered files that are kept, as they are when somebody asks.
pub struct CacheGauges {
    /// How many bytes they are.
    pub bytes: Gauge,
    /// How many made room for others so far.
    pub evictions: Counter,
    /// How many they are.
    pub files: Gauge,
    /// How many bytes they may be.
    pub limit_bytes: Gauge,
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
    pub seconds: Durations,
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
    /// How long it took to make responses.
    pub answer_seconds: Durations,
    /// Connections that could not be taken.
    pub accept_errors: Counter,
    /// Connections open now.
    pub connections: Gauge,
    /// Connections that found all places taken.
    pub turned_away_full: Counter,
    /// Connections of sources that have their share of places.
    pub turned_away_source: Counter,
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
    /// None where no TLS is spoken.
    handshake_failures: Vec<Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
        with_local_recorder(&*recorder, || {
            names::describe();
            gauge!(names::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
            let process = Collector::default();
            process.describe();
            Self {
                recorder: Arc::clone(&recorder),
                process,
                reloads_published: counter!(names::RELOADS, "result" => "published"),
                reloads_unchanged: counter!(names::RELOADS, "result" => "unchanged"),
                reloads_refused: counter!(names::RELOADS, "result" => "refused"),
                snapshot_devices: gauge!(names::SNAPSHOT_DEVICES),
                snapshot_serial: gauge!(names::SNAPSHOT_SERIAL),
                snapshot_timestamp: gauge!(names::SNAPSHOT_TIMESTAMP),
                cache: CacheGauges {
                    bytes: gauge!(names::CACHE_BYTES),
                    evictions: counter!(names::CACHE_EVICTIONS),
                    files: gauge!(names::CACHE_FILES),
                    limit_bytes: gauge!(names::CACHE_LIMIT_BYTES),
                },
                certificate_expiry: gauge!(names::CERTIFICATE_EXPIRY),
                connections_limit: gauge!(names::CONNECTIONS_LIMIT),
                snapshot_stale: gauge!(names::SNAPSHOT_STALE),
                reload_published: Durations::new(durations::WAITED),
                reload_unchanged: Durations::new(durations::WAITED),
                reload_refused: Durations::new(durations::WAITED),
                guarding: Guarding::new(),
                transfers: Transfers::new(),
                assets: Assets::new(),
                runs: Runs::new(),
                http: Requests::of(Protocol::Http),
                https: Requests::of(Protocol::Https),
                tftp: Requests::of(Protocol::Tftp),
            }
        })
    }
}

impl Metrics {
    /// Notes what is served since when, in milliseconds since 1970 (UTC).
    pub fn note_snapshot(&self, serial: u64, devices: usize, milliseconds: u64) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating; counts stay far below 2^52")]
        fn gauge(value: u64) -> f64 {
            value as f64
        }
        self.snapshot_serial.set(gauge(serial));
        self.snapshot_devices.set(gauge(devices as u64));
        self.snapshot_timestamp.set(gauge(milliseconds) / 1000.0);
    }

    /// Gives the metrics of the listeners of a protocol.
    pub fn requests(&self, protocol: Protocol) -> Requests {
        match protocol {
            Protocol::Http => self.http.clone(),
            Protocol::Https => self.https.clone(),
            Protocol::Tftp => self.tftp.clone(),
        }
    }

    /// Gives every series as it is now.
    pub fn samples(&self) -> Vec<Sample> {
        samples::read(&self.render())
    }

    /// Writes all of them in the Prometheus text format.
    pub fn render(&self) -> String {
        with_local_recorder(&*self.recorder, || self.process.collect());
        let mut out = self.recorder.handle().render();
        let label = |name: &str, value: &str| format!("{name}=\"{value}\"");
        let answers = [&self.http, &self.https, &self.tftp].map(|requests| &requests.answer_seconds);
        let transports = [Protocol::Http, Protocol::Https, Protocol::Tftp];
        let transports = transports.map(|protocol| label("transport", protocol.word()));
        let answers: Vec<_> = transports.into_iter().zip(answers).collect();
        write_family(&mut out, names::ANSWER_SECONDS, names::ANSWER_SECONDS_HELP, &answers);
        let reloads = [
            (label("result", "published"), &self.reload_published),
            (label("result", "refused"), &self.reload_refused),
            (label("result", "unchanged"), &self.reload_unchanged),
        ];
        write_family(&mut out, names::RELOAD_SECONDS, names::RELOAD_SECONDS_HELP, &reloads);
        let transfers = [(String::new(), &self.transfers.seconds)];
        write_family(&mut out, names::TFTP_SECONDS, names::TFTP_SECONDS_HELP, &transfers);
        out
    }
}

impl Transfers {
    fn new() -> Self {
        let refusal = |reason: &'static str| counter!(names::TFTP_REFUSALS, "reason" => reason);
        let ending = |ending: &Ending| counter!(names::TFTP_TRANSFERS, "outcome" => ending.word());
        Self {
            bytes: counter!(names::TFTP_BYTES),
            in_flight: gauge!(names::TFTP_IN_FLIGHT),
            retransmissions: counter!(names::TFTP_RETRANSMISSIONS),
            seconds: Durations::new(durations::WAITED),
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
    /// Makes a set that nothing is kept in, for requests that are no phone's.
    pub fn uncounted(protocol: Protocol) -> Self {
        with_local_recorder(&metrics::NoopRecorder, || Self::of(protocol))
    }

    fn of(protocol: Protocol) -> Self {
        let transport = protocol.word();
        let turned_away =
            |reason: &'static str| counter!(names::TURNED_AWAY, "transport" => transport, "reason" => reason);
        let outcome =
            |outcome: &'static str| counter!(names::REQUESTS, "transport" => transport, "outcome" => outcome);
        let render =
            |result: &'static str| counter!(names::RENDERS, "transport" => transport, "result" => result);
        let refusal = |refusal: &Refusal| counter!(names::REFUSALS, "transport" => transport, "reason" => refusal.word());
        let handshake_failure = |reason: &HandshakeFailure| counter!(names::HANDSHAKE_FAILURES, "transport" => transport, "reason" => reason.word());
        let handshakes = if protocol == Protocol::Https { HandshakeFailure::ALL } else { &[] };
        Self {
            answer_seconds: Durations::new(durations::MADE),
            accept_errors: counter!(names::ACCEPT_ERRORS, "transport" => transport),
            connections: gauge!(names::CONNECTIONS, "transport" => transport),
            turned_away_full: turned_away("full"),
            turned_away_source: turned_away("source"),
            failed: outcome("failed"),
            invalid: outcome("invalid"),
            not_modified: outcome("not-modified"),
            refused: outcome("refused"),
            served: outcome("served"),
            renders_kept: render("kept"),
            renders_made: render("made"),
            renders_failed: render("failed"),
            refusals: Refusal::ALL.iter().map(refusal).collect(),
            handshake_failures: handshakes.iter().map(handshake_failure).collect(),
        }
    }

    /// Counts a TLS handshake that failed, by its reason.
    pub fn handshake_failed(&self, reason: HandshakeFailure) {
        let at = HandshakeFailure::ALL.iter().position(|known| *known == reason);
        if let Some(counter) = at.and_then(|at| self.handshake_failures.get(at)) {
            counter.increment(1);
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
