//! `…/m2m/{application}/{target}` and `…/external/{application}/{target}`.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::shared_moto;

use super::aws::Moto;
use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::support::answer;

on_every_store!(
    a_client_is_made_replaced_rotated_and_removed,
    names_and_values_are_checked,
    another_permission_does_not_do,
);

fn client(secret: &str) -> Value {
    json!({ "clientId": "matcher-of-bank", "clientSecret": secret })
}

async fn a_client_is_made_replaced_rotated_and_removed(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    let path = format!("/v1/tenants/{id}/m2m/matcher/fetcher");
    let made = plane.post(&path, client("marked-1")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["secretPaths"].as_array().unwrap().len(), 2);
    assert!(made.body.get("clientSecret").is_none() && !made.body.to_string().contains("marked"), "{made:?}");
    assert_refused(&plane.post(&path, client("marked-2")).await, 409);
    assert_eq!(plane.put(&path, client("marked-3")).await.status, 200);
    let shown = plane.put(&format!("{path}?reveal=true"), client("marked-4")).await;
    assert_eq!(shown.body["clientSecret"], "marked-4");
    let rotated = plane.put(&format!("{path}?reveal=true"), json!({ "rotate": true })).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_eq!(rotated.body["clientSecret"].as_str().unwrap().len(), 64);
    assert_eq!(rotated.body["clientId"], "matcher-of-bank");
    assert!(plane.put(&path, json!({ "rotate": true })).await.body.get("clientSecret").is_none());
    assert_eq!(plane.delete(&path).await.status, 200);
    assert_refused(&plane.delete(&path).await, 404);
    assert_refused(&plane.put(&path, json!({ "rotate": true })).await, 404);
    assert_refused(&plane.post("/v1/tenants/nobody/m2m/matcher/fetcher", client("s")).await, 404);
}

async fn names_and_values_are_checked(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    let ask = async |kind: &str, rest: &str, body: Value| {
        plane.put(&format!("/v1/tenants/{id}/{kind}/{rest}"), body).await
    };
    for (rest, field) in [
        ("a%2Fb/c", "application"),
        ("a/..", "target"),
        ("a/b%5Cc", "target"),
        ("%20/c", "application"),
        ("a/b:c", "target"),
    ] {
        let answer = ask("m2m", rest, client("s")).await;
        // Some are taken for another path before they come to us.
        assert!(answer.status == 404 || fields(&answer) == [field], "{rest}: {answer:?}");
    }
    assert_eq!(fields(&ask("m2m", "a/b", json!({})).await), ["clientId", "clientSecret"]);
    let with_path = json!({ "clientId": "c", "clientSecret": "s", "targetBaseUrl": "https://x/v1" });
    assert_eq!(fields(&ask("m2m", "a/b", with_path).await), ["targetBaseUrl"]);
    let both = json!({ "clientId": "c", "rotate": true });
    assert_eq!(fields(&ask("m2m", "a/b", both).await), ["rotate"]);
    assert_eq!(fields(&ask("external", "a/b", json!({})).await), ["values"]);
    for value in [json!(null), json!(7), json!({ "a": "b" })] {
        assert_refused(&ask("external", "a/b", json!({ "token": value })).await, 400);
    }
    assert_eq!(ask("external", "a/b", json!({ "token": "t" })).await.status, 200);
}

async fn another_permission_does_not_do(plane: Plane) {
    plane.service("matcher").await;
    let id = plane.tenant("blue-bank").await;
    let path = format!("/v1/tenants/{id}/m2m/matcher/fetcher");
    let post = async |key: &str| {
        let request = plane.service.bare_request(Method::POST, &path).header("X-API-Key", key);
        answer(request.json(&client("s"))).await
    };
    let scopes = |scope: &str| json!({ "name": "pods", "scopes": [scope] });
    let (without, _) = plane.key("matcher", scopes("backoffice:tm:associations:write")).await;
    assert_refused(&post(&without).await, 403);
    let (with, _) = plane.key("matcher", scopes("backoffice:tm:m2m:write")).await;
    assert_eq!(post(&with).await.status, 201);
}

#[tokio::test]
async fn both_spellings_hold_what_readers_expect() {
    let address = shared_moto().await;
    let (plane, moto) = (Plane::aws(address).await, Moto::at(address));
    let service = json!({ "name": "fetcher", "baseUrls": { "staging": "https://fetcher.int:8443" } });
    assert!(plane.post("/v1/services", service).await.status.is_success());
    let id = plane.tenant("blue-bank").await;
    let dashed = uuid::Uuid::parse_str(&id).unwrap().hyphenated().to_string();
    for (kind, target, given, expected) in [
        (
            "m2m",
            "fetcher",
            client("marked"),
            json!({ "clientId": "matcher-of-bank", "clientSecret": "marked",
                "targetBaseUrl": "https://fetcher.int:8443" }),
        ),
        ("m2m", "unregistered", client("marked"), client("marked")),
        (
            "external",
            "erp",
            json!({ "user": "u", "pass word": "p" }),
            json!({ "user": "u", "pass word": "p" }),
        ),
    ] {
        let path = format!("/v1/tenants/{dashed}/{kind}/matcher/{target}");
        assert_eq!(plane.post(&path, given).await.status, 201);
        let secret = |id: &str| format!("tenants/staging/{id}/matcher/{kind}/{target}/credentials");
        let [one, other] = [moto.current(&secret(&id)).await, moto.current(&secret(&dashed)).await];
        let [one, other] = [one, other].map(|found| found.expect("it is there").0);
        assert_eq!(one, expected);
        assert_eq!(one, other);
    }
    let path = format!("/v1/tenants/{id}/m2m/matcher/fetcher");
    assert_eq!(plane.put(&path, json!({ "rotate": true })).await.status, 200);
    let secret = format!("tenants/staging/{dashed}/matcher/m2m/fetcher/credentials");
    let (rotated, _) = moto.current(&secret).await.unwrap();
    assert_ne!(rotated["clientSecret"], "marked");
    assert_eq!(rotated["targetBaseUrl"], "https://fetcher.int:8443");
}
