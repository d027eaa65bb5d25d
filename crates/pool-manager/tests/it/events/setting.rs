//! A process with all that it tells.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{Delivered, RabbitQueue, ValkeyServer, unique_prefix};

use super::received::Received;
use super::valkey_subscriber::ValkeySubscriber;
use crate::support::Process;

/// Nothing is released for so long only when something is wrong: a lease of the dead ends within 4 s.
const STANDSTILL: Duration = Duration::from_secs(60);

pub(crate) const KEY: &str = "an operator's key";
pub(crate) const CHANNEL: &str = "tenant-events:staging:";
pub(crate) const PRODUCTION: &str = "tenant-events:production:";

/// The variables of a process on these servers.
pub(crate) struct Setting {
    variables: Vec<(String, String)>,
    pub(crate) exchange: String,
    pub(crate) rabbitmq: String,
}

impl Setting {
    pub(crate) fn new(cache: &[(&str, &str)], rabbitmq: &str) -> Self {
        let exchange = format!("{}events", unique_prefix());
        let own = [
            ("BOOTSTRAP_ADMIN_API_KEY", KEY),
            ("AGGRESSIVE_RATE_LIMIT_MAX", "1000000"),
            ("RATE_LIMIT_MAX", "1000000"),
            ("READYZ_DRAIN_GRACE_SECONDS", "0"),
            ("RABBITMQ_URI", rabbitmq),
            ("RABBITMQ_EXCHANGE", &exchange),
        ];
        let variables =
            own.iter().chain(cache).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { variables: variables.collect(), exchange: exchange.clone(), rabbitmq: rabbitmq.to_owned() }
    }

    /// On one Valkey.
    pub(crate) fn beside(valkey: &ValkeyServer, rabbitmq: &str, more: &[(&str, &str)]) -> Self {
        let address = valkey.address().to_string();
        let cache = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address)];
        Self::new(&[&cache, more].concat(), rabbitmq)
    }

    /// A process, ready.
    pub(crate) async fn start(&self, data_dir: &Path) -> Process {
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let process = Process::start(data_dir, &variables).await;
        process.wait_until_ready().await;
        process
    }

    /// A queue that gets everything; the exchange has to be there.
    pub(crate) async fn queue(&self) -> RabbitQueue {
        RabbitQueue::bind(&self.rabbitmq, &self.exchange).await
    }
}

/// Asks; `None` when there is no whole answer.
pub(crate) async fn ask(
    client: &Client,
    method: reqwest::Method,
    url: String,
    body: Value,
) -> Option<(u16, Value)> {
    let request = client.request(method, url).header("X-API-Key", KEY).timeout(Duration::from_secs(10));
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.json().await.ok()?))
}

/// Makes a tenant: two events.
pub(crate) async fn made(client: &Client, base: &str, name: &str, environment: &str) -> Option<String> {
    let owner = json!({ "email": "ana@example.com" });
    let new = json!({ "name": name, "environment": environment, "owner": owner });
    let made = ask(client, reqwest::Method::POST, format!("{base}/v1/tenants"), new).await;
    let Some((201, tenant)) = made else { return None };
    Some(tenant["id"].as_str().unwrap().to_owned())
}

/// Makes a tenant, changes it, and keeps it out: four events. Says how many of the three writes were acknowledged.
pub(crate) async fn live(client: &Client, base: &str, name: &str) -> (Option<String>, usize) {
    let Some(id) = made(client, base, name, "staging").await else { return (None, 0) };
    let url = format!("{base}/v1/tenants/{id}");
    let patch = json!({ "metadata": { "changed": "true" } });
    let Some((200, _)) = ask(client, reqwest::Method::PATCH, url.clone(), patch).await else {
        return (Some(id), 1);
    };
    let Some((200, _)) = ask(client, reqwest::Method::PUT, format!("{url}/suspend"), Value::Null).await
    else {
        return (Some(id), 2);
    };
    (Some(id), 3)
}

