//! Callers with bearer tokens, and an issuer that rotates its keys, stalls, lies and dies.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, ManualClock, SystemClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{IssuerMood, TokenAlgorithm, TokenIssuer, wait_for};

use super::plane::{assert_refused, new_tenant};
use crate::support::{Answer, PATIENCE, Service, answer};

const WRITE: &str = "backoffice:tm:tenants:write";
const READ: &str = "backoffice:tm:tenants:read";
/// Between two questions to an issuer, and a little.
const FLOOR: Duration = Duration::from_millis(10_500);

async fn with_token(service: &Service, method: Method, path: &str, token: &str, body: Value) -> Answer {
    let request = service.bare_request(method, path).header("Authorization", format!("Bearer {token}"));
    answer(if body.is_null() { request } else { request.json(&body) }).await
}

async fn status(service: &Service, token: &str) -> StatusCode {
    with_token(service, Method::GET, "/v1/tenants", token, Value::Null).await.status
}

async fn service_of(issuer: &TokenIssuer) -> Service {
    Service::start(&[("AUTH_ISSUER", issuer.url()), ("AUTH_JWKS_URL", &issuer.keys_url())]).await
}

#[tokio::test]
async fn a_token_alone_reads_and_writes_what_it_permits() {
    let issuer = TokenIssuer::start().await;
    let service = service_of(&issuer).await;
    for (number, algorithm) in TokenAlgorithm::ALL.into_iter().enumerate() {
        let operator = issuer.token_by(algorithm.name(), &issuer.claims("user_1", &[WRITE]));
        let body = new_tenant(&format!("blue-bank-{number}"), "staging");
        let made = with_token(&service, Method::POST, "/v1/tenants", &operator, body.clone()).await;
        assert_eq!(made.status, 201, "{algorithm:?}: {made:?}");
    }
    let mut machine = issuer.claims("client_1", &[]);
    machine["scope"] = json!(format!("openid {READ}"));
    let machine = issuer.sign(&machine);
    assert_eq!(status(&service, &machine).await, 200);
    let bare = service.bare_request(Method::GET, "/v1/tenants").header("Authorization", &machine);
    assert_eq!(answer(bare).await.status, 200, "as older clients send it");
    let body = new_tenant("green-bank", "staging");
    let refused = with_token(&service, Method::POST, "/v1/tenants", &machine, body).await;
    assert_refused(&refused, 403);
    assert!(refused.body["message"].as_str().unwrap().contains(WRITE), "{refused:?}");
}

#[tokio::test]
async fn a_write_is_the_subjects_own() {
    let issuer = TokenIssuer::start().await;
    let service = service_of(&issuer).await;
    let keyed = async |subject: &str, slug: &str| {
        let request = service.bare_request(Method::POST, "/v1/tenants");
        let request = request.header("Authorization", issuer.token(subject, &[WRITE]));
        answer(request.header("X-Idempotency", "one").json(&new_tenant(slug, "staging"))).await
    };
    let first = keyed("user_1", "blue-bank").await;
    let repeated = keyed("user_1", "blue-bank").await;
    assert_eq!(
        (repeated.status.as_u16(), &repeated.headers["x-idempotency-replayed"]),
        (201, &"true".parse().unwrap())
    );
    assert_eq!(repeated.body, first.body);
    let other = keyed("user_2", "green-bank").await;
    assert_eq!(other.status, 201, "{other:?}");
    // Who made a key stands in its record.
    drop(answer(service.request(Method::POST, "/v1/services").json(&json!({ "name": "ledger" }))).await);
    let permissions = ["backoffice:tm:api-keys:write", "backoffice:tm:connections:read"];
    let token = issuer.token("user_1", &permissions);
    let made =
        with_token(&service, Method::POST, "/v1/services/ledger/api-keys", &token, json!({ "name": "pods" }))
            .await;
    assert_eq!((made.status.as_u16(), &made.body["createdBy"]), (201, &json!("token:user_1")), "{made:?}");
}

/// An answer is repeated to whoever could have got it, and to nobody else.
#[tokio::test]
async fn no_answer_is_repeated_to_who_may_not_write() {
    let (issuer, other) = (TokenIssuer::start().await, TokenIssuer::start().await);
    let issuers = format!("{},{}", issuer.url(), other.url());
    let service = Service::start(&[("AUTH_ISSUER", &issuers)]).await;
    drop(answer(service.request(Method::POST, "/v1/services").json(&json!({ "name": "ledger" }))).await);
    let strong = ["backoffice:tm:*:read", "backoffice:tm:*:write"];
    let make = async |token: &str, key: Option<&str>| {
        let request = service.bare_request(Method::POST, "/v1/api-keys").header("Authorization", token);
        let request = key.into_iter().fold(request, |request, key| request.header("X-API-Key", key));
        answer(request.header("X-Idempotency", "one").json(&json!({ "name": "ana" }))).await
    };
    let token = issuer.token("user_1", &strong);
    let made = make(&token, None).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(make(&token, None).await.body, made.body, "its own repeat");
    for permissions in [&[][..], &["backoffice:tm:api-keys:read"]] {
        assert_refused(&make(&issuer.token("user_1", permissions), None).await, 403);
    }
    let stranger = make(&other.token("user_1", &strong), None).await;
    assert_eq!(stranger.status, 201, "{stranger:?}");
    assert_ne!(stranger.body["id"], made.body["id"], "it is another user, whatever the name");
    let by = stranger.body["createdBy"].as_str().unwrap();
    assert!(by.starts_with("token@") && by.ends_with(":user_1"), "{by}");
    // Beside a key the caller is another one, too.
    let limited = json!({ "name": "limited", "environment": "staging" });
    let limited = answer(service.request(Method::POST, "/v1/api-keys").json(&limited)).await;
    let beside = make(&token, limited.body["key"].as_str()).await;
    assert_eq!(beside.status, 201, "{beside:?}");
    assert_ne!(beside.body["id"], made.body["id"]);
    assert_eq!(beside.body["environment"], "staging", "as the key is bound");
}

