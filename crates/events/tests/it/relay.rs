//! What the relay promises: in order, at least once, to each target by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Clock, Environment, EventKind, EventLog, LeaseStore, Timestamp};
use events::{Relay, Target};
use tokio_util::sync::CancellationToken;

use crate::log::Log;
use crate::recorder::Recorder;
use crate::unreadable::Unreadable;

const STAGING: Environment = Environment::Staging;

/// A relay that runs until this is dropped.
pub(crate) struct Running {
    pub(crate) relay: Relay,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(log: &Log, targets: &[&Recorder]) -> Self {
        let targets = targets.iter().map(|target| Arc::new((*target).clone()) as Arc<dyn Target>);
        Self::of(log.relay(targets.collect()))
    }

    pub(crate) fn of(relay: Relay) -> Self {
        let cancel = CancellationToken::new();
        let task = tokio::spawn({
            let (relay, cancel) = (relay.clone(), cancel.clone());
            async move { relay.run(cancel).await }
        });
        Self { relay, cancel, task }
    }

    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
    }
}

fn versions(got: &[(String, u64)], tenant: &str) -> Vec<u64> {
    got.iter().filter(|(slug, _)| slug == tenant).map(|(_, version)| *version).collect()
}

#[tokio::test]
async fn every_event_is_published_in_the_order_of_its_tenant_and_numbered_without_a_hole() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    log.write("first", 5).await;
    let running = Running::start(&log, &[&target]);
    log.write("second", 5).await;
    let got = target.wait_for(10).await;
    for tenant in ["first", "second"] {
        assert_eq!(versions(&got, tenant), [1, 2, 3, 4, 5], "{tenant}");
    }
    assert_eq!(target.sequences(), (1..=10).collect::<Vec<_>>());
    let counters = running.relay.counters();
    assert!(counters.is_relaying);
    assert_eq!((counters.released, counters.targets[0].published, counters.targets[0].behind), (10, 10, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_target_that_is_away_gets_all_of_it_later_and_keeps_nobody_waiting() {
    let log = Log::new();
    let (here, away, hung) = (Recorder::new("here"), Recorder::new("away"), Recorder::new("hung"));
    away.set_away(true);
    hung.hang();
    let running = Running::start(&log, &[&here, &away, &hung]);
    log.write("first", 3).await;
    here.wait_for(3).await;
    assert!(away.got().is_empty());
    let backlog = running.relay.backlog().await.unwrap();
    assert_eq!((backlog.depth, backlog.oldest_at), (3, Some(Timestamp::ZERO)), "two have not got it");
    away.set_away(false);
    assert_eq!(versions(&away.wait_for(3).await, "first"), [1, 2, 3]);
    running.stop().await;
}

#[tokio::test]
async fn what_one_target_refuses_for_good_is_left_out_and_the_rest_goes_on() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    target.refuse(2);
    log.write("first", 4).await;
    let running = Running::start(&log, &[&target]);
    assert_eq!(versions(&target.wait_for(3).await, "first"), [1, 3, 4]);
    assert_eq!(target.refusals(), 5);
    assert_eq!(running.relay.counters().targets[0].parked, 1);
    let replayed = log.store.released_after(STAGING, 0, 10).await.unwrap();
    assert_eq!(replayed.len(), 4, "a reader of the log gets it");
    running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    log.write("first", 2).await;
    let running =
        Running::of(log.relay_of(Arc::new(Unreadable(log.store.clone())), vec![Arc::new(target.clone())]));
    assert_eq!(versions(&target.wait_for(1).await, "first"), [2]);
    until(|| running.relay.counters().set_aside == 1).await;
    assert_eq!(log.store.backlog().await.unwrap().depth, 0);
    running.stop().await;
}

#[tokio::test]
async fn reloads_of_a_service_are_kept_apart_and_only_their_tenants_wait() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    let reload =
        |service: &str| EventKind::CacheInvalidate { service_name: service.parse().unwrap(), reason: None };
    for number in 0..25 {
        log.change(&format!("tenant-{number}"), 1, reload("ledger")).await;
    }
    log.change("tenant-24", 2, EventKind::Suspended).await;
    log.change("other", 1, EventKind::Suspended).await;
    let running = Running::start(&log, &[&target]);
    let got = target.wait_for(21).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(target.got().len(), 21, "twenty and the one that is not held back");
    assert_eq!(versions(&got, "other"), [1]);
    assert!(
        versions(&target.got(), "tenant-24").is_empty(),
        "its later event does not pass the one that is held"
    );
    // Whoever takes over goes by what was released before.
    running.stop().await;
    let running = Running::start(&log, &[&target]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(target.got().len(), 21, "also after a new start");
    log.clock.advance(Duration::from_secs(61));
    assert_eq!(versions(&target.wait_for(27).await, "tenant-24"), [1, 2]);
    running.stop().await;
}

#[tokio::test]
async fn one_relays_at_a_time_and_the_next_goes_on_behind_the_mark() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    let first = Running::start(&log, &[&target]);
    log.write("first", 3).await;
    target.wait_for(3).await;
    let second = Running::start(&log, &[&target]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(first.relay.counters().is_relaying && !second.relay.counters().is_relaying);
    let begun = Instant::now();
    first.stop().await;
    log.write("second", 3).await;
    assert_eq!(target.wait_for(6).await.len(), 6, "none twice");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    second.stop().await;
}

#[tokio::test]
async fn a_target_that_is_new_begins_with_what_is_new() {
    let (log, target, new) = (Log::new(), Recorder::new("one"), Recorder::new("new"));
    log.write("first", 3).await;
    let running = Running::start(&log, &[&target]);
    target.wait_for(3).await;
    running.stop().await;
    let running = Running::start(&log, &[&target, &new]);
    until(|| running.relay.counters().is_relaying).await;
    log.write("second", 1).await;
    assert_eq!(new.wait_for(1).await, [("second".to_owned(), 1)]);
    running.stop().await;
}

#[tokio::test]
async fn what_every_target_has_is_kept_for_a_while() {
    let (log, target, away) = (Log::new(), Recorder::new("one"), Recorder::new("away"));
    let running = Running::start(&log, &[&target, &away]);
    log.write("first", 3).await;
    away.wait_for(3).await;
    target.wait_for(3).await;
    running.stop().await;
    away.set_away(true);
    log.clock.advance(Duration::from_secs(1_800));
    let running = Running::start(&log, &[&target, &away]);
    log.write("second", 3).await;
    target.wait_for(6).await;
    running.stop().await;
    // All of it is old now, and of the second half one target has nothing.
    log.clock.advance(Duration::from_secs(3_601));
    let running = Running::start(&log, &[&target, &away]);
    for _try in 0..100 {
        if log.store.released(STAGING).await.unwrap().first == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kept = log.store.released(STAGING).await.unwrap();
    assert_eq!((kept.first, kept.last), (4, 6));
    running.stop().await;
}

/// The clock of the store is that of the leases here, so a process that sleeps past its lease is one whose clock is moved.
#[tokio::test]
async fn who_slept_past_its_lease_takes_no_number() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    let running = Running::start(&log, &[&target]);
    log.write("first", 1).await;
    target.wait_for(1).await;
    log.clock.advance(Duration::from_secs(6));
    let other = log.store.acquire_lease("event-relay", Duration::from_secs(60)).await.unwrap();
    assert!(other.is_some(), "its time is over");
    until(|| !running.relay.counters().is_relaying).await;
    log.write("second", 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(target.got().len(), 1, "it is another's turn at {:?}", log.clock.now());
    running.stop().await;
}

async fn until(is_so: impl Fn() -> bool) {
    for _try in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never became so");
}
