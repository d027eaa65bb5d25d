use cache::{Grant, TakeRequest};
use tokio::task::JoinHandle;

use super::*;

type Answer = JoinHandle<Response<Bytes>>;

/// The emission interval of the default limit.
const STEP: Duration = Duration::from_millis(120);

fn one() -> TakeRequest {
    TakeRequest::new(500, Duration::from_secs(60)).unwrap()
}

/// What a limit answers that `left` remain of.
fn granting(granted: u64, left: u64) -> Take {
    let used = u32::try_from(500 - left).unwrap();
    take(granted, left, Duration::ZERO, STEP * used)
}

/// Lets the tasks of the test run until this holds. A test has one thread, so that no time is needed.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never: {what}");
}

async fn let_all_run() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Requests in this order, each of which waits.
async fn waiting(limited: &Limited, count: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..count {
        let service = limited.service();
        answers.push(tokio::spawn(async move { service.oneshot(get("someone")).await.unwrap() }));
        tokio::task::yield_now().await;
    }
    let_all_run().await;
    assert!(answers.iter().all(|answer| !answer.is_finished()));
    answers
}

async fn statuses(answers: Vec<Answer>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer.await.unwrap().status().as_u16());
    }
    statuses
}

fn held(cache: MockCache) -> Limited {
    cache.hold_takes(true);
    Limited::new(cache)
}

#[tokio::test]
async fn sixty_four_that_meet_take_twice_and_get_exactly_what_is_left_in_their_order() {
    let (first, second) = (granting(1, 19), granting(19, 0));
    let limited = held(MockCache::new().on_take(KEY, Ok(first)).on_take(KEY, Ok(second)));
    let answers = waiting(&limited, 64).await;
    assert_eq!(limited.takes().len(), 1);
    limited.cache.hold_takes(false);
    for (place, answer) in answers.into_iter().enumerate() {
        let response = answer.await.unwrap();
        if place < 20 {
            assert_eq!(response.status(), StatusCode::OK, "{place}");
            assert_eq!(header(&response, "X-RateLimit-Remaining"), (19 - place).to_string());
            // As if taken one by one: each moves the time of the whole limit by one step.
            let reset = (NOW * 1_000 + 120 * (481 + place as u64)).div_ceil(1_000);
            assert_eq!(header(&response, "X-RateLimit-Reset"), reset.to_string(), "{place}");
        } else {
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{place}");
            assert_eq!(header(&response, "Retry-After"), "1");
        }
    }
    let costs: Vec<TakeRequest> = limited.takes().into_iter().map(|(_, request)| request).collect();
    assert_eq!(costs, [one(), one().cost(63, Grant::AsManyAsFit)]);
    let counters = limited.layer.counters();
    assert_eq!((counters.takes, counters.coalesced), (2, 62));
    assert_eq!((counters.allowed, counters.denied), (20, 44));
}

#[tokio::test]
async fn nothing_is_kept_of_a_key_that_is_idle() {
    let limited = held(MockCache::new());
    let answers = waiting(&limited, 10).await;
    assert_eq!(limited.layer.limiter().takes.len(), 1);
    limited.cache.hold_takes(false);
    assert_eq!(statuses(answers).await, [200; 10]);
    assert_eq!(limited.layer.limiter().takes.len(), 0);
}

