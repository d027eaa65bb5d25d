//! `GET /v1/events`: what services were told, as pages and as a stream, and who may see which of it.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, ManualClock, Scope, Scopes, SystemClock};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use service_tests::TestService;

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::protection::service::Protected;
use crate::support::{Answer, PATIENCE, Service, answer};

on_every_store!(
    a_stream_goes_on_behind_the_last_event_id,
    a_service_key_sees_its_own_service_and_tenants_as_a_whole,
    a_key_of_one_environment_is_refused_the_other,
    what_is_behind_a_number_that_was_never_given_is_gone,
);

/// The numbers of a page.
fn numbers(page: &Answer) -> Vec<u64> {
    assert_eq!(page.status, 200, "{page:?}");
    let events = page.body["events"].as_array().unwrap();
    events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

/// Waits until the log of staging has so many events, and gives it.
pub(crate) async fn released(plane: &Plane, count: usize) -> Vec<Value> {
    testkit::wait_for("all events to be released", PATIENCE, async || {
        let page = plane.get("/v1/events?environment=staging&limit=200").await;
        if numbers(&page).len() == count { Ok(page) } else { Err(format!("{page:?}")) }
    })
    .await
    .body["events"]
        .as_array()
        .unwrap()
        .clone()
}

/// Asks for the stream instead of a page.
fn streamed(request: RequestBuilder) -> RequestBuilder {
    request.header("Accept", "text/event-stream")
}

/// A stream of events, read as far as it is needed.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(request: RequestBuilder) -> Self {
        let response = streamed(request).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self { response, text: String::new() }
    }

    /// Reads until it is over.
    async fn end(mut self) {
        while tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an end").unwrap().is_some()
        {
        }
    }

    /// Reads until this number is there; gives all that came so far.
    async fn up_to(&mut self, number: u64) -> Vec<u64> {
        loop {
            let (whole, _rest) = self.text.rsplit_once("\n\n").unwrap_or_default();
            let ids = whole.lines().filter_map(|line| line.strip_prefix("id: "));
            let ids: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
            if ids.contains(&number) {
                return ids;
            }
            let part = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&part.expect("it goes on")).unwrap());
        }
    }
}

async fn a_stream_goes_on_behind_the_last_event_id(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    plane.tenant("green-bank").await;
    released(&plane, 4).await;
    let request = |path: &str| plane.service.request(Method::GET, path);
    // As a client that reconnects: the address as it was at first, and the number that it has come to.
    let again = request("/v1/events?environment=staging&after=0").header("Last-Event-ID", "1");
    let mut again = Stream::open(again).await;
    assert_eq!(again.up_to(4).await, [2, 3, 4]);
    let mut new = Stream::open(request("/v1/events?environment=staging")).await;
    plane.patch(&format!("/v1/tenants/{id}"), json!({ "name": "Bluer Bank" })).await;
    assert_eq!(again.up_to(5).await, [2, 3, 4, 5]);
    assert_eq!(new.up_to(5).await, [5], "without a number it begins with what is new");
    let bad = streamed(request("/v1/events")).header("Last-Event-ID", "the last");
    assert_refused(&answer(bad).await, 400);
}

async fn a_service_key_sees_its_own_service_and_tenants_as_a_whole(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.service("tracer").await;
    plane.post(&format!("/v1/tenants/{id}/associations/tracer"), Value::Null).await;
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    let types: Vec<_> = released(&plane, 5).await.iter().map(|event| event["event_type"].clone()).collect();
    let (associated, suspended) = ("tenant.service.associated", "tenant.suspended");
    assert_eq!(types, ["tenant.created", "tenant.activated", associated, associated, suspended]);

    let (key, key_id) = plane.key("ledger", json!({ "name": "pods" })).await;
    let page = plane.get_as(&key, "/v1/events").await;
    assert_eq!((numbers(&page), &page.body["next"]), (vec![1, 2, 3, 5], &json!(5)));
    assert_eq!(page.body["events"][2]["payload"]["service_name"], "ledger");
    assert!(!page.body.to_string().contains("tracer"), "{page:?}");
    // What it may not see stops it nowhere.
    let page = plane.get_as(&key, "/v1/events?after=3&limit=1").await;
    assert_eq!(
        (numbers(&page), &page.body["next"], &page.body["hasMore"]),
        (vec![], &json!(4), &json!(true))
    );
    let stream = plane.service.bare_request(Method::GET, "/v1/events?after=0").header("X-API-Key", &key);
    let mut stream = Stream::open(stream).await;
    assert_eq!(stream.up_to(5).await, [1, 2, 3, 5]);
    assert!(!stream.text.contains("tracer"), "{}", stream.text);
    plane.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await;
    let done =
        plane.post(&format!("/v1/tenants/{id}/associations/tracer/cache/invalidate"), Value::Null).await;
    assert_eq!(done.status, 200, "{done:?}");
    // 6 to 8 let it in again: the last of all is of the other service.
    assert_eq!(stream.up_to(9).await.last(), Some(&9), "its number comes, and nothing else of it");
    assert!(!stream.text.contains("tracer"), "{}", stream.text);
    // A key that is withdrawn ends what it opened.
    plane.delete(&format!("/v1/services/ledger/api-keys/{key_id}")).await;
    stream.end().await;
    let scopes = json!({ "name": "all", "scopes": ["backoffice:tm:events:read"] });
    let (key, _) = plane.key("ledger", scopes).await;
    assert_eq!(
        numbers(&plane.get_as(&key, "/v1/events").await),
        (1..=9).collect::<Vec<_>>(),
        "with the permission"
    );
}

