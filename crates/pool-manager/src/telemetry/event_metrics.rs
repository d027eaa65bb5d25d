//! What the relay of events counts, as metrics.

use std::sync::Arc;

use events::rabbitmq::{RabbitPublisher, RabbitStats};
use events::{RelayCounters, TargetCounters};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::counter_table::{Counter, observe_counters};
use crate::event_relay::EventRelay;

const COUNTERS: [Counter<RelayCounters>; 2] = [
    ("events.released", "Events that got their number from this process.", |counters| counters.released),
    ("events.set_aside", "Stored events that could not be read.", |counters| counters.set_aside),
];

const OF_TARGETS: [Counter<TargetCounters>; 3] = [
    ("events.published", "Messages that a target took, repeats too.", |counters| counters.published),
    ("events.failed", "Tries to publish a message that failed.", |counters| counters.failed),
    ("events.parked", "Messages that a target refused for good.", |counters| counters.parked),
];

const OF_RABBITMQ: [Counter<RabbitStats>; 2] = [
    ("events.rabbitmq.returned", "Messages that no queue took.", |stats| stats.returned),
    ("events.rabbitmq.reconnections", "Connections that were made after the first.", |stats| {
        stats.reconnections
    }),
];

/// Reports the counters of the relay, and how much waits, whenever metrics are collected.
pub(crate) fn observe_events(meter: &Meter, events: &EventRelay) {
    let relay = events.relay().clone();
    observe_counters(meter, &COUNTERS, &[], move || Some(relay.counters()));
    for (name, description, reading) in OF_TARGETS {
        let relay = events.relay().clone();
        meter
            .u64_observable_counter(name)
            .with_description(description)
            .with_callback(move |observer| {
                for target in relay.counters().targets {
                    observer.observe(reading(&target), &[KeyValue::new("target", target.target.clone())]);
                }
            })
            .build();
    }
    let relay = events.relay().clone();
    meter
        .u64_observable_gauge("events.behind")
        .with_description("Released events that a target has not got yet; of the process that relays.")
        .with_callback(move |observer| {
            let counters = relay.counters();
            for target in counters.targets.into_iter().filter(|_| counters.is_relaying) {
                observer.observe(target.behind, &[KeyValue::new("target", target.target)]);
            }
        })
        .build();
    let relay = events.relay().clone();
    meter
        .u64_observable_gauge("events.relaying")
        .with_description("1 in the process that relays events, 0 in the others.")
        .with_callback(move |observer| observer.observe(u64::from(relay.counters().is_relaying), &[]))
        .build();
    observe_outbox(meter, events);
    if let Some(publisher) = events.rabbitmq() {
        let publisher: Arc<RabbitPublisher> = Arc::clone(publisher);
        observe_counters(meter, &OF_RABBITMQ, &[], move || Some(publisher.stats()));
    }
}

fn observe_outbox(meter: &Meter, events: &EventRelay) {
    let outbox = events.outbox();
    meter
        .u64_observable_gauge("events.outbox.depth")
        .with_description("Events that some target has not got yet.")
        .with_callback(move |observer| {
            if let Some(outbox) = *outbox.borrow() {
                observer.observe(outbox.depth, &[]);
            }
        })
        .build();
    let outbox = events.outbox();
    meter
        .f64_observable_gauge("events.outbox.age")
        .with_description("Age of the oldest event that some target has not got yet.")
        .with_unit("s")
        .with_callback(move |observer| {
            if let Some(outbox) = *outbox.borrow() {
                observer.observe(outbox.age.as_secs_f64(), &[]);
            }
        })
        .build();
}
