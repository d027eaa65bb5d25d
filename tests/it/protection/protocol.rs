//! Valkey is lost at each step of a keyed write.

use std::time::Duration;

use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use service_tests::{TestService, caller_id};

use super::service::{Got, LIMIT, Protected, got};
use super::valkey::{Shape, Single, Valkey};
use crate::support::PATIENCE;

/// How long a handler runs that something is to happen to: less than the holder of a claim waits with its first renewal,
/// so that the second request with the key in it is the completion.
const RUN: &str = "/test/write?delay_ms=1200";

/// A service with one node behind a proxy.
struct Bench {
    valkey: Valkey,
    service: Protected,
}

impl Bench {
    async fn start() -> Self {
        let valkey = Valkey::start(Shape::Single, false).await;
        let service = Protected::start(TestService::new(4), &valkey.variables()).await;
        // Whoever calls is known from now on.
        assert_eq!(service.read(0).await.status, 200);
        Self { valkey, service }
    }

    fn single(&self) -> &Single {
        match &self.valkey {
            Valkey::Single(single) => single,
            Valkey::Cluster(_) => unreachable!("it was started as a single node"),
        }
    }

    fn write(&self, key: &str) -> RequestBuilder {
        self.service.request(Method::POST, RUN, 0).header("X-Idempotency", key).body(r#"{"amount":7}"#)
    }

    fn executions(&self) -> u64 {
        self.service.test.executions.started()
    }

    /// Sends a write, and does `meanwhile` when its handler runs.
    async fn during_the_handler(&self, key: &str, meanwhile: impl Future<Output = ()>) -> Got {
        let before = self.executions();
        let strike = async {
            testkit::wait_until("the handler to run", PATIENCE, async || self.executions() > before).await;
            meanwhile.await;
        };
        tokio::join!(got(self.write(key)), strike).0
    }

    /// Waits until the server knows of the key.
    async fn is_told(&self, key: &str) {
        let command = ["EXISTS", &format!("idempotency:{}:{key}", caller_id(0))];
        testkit::wait_until("the completion", PATIENCE, async || {
            self.single().server.connect().await.command(&command).await.integer() == 1
        })
        .await;
    }

    /// A repeat answers what the first one did, and runs nothing.
    async fn is_replayed(&self, key: &str, first: &Got) {
        let executions = self.executions();
        let repeat = testkit::wait_for("a replay", PATIENCE, async || {
            let repeat = got(self.write(key)).await;
            if repeat.status == 200 { Ok(repeat) } else { Err(format!("{repeat:?}")) }
        })
        .await;
        assert!(repeat.is_replay, "{repeat:?}");
        assert_eq!(repeat.body, first.body);
        assert_eq!(self.executions(), executions, "{key} ran again");
    }
}

/// The driver of the cache would repeat the claim on a new link and take its own value for somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_between_the_claim_and_its_answer_leaves_the_claim_with_its_winner() {
    let bench = Bench::start().await;
    for round in 0..5 {
        let key = format!("claim-{round}");
        bench.single().endpoint.cut_replies_to(key.as_bytes(), 1);
        let before = bench.executions();
        let answers = join_all((0..16).map(async |_| got(bench.write(&key)).await)).await;
        let won: Vec<&Got> = answers.iter().filter(|got| got.status == 200 && !got.is_replay).collect();
        assert_eq!(won.len(), 1, "one winner of {answers:?}");
        assert_eq!(bench.executions() - before, 1);
        bench.is_replayed(&key, won[0]).await;
    }
    assert_eq!(bench.single().endpoint.cuts(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_valkey_nothing_is_claimed_and_nothing_runs() {
    let bench = Bench::start().await;
    bench.single().endpoint.cut().await;
    for _ in 0..5 {
        let refused = got(bench.write("before")).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("IDEMPOTENCY_UNAVAILABLE")));
        assert!(refused.took < LIMIT, "{refused:?}");
    }
    assert_eq!(bench.executions(), 0);
    bench.single().endpoint.pass().await;
    let first = testkit::wait_for("a write", PATIENCE, async || {
        let answer = got(bench.write("before")).await;
        if answer.status == 200 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!((first.is_replay, bench.executions()), (false, 1));
    bench.is_replayed("before", &first).await;
}

/// A claim whose fate nobody knows must not block the key longer than a lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_never_answered_runs_nothing_and_blocks_nobody() {
    let bench = Bench::start().await;
    bench.single().server.pause();
    let refused = got(bench.write("hung")).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.took < LIMIT, "{refused:?}");
    assert_eq!(bench.executions(), 0);
    // What the socket holds is executed now.
    bench.single().server.resume();
    let first = testkit::wait_for("a write", PATIENCE, async || {
        let answer = got(bench.write("hung")).await;
        if answer.status == 200 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!((first.is_replay, bench.executions()), (false, 1));
    bench.is_replayed("hung", &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_that_is_away_when_the_handler_ends_is_told_when_it_is_back() {
    let bench = Bench::start().await;
    let proxy = &bench.single().endpoint;

    let first = bench.during_the_handler("cut", proxy.cut()).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    assert_eq!(got(bench.write("cut")).await.status, 503, "a repeat while nobody can know");
    assert_eq!(bench.executions(), 1);
    proxy.pass().await;
    bench.is_replayed("cut", &first).await;

    let first = bench.during_the_handler("half-open", proxy.half_open()).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    assert!(first.took < LIMIT, "{first:?}");
    assert_eq!(got(bench.write("half-open")).await.status, 503, "a repeat while nobody can know");
    assert_eq!(bench.executions(), 2);
    proxy.pass().await;
    bench.is_replayed("half-open", &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_between_the_completion_and_its_answer_harms_nothing() {
    let bench = Bench::start().await;
    let proxy = &bench.single().endpoint;
    let lose_the_completion = async { proxy.cut_replies_to(b"completion", 1) };
    let first = bench.during_the_handler("completion", lose_the_completion).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    assert_eq!(proxy.cuts(), 1);
    bench.is_replayed("completion", &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_forgotten_in_the_handler_is_completed_all_the_same() {
    let bench = Bench::start().await;
    let server = &bench.single().server;

    let flush = async {
        drop(server.connect().await.command(&["FLUSHALL"]).await.accepted("FLUSHALL"));
    };
    let first = bench.during_the_handler("flushed", flush).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    bench.is_replayed("flushed", &first).await;

    // Without its data, and for a second without itself.
    let restart = async {
        server.kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.restart().await;
    };
    let first = bench.during_the_handler("restarted", restart).await;
    assert_eq!((first.status, first.is_replay), (200, false), "{first:?}");
    // Until then a repeat would run: what Valkey forgets only a ledger remembers.
    bench.is_told("restarted").await;
    bench.is_replayed("restarted", &first).await;
}

/// The client gives up while the handler runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_loses_no_completion() {
    let bench = Bench::start().await;
    let gone = bench.write("left").timeout(Duration::from_millis(300)).send().await;
    assert!(gone.is_err_and(|error| error.is_timeout()));
    let answer = testkit::wait_for("a replay", PATIENCE, async || {
        let answer = got(bench.write("left")).await;
        if answer.status == 200 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert!(answer.is_replay, "{answer:?}");
    assert_eq!(bench.executions(), 1);
}
