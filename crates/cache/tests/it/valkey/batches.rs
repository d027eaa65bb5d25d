//! Many callers of one client on a single node, whose commands go together: each gets its own answer, or its own error.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cache::{Cache, CacheClient, CacheError, Expiry, Refusal, ReplaceIfEqual, SetIfAbsent, TakeRequest};
use futures::future::join_all;
use testkit::ValkeyServer;

use super::support::{counters, single};

const CALLERS: usize = 200;

/// Runs `call` for every caller at once, in tasks of their own.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    cache: &Cache,
    call: impl Fn(Cache, usize) -> F,
) -> Vec<T> {
    let calls: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(call(cache.clone(), caller))).collect();
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

fn key(caller: usize) -> String {
    format!("caller:{caller}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_the_answer_to_what_was_asked() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    let before = counters(&cache);
    let limit = TakeRequest::new(5, Duration::from_secs(60)).unwrap();
    at_once(&cache, move |cache, caller| async move { cache_work(&cache, caller, limit).await }).await;
    let after = counters(&cache);
    let (round_trips, batched) = (after.round_trips - before.round_trips, after.batched - before.batched);
    println!("{batched} commands went with others, in {round_trips} round trips in all");
    assert!(batched > 0, "nothing went together");
    assert!(round_trips < CALLERS as u64 * 11, "{round_trips} round trips");
    cache.close().await;
}

/// Eleven commands of every kind, on keys of this caller.
async fn cache_work(cache: &Cache, caller: usize, limit: TakeRequest) {
    let key = key(caller);
    let own = |what: &str| format!("{what} of {caller}").into_bytes();
    let (key, claim) = (key.as_bytes(), own("claim"));
    assert_eq!(cache.get(key).await, Err(CacheError::Miss));
    let minute = Expiry::After(Duration::from_secs(60));
    assert_eq!(cache.set_if_absent(key, own("a").into(), minute).await, Ok(SetIfAbsent::Stored));
    let standing = SetIfAbsent::Present(own("a").into());
    assert_eq!(cache.set_if_absent(key, own("b").into(), minute).await, Ok(standing));
    let replaced = cache.replace_if_equal(key, own("a").into(), own("c").into(), minute).await;
    assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced));
    assert_eq!(cache.get(key).await, Ok(Bytes::from(own("c"))));
    for left in [4, 3] {
        let take = cache.take(&claim, limit).await.unwrap();
        assert_eq!((take.granted, take.remaining), (1, left));
    }
    // A text is no number: the others do not notice.
    assert_eq!(cache.incr(key).await, Err(CacheError::WrongType));
    assert_eq!(cache.incr(&own("count")).await, Ok(1));
    assert_eq!(cache.expire(key, Duration::ZERO).await, Ok(true));
    assert_eq!(cache.get(key).await, Err(CacheError::Miss));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_answers_do_not_pile_up_in_one_call() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    let value = Bytes::from(vec![b'v'; 100_000]);
    let stored = value.clone();
    let sets = at_once(&cache, move |cache, caller| {
        let value = stored.clone();
        async move { cache.set(key(caller).as_bytes(), value, Expiry::Never).await }
    });
    assert!(sets.await.iter().all(Result::is_ok));
    let gets = at_once(&cache, async |cache, caller| cache.get(key(caller).as_bytes()).await).await;
    assert!(gets.iter().all(|got| got.as_ref() == Ok(&value)));
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full_refuses_what_writes_and_answers_what_reads() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    cache.set(b"stands", "value".into(), Expiry::Never).await.unwrap();
    drop(server.connect().await.command(&["CONFIG", "SET", "maxmemory", "1"]).await.accepted("CONFIG"));
    let answers = at_once(&cache, async |cache, caller| {
        if caller % 2 == 0 {
            cache.get(b"stands").await.map(drop)
        } else {
            cache.set(key(caller).as_bytes(), "value".into(), Expiry::Never).await
        }
    });
    for (caller, answer) in answers.await.into_iter().enumerate() {
        match (caller % 2, answer) {
            (0, Ok(())) | (1, Err(CacheError::Refused { refusal: Refusal::OutOfMemory, .. })) => {}
            (_, other) => panic!("caller {caller}: {other:?}"),
        }
    }
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_scripts_is_told_them_again() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    for _ in 0..3 {
        drop(server.connect().await.command(&["SCRIPT", "FLUSH"]).await.accepted("SCRIPT"));
        let counts = at_once(&cache, async |cache, _| cache.incr(b"counted").await).await;
        assert!(counts.iter().all(Result::is_ok), "{counts:?}");
    }
    assert_eq!(cache.get(b"counted").await.unwrap(), (3 * CALLERS).to_string());
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_longer_than_by_himself_while_the_server_hangs() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    server.pause();
    let ask = async |cache: Cache, caller| {
        let began = Instant::now();
        (cache.get(key(caller).as_bytes()).await.expect_err("an outage"), began.elapsed())
    };
    for (error, elapsed) in at_once(&cache, ask).await {
        assert!(error.is_outage(), "{error:?}");
        assert!(elapsed < Duration::from_millis(1_500), "{elapsed:?}");
    }
    let began = Instant::now();
    assert!(at_once(&cache, ask).await.iter().all(|(error, _)| error.is_outage()));
    assert!(began.elapsed() < Duration::from_millis(400), "they know by now: {:?}", began.elapsed());
    server.resume();
    testkit::wait_until("the cache to heal", Duration::from_secs(5), || async {
        at_once(&cache, async |cache, caller| cache.get(key(caller).as_bytes()).await)
            .await
            .iter()
            .all(|got| *got == Err(CacheError::Miss))
    })
    .await;
    cache.close().await;
}
