//! What the fail-safe holds and did, as metrics.

use opentelemetry::metrics::Meter;
use tenancy::{FailSafe, FailSafeCounters};

use super::counter_table::{Counter, observe_counters};

type Reading = fn(&FailSafeCounters) -> u64;

const COUNTERS: [Counter<FailSafeCounters>; 5] = [
    ("fail_safe.served", "Answers from what was confirmed before.", |counters| counters.served),
    ("fail_safe.keys.honoured", "Calls let in by what was confirmed of their keys before.", |counters| {
        counters.honoured
    }),
    ("fail_safe.evictions", "Remembered entries that made room for others.", |counters| counters.evicted),
    ("fail_safe.snapshot.skipped", "Entries of the snapshot that could not be read.", |counters| {
        counters.skipped
    }),
    ("fail_safe.snapshot.failures", "Times the snapshot could not be read or written.", |counters| {
        counters.failures
    }),
];

/// Reports counters and sizes whenever metrics are collected.
pub(crate) fn observe_fail_safe(meter: &Meter, fail_safe: &FailSafe) {
    let counting = fail_safe.clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(counting.counters()));
    let gauges: [(&str, &str, &str, Reading); 3] = [
        ("fail_safe.entries", "", "Connections and keys that are remembered.", |counters| counters.entries),
        ("fail_safe.size", "By", "Memory of what is remembered.", |counters| counters.bytes),
        ("fail_safe.snapshot.size", "By", "Bytes of the snapshot.", |counters| counters.file_bytes),
    ];
    for (name, unit, description, reading) in gauges {
        let fail_safe = fail_safe.clone();
        meter
            .u64_observable_gauge(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| observer.observe(reading(&fail_safe.counters()), &[]))
            .build();
    }
}
