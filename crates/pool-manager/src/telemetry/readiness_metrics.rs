//! What the readiness probes found, as metrics.

use api::CheckOutcome;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Records every look at a dependency: how long it took, and what it found.
pub(crate) fn record_checks(meter: &Meter) -> impl Fn(CheckOutcome) + Send + Sync + 'static {
    let duration = meter
        .f64_histogram("readiness.check.duration")
        .with_unit("s")
        .with_description("Duration of the readiness checks.")
        // A check is cut off at 0.9 s.
        .with_boundaries(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.9])
        .build();
    let status = meter
        .u64_counter("readiness.check.status")
        .with_description("What the readiness checks found.")
        .build();
    move |outcome| {
        let attributes =
            [KeyValue::new("dependency", outcome.dependency), KeyValue::new("status", outcome.status.name())];
        duration.record(outcome.took.as_secs_f64(), &attributes);
        status.add(1, &attributes);
    }
}
