//! What the rate limit counts, as metrics.

use middleware::{RateLimitCounters, RateLimitLayer};
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};

const COUNTERS: [Counter<RateLimitCounters>; 10] = [
    ("rate_limit.allowed", "Requests that the limit let through.", |counters| counters.allowed),
    ("rate_limit.denied", "Requests that were answered 429.", |counters| counters.denied),
    (
        "rate_limit.denied_from_memory",
        "Requests that were answered 429 without a round trip, because one was just before.",
        |counters| counters.denied_from_memory,
    ),
    ("rate_limit.takes", "Takes that were asked of the cache.", |counters| counters.takes),
    ("rate_limit.coalesced", "Requests that shared the take of another.", |counters| counters.coalesced),
    ("rate_limit.abandoned", "Requests that were granted and gone by then.", |counters| counters.abandoned),
    ("rate_limit.local", "Requests that were decided in this process.", |counters| counters.local),
    ("rate_limit.open", "Requests that passed unlimited, the cache being away.", |counters| counters.open),
    ("rate_limit.closed", "Requests that were refused, the cache being away.", |counters| counters.closed),
    (
        "rate_limit.crowded",
        "Requests that were answered 429, because too many of one caller waited.",
        |counters| counters.crowded,
    ),
];

/// Reports the counters of the layer whenever metrics are collected.
pub(crate) fn observe_rate_limit(meter: &Meter, layer: &RateLimitLayer) {
    let layer = layer.clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(layer.counters()));
}
