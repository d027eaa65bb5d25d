//! What the idempotency layer counts, as metrics.

use middleware::{IdempotencyCounters, IdempotencyLayer};
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};

const COUNTERS: [Counter<IdempotencyCounters>; 9] = [
    ("idempotency.executed", "Writes with a key whose handler ran.", |counters| counters.executed),
    ("idempotency.replayed", "Calls that got the answer of an earlier one.", |counters| counters.replayed),
    (
        "idempotency.in_progress",
        "Calls that were answered 409, because the first call of their key was running.",
        |counters| counters.in_progress,
    ),
    (
        "idempotency.reused",
        "Calls that were answered 422, because their key belongs to another request.",
        |counters| counters.reused,
    ),
    (
        "idempotency.not_replayable",
        "Calls that were answered 409, because the first answer is not kept.",
        |counters| counters.not_replayable,
    ),
    ("idempotency.invalid", "Calls that were refused for what they brought.", |counters| counters.invalid),
    ("idempotency.busy", "Calls that were answered 503, because too many were at work.", |counters| {
        counters.busy
    }),
    (
        "idempotency.failed",
        "Calls that failed for want of the cache, the ledger or the handler.",
        |counters| counters.failed,
    ),
    ("idempotency.kept_late", "Answers that the cache did not take at once.", |counters| counters.kept_late),
];

/// Reports the counters of the layer whenever metrics are collected.
pub(crate) fn observe_idempotency(meter: &Meter, layer: &IdempotencyLayer) {
    let layer = layer.clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(layer.counters()));
}