/// The whole log of a process, page by page.
pub(crate) async fn log(process: &Process) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let url = format!("{}/v1/events?environment=staging&limit=200&after={after}", process.base);
        let (status, page) = ask(&process.client, reqwest::Method::GET, url, Value::Null).await.unwrap();
        assert_eq!(status, 200, "{page}");
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        after = page["next"].as_u64().unwrap();
        if page["hasMore"] == false {
            return events;
        }
    }
}

/// Waits until the log has as many events as the tenants say; gives it.
pub(crate) async fn whole_log(process: &Process) -> Vec<Value> {
    let expected = testkit::wait_for("the tenants", Duration::from_secs(10), async || {
        committed(process).await.ok_or_else(|| "no list".to_owned())
    })
    .await;
    let (mut last, mut moved) = (0, Instant::now());
    while last < expected {
        assert!(moved.elapsed() < STANDSTILL, "{last} of {expected} events are released, and no more come");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let before = std::mem::replace(&mut last, released(process).await);
        if last > before {
            moved = Instant::now();
        }
    }
    let log = log(process).await;
    assert_eq!(log.len(), expected);
    log
}

/// The last number that was given.
async fn released(process: &Process) -> usize {
    let url = format!("{}/v1/events?environment=staging&limit=1", process.base);
    let (_, page) = ask(&process.client, reqwest::Method::GET, url, Value::Null).await.unwrap();
    usize::try_from(page["last"].as_u64().unwrap()).unwrap()
}

/// How many events the tenants must have caused.
async fn committed(process: &Process) -> Option<usize> {
    let (mut events, mut cursor) = (0, String::new());
    loop {
        let url = format!("{}/v1/tenants?limit=200&cursor={cursor}", process.base);
        let (_, page) = ask(&process.client, reqwest::Method::GET, url, Value::Null).await?;
        for tenant in page["items"].as_array()? {
            events += 2;
            events += usize::from(tenant["metadata"]["changed"] == "true");
            events += usize::from(tenant["status"] == "suspended");
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return Some(events),
        }
    }
}

/// The message, which came under the key that its environment and its type make.
fn body(message: &Delivered) -> Value {
    let body: Value = serde_json::from_slice(&message.body).unwrap();
    let key = ["environment", "event_type"].map(|field| body[field].as_str().unwrap()).join(".");
    assert_eq!(message.routing_key, key, "{body}");
    body
}

/// What a queue gets, until it has every number.
pub(crate) async fn all_of(queue: &RabbitQueue, numbers: &BTreeSet<u64>) -> Vec<Value> {
    let (mut messages, begun) = (Vec::new(), Instant::now());
    loop {
        let taken = queue.take().await;
        messages.extend(taken.iter().map(body));
        let got = Received::of(&messages).numbers();
        if got == *numbers {
            return messages;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "the broker has {} of {}",
            got.len(),
            numbers.len()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until both subscribers have the whole log, each message of a tenant first in its order.
pub(crate) async fn assert_all_told(
    log: &[Value],
    valkey: &ValkeySubscriber,
    queue: &RabbitQueue,
    what: &str,
) {
    let numbers = Received::of(log).numbers();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect(), "{what}: no hole in the log");
    let from_broker = Received::of(&all_of(queue, &numbers).await);
    testkit::wait_for("the channel to have all", Duration::from_secs(120), async || {
        let got = Received::of(&valkey.messages()).numbers();
        if got == numbers { Ok(()) } else { Err(format!("{} of {}", got.len(), numbers.len())) }
    })
    .await;
    let from_channel = Received::of(&valkey.messages());
    from_channel.assert_in_order("the channel");
    from_broker.assert_in_order("the broker");
    println!(
        "{what}: {} events, none lost; repeats: {} on the channel, {} from the broker",
        numbers.len(),
        from_channel.repeats(),
        from_broker.repeats()
    );
}
