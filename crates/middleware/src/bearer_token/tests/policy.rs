//! Which claims are good.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{TokenAlgorithm, TokenKey};

use super::super::*;
use super::support::*;

const OK: StatusCode = StatusCode::OK;
const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;

#[tokio::test]
async fn a_good_token_names_its_caller_whatever_it_was_signed_with() {
    for algorithm in TokenAlgorithm::ALL {
        let key = TokenKey::generate("key-1", algorithm);
        let guarded = Guarded::by(&[&key]);
        let permissions = ["backoffice:tm:tenants:write", "posts:read", "backoffice:tm:cache:read"];
        let token = key.token(&claims_with(json!({ "permissions": permissions })));
        let told = "token:user_1 backoffice:tm:tenants:write,backoffice:tm:cache:read";
        assert_eq!(guarded.told(&format!("Bearer {token}")).await, told, "{algorithm:?}");
        assert_eq!(guarded.told(&token).await, told, "bare, as older clients send it");
    }
}

#[tokio::test]
async fn scopes_of_machines_are_permissions_as_well() {
    let key = key("key-1");
    let scope = "openid backoffice:tm:m2m:write  backoffice:tm:tenants:read backoffice:tm:tenants:delete";
    let claims = claims_with(json!({ "sub": "client_1", "scope": scope }));
    let told = "token:client_1 backoffice:tm:m2m:write,backoffice:tm:tenants:read";
    assert_eq!(Guarded::by(&[&key]).told(&key.token(&claims)).await, told);
    let claims = claims_with(json!({ "role": "admin", "sid": "session_1", "org_id": "org_1" }));
    assert_eq!(
        Guarded::by(&[&key]).told(&key.token(&claims)).await,
        "token:user_1 ",
        "a role permits nothing"
    );
}

async fn statuses(guarded: &Guarded, key: &TokenKey, cases: &[(Value, StatusCode)]) {
    for (others, expected) in cases {
        let status = guarded.with_token(&key.token(&claims_with(others.clone()))).await;
        assert_eq!(status, *expected, "{others}");
    }
}

#[tokio::test]
async fn what_every_token_must_say() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let cases = [
        (json!({}), OK),
        (json!({ "iss": null }), REFUSED),
        (json!({ "iss": "https://other.example" }), REFUSED),
        (json!({ "iss": format!("{ISSUER}/") }), REFUSED),
        (json!({ "iss": [ISSUER] }), REFUSED),
        (json!({ "sub": null }), REFUSED),
        (json!({ "sub": "" }), REFUSED),
        (json!({ "sub": "a b" }), REFUSED),
        (json!({ "sub": "a\u{e9}" }), REFUSED),
        (json!({ "sub": "a".repeat(100) }), OK),
        (json!({ "sub": "a".repeat(101) }), REFUSED),
        (json!({ "sub": 1 }), REFUSED),
        (json!({ "permissions": "backoffice:tm:tenants:read" }), REFUSED),
        (json!({ "scope": ["a"] }), REFUSED),
    ];
    statuses(&guarded, &key, &cases).await;
}

#[tokio::test]
async fn times_are_those_of_the_clock_that_is_given() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let cases = [
        (json!({ "exp": null }), REFUSED),
        (json!({ "exp": "tomorrow" }), REFUSED),
        (json!({ "exp": -1 }), REFUSED),
        (json!({ "exp": 1e300 }), REFUSED),
        (json!({ "exp": NOW - 30 }), REFUSED),
        (json!({ "exp": NOW - 29 }), OK),
        (json!({ "exp": 1_000_000.5 }), OK),
        (json!({ "nbf": NOW + 30 }), OK),
        (json!({ "nbf": NOW + 31 }), REFUSED),
        (json!({ "nbf": -1 }), REFUSED),
    ];
    statuses(&guarded, &key, &cases).await;
}

#[tokio::test]
async fn a_token_is_for_its_audience_only() {
    let key = key("key-1");
    let anybody = Guarded::by(&[&key]);
    statuses(&anybody, &key, &[(json!({ "aud": "pool" }), REFUSED), (json!({ "aud": [] }), REFUSED)]).await;
    let audiences = vec!["pool".to_owned(), "manager".to_owned()];
    let guarded = Guarded::with(&[&key], |policy| TokenPolicy { audiences, ..policy });
    let cases = [
        (json!({}), REFUSED),
        (json!({ "aud": "pool" }), OK),
        (json!({ "aud": ["other", "manager"] }), OK),
        (json!({ "aud": "other" }), REFUSED),
        (json!({ "aud": [] }), REFUSED),
        (json!({ "aud": 1 }), REFUSED),
    ];
    statuses(&guarded, &key, &cases).await;
}

#[tokio::test]
async fn a_token_is_of_an_organization_where_that_counts() {
    let key = key("key-1");
    let organizations = vec!["org_1".to_owned()];
    let guarded = Guarded::with(&[&key], |policy| TokenPolicy { organizations, ..policy });
    let cases =
        [(json!({}), REFUSED), (json!({ "org_id": "org_2" }), REFUSED), (json!({ "org_id": "org_1" }), OK)];
    statuses(&guarded, &key, &cases).await;
}
