//! The generic cell rate algorithm on whole microseconds. The twin runs this; the Valkey script runs the same
//! arithmetic, and the contract suite compares the two.
//!
//! State is one number, the theoretical arrival time (TAT): when the limit will be whole again. Each unit granted
//! moves it one emission interval on; a unit fits while TAT stays within `limit` intervals from now.

use std::time::Duration;

use crate::steps::{Grant, Take, TakeRequest};

/// Decides one take. Returns the outcome and the TAT to store, if it changed.
pub(crate) fn decide(now: u64, stored: Option<u64>, request: TakeRequest) -> (Take, Option<u64>) {
    let emission = request.emission_micros;
    let burst = emission * request.limit;
    // A TAT beyond a full burst can only come from a clock that was ahead (another server after a fail-over).
    let tat = stored.unwrap_or(now).clamp(now, now + burst);
    let was_ahead = stored.is_some_and(|stored| stored > tat);
    let fitting = (now + burst - tat) / emission;
    let granted = match request.grant {
        Grant::AllOrNothing if fitting < request.cost => 0,
        Grant::AllOrNothing => request.cost,
        Grant::AsManyAsFit => request.cost.min(fitting),
    };
    let next = tat + granted * emission;
    // Stored also when nothing was granted, or it would deny until that clock's time has come.
    (outcome(now, next, granted, request), (granted > 0 || was_ahead).then_some(next))
}

/// What a take that granted so many means, after which the limit is whole again at `next`. Numbers that no take leads to,
/// as another writer of the key could leave them, lead to no panic.
pub(crate) fn outcome(now: u64, next: u64, granted: u64, request: TakeRequest) -> Take {
    let emission = request.emission_micros;
    let last = now.saturating_add(emission * request.limit);
    let missing = if request.cost == 0 { 1 } else { request.cost.saturating_sub(granted).min(request.limit) };
    Take {
        granted,
        remaining: last.saturating_sub(next) / emission,
        retry_after: Duration::from_micros(next.saturating_add(missing * emission).saturating_sub(last)),
        reset_after: Duration::from_micros(next.saturating_sub(now)),
        now_micros: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(limit: u64, window_seconds: u64) -> TakeRequest {
        TakeRequest::new(limit, Duration::from_secs(window_seconds)).unwrap()
    }

    #[test]
    fn a_burst_passes_exactly_the_limit_and_names_the_retry_time() {
        let request = limit(3, 3);
        let mut tat = None;
        for remaining in [2, 1, 0] {
            let (take, next) = decide(1_000_000, tat, request);
            assert_eq!((take.granted, take.remaining), (1, remaining));
            tat = next;
        }
        let (denied, unchanged) = decide(1_000_000, tat, request);
        assert_eq!((denied.granted, denied.retry_after), (0, Duration::from_secs(1)));
        assert_eq!(denied.reset_after, Duration::from_secs(3));
        assert_eq!(unchanged, None);
        assert_eq!(decide(1_999_999, tat, request).0.granted, 0);
        assert_eq!(decide(2_000_000, tat, request).0.granted, 1);
    }

    #[test]
    fn a_partial_take_grants_what_fits_and_a_whole_one_nothing() {
        let request = limit(5, 5);
        assert_eq!(decide(0, None, request.cost(8, Grant::AsManyAsFit)).0.granted, 5);
        let (take, next) = decide(0, None, request.cost(8, Grant::AllOrNothing));
        assert_eq!((take.granted, take.remaining, next), (0, 5, None));
    }

    #[test]
    fn a_clock_that_was_ahead_costs_at_most_one_window() {
        let request = limit(2, 2);
        let (take, arrival) = decide(1_000, Some(u64::MAX / 2), request);
        assert_eq!((take.granted, take.retry_after), (0, Duration::from_secs(1)));
        assert_eq!(decide(1_000_999, arrival, request).0.granted, 0);
        assert_eq!(decide(1_001_000, arrival, request).0.granted, 1, "at the time that it named");
    }

    proptest! {
        /// The shares of a take of several are what takes of one would have got.
        #[test]
        fn shares_are_what_single_takes_get(
            limit_of in 1_u64..50,
            taken in 0_u64..60,
            count in 1_u64..80,
            passed in 0_u64..1_000_000,
        ) {
            let request = TakeRequest::new(limit_of, Duration::from_secs(1)).unwrap();
            let (_, tat) = decide(5_000, None, request.cost(taken, Grant::AsManyAsFit));
            let now = 5_000 + passed;
            let (whole, stored) = decide(now, tat, request.cost(count, Grant::AsManyAsFit));
            let mut single = tat;
            for place in 0..count {
                let (take, next) = decide(now, single, request);
                single = next.or(single);
                prop_assert_eq!(request.share(&whole, place), take);
            }
            prop_assert_eq!(stored.or(tat), single);
        }

        /// Never more than `limit` plus what the elapsed time earned, whatever the order of takes.
        #[test]
        fn never_grants_more_than_the_rate(
            limit_of in 1_u64..50,
            steps in prop::collection::vec((0_u64..200_000, 0_u64..9, any::<bool>()), 1..80),
        ) {
            let request = TakeRequest::new(limit_of, Duration::from_secs(1)).unwrap();
            let (mut now, mut tat, mut granted) = (1_000_000_u64, None, 0);
            for (wait, cost, whole) in steps {
                now += wait;
                let grant = if whole { Grant::AllOrNothing } else { Grant::AsManyAsFit };
                let (take, next) = decide(now, tat, request.cost(cost, grant));
                prop_assert!(take.granted <= cost && take.remaining <= limit_of);
                granted += take.granted;
                tat = next.or(tat);
            }
            prop_assert!(granted <= limit_of + (now - 1_000_000) / request.emission_micros + 1);
        }

        /// The retry time is exact: one microsecond earlier is refused, at the time it is granted.
        #[test]
        fn retry_time_is_exact(limit_of in 1_u64..50, taken in 0_u64..60, cost in 1_u64..50) {
            prop_assume!(cost <= limit_of);
            let request = TakeRequest::new(limit_of, Duration::from_secs(1)).unwrap();
            let (_, tat) = decide(5_000, None, request.cost(taken, Grant::AsManyAsFit));
            let ask = request.cost(cost, Grant::AllOrNothing);
            let (take, _) = decide(5_000, tat, ask);
            if take.granted == 0 {
                let wait = u64::try_from(take.retry_after.as_micros()).unwrap();
                prop_assert_eq!(decide(5_000 + wait, tat, ask).0.granted, cost);
                prop_assert_eq!(decide(5_000 + wait - 1, tat, ask).0.granted, 0);
            }
        }
    }
}
