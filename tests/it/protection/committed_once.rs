//! Two processes on one store, one key: what the store has committed is never done again, whatever Valkey forgets and whoever
//! is killed. The write makes an API key of a service: every execution of it would make another one.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{ValkeyServer, shared_mongo, unique_prefix};

use super::replica::Replica;
use super::service::{Got, got, try_got};
use super::valkey::{Shape, Single, Valkey};
use crate::support::PATIENCE;

/// After how long a claim falls whose holder is gone.
const LEASE: Duration = Duration::from_secs(10);
const KEYS: &str = "/v1/services/ledger/api-keys";
/// How long a commit lasts that something is to happen before.
const SLOW: &str = "commit=after&ms=2000";

/// What is kept, and where.
#[derive(Clone, Copy)]
enum Store {
    Embedded,
    Mongo,
}

/// Two processes that share a store and a Valkey with a replica.
struct Pair {
    valkey: Valkey,
    one: Replica,
    other: Replica,
    _records: tempfile::TempDir,
}

impl Pair {
    async fn start(store: Store) -> Self {
        let valkey = Valkey::start(Shape::Single, false).await;
        let records = tempfile::tempdir().unwrap();
        let mut variables = valkey.variables();
        let mut add = |name: &str, value: String| variables.push((name.to_owned(), value));
        match store {
            Store::Embedded => add("DATA_DIR", records.path().display().to_string()),
            Store::Mongo => {
                add("MONGO_URI", format!("mongodb://{}/", shared_mongo().await));
                add("MONGO_NAME", unique_prefix());
            }
        }
        let (one, other) = (Replica::start(&variables).await, Replica::start(&variables).await);
        let service = one.request(Method::POST, "/v1/services", 0).json(&json!({ "name": "ledger" }));
        assert_eq!(got(service).await.status, 201);
        Self { valkey, one, other, _records: records }
    }

    fn single(&self) -> &Single {
        match &self.valkey {
            Valkey::Single(single) => single,
            Valkey::Cluster(_) => unreachable!("it was started as a single node"),
        }
    }

    fn server(&self) -> &ValkeyServer {
        &self.single().server
    }

    async fn flush(&self) {
        drop(self.server().connect().await.command(&["FLUSHALL"]).await.accepted("FLUSHALL"));
    }

    /// What becomes of the commits of the first process from now on.
    async fn commits(&self, wish: &str) {
        let wished = got(self.one.request(Method::POST, &format!("/test/commits?{wish}"), 0)).await;
        assert_eq!(wished.status, 200, "{wished:?}");
    }

    async fn until_committing(&self) {
        testkit::wait_until("the commit to begin", PATIENCE, async || self.one.commits().await == 1).await;
    }

