//! What is told of a change, where, and how it is read again.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{ValkeyOptions, ValkeyServer, shared_rabbitmq};

use super::setting::{
    CHANNEL, KEY, PRODUCTION, Setting, all_of, ask, assert_all_told, live, made, whole_log,
};
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
    let ready = process.client.get(format!("{}/readyz", process.base)).send().await.unwrap();
    assert_eq!(ready.json::<Value>().await.unwrap()["checks"]["rabbitmq"], json!({ "status": "up" }));
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_production_is_told_there_and_to_nobody_in_staging() {
    let (valkey, rabbitmq) = (ValkeyServer::start().await, shared_rabbitmq().await);
    let setting = Setting::beside(&valkey, &rabbitmq, &[]);
    let directory = tempfile::tempdir().unwrap();
    let of_production = ValkeySubscriber::start(valkey.address(), PRODUCTION).await;
    let of_staging = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    // The process itself is of staging.
    let process = setting.start(directory.path()).await;
    let queue = setting.queue().await;
    let id = made(&process.client, &process.base, "Blue Bank", "production").await.unwrap();
    let from_broker = all_of(&queue, &[1, 2].into()).await;
    for (message, event_type) in from_broker.iter().zip(["tenant.created", "tenant.activated"]) {
        let told = (&message["environment"], &message["event_type"], &message["tenant_id"]);
        assert_eq!(told, (&"production".into(), &event_type.into(), &id.as_str().into()), "{message}");
    }
    testkit::wait_until("the channel of production", Duration::from_secs(10), async || {
        of_production.messages() == from_broker
    })
    .await;
    live(&process.client, &process.base, "Green Bank").await;
    let url = format!("{}/v1/events?environment=staging", process.base);
    testkit::wait_until("the channel of staging", Duration::from_secs(10), async || {
        let (_, page) = ask(&process.client, Method::GET, url.clone(), Value::Null).await.unwrap();
        let log = page["events"].as_array().unwrap();
        log.len() == 4 && of_staging.messages() == *log
    })
    .await;
    assert_eq!(of_production.messages(), from_broker, "nothing of staging came there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_that_wants_a_password_gets_them_too() {
    let password = "a password of the old server";
    let options = ValkeyOptions { password: Some(format!("\"{password}\"")), ..ValkeyOptions::default() };
    let (valkey, old) = (ValkeyServer::start().await, ValkeyServer::start_with(options).await);
    let (host, port) = (old.address().ip().to_string(), old.address().port().to_string());
    let second = [
        ("EVENTS_LEGACY_REDIS_HOST", &*host),
        ("EVENTS_LEGACY_REDIS_PORT", &*port),
        ("EVENTS_LEGACY_REDIS_PASSWORD", password),
    ];
    let setting = Setting::beside(&valkey, &shared_rabbitmq().await, &second);
    let directory = tempfile::tempdir().unwrap();
    let of_new = ValkeySubscriber::start(valkey.address(), CHANNEL).await;
    let of_old = ValkeySubscriber::start_with(old.address(), Some(password), CHANNEL).await;
    let process = setting.start(directory.path()).await;
    live(&process.client, &process.base, "Blue Bank").await;
    let log = whole_log(&process).await;
    assert_eq!(log.len(), 4);
    testkit::wait_until("both channels", Duration::from_secs(10), async || {
        of_new.messages() == log && of_old.messages() == log
    })
    .await;
    assert!(!process.output().contains(password));
}
