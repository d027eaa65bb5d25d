//! The audit log: a row of everything that changes anything, without secrets, and who may read it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Proxy, shared_mongo, unique_prefix};

use super::document::Document;
use super::documented::{body, prepared};
use super::on_every_store;
use super::plane::{PASSWORD, Plane, assert_refused, fields, postgresql};
use crate::support::{Answer, PATIENCE, Service, answer};

on_every_store!(
    every_operation_that_changes_something_leaves_a_row_without_secrets,
    rows_are_found_page_by_page,
    a_key_of_one_environment_sees_the_rows_of_its_tenants,
    rows_say_how_it_was_and_how_it_is,
);

fn items(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.body["items"].as_array().unwrap().clone()
}

/// The rows that are found, once there are so many.
async fn rows(plane: &Plane, query: &str, count: usize) -> Vec<Value> {
    testkit::wait_for("rows of the audit log", PATIENCE, async || {
        let found = items(&plane.get(&format!("/v1/audit?limit=200&{query}")).await);
        if found.len() >= count { Ok(found) } else { Err(format!("{query}: {found:?}")) }
    })
    .await
}

/// Every row there is.
async fn all_rows(plane: &Plane) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = plane.get(&format!("/v1/audit?limit=200{cursor}")).await;
        all.extend(items(&page));
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// What is given as a secret here and in the examples of the document.
const SECRETS: [&str; 5] = [PASSWORD, "a password", "another password", "a secret", "u:p@"];

async fn every_operation_that_changes_something_leaves_a_row_without_secrets(plane: Plane) {
    let document = Document::read();
    let mut given: Vec<String> = SECRETS.map(str::to_owned).to_vec();
    let mut asked = Vec::new();
    for (number, operation) in document.operations().into_iter().enumerate() {
        if operation.method == Method::GET {
            continue;
        }
        let path = prepared(&plane, &operation, number).await;
        let body = body(&plane, &document, &operation, number).await;
        let id = format!("audited-{number}");
        let request = plane.service.request(operation.method.clone(), &path).header("X-Request-Id", &id);
        let done = answer(if body.is_null() { request } else { request.json(&body) }).await;
        let place = format!("{} {}", operation.method, operation.path);
        assert!(done.status.is_success(), "{place}: {done:?}");
        given.extend(
            ["key", "clientSecret"].iter().filter_map(|it| done.body[*it].as_str().map(str::to_owned)),
        );
        asked.push((id, place));
    }
    assert!(asked.len() > 30, "{}", asked.len());
    for (id, place) in &asked {
        let rows = rows(&plane, &format!("requestId={id}"), 1).await;
        for row in rows {
            assert_eq!((&row["actor"], &row["requestId"]), (&json!("bootstrap"), &json!(id)), "{place}");
            assert_eq!(row["address"], "127.0.0.1", "{place}");
            assert!(
                row["before"].is_object() || row["after"].is_object() || row["action"] == "invalidate",
                "{place}: {row}"
            );
        }
    }
    let text = Value::from(all_rows(&plane).await).to_string();
    assert!(text.contains("bank-"), "this would show nothing otherwise");
    for secret in given.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret} is in the audit log");
    }
}

