//! What the cache client counts, as metrics.

use cache::{Cache, CacheHandle, Counters};
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};

const COUNTERS: [Counter<Counters>; 11] = [
    ("cache.client.round_trips", "Times that a node was sent something and waited for.", |counters| {
        counters.round_trips
    }),
    ("cache.client.batched", "Commands that went to a node in one script call with others.", |counters| {
        counters.batched
    }),
    ("cache.client.links.opened", "Links to Valkey nodes that were opened.", |counters| {
        counters.links_opened
    }),
    ("cache.client.links.replaced", "Links that hung and were replaced.", |counters| counters.links_replaced),
    ("cache.client.slot_map.refreshes", "Times the slot map was read.", |counters| counters.map_refreshes),
    ("cache.client.redirections", "MOVED and ASK answers that were followed.", |counters| {
        counters.redirections
    }),
    ("cache.client.retries", "Commands that were sent again after a failure.", |counters| counters.retries),
    ("cache.client.timeouts", "Commands that got no answer in time.", |counters| counters.timeouts),
    ("cache.client.tracking.armed", "Links on which a node was asked to tell of changed keys.", |counters| {
        counters.tracking_armed
    }),
    ("cache.client.tracking.lost", "Such links that ended, hung or told nothing.", |counters| {
        counters.tracking_lost
    }),
    ("cache.client.tracking.resets", "Times that the near-caches were emptied.", |counters| {
        counters.tracking_resets
    }),
];

/// Reports the counters of the cache client whenever metrics are collected. The embedded cache has none.
pub(crate) fn observe_cache(meter: &Meter, cache: &CacheHandle) {
    let cache = cache.clone();
    observe_counters(meter, &COUNTERS, &[], move || match cache.current() {
        Ok(Cache::Valkey(valkey)) => Some(valkey.counters()),
        _ => None,
    });
}
