//! Two replicas on one store and one Valkey: what one changes the other knows in time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pool_manager::RecordStore;
use serde_json::{Value, json};
use service_tests::QuietFeed;
use tempfile::TempDir;
use testkit::{Proxy, ValkeyServer, shared_cluster, shared_single};

use super::plane::{Plane, assert_kept_out};
use crate::support::{Answer, Service};

/// The bound while Valkey tells of changes, and the one without.
const TOLD: Duration = Duration::from_secs(1);
const UNTOLD: Duration = Duration::from_secs(2);

/// A replica that writes and one that reads, on the same records.
struct Pair {
    writer: Plane,
    reader: Plane,
    _records: TempDir,
}

impl Pair {
    async fn start(mode: &str, writers: &str, readers: &str) -> Self {
        Self::start_layered(mode, writers, readers, |store| store).await
    }

    /// The same, and the reader hears of changes from Valkey alone.
    async fn start_quiet(mode: &str, addresses: &str) -> Self {
        let quiet = |store: RecordStore| store.with_changes(|changes| Arc::new(QuietFeed(changes)));
        Self::start_layered(mode, addresses, addresses, quiet).await
    }

    async fn start_layered(
        mode: &str,
        writers: &str,
        readers: &str,
        layer: impl FnOnce(RecordStore) -> RecordStore,
    ) -> Self {
        let records = tempfile::tempdir().unwrap();
        let plane = async |addresses: &str, layer: Box<dyn FnOnce(RecordStore) -> RecordStore + '_>| {
            let variables = [
                ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
                ("CACHE_MODE", mode),
                ("CACHE_ADDRS", addresses),
                ("DATA_DIR", records.path().to_str().unwrap()),
            ];
            let service = Service::start_layered(&variables, layer).await;
            service.wait_until_ready().await;
            Plane { service }
        };
        let writer = plane(writers, Box::new(|store| store)).await;
        let reader = plane(readers, Box::new(layer)).await;
        Self { writer, reader, _records: records }
    }

    async fn of_cluster() -> Self {
        let nodes = shared_cluster().await.node_list();
        Self::start_quiet("cluster", &nodes).await
    }

    async fn of_single() -> Self {
        let address = shared_single().await.to_string();
        Self::start_quiet("single", &address).await
    }

    /// Asks the reader until it answers as it should, and says how long that took.
    async fn until(&self, path: &str, limit: Duration, is_so: impl Fn(&Answer) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            let answer = self.reader.get(path).await;
            let took = began.elapsed();
            if is_so(&answer) {
                return took;
            }
            assert!(took < limit, "{path}: after {took:?} still {answer:?}");
        }
    }
}

fn connections(id: &str) -> String {
    format!("/v1/tenants/{id}/associations/ledger/connections")
}

async fn what_one_changes_the_other_knows(pair: Pair) {
    let mut longest = Duration::ZERO;
    for round in 0..10 {
        let id = pair.writer.associated(&format!("bank-{round}"), "ledger").await;
        let active = "/v1/tenants/active?service=ledger";
        let is_listed = |answer: &Answer| answer.body.to_string().contains(&id);
        // What is warm at the reader is what has to be forgotten there.
        for _ in 0..3 {
            assert_eq!(pair.reader.get(&connections(&id)).await.status, 200);
        }
        longest = longest.max(pair.until(active, TOLD, is_listed).await);
        pair.writer.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
        longest = longest.max(pair.until(&connections(&id), TOLD, |it| it.status == 403).await);
        longest = longest.max(pair.until(active, TOLD, |answer| !is_listed(answer)).await);
        pair.writer.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await;
        longest = longest.max(pair.until(&connections(&id), TOLD, |it| it.status == 200).await);
        pair.writer.delete(&format!("/v1/tenants/{id}/associations/ledger")).await;
        longest = longest.max(pair.until(&connections(&id), TOLD, |it| it.status == 404).await);
        // A cached 404 gives way as well.
        let path = format!("/v1/tenants/{id}/associations/ledger");
        assert_eq!(pair.writer.post(&path, Value::Null).await.status, 201);
        longest = longest.max(pair.until(&connections(&id), TOLD, |it| it.status == 200).await);
        pair.writer.delete(&format!("/v1/tenants/{id}")).await;
        longest = longest.max(pair.until(&connections(&id), TOLD, |it| it.status == 404).await);
    }
    println!("the other replica knew after {longest:?} at the latest");
}

