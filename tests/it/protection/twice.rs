//! Two processes, one key: a handler that commits nothing runs once at a time, and again only when its process was killed.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use testkit::ValkeyServer;

use super::replica::Replica;
use super::service::{Got, got, try_got};
use crate::support::PATIENCE;

/// After how long a claim falls whose holder is gone, and what the second of `Retry-After` adds.
const LEASE: Duration = Duration::from_secs(10);
const SLACK: Duration = Duration::from_secs(3);
/// A handler that is killed runs long enough for the kill.
const SLOW: &str = "/test/write?delay_ms=2000";

/// Two processes that share a cache and nothing else.
struct Pair {
    one: Replica,
    other: Replica,
    _server: ValkeyServer,
}

impl Pair {
    async fn start() -> Self {
        let server = ValkeyServer::start().await;
        let variables = variables("single", &server.address().to_string());
        let (one, other) = (Replica::start(&variables).await, Replica::start(&variables).await);
        Self { one, other, _server: server }
    }
}

fn variables(mode: &str, addresses: &str) -> Vec<(String, String)> {
    let pairs = [("CACHE_MODE", mode), ("CACHE_ADDRS", addresses)];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn write(replica: &Replica, path: &str, key: &str) -> RequestBuilder {
    replica.request(Method::POST, path, 0).header("X-Idempotency", key).body(r#"{"amount":7}"#)
}

/// Asks until the key is free or its answer known; gives the answer, and whether it was refused as running before.
async fn until_answered(replica: &Replica, path: &str, key: &str) -> (Got, bool) {
    let was_running = std::cell::Cell::new(false);
    let answer = testkit::wait_for("an answer", PATIENCE, async || {
        let answer = got(write(replica, path, key)).await;
        if answer.status == 200 {
            return Ok(answer);
        }
        assert_eq!(answer.status, 409, "{answer:?}");
        was_running.set(true);
        Err(format!("{answer:?}"))
    })
    .await;
    (answer, was_running.get())
}

/// Sixteen calls of one key at once run the handler once.
async fn runs_once(replicas: [&Replica; 2]) {
    for round in 0..3 {
        let key = format!("{}parallel-{round}", testkit::unique_prefix());
        let path = "/test/write?delay_ms=300";
        let before = replicas[0].started().await + replicas[1].started().await;
        let calls = (0..16).map(async |number| got(write(replicas[number % 2], path, &key)).await);
        let answers = join_all(calls).await;
        let (won, others): (Vec<Got>, Vec<Got>) =
            answers.into_iter().partition(|got| got.status == 200 && !got.is_replay);
        assert_eq!(won.len(), 1, "{won:?} {others:?}");
        for other in others {
            let is_conflict = other.status == 409 && other.body["code"] == "IDEMPOTENCY_CONFLICT";
            assert!(is_conflict || other.is_replay && other.body == won[0].body, "{other:?}");
        }
        for replica in replicas {
            let repeat = got(write(replica, path, &key)).await;
            assert_eq!((repeat.status, repeat.is_replay, &repeat.body), (200, true, &won[0].body));
        }
        assert_eq!(replicas[0].started().await + replicas[1].started().await - before, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_parallel_calls_run_the_handler_once() {
    let pair = Pair::start().await;
    runs_once([&pair.one, &pair.other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_parallel_calls_run_the_handler_once_on_a_cluster() {
    let cluster = testkit::shared_cluster().await;
    let variables = variables("cluster", &cluster.node_list());
    let (one, other) = (Replica::start(&variables).await, Replica::start(&variables).await);
    runs_once([&one, &other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_the_handler_frees_the_key_after_the_lease() {
    let pair = Pair::start().await;
    let call = try_got(write(&pair.one, SLOW, "killed"));
    let kill = async {
        testkit::wait_until("the handler to run", PATIENCE, async || pair.one.started().await == 1).await;
        pair.one.kill();
        Instant::now()
    };
    let (lost, killed) = tokio::join!(call, kill);
    assert!(lost.is_err(), "{lost:?}");
    let (answer, was_running) = until_answered(&pair.other, SLOW, "killed").await;
    let freed = killed.elapsed() - answer.took;
    println!("killed in the handler: the key was free after {freed:.1?}");
    assert!(was_running, "the claim of the dead stands for a while");
    assert!(freed < LEASE + SLACK, "{freed:?}");
    assert!(!answer.is_replay);
    assert_eq!(pair.other.started().await, 1);
    assert!(got(write(&pair.other, SLOW, "killed")).await.is_replay);
}
