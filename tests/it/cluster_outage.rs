//! A master of a cluster goes away under a running service: the rest is served, and the answers name what is missing.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use testkit::{ClusterOptions, ValkeyCluster};

use crate::support::{Answer, PATIENCE, Service};

fn is_named(answer: &Answer, victim: SocketAddr) -> bool {
    let unreachable = answer.body["unreachable"].as_array().unwrap();
    unreachable.iter().any(|missing| missing["node"] == victim.to_string())
}

#[tokio::test]
async fn a_killed_master_is_named_until_its_replica_takes_over() {
    // Long enough for what is asked before the fail-over.
    let node_timeout = Duration::from_secs(8);
    let options = ClusterOptions { require_full_coverage: false, node_timeout, ..ClusterOptions::default() };
    let cluster = ValkeyCluster::start(options).await;
    cluster.fill((0..900).map(|number| (format!("m2m:t:{number}"), "value".to_owned()))).await;
    let service = Service::with_cache("cluster", &cluster.node_list()).await;
    let victim = cluster.node_for_slot(0).await.address;

    cluster.kill(victim);
    let stats = service.get("/cache").await;
    assert_eq!((stats.status.as_u16(), &stats.body["complete"]), (200, &Value::Bool(false)), "{stats:?}");
    assert!(is_named(&stats, victim), "{stats:?}");
    // An answer of the probe lives a quarter of a second.
    testkit::wait_for("readiness to be degraded", PATIENCE, async || {
        let ready = service.get("/readyz").await;
        assert_eq!(ready.status, 200, "{ready:?}");
        let is_degraded =
            ready.body["status"] == "degraded" && ready.body["checks"]["redis"]["status"] == "degraded";
        if is_degraded { Ok(()) } else { Err(format!("{ready:?}")) }
    })
    .await;
    let deleted = service.delete("/cache/pattern?pattern=m2m:*").await;
    assert_eq!(
        (deleted.status.as_u16(), &deleted.body["complete"]),
        (200, &Value::Bool(false)),
        "{deleted:?}"
    );
    assert!(is_named(&deleted, victim), "{deleted:?}");
    let reached = deleted.body["deleted"].as_u64().unwrap();
    assert!((1..900).contains(&reached), "{deleted:?}");

    cluster.wait_until_failed_over(victim).await;
    testkit::wait_for("readiness to be whole again", PATIENCE, async || {
        let ready = service.get("/readyz").await;
        if ready.body["status"] == "healthy" { Ok(()) } else { Err(format!("{ready:?}")) }
    })
    .await;
    let rest = service.delete("/cache/pattern?pattern=m2m:*").await;
    assert_eq!((rest.status.as_u16(), &rest.body["complete"]), (200, &Value::Bool(true)), "{rest:?}");
    assert_eq!(reached + rest.body["deleted"].as_u64().unwrap(), 900, "{rest:?}");
}

#[tokio::test]
async fn hung_masters_are_named_in_time() {
    // No fail-over in this test.
    let node_timeout = Duration::from_secs(60);
    let options = ClusterOptions { require_full_coverage: false, node_timeout, ..ClusterOptions::default() };
    let cluster = ValkeyCluster::start(options).await;
    cluster.fill((0..900).map(|number| (format!("m2m:t:{number}"), "value".to_owned()))).await;
    let service = Service::with_cache("cluster", &cluster.node_list()).await;
    let masters: Vec<SocketAddr> = cluster.masters().await.iter().map(|master| master.address).collect();

    cluster.pause(masters[0]);
    let stats = service.quick(Method::GET, "/cache", "").await;
    assert_eq!((stats.status.as_u16(), &stats.body["complete"]), (200, &Value::Bool(false)), "{stats:?}");
    assert!(is_named(&stats, masters[0]) && !is_named(&stats, masters[1]), "{stats:?}");
    let counted = service.quick(Method::DELETE, "/cache/pattern?pattern=m2m:*&dryRun=true", "").await;
    assert_eq!(
        (counted.status.as_u16(), &counted.body["complete"]),
        (200, &Value::Bool(false)),
        "{counted:?}"
    );
    assert!(is_named(&counted, masters[0]), "{counted:?}");

    masters[1..].iter().for_each(|master| cluster.pause(*master));
    let keys: Vec<String> = (0..10_000).map(|number| format!("m2m:t:{number}")).collect();
    let keys = serde_json::json!({ "keys": keys }).to_string();
    let stats = service.quick(Method::GET, "/cache", "").await;
    let deleted = service.quick(Method::DELETE, "/cache/pattern?pattern=m2m:*", "").await;
    for refused in [&stats, &deleted] {
        assert_eq!(refused.status, 503, "{refused:?}");
        for master in &masters {
            assert!(refused.body.to_string().contains(&master.to_string()), "{master} in {refused:?}");
        }
    }
    assert_eq!(service.quick(Method::DELETE, "/cache", &keys).await.status, 503);
    assert_eq!(service.quick(Method::GET, "/cache/keys", "").await.status, 503);

    masters.iter().for_each(|master| cluster.resume(*master));
    testkit::wait_for("the cache to be whole again", PATIENCE, async || {
        let stats = service.get("/cache").await;
        if stats.body["complete"] == true { Ok(()) } else { Err(format!("{stats:?}")) }
    })
    .await;
}