#[tokio::test]
async fn what_one_changes_the_other_knows_by_a_single_node() {
    what_one_changes_the_other_knows(Pair::of_single().await).await;
}

#[tokio::test]
async fn what_one_changes_the_other_knows_by_a_cluster() {
    what_one_changes_the_other_knows(Pair::of_cluster().await).await;
}

/// Keys that the reader knows, each with the path by which it is revoked: of a service and of none by turns.
async fn known_keys(pair: &Pair, id: &str, count: usize) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for number in 0..count {
        let name = json!({ "name": "pods" });
        keys.push(if number % 2 == 0 {
            let (key, key_id) = pair.writer.key("ledger", name).await;
            (key, format!("/v1/services/ledger/api-keys/{key_id}"))
        } else {
            let wish = json!({ "name": "ana", "scopes": ["backoffice:tm:connections:read"] });
            let (key, key_id) = pair.writer.operator_key(wish).await;
            (key, format!("/v1/api-keys/{key_id}"))
        });
        for _ in 0..3 {
            assert_eq!(pair.reader.get_as(&keys[number].0, &connections(id)).await.status, 200);
        }
    }
    keys
}

/// When the reader last let a request with the key in, counted from its revocation.
async fn last_let_in(pair: &Pair, key: &str, id: &str, revoked: Instant) -> Duration {
    let mut last = Duration::ZERO;
    loop {
        let sent = revoked.elapsed();
        match pair.reader.get_as(key, &connections(id)).await.status.as_u16() {
            200 => last = sent,
            401 => return last,
            other => panic!("{other}"),
        }
        assert!(sent < UNTOLD * 2, "after {sent:?} it is let in still");
    }
}

/// What is promised of a revocation while the reader's link to Valkey lives: nothing else tells it here.
#[tokio::test]
async fn a_key_that_one_revokes_the_other_refuses_within_a_second() {
    let pair = Pair::of_single().await;
    let id = pair.writer.associated("blue-bank", "ledger").await;
    let mut longest = Duration::ZERO;
    for (key, path) in known_keys(&pair, &id, 10).await {
        assert_eq!(pair.writer.delete(&path).await.status, 200);
        longest = longest.max(last_let_in(&pair, &key, &id, Instant::now()).await);
    }
    println!("a revoked key, with a link that lives: last let in after {longest:?}");
    assert!(longest < TOLD, "{longest:?}");
}

/// And what is promised where the reader hears nothing of Valkey.
#[tokio::test]
async fn a_key_that_one_revokes_the_other_refuses_within_two_seconds_without_a_link() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let pair = Pair::start("single", &server.address().to_string(), &proxy.address().to_string()).await;
    let id = pair.writer.associated("blue-bank", "ledger").await;
    let keys = known_keys(&pair, &id, 6).await;
    proxy.half_open().await;
    let mut longest = Duration::ZERO;
    for (key, path) in keys {
        assert_eq!(pair.writer.delete(&path).await.status, 200);
        longest = longest.max(last_let_in(&pair, &key, &id, Instant::now()).await);
    }
    println!("a revoked key, without a link: last let in after {longest:?}");
    assert!(longest < UNTOLD, "{longest:?}");
}