async fn a_key_of_one_environment_is_refused_the_other(plane: Plane) {
    plane.service("ledger").await;
    plane.tenant("blue-bank").await;
    let id = plane.tenant_in("green-bank", "production").await;
    released(&plane, 2).await;
    let (key, _) = plane.key("ledger", json!({ "name": "own", "environment": "production" })).await;
    for path in ["/v1/events", "/v1/events?environment=production"] {
        let page = testkit::wait_for("both events", PATIENCE, async || {
            let page = plane.get_as(&key, path).await;
            if numbers(&page).len() == 2 { Ok(page) } else { Err(format!("{page:?}")) }
        })
        .await;
        let events = page.body["events"].as_array().unwrap();
        assert!(events.iter().all(|event| event["tenant_id"] == json!(id)), "{page:?}");
    }
    let other = "/v1/events?environment=staging";
    assert_eq!(fields(&plane.get_as(&key, other).await), ["environment"]);
    let stream = plane.service.bare_request(Method::GET, other).header("X-API-Key", &key);
    assert_eq!(fields(&answer(streamed(stream)).await), ["environment"]);
}

fn assert_gone(answer: &Answer) {
    assert_refused(answer, 410);
    assert_eq!(answer.body["code"], "TM-0410", "{answer:?}");
}

async fn what_is_behind_a_number_that_was_never_given_is_gone(plane: Plane) {
    assert_eq!(numbers(&plane.get("/v1/events?after=0").await), [0; 0], "of an empty log");
    assert_gone(&plane.get("/v1/events?after=1").await);
    plane.tenant("blue-bank").await;
    released(&plane, 2).await;
    assert_eq!(numbers(&plane.get("/v1/events?environment=staging&after=2").await), [0; 0]);
    assert_gone(&plane.get("/v1/events?environment=staging&after=3").await);
    let stream = streamed(plane.service.request(Method::GET, "/v1/events?environment=staging"));
    assert_gone(&answer(stream.header("Last-Event-ID", "3")).await);
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_gone() {
    let records = tempfile::tempdir().unwrap();
    let variables = [("DATA_DIR", records.path().to_str().unwrap()), ("EVENTS_RETENTION", "1h")];
    let plane = Plane { service: Service::start(&variables).await };
    plane.tenant("blue-bank").await;
    plane.tenant("green-bank").await;
    released(&plane, 4).await;
    plane.service.stop().await;

    let later = ManualClock::new(SystemClock.now() + Duration::from_secs(2 * 3_600));
    let plane = Plane { service: Service::start_at(Arc::new(later), &variables).await };
    let behind =
        async |number: u64| plane.get(&format!("/v1/events?environment=staging&after={number}")).await;
    testkit::wait_until("old events to be removed", PATIENCE, async || behind(0).await.status == 410).await;
    for number in 0..3 {
        assert_gone(&behind(number).await);
    }
    assert_eq!(numbers(&behind(3).await), [4], "the last one tells the next number");
    let page = plane.get("/v1/events?environment=staging").await;
    assert_eq!((numbers(&page), &page.body["last"]), (vec![4], &json!(4)), "without a number");
    plane.tenant("red-bank").await;
    testkit::wait_until("new events", PATIENCE, async || numbers(&behind(3).await) == [4, 5, 6]).await;
}

#[tokio::test]
async fn one_caller_takes_not_all_streams() {
    let plane = Plane { service: Service::start(&[]).await };
    plane.service("ledger").await;
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let ask = || plane.service.bare_request(Method::GET, "/v1/events").header("X-API-Key", &key);
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Stream::open(ask()).await);
    }
    assert_refused(&answer(streamed(ask())).await, 429);
    let others = Stream::open(plane.service.request(Method::GET, "/v1/events")).await;
    drop((open, others));
    testkit::wait_until("a place", PATIENCE, async || streamed(ask()).send().await.unwrap().status() == 200)
        .await;
}

#[tokio::test]
async fn a_key_with_neither_service_nor_scope_is_refused() {
    let test = TestService::new(2);
    test.source.change(1, |record| record.scopes = Scopes::from_iter([Scope::TENANTS_READ]));
    let service = Protected::start(test, &[]).await;
    let ask = |caller: usize| service.request(Method::GET, "/v1/events", caller);
    for request in [ask(1), streamed(ask(1))] {
        let refused = answer(request).await;
        assert_refused(&refused, 403);
        assert!(refused.body.to_string().contains("backoffice:tm:events:read"), "{refused:?}");
    }
    assert_eq!(numbers(&answer(ask(0)).await), [0; 0]);
}
