use std::time::Duration;

use cache::{CacheClient, Expiry};
use http::{Method, StatusCode};

use crate::test_service::TestService;

#[tokio::test]
async fn the_overview_has_every_name_its_readers_know() {
    let service = TestService::with_keys(&["ratelimit:a:b", "tenant:acme:x"]).await;
    for uri in ["/cache", "/v1/cache", "//v1/cache", "///cache"] {
        let answer = service.get(uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        let json = answer.json();
        assert_eq!(
            (&json["mode"], &json["keys"], &json["total"]),
            (&"embedded".into(), &2.into(), &2.into())
        );
        assert_eq!(json["nodes"].as_array().unwrap().len(), 1);
        assert_eq!(json["complete"], true);
    }
}

#[tokio::test]
async fn a_key_is_found_by_query_and_by_path() {
    let service = TestService::with_keys(&["tenant:acme:a/b c", "keys", "pattern"]).await;
    for uri in [
        "/cache?key=tenant:acme:a/b+c",
        "/v1/cache?key=tenant%3Aacme%3Aa%2Fb%20c",
        "/cache/keys/tenant:acme:a%2Fb%20c",
        "/v1/cache/tenant:acme:a%2Fb%20c",
        "/cache?keyBase64=dGVuYW50OmFjbWU6YS9iIGM=",
    ] {
        let json = service.get(uri).await.json();
        assert_eq!(json["key"], "tenant:acme:a/b c", "{uri}");
        assert_eq!(
            (&json["exists"], &json["type"], &json["ttl"]),
            (&true.into(), &"string".into(), &(-1).into())
        );
    }
    assert_eq!(service.get("/cache/keys/keys").await.json()["exists"], true);
    assert_eq!(service.get("/cache/keys/pattern").await.json()["exists"], true);
    let missing = service.get("/cache/keys/nothing").await;
    assert_eq!((missing.status, &missing.json()["exists"]), (StatusCode::OK, &false.into()));
}

#[tokio::test]
async fn only_harmless_values_are_shown() {
    let withheld = [
        "apikey:sha256:00",
        "tenant:acme:ratelimit:a:b",
        "tenant:{acme}:x",
        "idempotency:acme:k",
        "sessions:1",
    ];
    let service = TestService::with_keys(&withheld).await;
    for key in withheld {
        let answer =
            service.get(&format!("/cache?key={}", key.replace('{', "%7B").replace('}', "%7D"))).await;
        assert_eq!(answer.json()["redacted"], true, "{key}");
        assert!(!answer.text.contains("the-value"), "{key}");
    }
    let expiry = Expiry::After(Duration::from_secs(60));
    service.cache.set(b"ratelimit:free:secret", "token-1".into(), Expiry::Never).await.unwrap();
    let answer = service.get("/cache?key=ratelimit:free:secret").await;
    assert_eq!(answer.json()["redacted"], true);
    assert!(!answer.text.contains("token-1"));
    service.cache.set(b"ratelimit:free:1.2.3.4", "17".into(), expiry).await.unwrap();
    let json = service.get("/cache/keys/ratelimit:free:1.2.3.4").await.json();
    assert_eq!((&json["value"], &json["redacted"], &json["ttl"]), (&"17".into(), &false.into(), &60.into()));
}

#[tokio::test]
async fn a_key_that_is_no_text_can_be_seen_and_removed() {
    let service = TestService::new();
    service.cache.set(b"a\xff", "v".into(), Expiry::Never).await.unwrap();
    for uri in ["/cache/keys/a%FF", "/cache?key=a%FF"] {
        let json = service.get(uri).await.json();
        assert_eq!((&json["key"], &json["keyBase64"]), (&"a\\xFF".into(), &"Yf8=".into()), "{uri}");
        assert_eq!(json["exists"], true, "{uri}");
    }
    assert_eq!(service.delete("/cache?keyBase64=Yf8%3D").await.json()["deleted"], 1);
}

#[tokio::test]
async fn keys_are_removed_by_name_and_answered_with_a_body() {
    let service = TestService::with_keys(&["a", "b", "c", "d", "e"]).await;
    for (uri, body, deleted) in [
        ("/cache?key=a", "", 1),
        ("/cache?key=a", "", 0),
        ("/cache", r#"{"key":"b"}"#, 1),
        ("/v1/cache", r#"{"keys":["c","nothing"]}"#, 1),
        ("/cache/keys/d", "", 1),
        ("/v1/cache/e", "", 1),
    ] {
        let answer = service.send(Method::DELETE, uri, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        let json = answer.json();
        assert_eq!(
            (&json["deleted"], &json["deletedCount"]),
            (&deleted.into(), &deleted.into()),
            "{uri} {body}"
        );
    }
}

#[tokio::test]
async fn clearing_needs_both_words_and_spares_other_programs() {
    let service = TestService::with_keys(&["ratelimit:a:b", "tenant:acme:x", "sessions:1"]).await;
    for uri in ["/cache", "/cache?all=true", "/cache?confirm=true", "/cache?key="] {
        let message = service.delete(uri).await.error(StatusCode::BAD_REQUEST, "TM-0400");
        assert!(message.contains("all=true&confirm=true"), "{message}");
    }
    let json = service.delete("/cache?all=true&confirm=true&foreign=true").await.json();
    assert_eq!((&json["deleted"], &json["complete"]), (&2.into(), &true.into()));
    assert!(service.exists("sessions:1").await);
    assert!(!service.exists("tenant:acme:x").await);
}

#[tokio::test]
async fn a_dry_run_of_keys_that_are_named_is_refused() {
    let service = TestService::with_keys(&["a"]).await;
    for (uri, body) in [
        ("/cache?key=a&dryRun=true", ""),
        ("/cache?keyBase64=YQ%3D%3D&dry_run=1", ""),
        ("/cache", r#"{"keys":["a"],"dryRun":true}"#),
        ("/cache/a?dryRun=true", ""),
        ("/v1/cache/keys/a?dryRun=yes", ""),
        ("/cache/keys/a", r#"{"dryRun":true}"#),
    ] {
        let answer = service.send(Method::DELETE, uri, body).await;
        let message = answer.error(StatusCode::BAD_REQUEST, "TM-0400");
        assert_eq!(message, "dryRun: only for patterns", "{uri} {body}");
    }
    assert!(service.exists("a").await);
    let json = service.delete("/cache?all=true&confirm=true&dryRun=true").await.json();
    assert_eq!((&json["dryRun"], &json["deleted"]), (&true.into(), &0.into()));
    assert_eq!(service.delete("/cache/a?dryRun=false").await.json()["deleted"], 1);
}

#[tokio::test]
async fn everything_beside_a_name_is_a_contradiction() {
    let service = TestService::with_keys(&["ratelimit:a:b"]).await;
    for (query, body, name) in [
        ("&key=a", "", "key"),
        ("&key=", "", "key"),
        ("&keys=", "", "keys"),
        ("&key_base64=", "", "keyBase64"),
        ("&pattern=ratelimit:*", "", "pattern"),
        ("", r#"{"keys":[]}"#, "keys"),
        ("", r#"{"pattern":null}"#, "pattern"),
    ] {
        let answer =
            service.send(Method::DELETE, &format!("/cache?all=true&confirm=true{query}"), body).await;
        let message = answer.error(StatusCode::BAD_REQUEST, "TM-0400");
        assert_eq!(message, format!("{name}: must not be given beside all=true"), "{query} {body}");
    }
    assert!(service.exists("ratelimit:a:b").await);
}

#[tokio::test]
async fn long_keys_are_cut_in_lists() {
    let long = format!("ratelimit:free:{}", "x".repeat(2_000));
    let service = TestService::with_keys(&[&long]).await;
    let json = service.get("/cache/keys").await.json();
    assert_eq!(json["items"][0]["key"], long[..1_024]);
    assert_eq!(json["items"][0]["truncated"], true);
    assert_eq!(json["keys"][0], format!("{}…", &long[..1_024]));
    let json = service.delete("/cache/pattern?pattern=ratelimit:*&dryRun=true").await.json();
    assert_eq!(json["samples"][0], format!("{}…", &long[..1_024]));
}

#[tokio::test]
async fn a_flag_that_is_none_is_refused_also_where_it_changes_nothing() {
    let service = TestService::with_keys(&["k"]).await;
    for query in ["key=k&confirm=maybe", "key=k&dryRun=null", "all=maybe&confirm=true"] {
        let answer = service.delete(&format!("/cache?{query}")).await;
        answer.error(StatusCode::BAD_REQUEST, "TM-0400");
    }
    assert!(service.exists("k").await);
    assert_eq!(service.delete("/cache?key=k&confirm=true").await.status, StatusCode::OK);
    assert!(!service.exists("k").await);
}
