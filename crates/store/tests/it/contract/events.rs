//! What changes leave for subscribers, from the commit to the end of its time.

use std::time::Duration;

use domain::{Environment, Release, ReleasedRange, Tenant, Timestamp, WaitingEvent};

use super::{Backend, change, tenant};

const STAGING: Environment = Environment::Staging;
const AT: Timestamp = Timestamp::ZERO;

/// So many changes of one tenant.
async fn write(backend: &Backend, slug: &str, changes: u64) {
    let tenant = tenant(slug);
    for version in 1..=changes {
        let changed = Tenant { version, ..tenant.clone() };
        backend.tenants.commit_tenant(change(changed.clone(), Some(&changed))).await.unwrap();
    }
}

/// All that waits. A store may take a moment to bring it out.
async fn waiting(backend: &Backend, number: usize) -> Vec<WaitingEvent> {
    for _try in 0..200 {
        backend.settle().await;
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = backend.events.waiting(after.as_ref(), 2).await.unwrap();
            after = page.last().map(|last: &WaitingEvent| last.position.clone());
            let is_last = page.len() < 2;
            all.extend(page);
            if is_last {
                break;
            }
        }
        if all.len() == number {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{number} events never waited: {:?}", backend.events.backlog().await);
}

pub(crate) async fn events_wait_in_the_order_of_each_tenant(backend: &Backend) {
    write(backend, "first", 3).await;
    write(backend, "second", 2).await;
    let waiting = waiting(backend, 5).await;
    for slug in ["first", "second"] {
        let events = waiting.iter().filter_map(|waiting| waiting.event.as_ref());
        let versions: Vec<u64> = events
            .filter(|event| event.tenant_slug.as_str() == slug)
            .map(|event| event.tenant_version)
            .collect();
        assert!(versions.is_sorted() && !versions.is_empty(), "{slug}: {versions:?}");
    }
    let backlog = backend.events.backlog().await.unwrap();
    assert_eq!((backlog.depth, backlog.oldest_at), (5, Some(AT)));
}

pub(crate) async fn a_number_is_given_once(backend: &Backend) {
    write(backend, "first", 2).await;
    let events: Vec<_> = waiting(backend, 2).await.into_iter().map(|it| it.event.unwrap()).collect();
    let log = &backend.events;
    assert_eq!(log.released(STAGING).await.unwrap(), ReleasedRange::default());
    assert_eq!(log.release(&events[0], 1, AT).await.unwrap(), Release::Done);
    assert_eq!(log.release(&events[0], 2, AT).await.unwrap(), Release::Before, "it has its number");
    assert_eq!(log.release(&events[1], 1, AT).await.unwrap(), Release::Taken, "the number is another's");
    assert_eq!(waiting(backend, 1).await[0].event.as_ref(), Some(&events[1]), "it waits as before");
    assert_eq!(log.release(&events[1], 2, AT).await.unwrap(), Release::Done);
    assert_eq!(log.released(STAGING).await.unwrap(), ReleasedRange { first: 1, last: 2 });
    assert_eq!(log.last_released(STAGING).await.unwrap(), 2);
    assert_eq!(log.last_released(Environment::Production).await.unwrap(), 0);
    assert_eq!(log.released(Environment::Production).await.unwrap(), ReleasedRange::default());
    let all = log.released_after(STAGING, 0, 10).await.unwrap();
    assert_eq!(
        all.iter().map(|it| (it.sequence, &it.event)).collect::<Vec<_>>(),
        [(1, &events[0]), (2, &events[1])]
    );
    assert_eq!(log.released_after(STAGING, 1, 10).await.unwrap(), all[1..]);
    assert_eq!(log.released_after(STAGING, 0, 1).await.unwrap(), all[..1]);
    assert_eq!(log.backlog().await.unwrap().depth, 0);
}

pub(crate) async fn of_many_that_release_one_takes_each_number(backend: &Backend) {
    const EVENTS: u64 = 6;
    write(backend, "first", EVENTS).await;
    let events: Vec<_> = waiting(backend, 6).await.into_iter().map(|it| it.event.unwrap()).collect();
    let relays = (0..4).map(|_| {
        let (log, events) = (backend.events.clone(), events.clone());
        tokio::spawn(async move {
            let mut done = 0;
            for (sequence, event) in (1..).zip(&events) {
                done += u64::from(log.release(event, sequence, AT).await.unwrap() == Release::Done);
            }
            done
        })
    });
    let mut done = 0;
    for relay in relays.collect::<Vec<_>>() {
        done += relay.await.unwrap();
    }
    assert_eq!(done, EVENTS);
    let released = backend.events.released_after(STAGING, 0, 100).await.unwrap();
    assert_eq!(released.iter().map(|it| it.sequence).collect::<Vec<_>>(), (1..=EVENTS).collect::<Vec<_>>());
}

pub(crate) async fn a_mark_goes_forward_only(backend: &Backend) {
    let log = &backend.events;
    assert_eq!(log.mark("rabbitmq", STAGING).await.unwrap(), None);
    for (set, expected) in [(0, 0), (7, 7), (3, 7)] {
        log.set_mark("rabbitmq", STAGING, set).await.unwrap();
        assert_eq!(log.mark("rabbitmq", STAGING).await.unwrap(), Some(expected));
    }
    assert_eq!(log.mark("rabbitmq", Environment::Production).await.unwrap(), None);
    assert_eq!(log.mark("valkey", STAGING).await.unwrap(), None);
}

pub(crate) async fn what_is_old_goes_and_the_last_number_stays(backend: &Backend) {
    write(backend, "first", 4).await;
    let events: Vec<_> = waiting(backend, 4).await.into_iter().map(|it| it.event.unwrap()).collect();
    let log = &backend.events;
    for (sequence, event) in (1..).zip(&events) {
        let at = Timestamp::from_millis(i64::try_from(sequence).unwrap() * 1_000);
        log.release(event, sequence, at).await.unwrap();
    }
    let second_two = Timestamp::from_millis(2_000);
    assert_eq!(log.remove_released(STAGING, second_two, 4).await.unwrap(), 1, "older than 2 s");
    let late = Timestamp::from_millis(i64::MAX);
    assert_eq!(log.remove_released(STAGING, late, 2).await.unwrap(), 1, "a target has up to 2 only");
    assert_eq!(log.remove_released(STAGING, late, u64::MAX).await.unwrap(), 1);
    assert_eq!(log.released(STAGING).await.unwrap(), ReleasedRange { first: 4, last: 4 });
}

pub(crate) async fn what_is_set_aside_waits_no_more(backend: &Backend) {
    write(backend, "first", 2).await;
    let waiting_before = waiting(backend, 2).await;
    backend.events.set_aside(&waiting_before[0].position).await.unwrap();
    backend.events.set_aside(&waiting_before[0].position).await.unwrap();
    assert_eq!(waiting(backend, 1).await, waiting_before[1..]);
}

pub(crate) async fn a_lease_is_held_by_one(backend: &Backend) {
    const MINUTE: Duration = Duration::from_secs(60);
    let leases = &backend.leases;
    let first = leases.acquire_lease("relay", MINUTE).await.unwrap().unwrap();
    assert_eq!(leases.acquire_lease("relay", MINUTE).await.unwrap(), None);
    assert!(leases.acquire_lease("other", MINUTE).await.unwrap().is_some(), "another lease");
    assert!(leases.renew_lease(&first, Duration::ZERO).await.unwrap(), "it is held");
    let second = leases.acquire_lease("relay", MINUTE).await.unwrap().unwrap();
    assert!(second.number > first.number);
    assert!(!leases.renew_lease(&first, MINUTE).await.unwrap(), "it is lost");
    leases.release_lease(&first).await.unwrap();
    assert_eq!(leases.acquire_lease("relay", MINUTE).await.unwrap(), None, "only its holder gives it back");
    leases.release_lease(&second).await.unwrap();
    assert!(leases.acquire_lease("relay", MINUTE).await.unwrap().is_some());
}
