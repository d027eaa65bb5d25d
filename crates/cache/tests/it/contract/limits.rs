//! Rate limits, compared with the arithmetic of the algorithm at the times that the deciding clock gave.

use std::time::{Duration, Instant};

use cache::{CacheClient, CacheError, Expiry, Grant, Take, TakeRequest};
use futures::future::join_all;

use super::on_every_backend;
use crate::backend::Backend;

const HOUR: Duration = Duration::from_secs(3_600);

fn request(limit: u64, window: Duration) -> TakeRequest {
    TakeRequest::new(limit, window).unwrap()
}

/// The algorithm written down once more: what a take at a given time answers.
struct Model {
    limit: u64,
    emission: u64,
    whole_at: u64,
}

impl Model {
    fn new(limit: u64, window: Duration) -> Self {
        let micros = u64::try_from(window.as_micros()).unwrap();
        Self { limit, emission: micros.div_ceil(limit), whole_at: 0 }
    }

    fn take(&mut self, now: u64, cost: u64, grant: Grant) -> Take {
        let used_until = self.whole_at.max(now);
        let horizon = now + self.limit * self.emission;
        let fitting = (horizon - used_until) / self.emission;
        let granted = if grant == Grant::AllOrNothing && cost > fitting { 0 } else { cost.min(fitting) };
        let whole_at = used_until + granted * self.emission;
        if granted > 0 {
            self.whole_at = whole_at;
        }
        let wanted = if cost == 0 { 1 } else { (cost - granted).min(self.limit) };
        Take {
            granted,
            remaining: (horizon - whole_at) / self.emission,
            retry_after: Duration::from_micros((whole_at + wanted * self.emission).saturating_sub(horizon)),
            reset_after: Duration::from_micros(whole_at - now),
            now_micros: now,
        }
    }
}

async fn a_burst_passes_exactly_the_limit(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("burst"));
    let request = request(5, HOUR);
    let peeked = cache.take(&key, request.peek()).await.unwrap();
    assert_eq!((peeked.granted, peeked.remaining, peeked.reset_after), (0, 5, Duration::ZERO));
    assert_eq!(peeked.retry_after, Duration::ZERO);
    assert_eq!(cache.get(&key).await, Err(CacheError::Miss), "a peek changes nothing");
    for remaining in (0..5).rev() {
        let take = cache.take(&key, request).await.unwrap();
        assert_eq!((take.granted, take.remaining, take.retry_after), (1, remaining, Duration::ZERO));
    }
    let denied = cache.take(&key, request).await.unwrap();
    assert_eq!((denied.granted, denied.remaining), (0, 0));
    // An hour for five is one every 720 s; a little of the first is over.
    assert!(denied.retry_after <= HOUR / 5 && denied.retry_after > HOUR / 5 - Duration::from_secs(30));
    assert!(denied.reset_after <= HOUR && denied.reset_after > HOUR - Duration::from_secs(30));
    let peeked = cache.take(&key, request.peek()).await.unwrap();
    assert!(peeked.retry_after > Duration::ZERO && peeked.retry_after <= denied.retry_after);
}
on_every_backend!(a_burst_passes_exactly_the_limit: embedded_burst, single_burst, cluster_burst);

async fn a_cost_passes_whole_or_in_part(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("cost"));
    let request = request(10, HOUR);
    let take = async |cost, grant| cache.take(&key, request.cost(cost, grant)).await.unwrap();
    let above = take(11, Grant::AllOrNothing).await;
    assert_eq!((above.granted, above.remaining), (0, 10), "more than the limit never passes whole");
    assert_eq!(take(7, Grant::AllOrNothing).await.granted, 7);
    let whole = take(4, Grant::AllOrNothing).await;
    assert_eq!((whole.granted, whole.remaining), (0, 3), "nothing is taken when not all fits");
    assert!(whole.retry_after > Duration::ZERO);
    let part = take(4, Grant::AsManyAsFit).await;
    assert_eq!((part.granted, part.remaining), (3, 0));
    assert!(part.retry_after > Duration::ZERO, "one of the four is left");
    assert_eq!(take(1_000_000, Grant::AsManyAsFit).await.granted, 0);
}
on_every_backend!(a_cost_passes_whole_or_in_part: embedded_cost, single_cost, cluster_cost);

