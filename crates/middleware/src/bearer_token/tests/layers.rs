//! Tokens and API keys, beside each other.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{
    ApiKey, ApiKeyHash, ApiKeyRecord, Caller, Environment, KeyBinding, MemoryApiKeys, RateTier, Scope, Scopes,
};
use http::{Request, Response, StatusCode};
use serde_json::json;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use super::support::*;
use crate::{ApiKeyLayer, Standing};

const KEY: &str = "the-key-of-a-service";

/// The caller behind both layers, or the answer.
async fn caller(guarded: &Guarded, headers: &[(&str, &str)]) -> Result<Caller, Response<Bytes>> {
    let record = ApiKeyRecord {
        id: "key".into(),
        hash: ApiKeyHash::of(&ApiKey::parse(KEY).unwrap()),
        name: "key".to_owned(),
        binding: KeyBinding {
            service: Some("ledger".parse().unwrap()),
            environment: Some(Environment::Staging),
            tenant: None,
        },
        scopes: Scopes::from_iter([Scope::CACHE_READ]),
        rate_tier: Some(RateTier::Service),
        version: 1,
        expires_at: None,
    };
    let keys = ApiKeyLayer::new(Arc::new(MemoryApiKeys::new([record])), guarded.clock.clone());
    let inner = service_fn(async |request: Request<()>| {
        let mut response = Response::new(Bytes::new());
        response.extensions_mut().insert(request.extensions().get::<Caller>().unwrap().clone());
        Ok::<_, Infallible>(response)
    });
    let service =
        ServiceBuilder::new().layer(guarded.layer.clone()).layer(keys.beside_tokens()).service(inner);
    let mut request = Request::get("/").body(()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    let mut response = service.oneshot(request).await.unwrap();
    response.extensions_mut().remove::<Caller>().ok_or(response)
}

#[tokio::test]
async fn a_token_or_a_key_will_do() {
    let signing = key("key-1");
    let guarded = Guarded::by(&[&signing]);
    let token = signing.token(&claims_with(json!({ "permissions": ["backoffice:tm:tenants:write"] })));
    let of_token = caller(&guarded, &[("Authorization", &token)]).await.unwrap();
    assert_eq!(
        (of_token.id().to_string().as_str(), of_token.binding()),
        ("token:user_1", &KeyBinding::default())
    );
    let of_key = caller(&guarded, &[("X-API-Key", KEY)]).await.unwrap();
    assert_eq!(of_key.id().to_string(), "key");
    let oldest = caller(&guarded, &[("Authorization", &format!("Bearer {KEY}"))]).await.unwrap();
    assert_eq!(oldest, of_key, "where the oldest clients have it");

    let both = caller(&guarded, &[("X-API-Key", KEY), ("Authorization", &format!("Bearer {token}"))]).await;
    let both = both.unwrap();
    assert_eq!((both.id().to_string().as_str(), both.binding()), ("token:user_1+key", of_key.binding()));
    assert_eq!(both.rate_tier(), Some(RateTier::Service));
    assert!(both.scopes().allows(&Scope::TENANTS_WRITE) && both.scopes().allows(&Scope::CACHE_READ));
}

#[tokio::test]
async fn what_is_shown_must_be_good() {
    let signing = key("key-1");
    let guarded = Guarded::by(&[&signing]);
    let (token, expired) =
        (signing.token(&claims()), signing.token(&claims_with(json!({ "exp": NOW - 3_600 }))));
    let refused: [&[(&str, &str)]; 7] = [
        &[],
        &[("X-API-Key", "no-key")],
        &[("Authorization", &expired)],
        &[("X-API-Key", KEY), ("Authorization", &expired)],
        &[("X-API-Key", "no-key"), ("Authorization", &token)],
        &[("X-API-Key", KEY), ("X-API-Key", KEY), ("Authorization", &token)],
        &[("Authorization", &token), ("Authorization", &token)],
    ];
    for headers in refused {
        let response = caller(&guarded, headers).await.unwrap_err();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    let response = caller(&guarded, &[("Authorization", "Basic dXNlcjpwYXNz")]).await.unwrap_err();
    assert_eq!(response.headers()["www-authenticate"], "ApiKey, Bearer");
}

#[tokio::test]
async fn an_answer_that_goes_on_ends_with_the_token() {
    let (signing, other) = (key("key-1"), key("key-2"));
    let guarded = Guarded::by(&[&signing]);
    let token = signing.token(&claims_with(json!({ "exp": NOW + 60 })));
    let service = guarded.layer.layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(Bytes::new());
        response.extensions_mut().insert(Standing::of(request.extensions()));
        Ok::<_, Infallible>(response)
    }));
    let mut standings = Vec::new();
    for _ in 0..2 {
        let request = Request::get("/").header("Authorization", &token).body(()).unwrap();
        let mut response = service.clone().oneshot(request).await.unwrap();
        standings.push(response.extensions_mut().remove::<Standing>().unwrap());
    }
    assert!(standings[0].holds().await && standings[1].holds().await);
    guarded.clock.advance(Duration::from_secs(90));
    assert!(!standings[0].holds().await && !standings[1].holds().await);

    let guarded = Guarded::by(&[&signing]);
    let service = guarded.layer.layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(Bytes::new());
        response.extensions_mut().insert(Standing::of(request.extensions()));
        Ok::<_, Infallible>(response)
    }));
    let request = Request::get("/").header("Authorization", &token).body(()).unwrap();
    let standing = service.oneshot(request).await.unwrap().extensions_mut().remove::<Standing>().unwrap();
    guarded.keys.publish(&[&other]);
    let keeping = tokio::spawn({
        let layer = guarded.layer.clone();
        async move { layer.keep_fresh().await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!standing.holds().await, "its key was withdrawn");
    keeping.abort();
}
