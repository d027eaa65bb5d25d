//! One of three masters goes away: callers whose keys are on the other two do not notice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ApiKeyHash;
use futures::future::join_all;
use reqwest::Method;
use service_tests::{TestService, caller_id, known_key};
use testkit::{ClusterOptions, ValkeyCluster, key_slot};

use super::load::{Load, Plan};
use super::rows::wait_until_whole;
use super::service::{Got, LIMIT, Protected, client, got, request};
use super::valkey::first_master;

/// Of so many callers, enough have all their keys on two masters.
const KNOWN: usize = 300;
const OTHERS: usize = 40;
/// More than the buffers of a socket hold, and no more, because sealing them takes long where nothing is optimized.
const LARGE_WRITES: usize = 3;
/// Just below what is kept of an answer.
const LARGE: usize = 1_000_000;

/// A cluster that wants all its slots refuses them for about a second, and a busy machine adds its part.
const LONGEST_GAP: Duration = Duration::from_millis(1_500);

/// How the master goes away.
#[derive(Debug, Clone, Copy)]
enum Away {
    Killed,
    Hung,
}

/// Which keys are on the master that goes away.
#[derive(Clone)]
struct Victim {
    address: SocketAddr,
    slots: Arc<Vec<bool>>,
}

impl Victim {
    async fn of(cluster: &ValkeyCluster) -> Self {
        let master = cluster.node_for_slot(0).await;
        let slots = (0..16_384).map(|slot| master.owns(slot)).collect();
        Self { address: master.address, slots: Arc::new(slots) }
    }

    fn has(&self, key: &str) -> bool {
        self.slots[usize::from(key_slot(key.as_bytes()))]
    }

    fn has_write(&self, caller: usize, idempotency_key: &str) -> bool {
        self.has(&format!("idempotency:{}:{idempotency_key}", caller_id(caller)))
    }

    /// Callers who are known and counted without it.
    fn others(&self) -> Vec<usize> {
        let is_apart = |caller: &usize| {
            let id = caller_id(*caller);
            let keys = [
                format!("apikey:sha256:{}", ApiKeyHash::of(&known_key(*caller))),
                format!("tenant-manager:ratelimit:default:{id}"),
                format!("tenant-manager:ratelimit:aggressive:{id}"),
                format!("tenant-manager:ratelimit:service:{id}"),
            ];
            !keys.iter().any(|key| self.has(key))
        };
        (0..KNOWN).filter(is_apart).take(OTHERS).collect()
    }
}

/// Writes whose answers of a megabyte belong on the victim: by the time they are sent to it, it is away.
struct LargeWrites {
    keys: Vec<String>,
    caller: usize,
    path: String,
}

impl LargeWrites {
    fn of(victim: &Victim, caller: usize) -> Self {
        let keys = (0..).map(|number| format!("large-{number}")).filter(|key| victim.has_write(caller, key));
        // Their handlers run half a second, time enough for the strike.
        Self {
            keys: keys.take(LARGE_WRITES).collect(),
            caller,
            path: format!("/test/write?delay_ms=500&size={LARGE}"),
        }
    }

    async fn send(&self, service: &Protected) -> Vec<Got> {
        join_all(self.keys.iter().enumerate().map(async |(number, key)| {
            let asked = request(&client(number), &service.base, Method::POST, &self.path, self.caller);
            got(asked.header("X-Idempotency", key)).await
        }))
        .await
    }

    async fn wait_until_claimed(&self, cluster: &ValkeyCluster, victim: &Victim) {
        let mut connection = cluster.connect(victim.address).await;
        for key in &self.keys {
            let command = ["EXISTS", &format!("idempotency:{}:{key}", caller_id(self.caller))];
            while connection.command(&command).await.integer() == 0 {}
        }
    }
}

async fn lose_one(away: Away, require_full_coverage: bool) {
    let name = format!("one master {away:?}, full coverage {require_full_coverage}");
    let options = ClusterOptions { require_full_coverage, ..ClusterOptions::default() };
    let cluster = ValkeyCluster::start(options).await;
    let variables = [("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &cluster.node_list())]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let service = Protected::start(TestService::new(KNOWN), &variables).await;
    let victim = Victim::of(&cluster).await;
    let others = victim.others();
    assert_eq!(others.len(), OTHERS);

    wait_until_whole(&service, "a service at work").await;
    let plan = Plan {
        callers: others.clone(),
        likes: Arc::new({
            let victim = victim.clone();
            move |caller, key| !victim.has_write(caller, key)
        }),
    };
    let load = Load::start(&service.base, &plan).await;
    load.answers(300).await;
    let began = Instant::now();
    load.answers(300).await;
    let large = LargeWrites::of(&victim, others[0]);
    let away_and_back = async {
        large.wait_until_claimed(&cluster, &victim).await;
        let struck = Instant::now();
        match away {
            Away::Killed => cluster.kill(victim.address),
            Away::Hung => cluster.pause(victim.address),
        }
        cluster.wait_until_failed_over(victim.address).await;
        wait_until_whole(&service, "healing").await;
        println!("{name}: everybody healed {:.1?} after the strike", struck.elapsed());
        load.answers(300).await;
        struck
    };
    let (answers, struck) = tokio::join!(large.send(&service), away_and_back);
    let ended = Instant::now();
    let samples = load.stop().await;
    for answer in answers {
        // The handler ran; that nobody could note it is not the first caller's trouble.
        assert!(answer.status == 200 && answer.took < LIMIT, "{} after {:?}", answer.status, answer.took);
    }

    samples.between(began, struck).print(&format!("{name}: before"));
    let during = samples.between(struck, ended);
    during.print(&format!("{name}: since the strike"));
    println!(
        "{name}: p99 of the others {:.1?}, longest gap {:.1?}",
        during.quantile(0.99),
        during.longest_gap()
    );
    during.assert_allowed(&name);
    if require_full_coverage {
        // The cluster refuses all slots from when it gives the master up until the replica has taken over.
        assert!(during.longest_gap() < LONGEST_GAP, "{name}: {:?}", during.longest_gap());
    } else {
        during.assert_no_error(&name);
        // Counted for all replicas, too, but for what a busy machine spoils by itself.
        during.assert_whole(&name, 0.99);
    }
    if let Away::Hung = away {
        cluster.resume(victim.address);
        wait_until_whole(&service, "the old master's return").await;
    }
    assert_ne!(first_master(&cluster).await, victim.address);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_the_rest_is_served() {
    lose_one(Away::Killed, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_and_the_rest_is_served() {
    lose_one(Away::Hung, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_the_cluster_refuses_for_a_moment() {
    lose_one(Away::Killed, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_and_the_cluster_refuses_for_a_moment() {
    lose_one(Away::Hung, true).await;
}
