//! Rate limits over days of a clock that only the test moves.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{EmbeddedCache, EmbeddedLimits, ManualTime};
use crate::client::CacheClient;
use crate::steps::{Grant, Take, TakeRequest};

const START: u64 = 1_700_000_000_000_000;

fn cache() -> (EmbeddedCache, Arc<ManualTime>) {
    let clock = Arc::new(ManualTime::at_micros(START));
    (EmbeddedCache::with_clock(EmbeddedLimits::default(), Arc::<ManualTime>::clone(&clock)), clock)
}

/// The embedded cache never waits.
fn take(cache: &EmbeddedCache, request: TakeRequest) -> Take {
    use futures::FutureExt;
    cache.take(b"limit", request).now_or_never().unwrap().unwrap()
}

/// The limit as a bucket that holds `limit` requests and fills steadily; a drop is one microsecond of filling.
struct Bucket {
    drops_of_one: u64,
    holds: u64,
    level: u64,
    at: u64,
}

impl Bucket {
    fn new(limit: u64, window: Duration) -> Self {
        let drops_of_one = u64::try_from(window.as_micros()).unwrap().div_ceil(limit);
        let holds = drops_of_one * limit;
        Self { drops_of_one, holds, level: holds, at: 0 }
    }

    /// How many of `cost` pass.
    fn take(&mut self, now: u64, cost: u64, whole: bool) -> u64 {
        self.level = self.holds.min(self.level.saturating_add(now - self.at));
        self.at = now;
        let fitting = self.level / self.drops_of_one;
        let granted = if whole && cost > fitting { 0 } else { cost.min(fitting) };
        self.level -= granted * self.drops_of_one;
        granted
    }
}

/// Asserts that in no interval, from one grant to another, more passed than the limit and what its length earned.
fn assert_rate(grants: &[(u64, u64)], limit: u64, window: Duration) {
    let window = window.as_micros();
    for (first, (from, _)) in grants.iter().enumerate() {
        let mut passed = 0_u128;
        for (to, granted) in &grants[first..] {
            passed += u128::from(*granted);
            let allowed = u128::from(limit) * window + u128::from(to - from) * u128::from(limit);
            assert!(passed * window <= allowed, "{passed} of {limit} in {} us", to - from);
        }
    }
}

proptest! {
    /// Whatever the clock does: what passes is what the bucket lets pass, no more and no less, and never more than the
    /// limit and the interval's share in any interval.
    #[test]
    fn what_passes_is_what_a_bucket_lets_pass(
        limit in 1_u64..200,
        window_millis in 1_u64..120_000,
        steps in prop::collection::vec(
            // Nothing, some of an emission interval, some of a window, and many windows.
            (prop_oneof![Just(0_u64), 1..2_000_u64, 1_000..2_000_000_u64, 1_000_000..1_000_000_000_u64], 1_u64..40, any::<bool>()),
            1..120,
        ),
    ) {
        let window = Duration::from_millis(window_millis);
        let request = TakeRequest::new(limit, window).unwrap();
        let (cache, clock) = cache();
        let mut bucket = Bucket::new(limit, window);
        let mut now = START;
        let mut grants = Vec::new();
        for (passed, cost, whole) in steps {
            clock.advance(Duration::from_micros(passed));
            now += passed;
            let grant = if whole { Grant::AllOrNothing } else { Grant::AsManyAsFit };
            let outcome = take(&cache, request.cost(cost, grant));
            prop_assert_eq!(outcome.granted, bucket.take(now, cost, whole));
            prop_assert_eq!(outcome.now_micros, now);
            if outcome.granted > 0 {
                grants.push((now, outcome.granted));
            }
        }
        assert_rate(&grants, limit, window);
    }

    /// A caller that waits as long as it is told passes, and one that comes a microsecond earlier does not.
    #[test]
    fn who_waits_as_told_passes(limit in 1_u64..200, window_millis in 1_u64..120_000, early in any::<bool>()) {
        let request = TakeRequest::new(limit, Duration::from_millis(window_millis)).unwrap();
        let (cache, clock) = cache();
        prop_assert_eq!(take(&cache, request.cost(limit, Grant::AllOrNothing)).granted, limit);
        let wait = take(&cache, request).retry_after;
        prop_assert!(!wait.is_zero());
        clock.advance(if early { wait - Duration::from_micros(1) } else { wait });
        prop_assert_eq!(take(&cache, request).granted, u64::from(!early));
    }
}

/// Times, in microseconds from the start, of what five pods of a service ask with one key: each watches 200 tenants with 3
/// managers, each of which asks every 30 s.
fn service_load(minutes: u64, phase_of: impl Fn(u64) -> u64) -> Vec<u64> {
    const MANAGERS: u64 = 5 * 200 * 3;
    let rounds = minutes * 2;
    let mut times: Vec<u64> = (0..rounds)
        .flat_map(|round| {
            let phase_of = &phase_of;
            (0..MANAGERS).map(move |manager| round * 30_000_000 + phase_of(round * MANAGERS + manager))
        })
        .collect();
    times.sort_unstable();
    times
}

/// How many of those are denied.
fn denied(limit: u64, times: &[u64]) -> usize {
    let request = TakeRequest::new(limit, Duration::from_secs(60)).unwrap();
    let (cache, clock) = cache();
    let mut now = 0;
    times
        .iter()
        .filter(|time| {
            clock.advance(Duration::from_micros(*time - now));
            now = **time;
            take(&cache, request).granted == 0
        })
        .count()
}

#[test]
fn five_pods_of_a_service_with_two_hundred_tenants_meet_no_denial() {
    let random = |number: u64| number.wrapping_mul(6_364_136_223_846_793_005).rotate_left(29) % 30_000_000;
    // Spread evenly; at random, other each round; all at once, as after a restart of everything.
    let even = service_load(3, |number| number % 3_000 * 10_000);
    let jittered = service_load(3, random);
    let at_once = service_load(3, |_| 0);
    for (name, times) in [("even", &even), ("jittered", &jittered), ("at once", &at_once)] {
        assert_eq!(times.len(), 18_000, "6,000 a minute");
        assert_eq!(denied(60_000, times), 0, "{name}");
        assert!(denied(500, times) > 15_000, "{name}: the default limit would not do");
    }
    // A tenth of the limit is used, so that ten times the pods pass too.
    let ten_times: Vec<u64> = jittered.iter().flat_map(|time| [*time; 10]).collect();
    assert_eq!(denied(60_000, &ten_times), 0);
}
