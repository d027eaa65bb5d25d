//! Keys that change, and issuers that do not answer.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use testkit::TokenKey;
use tokio::time::{Instant, advance};

use super::support::*;

const OK: StatusCode = StatusCode::OK;
const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test(start_paused = true)]
async fn a_verified_token_is_remembered_until_it_expires() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let token = key.token(&claims_with(json!({ "exp": NOW + 60 })));
    for _ in 0..10 {
        assert_eq!(guarded.with_token(&token).await, OK);
    }
    let counters = guarded.layer.counters();
    assert_eq!((counters.verified, counters.remembered), (1, 9));
    assert_eq!(guarded.keys.asked(), 1);
    guarded.clock.advance(Duration::from_secs(60 + 29));
    assert_eq!(guarded.with_token(&token).await, OK, "clocks differ");
    guarded.clock.advance(Duration::from_secs(1));
    assert_eq!(guarded.with_token(&token).await, REFUSED);
    assert_eq!(guarded.with_token(&token).await, REFUSED);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_asked_for_once_and_no_oftener_than_the_floor() {
    let (first, second) = (key("key-1"), key("key-2"));
    let guarded = Guarded::by(&[&first]);
    assert_eq!(guarded.with_token(&first.token(&claims())).await, OK);
    guarded.keys.publish(&[&first, &second]);
    assert_eq!(guarded.with_token(&second.token(&claims())).await, REFUSED, "it was asked a moment ago");
    assert_eq!(guarded.keys.asked(), 1);
    advance(Duration::from_secs(10)).await;
    assert_eq!(guarded.with_token(&second.token(&claims())).await, OK);
    assert_eq!(guarded.keys.asked(), 2);
    advance(Duration::from_secs(10)).await;
    for number in 0..100 {
        let made_up = key(&format!("made-up-{number}"));
        assert_eq!(guarded.with_token(&made_up.token(&claims())).await, REFUSED);
    }
    assert_eq!(guarded.keys.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn known_keys_hold_while_the_issuer_is_away_or_lies() {
    let (known, other) = (key("key-1"), key("key-2"));
    let guarded = Guarded::by(&[&known]);
    assert_eq!(guarded.with_token(&known.token(&claims())).await, OK);
    let lies: [&'static [u8]; 5] = [
        b"",
        b"<html>",
        b"{\"keys\":[]}",
        b"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"key-1\",\"k\":\"eA\"}]}",
        b"{}",
    ];
    for mood in [Mood::Away, Mood::Hangs].into_iter().chain(lies.map(Mood::Lies)) {
        guarded.keys.is_now(mood);
        advance(Duration::from_secs(10)).await;
        assert_eq!(guarded.with_token(&other.token(&claims())).await, AWAY, "nobody can tell");
        let another = known.token(&claims_with(json!({ "jti": guarded.keys.asked() })));
        assert_eq!(guarded.with_token(&another).await, OK);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_and_few_wait_at_all() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    guarded.keys.is_now(Mood::Hangs);
    let begin = Instant::now();
    let tokens: Vec<_> = (0..200).map(|number| key.token(&claims_with(json!({ "jti": number })))).collect();
    let answers = futures::future::join_all(tokens.iter().map(|token| guarded.with_token(token))).await;
    assert!(answers.iter().all(|status| *status == AWAY));
    assert!(begin.elapsed() <= Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(guarded.keys.asked(), 1);
    guarded.keys.is_now(Mood::Answers);
    assert_eq!(guarded.with_token(&tokens[0]).await, AWAY, "the floor");
    advance(Duration::from_secs(10)).await;
    assert_eq!(guarded.with_token(&tokens[0]).await, OK);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_does_not_cut_the_question_off() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    let token = key.token(&claims());
    assert!(futures::poll!(std::pin::pin!(guarded.with_token(&token))).is_pending());
    tokio::task::yield_now().await;
    assert_eq!(guarded.with_token(&token).await, OK);
    assert_eq!(guarded.keys.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_at_the_start_and_withdrawn_within_minutes() {
    let (first, second) = (key("key-1"), key("key-2"));
    let guarded = Guarded::by(&[&first]);
    let keeping = tokio::spawn({
        let layer = guarded.layer.clone();
        async move { layer.keep_fresh().await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(guarded.keys.asked(), 1);
    let token = first.token(&claims());
    assert_eq!(guarded.with_token(&token).await, OK);
    guarded.keys.publish(&[&second]);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(guarded.keys.asked(), 2);
    assert_eq!(guarded.with_token(&token).await, REFUSED, "also one that was verified before");
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn another_key_under_the_same_id_is_another_key() {
    let (first, second) = (key("key-1"), key("key-1"));
    let guarded = Guarded::by(&[&first]);
    let token = first.token(&claims());
    assert_eq!(guarded.with_token(&token).await, OK);
    guarded.keys.publish(&[&second]);
    let keeping = tokio::spawn({
        let layer = guarded.layer.clone();
        async move { layer.keep_fresh().await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(guarded.with_token(&token).await, REFUSED);
    assert_eq!(guarded.with_token(&second.token(&claims())).await, OK);
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_was_away_at_the_start_is_asked_again_soon() {
    let key = key("key-1");
    let guarded = Guarded::by(&[&key]);
    guarded.keys.is_now(Mood::Away);
    let keeping = tokio::spawn({
        let layer = guarded.layer.clone();
        async move { layer.keep_fresh().await }
    });
    tokio::time::sleep(Duration::from_secs(6)).await;
    guarded.keys.is_now(Mood::Answers);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(guarded.with_token(&key.token(&claims())).await, OK);
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_for_something_else_are_left_out() {
    let usable: TokenKey = key("usable");
    let guarded = Guarded::by(&[]);
    let changed = |id: &str, field: &str, value: serde_json::Value| {
        let key = key(id);
        let mut jwk = key.jwk();
        jwk[field] = value;
        (key, jwk)
    };
    let others = [
        changed("encrypts", "use", "enc".into()),
        changed("other-algorithm", "alg", "ES256".into()),
        changed("no-id", "kid", serde_json::Value::Null),
        changed("other-curve", "crv", "Ed448".into()),
        changed("broken", "x", "!".into()),
        changed("unknown", "kty", "AKP".into()),
    ];
    let jwks = others.iter().map(|(_, jwk)| jwk.clone()).chain([json!(1), usable.jwk()]).collect();
    guarded.keys.publish_json(jwks);
    assert_eq!(guarded.with_token(&usable.token(&claims())).await, OK);
    for (key, jwk) in &others {
        assert_eq!(guarded.with_token(&key.token(&claims())).await, REFUSED, "{jwk}");
    }
}
