//! Two replicas do a write once, count a caller together, and lose nothing when one of them dies.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::pair::{Pair, at, keyed};
use crate::events::setting::KEY;

fn new_tenant(name: &str) -> Value {
    json!({ "name": name, "environment": "staging", "owner": { "email": "ana@example.com" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_parallel_creates_over_both_are_one() {
    let pair = Pair::start(&[]).await;
    pair.service().await;
    for round in 0..5 {
        let (key, body) = (format!("key {round}"), json!({ "name": format!("pods {round}") }));
        let sent = (0..16).map(|number| {
            let process = if number % 2 == 0 { &pair.one } else { &pair.other };
            keyed(process, &key, "/v1/services/ledger/api-keys", &body)
        });
        let answers = join_all(sent).await;
        let ids: BTreeSet<&str> = answers.iter().map(|(_, body)| body["id"].as_str().unwrap()).collect();
        assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
        assert_eq!(ids.len(), 1, "{answers:?}");
        let (_, list) =
            at(&pair.other, Method::GET, "/v1/services/ledger/api-keys?limit=200", Value::Null).await;
        assert_eq!(list["items"].as_array().unwrap().len(), round + 1, "each made one key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_counted_at_both_together() {
    const LIMIT: usize = 40;
    let limit = LIMIT.to_string();
    let pair = Pair::start(&[("RATE_LIMIT_MAX", &limit), ("RATE_LIMIT_WINDOW_SEC", "3600")]).await;
    let sent = (0..4 * LIMIT).map(|number| {
        let process = if number % 2 == 0 { &pair.one } else { &pair.other };
        process.get("/v1/tenants", KEY)
    });
    let answers = join_all(sent).await;
    let allowed = answers.iter().filter(|status| **status == Some(200)).count();
    let refused = answers.iter().filter(|status| **status == Some(429)).count();
    assert_eq!(allowed + refused, 4 * LIMIT, "{answers:?}");
    // One more comes free every 90 s.
    assert!((LIMIT..=LIMIT + 1).contains(&allowed), "{allowed} of {LIMIT}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_death_of_one() {
    let mut pair = Pair::start(&[]).await;
    let mut writers = Vec::new();
    for writer in 0..8 {
        let process = if writer % 2 == 0 { &pair.one } else { &pair.other };
        let (client, base) = (process.client.clone(), process.base.clone());
        writers.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for round in 0..40 {
                let request = client.post(format!("{base}/v1/tenants")).header("X-API-Key", KEY);
                let sent = request.json(&new_tenant(&format!("bank {writer} {round}"))).send().await;
                let Ok(response) = sent else { break };
                let status = response.status().as_u16();
                let Ok(body) = response.json::<Value>().await else { break };
                if status == 201 {
                    acknowledged.push(body["id"].as_str().unwrap().to_owned());
                }
            }
            acknowledged
        }));
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    pair.one.signal("KILL");
    pair.one.wait().await;
    let acknowledged: Vec<String> =
        join_all(writers).await.into_iter().flat_map(|writer| writer.unwrap()).collect();
    for id in &acknowledged {
        let (status, _) = at(&pair.other, Method::GET, &format!("/v1/tenants/{id}"), Value::Null).await;
        assert_eq!(status, 200, "{id} was acknowledged");
    }
    println!("one of two killed under load: {} acknowledged writes, none lost", acknowledged.len());
    assert!(!acknowledged.is_empty());
}
