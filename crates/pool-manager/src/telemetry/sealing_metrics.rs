//! Which keys the sealed secrets need, as a metric.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use secrets::Resealing;

/// Reports, from the replica that went through them last, how many rows need which key.
pub(crate) fn observe_sealing(meter: &Meter, resealing: &Resealing) {
    let resealing = resealing.clone();
    meter
        .u64_observable_gauge("secrets.sealed_rows")
        .with_description("Sealed secrets by the name of the key that opens them.")
        .with_callback(move |observer| {
            let Some(counted) = resealing.counted() else { return };
            for (key, rows) in counted.rows {
                observer.observe(rows, &[KeyValue::new("key_id", key.to_string())]);
            }
        })
        .build();
}
