use http::{Method, StatusCode};

use crate::Limits;
use crate::test_service::TestService;

const KEYS: [&str; 5] =
    ["ratelimit:a:b", "tenant:acme:users:1", "tenant:{acme}:users:2", "tenant:acme2:users:3", "sessions:1"];

#[tokio::test]
async fn a_pattern_comes_in_the_query_or_in_the_body_of_either_method() {
    for (method, uri, body) in [
        (Method::DELETE, "/cache/pattern?pattern=tenant:*", ""),
        (Method::POST, "/v1/cache/pattern?pattern=tenant:*", ""),
        (Method::DELETE, "//v1/cache/pattern", r#"{"pattern":"tenant:*"}"#),
        (Method::POST, "/cache/pattern", r#"{"pattern":"tenant:*"}"#),
    ] {
        let service = TestService::with_keys(&KEYS).await;
        let answer = service.send(method, uri, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        let json = answer.json();
        assert_eq!(
            (&json["deleted"], &json["deletedCount"], &json["pattern"]),
            (&3.into(), &3.into(), &"tenant:*".into())
        );
        assert_eq!(
            (&json["complete"], &json["cancelled"], &json["dryRun"]),
            (&true.into(), &false.into(), &false.into())
        );
        let node = &json["nodes"][0];
        assert_eq!((&node["deleted"], &node["scanned"]), (&3.into(), &5.into()));
        assert!(node["tookMs"].is_u64() && node["node"].is_string());
        assert_eq!(json["unreachable"], serde_json::json!([]));
        assert!(service.exists("sessions:1").await && !service.exists("tenant:acme:users:1").await);
    }
}

#[tokio::test]
async fn a_dry_run_counts_and_samples_and_deletes_nothing() {
    let service = TestService::with_keys(&KEYS).await;
    let json = service.delete("/cache/pattern?pattern=tenant:*&dry_run=true").await.json();
    assert_eq!((&json["matched"], &json["deleted"], &json["dryRun"]), (&3.into(), &0.into(), &true.into()));
    assert_eq!(json["samples"].as_array().unwrap().len(), 3);
    for key in KEYS {
        assert!(service.exists(key).await);
    }
}

#[tokio::test]
async fn what_matches_everything_must_be_confirmed() {
    let service = TestService::with_keys(&KEYS).await;
    for pattern in ["*", "**", "?*", "[^x]*", "*:*"] {
        let pattern = pattern.replace('[', "%5B").replace(']', "%5D").replace('^', "%5E");
        let answer = service.delete(&format!("/cache/pattern?pattern={pattern}")).await;
        assert!(answer.error(StatusCode::BAD_REQUEST, "TM-0400").contains("confirm=true"));
    }
    for uri in ["/cache/pattern", "/cache/pattern?pattern=", "/cache/pattern?pattern=&confirm=true"] {
        assert!(service.delete(uri).await.error(StatusCode::BAD_REQUEST, "TM-0400").starts_with("pattern: "));
    }
    let json = service.delete("/cache/pattern?pattern=*&confirm=true").await.json();
    assert_eq!(json["deleted"], 4);
    assert!(service.exists("sessions:1").await);
    let json = service.delete("/cache/pattern?pattern=*&confirm=true&foreign=true").await.json();
    assert_eq!(json["deleted"], 1);
}

#[tokio::test]
async fn a_tenant_is_the_limit() {
    let service = TestService::with_keys(&KEYS).await;
    let json = service.delete("/cache/pattern?pattern=users:*&tenantId=acme").await.json();
    assert_eq!((&json["deleted"], &json["tenantId"]), (&2.into(), &"acme".into()));
    assert!(service.exists("tenant:acme2:users:3").await);
    let dashed = "6b1b4b33-f5d1-4d5f-8c9d-2a7e0f3c1a55";
    let plain = dashed.replace('-', "");
    let service = TestService::with_keys(&[
        &format!("tenant:{dashed}:a"),
        &format!("tenant:{plain}:a"),
        &format!("tenant:x{plain}:a"),
    ])
    .await;
    let uri = format!("/cache/pattern?pattern=*&confirm=true&tenantId={plain}");
    let json = service.delete(&uri).await.json();
    assert_eq!((&json["deleted"], &json["scanned"]), (&2.into(), &3.into()), "one pass for both spellings");
    for uri in ["/cache/pattern?pattern=users:*&tenantId=", "/cache/pattern?pattern=users:*&tenantId=a:b"] {
        assert!(
            service.delete(uri).await.error(StatusCode::BAD_REQUEST, "TM-0400").starts_with("tenantId: ")
        );
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_clear_is_refused() {
    let service = TestService::with_keys(&KEYS).await;
    for (query, body) in [
        ("?pattern=users:*&tenantId=acme&tenant=acme", ""),
        ("?pattern=users:*&tenant=acme", r#"{"tenantId":"acme2"}"#),
        ("?pattern=users:*", r#"{"tenantId":null}"#),
        ("?pattern=users:*", r#"{"tenant":null}"#),
        ("?pattern=users:*", r#"{"tenantId":"acme","tenant_id":"acme2"}"#),
    ] {
        let answer = service.send(Method::POST, &format!("/cache/pattern{query}"), body).await;
        let message = answer.error(StatusCode::BAD_REQUEST, "TM-0400");
        assert!(message.starts_with("tenant"), "{query} {body}: {message}");
    }
    assert!(service.exists("tenant:acme:users:1").await);
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let service = TestService::limited(&Limits { concurrent_deletions: 0, ..Limits::default() });
    let answer = service.delete("/cache/pattern?pattern=a*").await;
    answer.error(StatusCode::TOO_MANY_REQUESTS, "TM-0429");
    assert_eq!(answer.headers["retry-after"], "1");
}