async fn every_answer_is_what_the_arithmetic_says(backend: &Backend) {
    let window = Duration::from_millis(700);
    let (cache, key) = (&backend.cache, backend.key("model"));
    let request = request(30, window);
    let mut model = Model::new(30, window);
    let mut random = 12_345_u64;
    let started = Instant::now();
    let (mut takes, mut denied) = (0, 0);
    // Long enough for the limit to fill up, run out and come back.
    while started.elapsed() < Duration::from_secs(2) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let cost = (random >> 33) % 6 * ((random >> 40) % 7);
        let grant = if random >> 63 == 0 { Grant::AllOrNothing } else { Grant::AsManyAsFit };
        let take = cache.take(&key, request.cost(cost, grant)).await.unwrap();
        let expected = model.take(take.now_micros, cost, grant);
        assert_eq!(take, expected, "take {takes} of {cost}, {grant:?}");
        takes += 1;
        denied += u32::from(take.granted < cost);
        tokio::task::yield_now().await;
    }
    assert!(takes > 30 && denied > 0, "{takes} takes, {denied} denied");
}
on_every_backend!(every_answer_is_what_the_arithmetic_says: embedded_model, single_model, cluster_model);

async fn the_retry_time_is_exact(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("retry"));
    let request = request(4, Duration::from_millis(800));
    assert_eq!(cache.take(&key, request.cost(4, Grant::AllOrNothing)).await.unwrap().granted, 4);
    for cost in [1, 3] {
        // Denied answers name the same moment, whenever they come: none at or after it, no grant before it.
        let mut promised = None;
        loop {
            let take = cache.take(&key, request.cost(cost, Grant::AllOrNothing)).await.unwrap();
            if take.granted == cost {
                assert!(promised.is_some_and(|moment| take.now_micros >= moment), "{take:?}, {promised:?}");
                break;
            }
            let moment = take.now_micros + u64::try_from(take.retry_after.as_micros()).unwrap();
            assert!(
                take.now_micros < moment && promised.is_none_or(|promised| promised == moment),
                "{take:?}"
            );
            promised = Some(moment);
            tokio::task::yield_now().await;
        }
    }
}
on_every_backend!(the_retry_time_is_exact: embedded_retry, single_retry, cluster_retry);

async fn sixty_four_at_once_get_exactly_the_limit(backend: &Backend) {
    for limit in [1, 20, 63] {
        let key = backend.key(&format!("crowd:{limit}"));
        let takes = (0..64).map(|_| {
            let (cache, key) = (backend.cache.clone(), key.clone());
            tokio::spawn(async move { cache.take(&key, request(limit, HOUR)).await.unwrap().granted })
        });
        let granted: u64 = join_all(takes).await.into_iter().map(Result::unwrap).sum();
        assert_eq!(granted, limit);
    }
}
on_every_backend!(sixty_four_at_once_get_exactly_the_limit: embedded_crowd, single_crowd, cluster_crowd);

async fn a_limit_is_gone_when_it_is_whole(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("gone"));
    cache.take(&key, request(2, Duration::from_millis(100))).await.unwrap();
    testkit::wait_until("the key is gone", Duration::from_secs(5), async || {
        cache.get(&key).await == Err(CacheError::Miss)
    })
    .await;
}
on_every_backend!(a_limit_is_gone_when_it_is_whole: embedded_gone, single_gone, cluster_gone);

/// Another server's clock was ahead, or somebody wrote what is no time.
async fn what_is_no_time_of_this_clock_does_not_deny_for_ever(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("ahead"));
    let request = request(4, Duration::from_millis(800));
    cache.set(&key, "9000000000000000".into(), Expiry::Never).await.unwrap();
    let denied = cache.take(&key, request).await.unwrap();
    assert_eq!((denied.granted, denied.retry_after), (0, Duration::from_millis(200)));
    testkit::wait_until("one passes", Duration::from_secs(5), async || {
        cache.take(&key, request).await.unwrap().granted == 1
    })
    .await;
    for text in ["nan", "-nan", "soon", "-1"] {
        cache.set(&key, text.into(), Expiry::Never).await.unwrap();
        let take = cache.take(&key, request).await.unwrap();
        assert_eq!((take.granted, take.remaining), (1, 3), "{text}");
    }
}
on_every_backend!(what_is_no_time_of_this_clock_does_not_deny_for_ever: embedded_ahead, single_ahead, cluster_ahead);
