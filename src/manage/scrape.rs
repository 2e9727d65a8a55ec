//! What is measured only when somebody asks, so that it costs phones nothing.

use std::time::Instant;

use crate::guard::Guard;
use crate::jobs::runs::Runs;
use crate::snapshot::Store;
use crate::telemetry::Metrics;

/// Brings up to date what is not counted as it happens.
pub(super) fn measure(store: &Store, metrics: &Metrics, guard: &Guard, runs: &Runs) {
    let snapshot = store.current();
    let (cache, told) = (snapshot.cache(), &metrics.cache);
    told.bytes.set(gauge(cache.bytes()));
    told.evictions.absolute(cache.evictions());
    told.files.set(gauge(cache.files() as u64));
    told.limit_bytes.set(gauge(cache.limit_bytes()));
    guard.sweep(Instant::now());
    metrics.guarding.bans.set(gauge(guard.bans(Instant::now()).len() as u64));
    metrics.runs.under_way.set(gauge(runs.under_way() as u64));
    for (state, count) in runs.endings().all() {
        metrics.runs.ended(state.word(), count);
    }
    metrics.connections_limit.set(gauge(u64::from(snapshot.config().limits.connections)));
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating; counts stay far below 2^52")]
fn gauge(value: u64) -> f64 {
    value as f64
}
