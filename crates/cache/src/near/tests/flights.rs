//! Callers that miss together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::wait_until;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;

/// Loads that stand still between their read and their end.
#[derive(Clone)]
struct Loads {
    near: NearCache<u64>,
    begun: Arc<AtomicUsize>,
    may_end: Arc<Semaphore>,
}

impl Loads {
    fn of(bench: &Bench) -> Self {
        let near = bench.near.clone();
        Self { near, begun: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
    }

    /// A caller, whose load brings the number of loads begun so far.
    fn call(&self) -> JoinHandle<Result<Option<u64>, Never>> {
        let loads = self.clone();
        tokio::spawn(async move {
            let load = || {
                let loads = loads.clone();
                async move {
                    let read = loads.begun.fetch_add(1, Ordering::SeqCst) + 1;
                    loads.may_end.acquire().await.unwrap().forget();
                    Ok(watched(Some(read as u64)))
                }
            };
            loads.near.get_or_load(b"k:a", load).await
        })
    }

    async fn wait_for_begun(&self, count: usize) {
        let begun = || async { self.begun.load(Ordering::SeqCst) == count };
        wait_until("loads to begin", 10 * SECOND, begun).await;
    }

    async fn wait_for_coalesced(&self, count: u64) {
        let coalesced = || async { self.near.counters().coalesced == count };
        wait_until("callers to wait", 10 * SECOND, coalesced).await;
    }
}

#[tokio::test]
async fn one_load_answers_all_who_miss_together() {
    let bench = Bench::new(SETTINGS);
    let loads = Loads::of(&bench);
    let callers: Vec<_> = (0..100).map(|_| loads.call()).collect();
    loads.wait_for_coalesced(99).await;
    loads.may_end.add_permits(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Ok(Some(1)));
    }
    assert_eq!(loads.begun.load(Ordering::SeqCst), 1);
    assert_eq!((bench.get("k:a"), bench.near.running()), (Held::Fresh(1), 0));
}

