//! What near-caches count, and how late they hear of changes, as metrics.

use std::time::Duration;

use cache::{CacheHandle, LAG_BOUNDS, NearCounters, TrackingCounters};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};

type LagReading = fn(&TrackingCounters) -> Duration;

const COUNTERS: [Counter<NearCounters>; 6] = [
    ("cache.near.hits", "Look-ups that a near-cache answered.", |counters| counters.hits),
    ("cache.near.misses", "Look-ups that a near-cache could not answer.", |counters| counters.misses),
    ("cache.near.evictions", "Entries of a near-cache that made room for others.", |counters| {
        counters.evictions
    }),
    ("cache.near.loads.coalesced", "Look-ups that waited for the load of another.", |counters| {
        counters.coalesced
    }),
    ("cache.near.invalidations", "Entries given up because their key changed.", |counters| {
        counters.invalidations
    }),
    ("cache.near.clears", "Times everything in a near-cache was given up.", |counters| counters.clears),
];

/// Reports the counters of one near-cache whenever metrics are collected. `name` tells it from others.
pub(crate) fn observe_near(
    meter: &Meter,
    name: &'static str,
    counters: impl Fn() -> NearCounters + Clone + Send + Sync + 'static,
) {
    let attributes = [KeyValue::new("cache.near.name", name)];
    let snapshot = counters.clone();
    observe_counters(meter, &COUNTERS, &attributes, move || Some(snapshot()));
    meter
        .u64_observable_gauge("cache.near.size")
        .with_description("Memory of what a near-cache holds.")
        .with_unit("By")
        .with_callback(move |observer| observer.observe(counters().bytes, &attributes))
        .build();
}

/// Reports how late the news of changes comes. Nothing is reported before the first measure.
pub(crate) fn observe_tracking(meter: &Meter, cache: &CacheHandle) {
    let gauges: [(&str, &str, LagReading); 2] = [
        ("cache.tracking.lag.last", "Newest lag between a change and the news of it.", |lag| lag.last),
        ("cache.tracking.lag.longest", "Longest lag between a change and the news of it.", |lag| lag.longest),
    ];
    for (name, description, reading) in gauges {
        let cache = cache.clone();
        meter
            .f64_observable_gauge(name)
            .with_description(description)
            .with_unit("s")
            .with_callback(move |observer| {
                let counters = cache.tracking_counters();
                if counters.samples > 0 {
                    observer.observe(reading(&counters).as_secs_f64(), &[]);
                }
            })
            .build();
    }
    let waiting = cache.clone();
    meter
        .u64_observable_gauge("cache.announcements.waiting")
        .with_description("Changes of records that the shared cache was not told of yet.")
        .with_callback(move |observer| observer.observe(waiting.unannounced() as u64, &[]))
        .build();
    let cache = cache.clone();
    meter
        .u64_observable_counter("cache.tracking.lag.measures")
        .with_description("Lags measured, by the bound that they kept; a slower one counts as infinite only.")
        .with_callback(move |observer| {
            let counters = cache.tracking_counters();
            if counters.samples == 0 {
                return;
            }
            for (bound, count) in LAG_BOUNDS.iter().zip(counters.at_most) {
                observer.observe(count, &[KeyValue::new("le", bound.as_secs_f64().to_string())]);
            }
            observer.observe(counters.samples, &[KeyValue::new("le", "+Inf")]);
        })
        .build();
}
