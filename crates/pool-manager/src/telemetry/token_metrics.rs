//! What became of bearer tokens, as metrics.

use middleware::{BearerTokenLayer, TokenCounters};
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};

const COUNTERS: [Counter<TokenCounters>; 3] = [
    ("bearer_tokens.remembered", "Requests whose token was verified before.", |counters| counters.remembered),
    ("bearer_tokens.verified", "Tokens that were verified by their signature.", |counters| counters.verified),
    ("bearer_tokens.refused", "Requests whose token was refused, or could not be checked.", |counters| {
        counters.refused
    }),
];

/// Reports the counters of the layer whenever metrics are collected.
pub(crate) fn observe_tokens(meter: &Meter, layer: &BearerTokenLayer) {
    let layer = layer.clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(layer.counters()));
}
