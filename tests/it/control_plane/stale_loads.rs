//! What was read before a change, and arrives after it, is not remembered: neither here nor in Valkey.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use service_tests::PausedTenants;
use testkit::{shared_cluster, shared_single, unique_prefix};

use super::plane::{Plane, assert_kept_out};
use crate::support::Service;

/// A plane whose reads and commits of tenants can be stopped.
pub(crate) async fn pausable(variables: &[(&str, &str)]) -> (Arc<Plane>, PausedTenants) {
    let layer = Arc::new(OnceLock::new());
    let variables = [variables, &[("AGGRESSIVE_RATE_LIMIT_MAX", "100000")]].concat();
    let paused = Arc::clone(&layer);
    let service = Service::start_layered(&variables, move |store| {
        store.with_tenants(|tenants| {
            let tenants = PausedTenants::new(tenants);
            paused.set(tenants.clone()).ok().expect("one store");
            Arc::new(tenants)
        })
    })
    .await;
    service.wait_until_ready().await;
    (Arc::new(Plane { service }), layer.get().expect("a store").clone())
}

async fn a_load_that_was_overtaken_is_not_remembered(cache: &[(&str, &str)]) {
    let (plane, tenants) = pausable(cache).await;
    for round in 0..5 {
        let slug = format!("{}bank-{round}", unique_prefix());
        let id = plane.associated(&slug, "ledger").await;
        // Nothing was asked for it yet: the next read of the connections loads, and stops with the old state in hand.
        let mut paused = tenants.pause_next_read();
        let overtaken = tokio::spawn({
            let (plane, id) = (Arc::clone(&plane), id.clone());
            async move { plane.connections(&id, "ledger").await }
        });
        paused.has_stopped().await;
        let suspended = plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
        assert_eq!(suspended.status, 200, "{suspended:?}");
        // Who asks after the change may wait for the old load, and gets the new state all the same.
        let later = tokio::spawn({
            let (plane, id) = (Arc::clone(&plane), id.clone());
            async move { plane.connections(&id, "ledger").await }
        });
        tokio::task::yield_now().await;
        drop(paused);
        assert_kept_out(&later.await.unwrap(), "suspended", "ledger");
        // Who asked before it may get either.
        overtaken.await.unwrap();
        for _ in 0..5 {
            assert_kept_out(&plane.connections(&id, "ledger").await, "suspended", "ledger");
        }
    }
}

async fn a_list_that_was_overtaken_is_not_remembered(cache: &[(&str, &str)]) {
    let (plane, tenants) = pausable(cache).await;
    let service = unique_prefix();
    let service = service.trim_end_matches('-');
    let id = plane.associated(service, service).await;
    let mut paused = tenants.pause_next_read();
    let overtaken = tokio::spawn({
        let (plane, service) = (Arc::clone(&plane), service.to_owned());
        async move { plane.active(&service).await }
    });
    paused.has_stopped().await;
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    drop(paused);
    overtaken.await.unwrap();
    for _ in 0..5 {
        assert!(plane.active(service).await.is_empty());
    }
}

async fn nothing_overtaken_is_remembered(cache: &[(&str, &str)]) {
    a_load_that_was_overtaken_is_not_remembered(cache).await;
    a_list_that_was_overtaken_is_not_remembered(cache).await;
}

#[tokio::test]
async fn nothing_overtaken_is_remembered_by_the_embedded_cache() {
    nothing_overtaken_is_remembered(&[]).await;
}

#[tokio::test]
async fn nothing_overtaken_is_remembered_by_a_single_node() {
    let address = shared_single().await.to_string();
    nothing_overtaken_is_remembered(&[("CACHE_MODE", "single"), ("CACHE_ADDRS", &address)]).await;
}

#[tokio::test]
async fn nothing_overtaken_is_remembered_by_a_cluster() {
    let nodes = shared_cluster().await.node_list();
    nothing_overtaken_is_remembered(&[("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &nodes)]).await;
}
