//! What the cache client counts, as metrics.

use cache::{Cache, CacheHandle, Counters};
use opentelemetry::metrics::Meter;

type Reading = fn(&Counters) -> u64;

const COUNTERS: [(&str, &str, Reading); 9] = [
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
    for (name, description, reading) in COUNTERS {
        let cache = cache.clone();
        let instrument = meter.u64_observable_counter(name).with_description(description);
        instrument
            .with_callback(move |observer| {
                if let Ok(Cache::Valkey(valkey)) = cache.current() {
                    observer.observe(reading(&valkey.counters()), &[]);
                }
            })
            .build();
    }
}