#[tokio::test]
async fn keys_are_found_by_what_the_issuer_publishes_about_itself() {
    let issuer = TokenIssuer::start().await;
    let service = Service::start(&[("AUTH_ISSUER", issuer.url()), ("AUTH_AUDIENCE", "pool-manager")]).await;
    let mut claims = issuer.claims("user_1", &[READ]);
    assert_eq!(status(&service, &issuer.sign(&claims)).await, 401, "for nobody");
    claims["aud"] = json!(["other", "pool-manager"]);
    assert_eq!(status(&service, &issuer.sign(&claims)).await, 200);
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn without_an_issuer_no_token_is_believed() {
    let issuer = TokenIssuer::start().await;
    let service = Service::start(&[]).await;
    assert_eq!(status(&service, &issuer.token("user_1", &[READ])).await, 401);
    let beside = service.request(Method::GET, "/v1/tenants").header("Authorization", "Bearer eyJ.a.b");
    assert_eq!(answer(beside).await.status, 200, "the key decides alone");
}

#[tokio::test]
async fn an_issuer_rotates_its_keys_and_dies() {
    let issuer = TokenIssuer::start().await;
    let service = service_of(&issuer).await;
    let token = |subject: &str| issuer.token(subject, &[READ]);
    assert_eq!(status(&service, &token("user_1")).await, 200);
    issuer.rotate("new", TokenAlgorithm::Es256);
    let new = token("user_2");
    wait_for("the new key", PATIENCE, async || {
        let status = status(&service, &new).await;
        if status == 200 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    assert_eq!(issuer.asked(), 2, "once at the start, once for the new key");
    issuer.die();
    assert_eq!(status(&service, &new).await, 200, "verified before");
    assert_eq!(status(&service, &token("user_3")).await, 200, "of a known key");
    assert_eq!(service.get("/v1/tenants").await.status, 200, "keys are no affair of the issuer's");
    issuer.rotate("newest", TokenAlgorithm::EdDsa);
    tokio::time::sleep(FLOOR).await;
    assert_eq!(status(&service, &token("user_1")).await, 503, "nobody can tell");
}

#[tokio::test]
async fn an_issuer_that_stalls_or_lies_keeps_nobody_out() {
    let elsewhere = TokenIssuer::start().await;
    let moods = [
        IssuerMood::Stalls,
        IssuerMood::Fails,
        IssuerMood::Lies("<html>".to_owned()),
        IssuerMood::Lies(format!("{{\"keys\":[{}", " ".repeat(2_000_000))),
        IssuerMood::Redirects(elsewhere.keys_url()),
    ];
    futures::future::join_all(moods.map(an_issuer_that)).await;
    assert_eq!(elsewhere.asked(), 0, "nobody is sent elsewhere");
}

async fn an_issuer_that(mood: IssuerMood) {
    let issuer = TokenIssuer::start().await;
    let service = service_of(&issuer).await;
    let known = issuer.token("user_1", &[READ]);
    assert_eq!(status(&service, &known).await, 200);
    issuer.rotate("unknown", TokenAlgorithm::EdDsa);
    issuer.is_now(mood.clone());
    tokio::time::sleep(FLOOR).await;
    let begin = std::time::Instant::now();
    assert_eq!(status(&service, &issuer.token("user_2", &[READ])).await, 503, "{mood:?}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{mood:?}: {:?}", begin.elapsed());
    assert_eq!(status(&service, &known).await, 200, "{mood:?}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let issuer = TokenIssuer::start().await;
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let variables = [("AUTH_ISSUER", issuer.url())];
    let service = Service::start_at(clock.clone() as Arc<dyn Clock>, &variables).await;
    let token = issuer.token("user_1", &["backoffice:tm:events:read", READ]);
    let request = service.bare_request(Method::GET, "/v1/events").header("Authorization", &token);
    let mut stream = request.header("Accept", "text/event-stream").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    clock.advance(Duration::from_secs(2 * 3_600));
    let ended = tokio::time::timeout(PATIENCE, async {
        while stream.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    });
    assert!(ended.await.is_ok(), "it goes on");
    let refused =
        answer(service.bare_request(Method::GET, "/v1/tenants").header("Authorization", &token)).await;
    assert_refused(&refused, 401);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"), "{refused:?}");
}
