//! What becomes of rows of the audit log, as metrics.

use opentelemetry::metrics::Meter;
use tenancy::{AuditCounters, AuditKeeper, AuditNotes};

use super::counter_table::{Counter, observe_counters};

const COUNTERS: [Counter<AuditCounters>; 2] = [
    ("audit.chained", "Rows that this process put into the chain.", |counters| counters.chained),
    ("audit.removed", "Rows that this process removed for their age.", |counters| counters.removed),
];

/// The name of a gauge, its description, and where it is in a snapshot.
type Gauge = (&'static str, &'static str, fn(&AuditCounters) -> u64);

const GAUGES: [Gauge; 2] = [
    ("audit.sequence", "The number of the last row of the chain.", |counters| counters.sequence),
    ("audit.waiting", "Rows that wait for their place in the chain.", |counters| counters.waiting),
];

/// Reports what the keeper does whenever metrics are collected; how long the chain is, from the process that chains.
pub(crate) fn observe_audit(meter: &Meter, keeper: &AuditKeeper, notes: &AuditNotes) {
    let counted = keeper.clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(counted.counters()));
    for (name, description, reading) in GAUGES {
        let keeper = keeper.clone();
        meter
            .u64_observable_gauge(name)
            .with_description(description)
            .with_callback(move |observer| {
                let counters = keeper.counters();
                if counters.is_chaining {
                    observer.observe(reading(&counters), &[]);
                }
            })
            .build();
    }
    let waiting = notes.clone();
    meter
        .u64_observable_gauge("audit.notes.waiting")
        .with_description("Rows of what changed no record that wait for the record store.")
        .with_callback(move |observer| observer.observe(waiting.counters().waiting, &[]))
        .build();
    let dropped = notes.clone();
    meter
        .u64_observable_counter("audit.notes.dropped")
        .with_description("Such rows that were dropped, because too many waited.")
        .with_callback(move |observer| observer.observe(dropped.counters().dropped, &[]))
        .build();
}
