//! Writes with a key go on while Valkey fails over, and none is done twice.

use std::sync::Arc;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::scaled;

use super::pair::{Pair, at, keyed};

#[tokio::test(flavor = "multi_thread")]
async fn keyed_writes_while_valkey_fails_over_three_times() {
    let pair = Arc::new(Pair::start(&[]).await);
    pair.service().await;
    let writes = scaled(100).max(15);
    let sending = tokio::spawn({
        let pair = Arc::clone(&pair);
        async move {
            let sent = (0..writes).map(|number| {
                let pair = Arc::clone(&pair);
                async move {
                    tokio::time::sleep(std::time::Duration::from_millis(150 * number as u64)).await;
                    let process = if number % 2 == 0 { &pair.one } else { &pair.other };
                    let body = json!({ "name": format!("pods {number}") });
                    keyed(process, &format!("write {number}"), "/v1/services/ledger/api-keys", &body).await
                }
            });
            join_all(sent).await
        }
    });
    // Each shard once: the replica of one that was killed before may not have everything yet.
    let masters = pair.cluster.masters().await;
    for master in masters.iter().map(|master| master.address) {
        pair.cluster.kill(master);
        pair.cluster.wait_until_failed_over(master).await;
        pair.cluster.restart(master).await;
        pair.cluster.wait_until_ok().await;
    }
    let answers = sending.await.unwrap();
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    let (_, list) = at(&pair.other, Method::GET, "/v1/services/ledger/api-keys?limit=200", Value::Null).await;
    assert_eq!(list["items"].as_array().unwrap().len(), writes, "each was done once");
    println!("{writes} writes with a key during {} fail-overs: each done once", masters.len());
}