    /// The answer counts, and nobody did the write besides.
    async fn assert_done_once(&self, key: &str, answer: &Got) {
        assert_eq!(answer.status, 201, "{answer:?}");
        let repeat = got(write(&self.other, key)).await;
        assert_eq!((repeat.status, repeat.is_replay, &repeat.body), (201, true, &answer.body), "{repeat:?}");
        let list = got(self.other.request(Method::GET, KEYS, 0)).await;
        let ids: Vec<&Value> =
            list.body["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
        assert_eq!(ids, [&answer.body["id"]], "{key}");
    }
}

fn write(replica: &Replica, key: &str) -> RequestBuilder {
    replica.request(Method::POST, KEYS, 0).header("X-Idempotency", key).json(&json!({ "name": "pods" }))
}

/// Asks until the write is done; gives the answer, and whether it was refused as running before.
async fn until_done(replica: &Replica, key: &str) -> (Got, bool) {
    let was_running = std::cell::Cell::new(false);
    let answer = testkit::wait_for("an answer", PATIENCE, async || {
        let answer = got(write(replica, key)).await;
        match answer.status {
            201 => return Ok(answer),
            409 => was_running.set(true),
            // While Valkey is away.
            status => assert_eq!(status, 503, "{answer:?}"),
        }
        Err(format!("{answer:?}"))
    })
    .await;
    (answer, was_running.get())
}

async fn a_crash_before_the_commit_runs_the_write_again(store: Store) {
    let pair = Pair::start(store).await;
    pair.commits("commit=end_before").await;
    let lost = try_got(write(&pair.one, "before")).await;
    assert!(lost.is_err(), "{lost:?}");
    let (answer, was_running) = until_done(&pair.other, "before").await;
    assert!(was_running, "the claim of the dead stands for a while");
    assert_eq!((answer.is_replay, pair.other.commits().await), (false, 1));
    pair.assert_done_once("before", &answer).await;
}

async fn a_crash_after_the_commit_is_answered_from_the_store(store: Store) {
    let pair = Pair::start(store).await;
    pair.commits("commit=end_after").await;
    let lost = try_got(write(&pair.one, "after")).await;
    assert!(lost.is_err(), "{lost:?}");
    let (answer, was_running) = until_done(&pair.other, "after").await;
    assert!(was_running, "the claim of the dead stands for a while");
    assert_eq!((answer.is_replay, pair.other.commits().await), (true, 0));
    pair.assert_done_once("after", &answer).await;
}

async fn what_valkey_forgets_afterwards_is_answered_from_the_store(store: Store) {
    let pair = Pair::start(store).await;
    let first = got(write(&pair.one, "flushed")).await;
    pair.flush().await;
    let (repeat, _) = until_done(&pair.other, "flushed").await;
    assert_eq!((repeat.is_replay, &repeat.body), (true, &first.body), "{repeat:?}");
    pair.server().kill();
    let refused = got(write(&pair.other, "flushed")).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    pair.server().restart().await;
    let (repeat, _) = until_done(&pair.other, "flushed").await;
    assert_eq!((repeat.is_replay, &repeat.body), (true, &first.body), "{repeat:?}");
    pair.assert_done_once("flushed", &first).await;
}

async fn a_claim_that_is_deleted_in_flight_lets_nobody_commit_twice(store: Store) {
    let pair = Pair::start(store).await;
    pair.commits(SLOW).await;
    let slow = got(write(&pair.one, "deleted"));
    let second = async {
        pair.until_committing().await;
        pair.flush().await;
        got(write(&pair.other, "deleted")).await
    };
    let (first, second) = tokio::join!(slow, second);
    assert_eq!((first.status, &first.body), (201, &second.body), "{first:?} {second:?}");
    assert_eq!((pair.one.commits().await, pair.other.commits().await), (1, 1), "both began");
    pair.assert_done_once("deleted", &first).await;
}

async fn an_owner_that_stopped_beyond_its_lease_adopts_what_was_done_meanwhile(store: Store) {
    let pair = Pair::start(store).await;
    pair.commits(SLOW).await;
    let stopped = got(write(&pair.one, "stopped"));
    let second = async {
        pair.until_committing().await;
        pair.one.pause();
        let began = Instant::now();
        let (second, was_running) = until_done(&pair.other, "stopped").await;
        println!("the key of a stopped process was free after {:.1?}", began.elapsed());
        assert!(was_running && began.elapsed() > LEASE / 2, "{second:?}");
        pair.one.resume();
        second
    };
    let (first, second) = tokio::join!(stopped, second);
    assert_eq!((first.status, &first.body), (201, &second.body), "{first:?} {second:?}");
    pair.assert_done_once("stopped", &second).await;
}

/// The new primary has never heard of the claim, as after a fail-over that lost the last writes.
async fn a_failover_that_loses_the_claim_lets_nobody_commit_twice(store: Store) {
    let pair = Pair::start(store).await;
    let single = pair.single();
    single.replica.promote().await;
    pair.commits(SLOW).await;
    let slow = got(write(&pair.one, "failed-over"));
    let second = async {
        pair.until_committing().await;
        single.endpoint.set_upstream(single.replica.address());
        single.server.kill();
        until_done(&pair.other, "failed-over").await.0
    };
    let (first, second) = tokio::join!(slow, second);
    assert_eq!((first.status, &first.body), (201, &second.body), "{first:?} {second:?}");
    pair.assert_done_once("failed-over", &first).await;
}

macro_rules! on_both_stores {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(super::Store::Embedded).await;
            })*
        }

        mod mongo {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(super::Store::Mongo).await;
            })*
        }
    };
}

on_both_stores!(
    a_crash_before_the_commit_runs_the_write_again,
    a_crash_after_the_commit_is_answered_from_the_store,
    what_valkey_forgets_afterwards_is_answered_from_the_store,
    a_claim_that_is_deleted_in_flight_lets_nobody_commit_twice,
    an_owner_that_stopped_beyond_its_lease_adopts_what_was_done_meanwhile,
    a_failover_that_loses_the_claim_lets_nobody_commit_twice,
);