#[tokio::test]
async fn a_load_goes_on_when_its_callers_leave() {
    let bench = Bench::new(SETTINGS);
    let loads = Loads::of(&bench);
    let caller = loads.call();
    loads.wait_for_begun(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    loads.may_end.add_permits(1);
    wait_until("the value to be held", 10 * SECOND, || async { bench.get("k:a") == Held::Fresh(1) }).await;
    assert_eq!(bench.near.running(), 0);
}

#[tokio::test]
async fn who_comes_after_a_change_is_not_answered_with_what_was_read_before() {
    for clears in [false, true] {
        let bench = Bench::new(SETTINGS);
        let loads = Loads::of(&bench);
        let before = [loads.call(), loads.call()];
        loads.wait_for_begun(1).await;
        loads.wait_for_coalesced(1).await;
        if clears {
            bench.hub.clear();
        } else {
            bench.hub.invalidate(b"k:a");
        }
        let after = [loads.call(), loads.call()];
        loads.wait_for_coalesced(3).await;
        loads.may_end.add_permits(1);
        for caller in before {
            assert_eq!(caller.await.unwrap(), Ok(Some(1)), "it asked before the change");
        }
        loads.wait_for_begun(2).await;
        let expected = if clears { Held::Stale(1) } else { Held::Nothing };
        assert_eq!(bench.get("k:a"), expected, "what was read before the change is not used");
        loads.may_end.add_permits(1);
        for caller in after {
            assert_eq!(caller.await.unwrap(), Ok(Some(2)));
        }
        assert_eq!((bench.get("k:a"), bench.near.running()), (Held::Fresh(2), 0));
    }
}

#[tokio::test]
async fn without_a_link_an_old_load_does_not_answer_who_comes_late() {
    for is_up in [false, true] {
        let bench = Bench::new(SETTINGS);
        if !is_up {
            bench.link_goes_down();
        }
        let loads = Loads::of(&bench);
        let first = loads.call();
        loads.wait_for_begun(1).await;
        bench.clock.advance(SECOND);
        let late = loads.call();
        loads.wait_for_coalesced(1).await;
        loads.may_end.add_permits(2);
        assert_eq!(first.await.unwrap(), Ok(Some(1)));
        assert_eq!(late.await.unwrap(), Ok(Some(if is_up { 1 } else { 2 })));
    }
}

#[tokio::test]
async fn a_key_that_changes_all_the_time_is_loaded_apart_in_the_end() {
    let bench = Bench::new(SETTINGS);
    let loads = Loads::of(&bench);
    let first = loads.call();
    loads.wait_for_begun(1).await;
    bench.hub.invalidate(b"k:a");
    let late: Vec<_> = (0..6)
        .map(|_| {
            let (near, hub) = (bench.near.clone(), Arc::clone(&bench.hub));
            // The key changes as soon as a load of it begins, so that nobody else can use what it brings.
            let load = move || {
                hub.invalidate(b"k:a");
                async { Ok::<_, Never>(watched(Some(2))) }
            };
            tokio::spawn(async move { near.get_or_load(b"k:a", load).await })
        })
        .collect();
    loads.wait_for_coalesced(6).await;
    loads.may_end.add_permits(1);
    assert_eq!(first.await.unwrap(), Ok(Some(1)));
    for caller in late {
        assert_eq!(caller.await.unwrap(), Ok(Some(2)));
    }
    // All six waited for the first load, five for the next, four for the one after that, and then three were tired of it.
    assert_eq!((bench.near.counters().coalesced, bench.near.running()), (6 + 5 + 4, 0));
}

#[tokio::test]
async fn a_link_made_anew_during_a_load_does_not_vouch_for_it() {
    let bench = Bench::new(SETTINGS);
    let loads = Loads::of(&bench);
    let caller = loads.call();
    loads.wait_for_begun(1).await;
    // Without the clearing that comes with it: the proof alone must do.
    bench.link_goes_down();
    bench.link.0.store(Some(Arc::new(Proof::lasting())));
    loads.may_end.add_permits(1);
    assert_eq!(caller.await.unwrap(), Ok(Some(1)));
    bench.clock.advance(SECOND);
    assert_eq!(bench.get("k:a"), Held::Stale(1));
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Failed {
    Source,
    Aborted,
}

impl From<LoadAborted> for Failed {
    fn from(_: LoadAborted) -> Self {
        Self::Aborted
    }
}

#[tokio::test]
async fn a_failure_is_shared_and_not_remembered() {
    for (panics, expected) in [(false, Failed::Source), (true, Failed::Aborted)] {
        let bench = Bench::new(SETTINGS);
        let may_end = Arc::new(Semaphore::new(0));
        let call = || {
            let (near, may_end, panics) = (bench.near.clone(), Arc::clone(&may_end), panics);
            let load = move || async move {
                may_end.acquire().await.unwrap().forget();
                assert!(!panics, "on purpose");
                Err::<Loaded<u64>, _>(Failed::Source)
            };
            tokio::spawn(async move { near.get_or_load(b"k:a", load).await })
        };
        let callers = [call(), call(), call()];
        wait_until("callers to wait", 10 * SECOND, || async { bench.near.counters().coalesced == 2 }).await;
        may_end.add_permits(1);
        for caller in callers {
            assert_eq!(caller.await.unwrap().as_ref(), Err(&expected));
        }
        assert_eq!((bench.get("k:a"), bench.near.running()), (Held::Nothing, 0));
        assert_eq!(bench.load("k:a", Some(1)).await, Some(1));
    }
}

#[tokio::test]
async fn a_load_that_panics_before_it_is_a_future_leaves_nothing_behind() {
    let bench = Bench::new(SETTINGS);
    let near = bench.near.clone();
    let caller = tokio::spawn(async move {
        let load = || -> std::future::Ready<Result<Loaded<u64>, Never>> { panic!("on purpose") };
        near.get_or_load(b"k:a", load).await
    });
    assert!(caller.await.unwrap_err().is_panic());
    assert_eq!(bench.near.running(), 0);
    assert_eq!(bench.load("k:a", Some(1)).await, Some(1));
}

#[tokio::test]
async fn callers_with_errors_of_other_types_do_not_wait_for_each_other() {
    let bench = Bench::new(SETTINGS);
    let loads = Loads::of(&bench);
    let caller = loads.call();
    loads.wait_for_begun(1).await;
    let other = bench.near.get_or_load(b"k:a", || async { Ok::<_, Failed>(watched(Some(70))) }).await;
    assert_eq!(other, Ok(Some(70)));
    assert_eq!(bench.get("k:a"), Held::Nothing, "what nobody watches for changes is not held");
    loads.may_end.add_permits(1);
    assert_eq!(caller.await.unwrap(), Ok(Some(1)));
}
