//! Tokens that somebody made up.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::{TokenAlgorithm, TokenKey};

use super::support::*;
use crate::ClientAddress;

const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn the_key_says_which_algorithm_not_the_token() {
    let key = TokenKey::generate("key-1", TokenAlgorithm::Rs256);
    let guarded = Guarded::by(&[&key]);
    assert_eq!(guarded.with_token(&key.token(&claims())).await, StatusCode::OK);
    for algorithm in ["none", "None", "HS256", "HS512", "RS512", "PS256", "ES256", "EdDSA", "x"] {
        let token = key.token_with(&json!({ "alg": algorithm, "kid": "key-1" }), &claims());
        assert_eq!(guarded.with_token(&token).await, REFUSED, "{algorithm}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let key = TokenKey::generate("key-1", TokenAlgorithm::Rs256);
    let guarded = Guarded::by(&[&key]);
    let message = format!("{}.{}", encoded(&json!({ "alg": "HS256", "kid": "key-1" })), encoded(&claims()));
    let jwk = key.jwk();
    let texts = [jwk["n"].as_str().unwrap().to_owned(), jwk.to_string()];
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in texts.into_iter().map(String::into_bytes).chain([modulus, Vec::new()]) {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(guarded.with_token(&token).await, REFUSED);
    }
    // Nor does a secret key count that the issuer publishes.
    guarded.keys.publish_json(vec![
        key.jwk(),
        json!({ "kty": "oct", "kid": "shared", "alg": "HS256", "k": "c2VjcmV0" }),
    ]);
    let message = format!("{}.{}", encoded(&json!({ "alg": "HS256", "kid": "shared" })), encoded(&claims()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
    assert_eq!(guarded.with_token(&token).await, REFUSED);
}

#[tokio::test]
async fn what_a_token_brings_along_is_not_believed() {
    let (key, own) = (key("key-1"), TokenKey::generate("key-1", TokenAlgorithm::EdDsa));
    let guarded = Guarded::by(&[&key]);
    let header = |more: Value| {
        let mut header = json!({ "alg": "EdDSA", "kid": "key-1" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        header
    };
    assert_eq!(guarded.with_token(&key.token_with(&header(json!({})), &claims())).await, StatusCode::OK);
    let asked = guarded.keys.asked();
    let brought = [
        json!({}),
        json!({ "jwk": own.jwk() }),
        json!({ "jku": "http://127.0.0.1:1/keys" }),
        json!({ "x5u": "http://127.0.0.1:1/keys" }),
        json!({ "x5c": ["MIIB"] }),
    ];
    for more in brought {
        let token = own.token_with(&header(more.clone()), &claims());
        assert_eq!(guarded.with_token(&token).await, REFUSED, "{more}");
    }
    assert_eq!(guarded.keys.asked(), asked, "the key is known, and nobody is asked for another");
    for more in [json!({ "crit": ["exp"], "exp": 1 }), json!({ "kid": null }), json!({ "kid": 1 })] {
        assert_eq!(
            guarded.with_token(&key.token_with(&header(more.clone()), &claims())).await,
            REFUSED,
            "{more}"
        );
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let token = key.token(&claims());
    assert_eq!(guarded.with_token(&token).await, StatusCode::OK);
    let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let more = encoded(&claims_with(json!({ "permissions": ["backoffice:tm:tenants:write"] })));
    for changed in [format!("{header}.{more}.{signature}"), format!("{header}.{more}."), format!("{token}A")]
    {
        assert_eq!(guarded.with_token(&changed).await, REFUSED, "{changed}");
    }
    assert_eq!(guarded.layer.counters().refused, 3);
}

#[tokio::test]
async fn who_forges_tokens_is_slowed_down_and_nobody_else() {
    let (key, own) = (key("key-1"), key("key-1"));
    let guarded = Guarded::by(&[&key]);
    let from = async |last: u8, token: &str| {
        let request = Request::get("/").header("Authorization", token);
        let request = request.extension(ClientAddress([10, 0, 0, last].into()));
        guarded.call(request.body(()).unwrap()).await.status()
    };
    let known = key.token(&claims());
    assert_eq!(from(1, &known).await, StatusCode::OK);
    for number in 0..10 {
        assert_eq!(from(1, &own.token(&claims_with(json!({ "jti": number })))).await, REFUSED);
    }
    let new = key.token(&claims_with(json!({ "jti": "new" })));
    assert_eq!(from(1, &new).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(1, &known).await, StatusCode::OK, "what is remembered costs nothing");
    assert_eq!(from(2, &new).await, StatusCode::OK, "another address");
    guarded.clock.advance(Duration::from_secs(1));
    let expired = key.token(&claims_with(json!({ "exp": 1 })));
    for _ in 0..20 {
        assert_eq!(from(1, &expired).await, REFUSED, "it was good once");
    }
}

#[tokio::test]
async fn the_answer_says_no_more_than_a_client_needs() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let told = async |claims: Value| {
        let request = Request::get("/").header("Authorization", format!("Bearer {}", key.token(&claims)));
        let response = guarded.call(request.body(()).unwrap()).await;
        let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
        (challenge, String::from_utf8(response.into_body().to_vec()).unwrap())
    };
    let (challenge, body) = told(claims_with(json!({ "exp": NOW - 100 }))).await;
    assert!(challenge.contains("expired") && body.contains("the bearer token has expired"), "{body}");
    let other = told(claims_with(json!({ "iss": "https://other.example" }))).await;
    assert_eq!(other, told(claims_with(json!({ "sub": "" }))).await);
    assert!(!other.1.contains("issuer"), "{}", other.1);
}

/// What decoders of headers and claims are fed with.
fn part() -> impl Strategy<Value = String> {
    let value =
        prop_oneof![Just("\"EdDSA\""), Just("null"), Just("[]"), Just("{}"), Just("1e400"), Just("-1")];
    let name =
        prop_oneof![Just("alg"), Just("kid"), Just("crit"), Just("iss"), Just("exp"), Just("jwk"), Just("x")];
    let object = proptest::collection::vec((name, value), 0..6).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    });
    let bytes = prop_oneof![object, proptest::collection::vec(any::<u8>(), 0..200)];
    bytes.prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

proptest! {
    #[test]
    fn nothing_that_is_made_up_gets_through(header in part(), claims in part(), signature in part()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let key = key("key-1");
            let begin = if header.starts_with("eyJ") { "" } else { "eyJ" };
            let token = format!("{begin}{header}.{claims}.{signature}");
            Guarded::by(&[&key]).with_token(&token).await
        });
        prop_assert_eq!(status, REFUSED);
    }
}