#[tokio::test]
async fn keys_do_not_wait_for_each_other() {
    let limited = held(MockCache::new());
    let _one = waiting(&limited, 3).await;
    let service = limited.service();
    let other = tokio::spawn(async move { service.oneshot(get("another")).await.unwrap() });
    until("the other key is asked for", || limited.takes().len() == 2).await;
    limited.cache.hold_takes(false);
    assert_eq!(other.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_first_that_goes_away_leaves_its_turn() {
    let limited = held(MockCache::new());
    let mut answers = waiting(&limited, 4).await;
    answers.remove(0).abort();
    until("the next asks", || limited.takes().len() == 2).await;
    limited.cache.hold_takes(false);
    assert_eq!(statuses(answers).await, [200; 3]);
    assert_eq!(limited.takes()[1].1, one().cost(3, Grant::AsManyAsFit));
    assert_eq!(limited.layer.counters().abandoned, 1);
    assert_eq!(limited.layer.limiter().takes.len(), 0);
}

/// Requests that are in flight together: the first went away before.
async fn in_flight(limited: &Limited, count: usize) -> Vec<Answer> {
    let mut answers = waiting(limited, count + 1).await;
    answers.remove(0).abort();
    until("they ask together", || limited.takes().len() == 2).await;
    answers
}

#[tokio::test]
async fn a_leader_that_goes_away_in_flight_leaves_its_take_to_the_others() {
    let (lost, shared) = (granting(1, 499), granting(4, 495));
    let limited = held(MockCache::new().on_take(KEY, Ok(shared)).on_take(KEY, Ok(lost)));
    let mut answers = in_flight(&limited, 4).await;
    answers.remove(0).abort();
    let_all_run().await;
    answers.remove(0).abort();
    let_all_run().await;
    limited.cache.hold_takes(false);
    // The third and the fourth of four: nobody gets a share of those that are gone.
    for (answer, remaining) in answers.into_iter().zip(["496", "495"]) {
        assert_eq!(header(&answer.await.unwrap(), "X-RateLimit-Remaining"), remaining);
    }
    assert_eq!(limited.takes().len(), 2, "the take goes on; none is sent again");
    assert_eq!(limited.layer.counters().abandoned, 3);
    assert_eq!(limited.layer.limiter().takes.len(), 0);
}

#[tokio::test]
async fn who_goes_away_before_the_take_is_not_taken_for_and_who_goes_later_loses_its_share() {
    let (first, shared) = (granting(1, 499), granting(4, 495));
    let limited = held(MockCache::new().on_take(KEY, Ok(first)).on_take(KEY, Ok(shared)));
    let mut answers = waiting(&limited, 6).await;
    // Of five that wait, the first and the third.
    answers.remove(3).abort();
    answers.remove(1).abort();
    let_all_run().await;
    limited.cache.hold_takes(false);
    let mut remaining = Vec::new();
    for answer in answers {
        remaining.push(header(&answer.await.unwrap(), "X-RateLimit-Remaining").to_owned());
    }
    assert_eq!(limited.takes()[1].1, one().cost(3, Grant::AsManyAsFit));
    assert_eq!(remaining, ["499", "498", "497", "496"]);
    assert_eq!(limited.layer.counters().abandoned, 0);
}

#[tokio::test]
async fn when_all_go_away_the_next_starts_anew() {
    let limited = held(MockCache::new());
    for answer in in_flight(&limited, 5).await {
        answer.abort();
        let_all_run().await;
    }
    assert_eq!(limited.layer.limiter().takes.len(), 0);
    limited.cache.hold_takes(false);
    assert_eq!(limited.ask(get("someone")).await.status(), 200);
}

#[tokio::test]
async fn going_away_at_any_moment_keeps_nobody_waiting() {
    // A different moment each round: some leave while they wait, are called, lead, or were answered.
    for round in 0_usize..200 {
        let limited = held(MockCache::new());
        let mut answers = waiting(&limited, 12).await;
        if round % 3 == 0 {
            limited.cache.hold_takes(false);
        }
        for step in 0..8 {
            if step == round % 8 {
                limited.cache.hold_takes(false);
            }
            let leaves = (round * 7 + step * 5) % answers.len();
            answers.remove(leaves).abort();
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
        }
        limited.cache.hold_takes(false);
        assert_eq!(statuses(answers).await, [200; 4], "round {round}");
        until("nothing is left", || limited.layer.limiter().takes.len() == 0).await;
    }
}

#[tokio::test]
async fn too_many_that_wait_are_denied_whatever_the_policy() {
    for policy in [OnCacheFailure::Local, OnCacheFailure::Open, OnCacheFailure::Closed] {
        let limited = Limited::on_failure(MockCache::new(), policy);
        limited.cache.hold_takes(true);
        let answers = waiting(&limited, 4_097).await;
        let response = limited.ask(get("someone")).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(header(&response, "Retry-After"), "1");
        assert_eq!(header(&response, "X-RateLimit-Source"), "local");
        assert_eq!((header(&response, "X-RateLimit-Limit"), header(&response, "RateLimit")), ("500", ""));
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["code"], "rate_limit_exceeded");
        let counters = limited.layer.counters();
        assert_eq!((counters.crowded, counters.denied, counters.local), (1, 1, 0));
        limited.cache.hold_takes(false);
        statuses(answers).await;
        assert_eq!(limited.layer.counters().takes, 2);
        assert_eq!(limited.ask(get("another")).await.status(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn going_away_on_many_threads_keeps_nobody_waiting() {
    let limited = held(MockCache::new());
    let mut asking = Vec::new();
    for number in 0..4_000 {
        let service = limited.service();
        // The mock grants a take as a limit that was not used before does: here 60,000.
        let caller = Caller::new("someone".into(), Scopes::default()).with_rate_tier(RateTier::Service);
        let request = request(Method::GET, caller);
        asking.push(tokio::spawn(async move { service.oneshot(request).await.unwrap().status() }));
        // Takes are in flight while others come and go.
        limited.cache.hold_takes(number % 64 < 48);
        if number % 3 == 0 {
            let gone: JoinHandle<StatusCode> = asking.swap_remove(number * 7 % asking.len());
            gone.abort();
        }
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    limited.cache.hold_takes(false);
    for answer in asking {
        let status = tokio::time::timeout(Duration::from_secs(60), answer).await.expect("an answer").unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    let limiter = limited.layer.limiter();
    tokio::time::timeout(Duration::from_secs(60), async {
        while limiter.takes.len() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("nothing is left");
    let counters = limited.layer.counters();
    assert!(counters.coalesced > 0 && counters.takes < counters.allowed, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_exactly_the_limit_passes_and_nobody_is_kept_waiting() {
    let tiers = RateTiers::default().with(RateTier::Default, 1_000, Duration::from_secs(86_400)).unwrap();
    let layer = RateLimitLayer::new(CacheHandle::connected(Cache::embedded()), tiers);
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    let tasks: Vec<JoinHandle<u64>> = (0..16)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move {
                let mut passed = 0;
                for _ in 0..200 {
                    let response = service.clone().oneshot(get("someone")).await.unwrap();
                    passed += u64::from(response.status() == StatusCode::OK);
                    tokio::task::yield_now().await;
                }
                passed
            })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += tokio::time::timeout(Duration::from_secs(60), task).await.unwrap().unwrap();
    }
    assert_eq!(passed, 1_000);
    let counters = layer.counters();
    assert_eq!((counters.allowed, counters.denied), (1_000, 2_200));
}
