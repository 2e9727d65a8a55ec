//! The one place where names of metrics live, each with what it tells.
//!
//! Promises: `bellhop_<thing>_<base unit>[_total]`; every family that is exported is described here. The process
//! itself is told of by the usual `process_…` names, which `metrics-process` brings.

use metrics::{describe_counter, describe_gauge};

pub(crate) const ACCEPT_ERRORS: &str = "bellhop_accept_errors_total";
pub(crate) const ANSWER_SECONDS: &str = "bellhop_answer_seconds";
pub(crate) const ASSET_BYTES: &str = "bellhop_asset_bytes_total";
pub(crate) const ASSET_DOWNLOADS: &str = "bellhop_asset_downloads";
pub(crate) const ASSET_REQUESTS: &str = "bellhop_asset_requests_total";
pub(crate) const BUILD_INFO: &str = "bellhop_build_info";
pub(crate) const CACHE_BYTES: &str = "bellhop_cache_bytes";
pub(crate) const CACHE_EVICTIONS: &str = "bellhop_cache_evictions_total";
pub(crate) const CACHE_FILES: &str = "bellhop_cache_files";
pub(crate) const CACHE_LIMIT_BYTES: &str = "bellhop_cache_limit_bytes";
pub(crate) const CERTIFICATE_EXPIRY: &str = "bellhop_certificate_expiry_timestamp_seconds";
pub(crate) const CONNECTIONS: &str = "bellhop_connections";
pub(crate) const TURNED_AWAY: &str = "bellhop_connections_turned_away_total";
pub(crate) const CONNECTIONS_LIMIT: &str = "bellhop_connections_limit";
pub(crate) const GUARD_ALARMS: &str = "bellhop_guard_alarms_total";
pub(crate) const GUARD_BANS: &str = "bellhop_guard_bans";
pub(crate) const GUARD_BANS_TOTAL: &str = "bellhop_guard_bans_total";
pub(crate) const HANDSHAKE_FAILURES: &str = "bellhop_handshake_failures_total";
pub(crate) const REFUSALS: &str = "bellhop_refusals_total";
pub(crate) const RELOADS: &str = "bellhop_reloads_total";
pub(crate) const RELOAD_SECONDS: &str = "bellhop_reload_seconds";
pub(crate) const RENDERS: &str = "bellhop_renders_total";
pub(crate) const REQUESTS: &str = "bellhop_requests_total";
pub(crate) const RUNS: &str = "bellhop_runs";
pub(crate) const RUNS_ENDED: &str = "bellhop_runs_ended_total";
pub(crate) const SNAPSHOT_DEVICES: &str = "bellhop_snapshot_devices";
pub(crate) const SNAPSHOT_SERIAL: &str = "bellhop_snapshot_serial";
pub(crate) const SNAPSHOT_STALE: &str = "bellhop_snapshot_stale";
pub(crate) const SNAPSHOT_TIMESTAMP: &str = "bellhop_snapshot_timestamp_seconds";
pub(crate) const TFTP_BYTES: &str = "bellhop_tftp_bytes_total";
pub(crate) const TFTP_IN_FLIGHT: &str = "bellhop_tftp_transfers";
pub(crate) const TFTP_REFUSALS: &str = "bellhop_tftp_refusals_total";
pub(crate) const TFTP_RETRANSMISSIONS: &str = "bellhop_tftp_retransmissions_total";
pub(crate) const TFTP_SECONDS: &str = "bellhop_tftp_transfer_seconds";
pub(crate) const TFTP_TRANSFERS: &str = "bellhop_tftp_transfers_total";

/// What is told of durations, which are exported by [`Durations`](super::Durations).
pub(super) const ANSWER_SECONDS_HELP: &str =
    "Time from a request that is read to a response that is made, without the network.";
pub(super) const RELOAD_SECONDS_HELP: &str = "Time that readings of the files took, by result.";
pub(super) const TFTP_SECONDS_HELP: &str = "Time that transfers over TFTP took, however they ended.";

/// Tells a recorder what everything means.
pub(super) fn describe() {
    describe_counter!(ACCEPT_ERRORS, "Connections that could not be taken.");
    describe_counter!(
        ASSET_BYTES,
        "Bytes of assets that were sent over HTTP and HTTPS, or acknowledged over TFTP."
    );
    describe_gauge!(ASSET_DOWNLOADS, "Downloads of assets that are under way.");
    describe_counter!(ASSET_REQUESTS, "Requests for assets, by outcome.");
    describe_gauge!(BUILD_INFO, "Always 1; its label tells the version.");
    describe_gauge!(CACHE_BYTES, "Bytes of rendered files that are kept in memory.");
    describe_counter!(CACHE_EVICTIONS, "Rendered files that made room for others.");
    describe_gauge!(CACHE_FILES, "Rendered files that are kept in memory.");
    describe_gauge!(CACHE_LIMIT_BYTES, "Most bytes of rendered files that may be kept in memory.");
    describe_gauge!(
        CERTIFICATE_EXPIRY,
        "When the first of the server's certificates ends, in seconds since 1970; 0 where there is none."
    );
    describe_gauge!(CONNECTIONS, "Connections of phones that are open.");
    describe_counter!(
        TURNED_AWAY,
        "Connections that were turned away, by reason: all places taken, or those of a source."
    );
    describe_gauge!(CONNECTIONS_LIMIT, "Most connections of phones that may be open, over all listeners.");
    describe_counter!(GUARD_ALARMS, "Signs that somebody harvests configuration, by kind.");
    describe_gauge!(GUARD_BANS, "Networks that are banned.");
    describe_counter!(GUARD_BANS_TOTAL, "Bans of networks that began.");
    describe_counter!(HANDSHAKE_FAILURES, "TLS handshakes that failed or took too long, by reason.");
    describe_counter!(REFUSALS, "Requests of phones that got nothing, by reason.");
    describe_counter!(RELOADS, "Readings of the files, by result.");
    describe_counter!(
        RENDERS,
        "Files handed out or failed, by how they came about: kept is a hit of the cache, made a miss."
    );
    describe_counter!(REQUESTS, "Requests of phones, by outcome.");
    describe_gauge!(RUNS, "Runs of jobs that are under way.");
    describe_counter!(RUNS_ENDED, "Runs of jobs that ended, by how.");
    describe_gauge!(SNAPSHOT_DEVICES, "Devices of the current snapshot.");
    describe_gauge!(SNAPSHOT_SERIAL, "Number of the current snapshot.");
    describe_gauge!(
        SNAPSHOT_STALE,
        "1 while the files are faulty and phones are served what they were before, else 0."
    );
    describe_gauge!(SNAPSHOT_TIMESTAMP, "When the current snapshot was published, in seconds since 1970.");
    describe_counter!(TFTP_BYTES, "Bytes of files that phones acknowledged over TFTP.");
    describe_gauge!(TFTP_IN_FLIGHT, "Transfers over TFTP that are under way.");
    describe_counter!(
        TFTP_REFUSALS,
        "TFTP datagrams that came to nothing before anything was looked up, by reason."
    );
    describe_counter!(TFTP_RETRANSMISSIONS, "TFTP packets that were sent again.");
    describe_counter!(TFTP_TRANSFERS, "Transfers over TFTP, by how they ended.");
}
