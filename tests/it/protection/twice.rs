//! Two processes, one key: the write runs once, whoever is killed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use service_tests::{CRASH_HEADER, Crash, SqliteLedger};
use testkit::ValkeyServer;

use super::replica::Replica;
use super::service::{Got, got, try_got};
use crate::support::PATIENCE;

/// After how long a claim falls whose holder is gone, and what the second of `Retry-After` adds.
const LEASE: Duration = Duration::from_secs(10);
const SLACK: Duration = Duration::from_secs(3);
/// A handler that is killed runs long enough for the kill.
const SLOW: &str = "/test/write?delay_ms=2000";
const QUICK: &str = "/test/write";

/// Two processes that share a cache and, where one is named, a ledger.
struct Pair {
    server: ValkeyServer,
    one: Replica,
    other: Replica,
    ledger: Option<tempfile::TempDir>,
}

impl Pair {
    async fn without_ledger() -> Self {
        Self::start(None).await
    }

    async fn with_ledger() -> Self {
        Self::start(Some(tempfile::tempdir().unwrap())).await
    }

    async fn start(ledger: Option<tempfile::TempDir>) -> Self {
        let server = ValkeyServer::start().await;
        let mut variables = variables("single", &server.address().to_string());
        variables.extend(
            ledger
                .iter()
                .map(|directory| ("TEST_LEDGER".to_owned(), ledger_file(directory).display().to_string())),
        );
        let one = Replica::start(&variables).await;
        let other = Replica::start(&variables).await;
        Self { server, one, other, ledger }
    }

    /// How many writes were committed, by both.
    fn committed(&self) -> u64 {
        let file = ledger_file(self.ledger.as_ref().expect("it was started with a ledger"));
        SqliteLedger::open(&file).and_then(|ledger| ledger.committed()).expect("the ledger can be read")
    }

    async fn flush(&self) {
        drop(self.server.connect().await.command(&["FLUSHALL"]).await.accepted("FLUSHALL"));
    }
}

fn ledger_file(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("ledger.sqlite")
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
    let pair = Pair::without_ledger().await;
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
    let pair = Pair::without_ledger().await;
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

/// A crash in the handler, and what the other process makes of a repeat.
async fn crash(pair: &Pair, crash: Crash) -> Got {
    let key = crash.name();
    let lost = try_got(write(&pair.one, QUICK, key).header(CRASH_HEADER, crash.name())).await;
    assert!(lost.is_err(), "{lost:?}");
    let (answer, was_running) = until_answered(&pair.other, QUICK, key).await;
    assert!(was_running, "the claim of the dead stands for a while");
    let repeat = got(write(&pair.other, QUICK, key)).await;
    assert_eq!((repeat.status, repeat.is_replay, &repeat.body), (200, true, &answer.body));
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_commit_runs_the_write_again() {
    let pair = Pair::with_ledger().await;
    let answer = crash(&pair, Crash::Before).await;
    assert!(!answer.is_replay, "{answer:?}");
    assert_eq!((pair.other.started().await, pair.committed()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_commit_is_answered_from_the_ledger() {
    let pair = Pair::with_ledger().await;
    let answer = crash(&pair, Crash::After).await;
    assert!(answer.is_replay, "{answer:?}");
    assert_eq!((pair.other.started().await, pair.committed()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_ledger_a_flush_runs_nothing_twice() {
    let pair = Pair::with_ledger().await;

    // Valkey forgets after the write.
    let first = got(write(&pair.one, QUICK, "flushed")).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    pair.flush().await;
    let repeat = got(write(&pair.other, QUICK, "flushed")).await;
    assert_eq!((repeat.status, repeat.is_replay, &repeat.body), (200, true, &first.body), "{repeat:?}");
    assert_eq!((pair.other.started().await, pair.committed()), (0, 1));

    // Valkey forgets while the handler runs, and another process begins: one of the two commits.
    let slow = got(write(&pair.one, SLOW, "forgotten"));
    let second = async {
        testkit::wait_until("the handler to run", PATIENCE, async || pair.one.started().await == 2).await;
        pair.flush().await;
        got(write(&pair.other, SLOW, "forgotten")).await
    };
    let (first, second) = tokio::join!(slow, second);
    assert_eq!((first.status, second.status), (200, 200), "{first:?} {second:?}");
    assert_eq!(first.body, second.body, "both get the answer of the one that was committed");
    assert_eq!((pair.other.started().await, pair.committed()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_valkey_forgets_nothing_that_the_ledger_knows() {
    let pair = Pair::with_ledger().await;
    let first = got(write(&pair.one, QUICK, "restarted")).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    pair.server.kill();
    let refused = got(write(&pair.other, QUICK, "restarted")).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    pair.server.restart().await;
    let repeat = testkit::wait_for("a replay", PATIENCE, async || {
        let answer = got(write(&pair.other, QUICK, "restarted")).await;
        if answer.status == 200 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!((repeat.is_replay, &repeat.body), (true, &first.body));
    assert_eq!((pair.other.started().await, pair.committed()), (0, 1));
}