async fn rows_are_found_page_by_page(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let association = format!("/v1/tenants/{id}/associations/ledger");
    for change in ["suspend", "reactivate"] {
        assert_eq!(plane.put(&format!("{association}/{change}"), Value::Null).await.status, 200);
    }
    let target = format!("tenants/{id}");
    let found = rows(&plane, &format!("target={target}"), 4).await;
    let actions: Vec<_> = found.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["reactivate", "suspend", "create", "create"], "newest first");
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for _page in 0..4 {
        let page = plane.get(&format!("/v1/audit?target={target}&limit=1{cursor}")).await;
        assert_eq!(page.body["limit"], 1);
        paged.extend(items(&page));
        cursor = page.body["nextCursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!((paged, cursor), (found.clone(), String::new()));

    let count = async |query: &str| items(&plane.get(&format!("/v1/audit?{query}")).await).len();
    assert_eq!(count(&format!("target={target}/associations")).await, 3);
    assert_eq!(count(&format!("target={target}&action=suspend")).await, 1);
    assert_eq!(count("target=tenants&environment=production").await, 0);
    assert_eq!(count("actor=nobody").await, 0);
    assert_eq!(count("target=services/ledger&action=create").await, 1);
    let at = found[1]["at"].as_str().unwrap();
    assert_eq!(count(&format!("target={target}&until={at}")).await, 2);
    assert_eq!(count(&format!("target={target}&from={at}")).await, 2);

    let wrong = plane.get("/v1/audit?action=read&environment=uat&from=today&until=2026").await;
    assert_eq!(fields(&wrong), ["action", "environment", "from", "until"]);
    assert_refused(&plane.get("/v1/audit?cursor=abc").await, 400);
    for method in [Method::DELETE, Method::POST, Method::PUT, Method::PATCH] {
        assert_refused(&plane.ask(method, "/v1/audit", json!({})).await, 405);
    }
}

async fn a_key_of_one_environment_sees_the_rows_of_its_tenants(plane: Plane) {
    plane.service("ledger").await;
    plane.tenant("blue-bank").await;
    let id = plane.tenant_in("green-bank", "production").await;
    let scopes = ["backoffice:tm:audit:read"];
    let body = json!({ "name": "auditor", "environment": "production", "scopes": scopes });
    let (key, key_id) = plane.key("ledger", body).await;
    rows(&plane, "", 4).await;
    let found = items(&plane.get_as(&key, "/v1/audit").await);
    let targets: Vec<_> = found.iter().map(|row| row["target"].as_str().unwrap().to_owned()).collect();
    assert_eq!(targets, [format!("services/ledger/api-keys/{key_id}"), format!("tenants/{id}")]);
    assert_eq!(items(&plane.get_as(&key, "/v1/audit?environment=staging").await), [] as [Value; 0]);
    let (other, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    assert_refused(&plane.get_as(&other, "/v1/audit").await, 403);
}

async fn rows_say_how_it_was_and_how_it_is(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    let module = format!("/v1/tenants/{id}/associations/ledger/modules/onboarding");
    let other = Value::Object(
        postgresql()
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .map(|(name, value)| if name == "host" { (name, json!("pg-2.int")) } else { (name, value) })
            .collect(),
    );
    let given = plane.put(&module, json!({ "postgresql": other })).await;
    assert_eq!(given.status, 200, "{given:?}");
    let found = rows(&plane, &format!("target=tenants/{id}"), 4).await;
    let by_action: BTreeMap<_, _> =
        found.iter().map(|row| (row["action"].as_str().unwrap(), row.clone())).collect();
    let suspended = &by_action["suspend"];
    assert_eq!(
        (&suspended["before"]["status"], &suspended["after"]["status"]),
        (&json!("active"), &json!("suspended"))
    );
    let updated = &by_action["update"];
    let text = |side: &str| updated[side].to_string();
    assert!(text("before").contains("pg-1.int") && text("after").contains("pg-2.int"), "{updated}");
    assert_eq!(updated["environment"], "staging");
}

/// Deletions leave what was meant, and what came of it.
#[tokio::test]
async fn a_deletion_from_the_cache_leaves_two_rows() {
    let plane = Plane::embedded().await;
    assert_eq!(plane.delete("/cache/pattern?pattern=m2m:*&tenantId=acme").await.status, 200);
    assert_eq!(plane.delete("/cache?key=ratelimit:a:jane@example.org").await.status, 200);
    assert_eq!(plane.delete("/cache/pattern?pattern=m2m:*&dryRun=true").await.status, 200);
    let by_pattern = rows(&plane, "target=cache/pattern", 2).await;
    let [done, intended] = &by_pattern[..] else { panic!("{by_pattern:?}") };
    assert_eq!(intended["after"], json!({ "stage": "intended", "pattern": "m2m:*", "tenant": "acme" }));
    assert_eq!((&done["after"]["stage"], &done["after"]["complete"]), (&json!("done"), &json!(true)));
    assert_eq!(done["after"]["intent"], intended["id"]);
    let by_name = rows(&plane, "target=cache/keys", 2).await;
    assert_eq!(
        (&by_name[0]["after"]["keys"], &by_name[0]["after"]["families"]),
        (&json!(1), &json!(["rate-limit"]))
    );
    assert!(!Value::from(by_name).to_string().contains("jane"), "a key shows as its hash");
}

#[tokio::test]
async fn who_is_not_let_in_is_counted() {
    let records = tempfile::tempdir().unwrap();
    let variables = [("DATA_DIR", records.path().to_str().unwrap())];
    let plane = Plane { service: Service::start(&variables).await };
    for _ in 0..3 {
        let nobody = plane.service.bare_request(Method::GET, "/v1/tenants");
        assert_refused(&answer(nobody).await, 401);
        assert_refused(&plane.get_as("no-such-key", "/v1/tenants").await, 401);
    }
    plane.service("ledger").await;
    let (key, key_id) = plane.key("ledger", json!({ "name": "pods" })).await;
    assert_refused(&plane.get_as(&key, "/v1/audit").await, 403);
    plane.service.stop().await;
    let plane = Plane { service: Service::start(&variables).await };
    let found = rows(&plane, "action=refuse", 3).await;
    let count = |target: &str, actor: &str| {
        let counted = found.iter().filter(|row| row["target"] == target && row["actor"] == actor);
        counted.map(|row| row["after"]["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(count("refusals/no-key", "anonymous"), 3);
    assert_eq!(count("refusals/unknown-key", "anonymous"), 3);
    assert_eq!(count("refusals/forbidden", &key_id), 1);
}

/// Operators clear the cache in outages: the deletion is done, and its rows come later.
#[tokio::test]
async fn a_deletion_while_the_store_is_away_leaves_its_rows_afterwards() {
    let proxy = Proxy::start(shared_mongo().await).await;
    let uri = format!("mongodb://{}/", proxy.address());
    let variables =
        [("AGGRESSIVE_RATE_LIMIT_MAX", "100000"), ("MONGO_URI", &*uri), ("MONGO_NAME", &unique_prefix())];
    let service = Service::start(&variables).await;
    service.wait_until_ready().await;
    let plane = Plane { service };
    proxy.half_open().await;
    for number in 0..5 {
        let began = Instant::now();
        let deleted = plane.delete(&format!("/cache?key=ratelimit:a:{number}")).await;
        assert_eq!(deleted.status, 200, "{deleted:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    proxy.pass().await;
    plane.service.wait_until_healthy().await;
    let found = rows(&plane, "target=cache/keys", 10).await;
    let intended = found.iter().filter(|row| row["after"]["stage"] == "intended").count();
    assert_eq!((found.len(), intended), (10, 5));
}
