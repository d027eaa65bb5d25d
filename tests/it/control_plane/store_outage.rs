//! MongoDB goes away and comes back: what was served is served, all else is refused in time, and nothing needs a hand.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Proxy, ValkeyServer, shared_mongo, unique_prefix};

use super::plane::{Plane, assert_kept_out, assert_refused, new_tenant};
use crate::support::{Answer, PATIENCE, Service, answer};

/// For one call to the store, and for whoever waits behind one that hangs.
const LIMIT: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Away {
    /// Connections end, and new ones are refused.
    Cut,
    /// Connections stay, and nothing passes.
    Hung,
}

async fn within_limit(what: &str, asked: impl Future<Output = Answer>) -> Answer {
    let began = Instant::now();
    let answer = asked.await;
    let took = began.elapsed();
    println!("{what}: {} after {took:.1?}", answer.status);
    assert!(took < LIMIT, "{what} took {took:?}: {answer:?}");
    answer
}

fn connections(id: &str) -> String {
    format!("/v1/tenants/{id}/associations/ledger/connections")
}

async fn what_was_served_is_served(away: Away) {
    let (server, proxy) = (ValkeyServer::start().await, Proxy::start(shared_mongo().await).await);
    let variables = [
        ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &server.address().to_string()),
        ("MONGO_URI", &format!("mongodb://{}/", proxy.address())),
        ("MONGO_NAME", &unique_prefix()),
    ];
    let service = Service::start(&variables).await;
    service.wait_until_ready().await;
    let plane = Plane { service };
    let (warm, suspended) =
        (plane.associated("warm", "ledger").await, plane.associated("suspended", "ledger").await);
    let cold = plane.associated("cold", "ledger").await;
    plane.put(&format!("/v1/tenants/{suspended}/suspend"), Value::Null).await;
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let (stranger, _) = plane.key("ledger", json!({ "name": "others" })).await;
    let active = "/v1/tenants/active?service=ledger";
    for _ in 0..3 {
        assert_eq!(plane.get_as(&key, &connections(&warm)).await.status, 200);
        assert_kept_out(&plane.get_as(&key, &connections(&suspended)).await, "suspended", "ledger");
        assert_eq!(plane.get_as(&key, active).await.status, 200);
    }

    match away {
        Away::Cut => proxy.cut().await,
        Away::Hung => proxy.half_open().await,
    }
    let began = Instant::now();
    let keyed = async || {
        let request = plane.service.request(Method::POST, "/v1/tenants").header("X-Idempotency", "during");
        answer(request.json(&new_tenant("during", "staging"))).await
    };
    // Longer than any entry is used that nobody would tell of a change.
    while began.elapsed() < Duration::from_secs(4) {
        assert_eq!(plane.get_as(&key, &connections(&warm)).await.status, 200, "{away:?}");
        assert_kept_out(&plane.get_as(&key, &connections(&suspended)).await, "suspended", "ledger");
        assert_eq!(plane.get_as(&key, active).await.status, 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (what, asked) in [
        ("connections that nobody asked for", plane.get_as(&key, &connections(&cold)).await),
        ("a key that nobody used", plane.get_as(&stranger, &connections(&warm)).await),
    ] {
        println!("{away:?}, {what}: {}", asked.status);
        assert_refused(&asked, 503);
    }
    let list = within_limit("a list", plane.get("/v1/tenants")).await;
    assert_refused(&list, 503);
    let write = within_limit("a write", plane.put(&format!("/v1/tenants/{warm}/suspend"), Value::Null)).await;
    assert_refused(&write, 503);
    let keyed_write = within_limit("a keyed write", keyed()).await;
    assert_refused(&keyed_write, 503);
    let ready = within_limit("readiness", plane.get("/readyz")).await;
    assert_eq!((ready.status.as_u16(), ready.body["status"].as_str()), (200, Some("degraded")), "{ready:?}");

    // A link to Valkey is lost too: what stands there is doubted from then on, and nobody can be asked about it.
    server.pause();
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.resume();
    testkit::wait_for("Valkey to be asked again", PATIENCE, async || {
        let known = plane.get_as(&key, &connections(&warm)).await;
        if known.status == 200 { Ok(()) } else { Err(format!("{known:?}")) }
    })
    .await;
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    while began.elapsed() < Duration::from_secs(6) {
        let asked = Instant::now();
        assert_eq!(plane.get_as(&key, &connections(&warm)).await.status, 200, "{away:?}");
        assert_kept_out(&plane.get_as(&key, &connections(&suspended)).await, "suspended", "ledger");
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{away:?}: two reads of what is doubted took {longest:.1?} at most");
    assert!(longest < Duration::from_millis(1_500), "{away:?}: {longest:?}");

    proxy.pass().await;
    let mended = Instant::now();
    plane.service.wait_until_healthy().await;
    println!("{away:?}: healthy {:.1?} after the network was", mended.elapsed());
    assert_eq!(plane.get_as(&stranger, &connections(&cold)).await.status, 200);
    let made = testkit::wait_for("the write to be done", PATIENCE, async || {
        let made = keyed().await;
        if made.status == 201 { Ok(made) } else { Err(format!("{made:?}")) }
    })
    .await;
    let again = keyed().await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (201, &made.body["id"]));
    let found = plane.get("/v1/tenants?search=during").await;
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1), "{found:?}");
}

#[tokio::test]
async fn while_mongo_is_cut_off() {
    what_was_served_is_served(Away::Cut).await;
}

#[tokio::test]
async fn while_mongo_hangs() {
    what_was_served_is_served(Away::Hung).await;
}
