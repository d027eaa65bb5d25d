//! How late this process learns of changes of API keys, as a metric.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::metrics::Meter;

/// What is promised of a revocation at the latest.
const PROMISED: Duration = Duration::from_secs(2);

/// Records how long after its commit each change of a key was heard of from the record store.
pub(crate) fn record_key_changes(meter: &Meter) -> impl Fn(Duration) + Send + Sync + 'static {
    let lag = meter
        .f64_histogram("api_keys.change.lag")
        .with_unit("s")
        .with_description(
            "Time from the commit of a change of an API key to when this process had it at the latest.",
        )
        // The store is looked at every 0.5 s; 1 s and 2 s are what is promised of a revocation.
        .with_boundaries(vec![0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0, 60.0])
        .build();
    // Changes are rare: a histogram that begins with the first of them shows no increase to whoever watches. This counts from 0.
    let late = Arc::new(AtomicU64::new(0));
    let observed = Arc::clone(&late);
    meter
        .u64_observable_counter("api_keys.change.late")
        .with_description("Changes of API keys that this process heard of later than 2 s after their commit.")
        .with_callback(move |observer| observer.observe(observed.load(Ordering::Relaxed), &[]))
        .build();
    move |after| {
        lag.record(after.as_secs_f64(), &[]);
        if after > PROMISED {
            late.fetch_add(1, Ordering::Relaxed);
        }
    }
}
