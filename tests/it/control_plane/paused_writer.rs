//! Who has read the log up to a number never finds a new event below it.

use std::sync::Arc;

use domain::Timestamp;
use serde_json::{Value, json};
use testkit::{shared_mongo, unique_prefix};

use super::events::released;
use super::stale_loads::pausable;

const QUICK: usize = 5;

/// A writer has made its change and its event and comes to commit them when others, who began later, were told of long ago.
async fn a_writer_that_paused_before_its_commit_gets_a_number_behind_all(variables: &[(&str, &str)]) {
    let (plane, tenants) = pausable(variables).await;
    let slow = plane.tenant("slow-bank").await;
    released(&plane, 2).await;
    let mut paused = tenants.pause_next_commit();
    let writing = tokio::spawn({
        let (plane, path) = (Arc::clone(&plane), format!("/v1/tenants/{slow}"));
        async move { plane.patch(&path, json!({ "name": "Slower Bank" })).await }
    });
    paused.has_stopped().await;
    for number in 0..QUICK {
        plane.tenant(&format!("quick-bank-{number}")).await;
    }
    let read = released(&plane, 2 + 2 * QUICK).await;
    let last = read.last().unwrap()["sequence"].as_u64().unwrap();
    drop(paused);
    assert_eq!(writing.await.unwrap().status, 200);

    let all = released(&plane, read.len() + 1).await;
    assert_eq!(all[..read.len()], read, "what was read stays as it was");
    let late = &all[read.len()];
    assert_eq!((&late["tenant_id"], &late["event_type"]), (&json!(slow), &json!("tenant.updated")));
    assert_eq!(late["sequence"], last + 1);
    let began = |event: &Value| event["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(began(late) < began(read.last().unwrap()), "it began before: {late}");
    let behind = plane.get(&format!("/v1/events?environment=staging&after={last}")).await;
    assert_eq!(behind.body["events"], json!([late]), "who read on behind the last finds it");
}

#[tokio::test]
async fn a_writer_that_paused_before_its_commit_gets_a_number_behind_all_in_the_embedded_store() {
    a_writer_that_paused_before_its_commit_gets_a_number_behind_all(&[]).await;
}

#[tokio::test]
async fn a_writer_that_paused_before_its_commit_gets_a_number_behind_all_in_mongo() {
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let store = [("MONGO_URI", &*uri), ("MONGO_NAME", &*unique_prefix())];
    a_writer_that_paused_before_its_commit_gets_a_number_behind_all(&store).await;
}
