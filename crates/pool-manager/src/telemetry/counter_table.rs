//! Counters that something keeps of itself, as metrics.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// The name of a metric, its description, and where it is in a snapshot.
pub(super) type Counter<T> = (&'static str, &'static str, fn(&T) -> u64);

/// Reports every counter of `table` whenever metrics are collected, from a snapshot taken then. Where there is none,
/// nothing is reported.
pub(super) fn observe_counters<T: 'static>(
    meter: &Meter,
    table: &[Counter<T>],
    attributes: &[KeyValue],
    snapshot: impl Fn() -> Option<T> + Clone + Send + Sync + 'static,
) {
    for &(name, description, reading) in table {
        let (snapshot, attributes) = (snapshot.clone(), attributes.to_vec());
        meter
            .u64_observable_counter(name)
            .with_description(description)
            .with_callback(move |observer| {
                if let Some(counters) = snapshot() {
                    observer.observe(reading(&counters), &attributes);
                }
            })
            .build();
    }
}
