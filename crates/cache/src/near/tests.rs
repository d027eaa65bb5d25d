//! The near-cache with a clock and a proof that stand until they are moved.

mod flights;
mod model;
mod races;
mod through;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::hub::{Coverage, Hub};
use super::near_cache::{Held, LoadAborted, Loaded, NearCache};
use super::proof::Proof;
use super::settings::NearSettings;
use crate::embedded::ManualTime;

const SECOND: Duration = Duration::from_secs(1);

pub(super) const SETTINGS: NearSettings = NearSettings {
    prefix: "k:",
    max_bytes: 1024 * 1024,
    max_absent_bytes: 1024 * 1024,
    ttl: Duration::from_secs(100),
    absent_ttl: Duration::from_secs(10),
    unwatched_ttl: SECOND,
    stale_for: Duration::from_secs(50),
};

/// The link that a test is.
#[derive(Default)]
struct Link(ArcSwapOption<Proof>);

impl Coverage for Arc<Link> {
    fn proof(&self, _key: &[u8]) -> Option<Arc<Proof>> {
        self.0.load_full()
    }
}

/// A near-cache and all that it depends on.
struct Bench {
    clock: Arc<ManualTime>,
    hub: Arc<Hub>,
    link: Arc<Link>,
    near: NearCache<u64>,
}

impl Bench {
    /// With a link that is up.
    fn new(settings: NearSettings) -> Self {
        let clock = Arc::new(ManualTime::at_micros(1_000_000_000));
        let hub = Arc::new(Hub::with_clock(Arc::<ManualTime>::clone(&clock)));
        let near = NearCache::of_hub(Arc::clone(&hub), settings);
        let bench = Self { clock, hub, link: Arc::default(), near };
        bench.hub.cover(Box::new(Arc::clone(&bench.link)));
        bench.link_comes_up();
        bench
    }

    fn link_goes_down(&self) {
        if let Some(proof) = self.link.0.swap(None) {
            proof.revoke();
        }
    }

    /// In the order in which a link is made anew.
    fn link_comes_up(&self) {
        self.link_goes_down();
        self.hub.clear();
        self.link.0.store(Some(Arc::new(Proof::lasting())));
    }

    /// Loads what is not held.
    async fn load(&self, key: &str, value: Option<u64>) -> Option<u64> {
        let load = || async move { Ok::<_, Never>(watched(value)) };
        self.near.get_or_load(key.as_bytes(), load).await.unwrap()
    }

    fn get(&self, key: &str) -> Held<u64> {
        self.near.get(key.as_bytes())
    }
}

/// An error that is only there because a load may be aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Never {
    Aborted,
}

impl From<LoadAborted> for Never {
    fn from(_: LoadAborted) -> Self {
        Self::Aborted
    }
}

