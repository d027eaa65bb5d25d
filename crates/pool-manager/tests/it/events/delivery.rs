//! What is told of a change, where, and how it is read again.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use testkit::{ValkeyServer, shared_rabbitmq};

use super::setting::{CHANNEL, KEY, Setting, ask, assert_all_told, live, whole_log};
use super::valkey_subscriber::ValkeySubscriber;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_on_the_channel_and_by_the_broker_and_is_read_again() {
    let (valkey, old) = (ValkeyServer::start().await, ValkeyServer::start().await);
    let rabbitmq = shared_rabbitmq().await;
    let (host, port) = (old.address().ip().to_string(), old.address().port().to_string());
    let second = [("EVENTS_LEGACY_REDIS_HOST", &*host), ("EVENTS_LEGACY_REDIS_PORT", &*port)];
    let setting = Setting::beside(&valkey, &rabbitmq, &second);
    let directory = tempfile::tempdir().unwrap();
    let subscriber = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let of_old = ValkeySubscriber::start(old.address(), CHANNEL).await;
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    let (id, writes) = live(&process.client, &process.base, "Blue Bank").await;
    assert_eq!(writes, 3);
    let log = whole_log(&process).await;
    let types: Vec<&str> = log.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["tenant.created", "tenant.activated", "tenant.updated", "tenant.suspended"]);
    let first = &log[0];
    assert_eq!(first["tenant_id"], id.unwrap().as_str());
    assert_eq!(
        (first["tenant_slug"].as_str(), first["environment"].as_str()),
        (Some("blue-bank"), Some("staging"))
    );
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z') && first.get("payload").is_none(), "{first}");
    testkit::wait_until("the channels", Duration::from_secs(10), async || {
        subscriber.messages() == log && of_old.messages() == log
    })
    .await;
    drop(of_old);

    // A second tenant, for whoever reads on.
    live(&process.client, &process.base, "Green Bank").await;
    let log = whole_log(&process).await;
    assert_all_told(&log, &subscriber, &queue, "a quiet run").await;
    let gone = format!("{}/v1/events?environment=staging&after=99", process.base);
    let (status, body) = ask(&process.client, Method::GET, gone, Value::Null).await.unwrap();
    assert_eq!((status, body["title"].as_str()), (410, Some("Gone")), "{body}");
    let request = process.client.get(format!("{}/v1/events?environment=staging&after=6", process.base));
    let request = request.header("X-API-Key", KEY).header("Accept", "text/event-stream");
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("id: 8") {
        let part = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&part.unwrap().unwrap()).unwrap());
    }
    live(&process.client, &process.base, "Red Bank").await;
    while !text.contains("id: 12") {
        let part = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&part.unwrap().unwrap()).unwrap());
    }
    for part in ["event: tenant.updated\n", "data: {\"event_id\":", "id: 7\n"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("id: 6\n"), "{text}");
    let bad = format!("{}/v1/events?environment=nowhere", process.base);
    assert_eq!(ask(&process.client, Method::GET, bad, Value::Null).await.unwrap().0, 422);
}