/// The writer can tell nobody: the reader hears of it from the store, and what Valkey still has is not put back.
#[tokio::test]
async fn a_change_gets_through_while_the_writer_is_cut_from_valkey() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let pair = Pair::start("single", &proxy.address().to_string(), &server.address().to_string()).await;
    let id = pair.writer.associated("blue-bank", "ledger").await;
    let (key, key_id) = pair.writer.key("ledger", json!({ "name": "pods" })).await;
    for plane in [&pair.writer, &pair.reader] {
        assert_eq!(plane.get(&connections(&id)).await.status, 200);
        assert_eq!(plane.get_as(&key, &connections(&id)).await.status, 200);
    }
    proxy.cut().await;
    let suspended = pair.writer.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    assert_eq!(suspended.status, 200, "{suspended:?}");
    assert_kept_out(&pair.writer.get(&connections(&id)).await, "suspended", "ledger");
    pair.until(&connections(&id), UNTOLD, |answer| answer.status == 403).await;

    let revoked = pair.writer.delete(&format!("/v1/services/ledger/api-keys/{key_id}")).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    let began = Instant::now();
    while pair.reader.get_as(&key, &connections(&id)).await.status != 401 {
        assert!(began.elapsed() < UNTOLD);
    }

    proxy.pass().await;
    pair.writer.service.wait_until_healthy().await;
    for _ in 0..50 {
        for plane in [&pair.writer, &pair.reader] {
            assert_kept_out(&plane.get(&connections(&id)).await, "suspended", "ledger");
        }
    }
}

/// Nobody reaches Valkey: what is held is used for a moment only, and the store tells.
#[tokio::test]
async fn a_change_gets_through_while_valkey_is_away() {
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let pair = Pair::start("single", &address, &address).await;
    let id = pair.writer.associated("blue-bank", "ledger").await;
    assert_eq!(pair.reader.get(&connections(&id)).await.status, 200);
    server.kill();
    for round in 0..3 {
        let suspended = pair.writer.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
        assert_eq!(suspended.status, 200, "round {round}: {suspended:?}");
        assert_kept_out(&pair.writer.get(&connections(&id)).await, "suspended", "ledger");
        pair.until(&connections(&id), UNTOLD, |answer| answer.status == 403).await;
        pair.writer.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await;
        assert_eq!(pair.writer.get(&connections(&id)).await.status, 200);
        pair.until(&connections(&id), UNTOLD, |answer| answer.status == 200).await;
    }
}

/// Whoever was served before is served, by what Valkey has; nobody else can be.
#[tokio::test]
async fn a_replica_that_starts_without_the_store_serves_what_valkey_has() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(testkit::shared_mongo().await).await;
    let records = tempfile::tempdir().unwrap();
    let name = testkit::unique_prefix();
    let replica = async |store: SocketAddr| {
        let variables = [
            ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
            ("CACHE_MODE", "single"),
            ("CACHE_ADDRS", &server.address().to_string()),
            // Both unseal what either sealed.
            ("DATA_DIR", records.path().to_str().unwrap()),
            ("MONGO_URI", &format!("mongodb://{store}/")),
            ("MONGO_NAME", &name),
        ];
        Plane { service: Service::start(&variables).await }
    };
    let first = replica(testkit::shared_mongo().await).await;
    first.service.wait_until_ready().await;
    let (warm, cold) = (first.associated("warm-bank", "ledger").await, first.tenant("cold-bank").await);
    let (key, _) = first.key("ledger", json!({ "name": "pods" })).await;
    assert_eq!(first.get_as(&key, &connections(&warm)).await.status, 200);

    proxy.cut().await;
    let second = replica(proxy.address()).await;
    // It takes no traffic yet; who asks is answered as far as that can be.
    assert_eq!(second.get("/readyz").await.status, 503);
    testkit::wait_for("what Valkey has", UNTOLD * 5, async || {
        let answer = second.get_as(&key, &connections(&warm)).await;
        if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    for _ in 0..3 {
        assert_eq!(second.get_as(&key, &connections(&warm)).await.status, 200);
        assert_eq!(second.get_as(&key, &connections(&cold)).await.status, 503);
        assert_eq!(second.get_as("a key of nobody", &connections(&warm)).await.status, 503);
    }
    proxy.pass().await;
    second.service.wait_until_healthy().await;
    assert_eq!(second.get_as(&key, &connections(&cold)).await.status, 404);
}