impl From<Infallible> for Never {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn watched(value: Option<u64>) -> Loaded<u64> {
    Loaded { value, bytes: 8, is_watched: true, may_be_held: true }
}

#[tokio::test]
async fn a_value_is_held_as_long_as_a_change_would_be_told() {
    let bench = Bench::new(SETTINGS);
    assert_eq!(bench.get("k:a"), Held::Nothing);
    assert_eq!(bench.load("k:a", Some(7)).await, Some(7));
    assert_eq!(bench.load("k:a", Some(8)).await, Some(7), "it was held");
    bench.clock.advance(70 * SECOND);
    assert_eq!(bench.get("k:a"), Held::Fresh(7));
    bench.link_goes_down();
    assert_eq!(bench.get("k:a"), Held::Stale(7));
    bench.link_comes_up();
    assert_eq!(bench.get("k:a"), Held::Stale(7), "what was held under the old link is of no use");
    assert_eq!(bench.load("k:a", Some(9)).await, Some(9));
    bench.clock.advance(101 * SECOND);
    assert_eq!(bench.get("k:a"), Held::Stale(9), "its time is over");
    bench.clock.advance(50 * SECOND);
    assert_eq!(bench.get("k:a"), Held::Nothing);
}

#[tokio::test]
async fn what_is_due_is_loaded_anew_while_it_is_used() {
    let bench = Bench::new(SETTINGS);
    bench.load("k:a", Some(1)).await;
    bench.clock.advance(85 * SECOND);
    assert_eq!(bench.get("k:a"), Held::Due(1));
    assert_eq!(bench.load("k:a", Some(2)).await, Some(1), "nobody waits for what may be used");

    bench.near.refresh(b"k:a", || async { Err::<Loaded<u64>, _>(Never::Aborted) });
    testkit::wait_until("the load to fail", SECOND, async || bench.near.running() == 0).await;
    assert_eq!(bench.get("k:a"), Held::Due(1), "a load that fails changes nothing");

    let (begun, loads) = (Arc::new(AtomicUsize::new(0)), 3);
    for _ in 0..loads {
        let begun = Arc::clone(&begun);
        let load = async move {
            begun.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok::<_, Never>(watched(Some(3)))
        };
        bench.near.refresh(b"k:a", || load);
    }
    testkit::wait_until("the load", SECOND, async || bench.get("k:a") == Held::Fresh(3)).await;
    assert_eq!(begun.load(Ordering::SeqCst), 1, "one load runs for all");
}

#[tokio::test]
async fn without_a_link_what_is_held_is_used_for_a_moment_only() {
    let bench = Bench::new(SETTINGS);
    bench.link_goes_down();
    for value in [Some(1), None] {
        let expected = if value.is_some() { Held::Stale(1) } else { Held::Nothing };
        assert_eq!(bench.load("k:a", value).await, value);
        bench.clock.advance(SECOND - Duration::from_micros(1));
        assert_eq!(bench.load("k:a", Some(2)).await, value);
        bench.clock.advance(Duration::from_micros(1));
        assert_eq!(bench.get("k:a"), expected);
    }
}

#[tokio::test]
async fn an_absence_is_remembered_for_its_own_time_and_ends_with_a_value() {
    let bench = Bench::new(SETTINGS);
    assert_eq!(bench.load("k:a", None).await, None);
    assert_eq!(bench.get("k:a"), Held::Absent);
    bench.clock.advance(11 * SECOND);
    assert_eq!(bench.get("k:a"), Held::Nothing);
    assert_eq!(bench.load("k:a", Some(3)).await, Some(3));
    bench.clock.advance(101 * SECOND);
    assert_eq!(bench.load("k:a", None).await, None);
    assert_eq!(bench.get("k:a"), Held::Absent, "and no stale value any more");
    bench.hub.invalidate(b"k:a");
    assert_eq!(bench.get("k:a"), Held::Nothing);
}

#[tokio::test]
async fn what_nobody_watches_or_may_be_held_is_not_kept() {
    let bench = Bench::new(SETTINGS);
    let unwatched = || async { Ok::<_, Never>(Loaded { is_watched: false, ..watched(Some(1)) }) };
    assert_eq!(bench.near.get_or_load(b"k:a", unwatched).await, Ok(Some(1)));
    assert_eq!(bench.get("k:a"), Held::Fresh(1));
    bench.clock.advance(SECOND);
    assert_eq!(bench.get("k:a"), Held::Stale(1));
    let superseded = || async { Ok::<_, Never>(Loaded { may_be_held: false, ..watched(Some(2)) }) };
    assert_eq!(bench.near.get_or_load(b"k:b", superseded).await, Ok(Some(2)));
    assert_eq!(bench.get("k:b"), Held::Nothing);
}

#[tokio::test]
async fn the_time_of_a_load_counts_from_its_beginning() {
    let bench = Bench::new(SETTINGS);
    bench.link_goes_down();
    let clock = Arc::clone(&bench.clock);
    let slow = || async move {
        clock.advance(SECOND);
        Ok::<_, Never>(watched(Some(1)))
    };
    assert_eq!(bench.near.get_or_load(b"k:a", slow).await, Ok(Some(1)));
    assert_eq!(bench.get("k:a"), Held::Stale(1));
}

#[tokio::test]
async fn only_the_key_that_changed_is_dropped() {
    let bench = Bench::new(SETTINGS);
    let other = NearCache::<u64>::of_hub(Arc::clone(&bench.hub), NearSettings { prefix: "o:", ..SETTINGS });
    bench.load("k:a", Some(1)).await;
    bench.load("k:b", Some(2)).await;
    bench.hub.invalidate(b"k:a");
    bench.hub.invalidate(b"k:c");
    bench.hub.invalidate(b"o:a");
    assert_eq!((bench.get("k:a"), bench.get("k:b")), (Held::Nothing, Held::Fresh(2)));
    bench.near.invalidate(b"k:b");
    assert_eq!(bench.get("k:b"), Held::Nothing);
    assert_eq!(bench.near.counters().invalidations, 2, "{:?}", bench.near.counters());
    assert_eq!(other.counters().invalidations, 0);
    assert_eq!(*bench.hub.prefixes().borrow(), ["k:", "o:"]);
}

#[tokio::test]
async fn it_counts() {
    let bench = Bench::new(SETTINGS);
    let before = bench.near.counters();
    bench.load("k:a", Some(1)).await;
    bench.load("k:b", None).await;
    bench.get("k:a");
    bench.get("k:b");
    bench.get("k:c");
    bench.hub.clear();
    let after = bench.near.counters();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (2, 2));
    assert_eq!((after.clears - before.clears, after.invalidations, after.coalesced), (1, 0, 0));
}

#[tokio::test]
async fn a_flood_of_absences_displaces_no_value() {
    let bench = Bench::new(NearSettings { max_bytes: 100_000, max_absent_bytes: 100_000, ..SETTINGS });
    for number in 0..50 {
        bench.load(&format!("k:known:{number}"), Some(number)).await;
    }
    for number in 0..5_000 {
        bench.load(&format!("k:unknown:{number}"), None).await;
    }
    bench.near.settle();
    for number in 0..50 {
        assert_eq!(bench.get(&format!("k:known:{number}")), Held::Fresh(number));
    }
    let counters = bench.near.counters();
    assert!(counters.evictions > 4_000, "{counters:?}");
    assert!(counters.bytes <= 200_000, "{counters:?}");
}
