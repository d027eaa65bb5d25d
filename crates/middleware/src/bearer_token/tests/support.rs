//! A layer, and an issuer whose keys it reads.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{BoxError, Caller, KeySetSource, ManualClock};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use testkit::{TokenAlgorithm, TokenKey};
use tower::{Layer, ServiceExt, service_fn};

use super::super::*;

pub(super) const ISSUER: &str = "https://issuer.example";
/// When the clock of every test begins, in seconds since 1970.
pub(super) const NOW: u64 = 1_000_000;

#[derive(Clone, PartialEq)]
pub(super) enum Mood {
    Answers,
    Away,
    Hangs,
    Lies(&'static [u8]),
}

/// Publishes keys, and counts how often it is asked.
pub(super) struct Keys {
    published: Mutex<Vec<Value>>,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
}

impl Keys {
    pub(super) fn of(keys: &[&TokenKey]) -> Arc<Self> {
        let published = Mutex::new(keys.iter().map(|key| key.jwk()).collect());
        Arc::new(Self { published, mood: Mutex::new(Mood::Answers), asked: AtomicUsize::default() })
    }

    pub(super) fn publish(&self, keys: &[&TokenKey]) {
        *self.published.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
    }

    pub(super) fn publish_json(&self, keys: Vec<Value>) {
        *self.published.lock().unwrap() = keys;
    }

    pub(super) fn is_now(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySetSource for Keys {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = self.mood.lock().unwrap().clone();
        match mood {
            Mood::Answers => Ok(json!({ "keys": *self.published.lock().unwrap() }).to_string().into_bytes()),
            Mood::Away => Err("connection refused".into()),
            Mood::Hangs => std::future::pending().await,
            Mood::Lies(body) => Ok(body.to_vec()),
        }
    }
}

/// One process.
pub(super) struct Guarded {
    pub(super) keys: Arc<Keys>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) layer: BearerTokenLayer,
}

impl Guarded {
    pub(super) fn by(keys: &[&TokenKey]) -> Self {
        Self::with(keys, |policy| policy)
    }

    pub(super) fn with(keys: &[&TokenKey], change: impl FnOnce(TokenPolicy) -> TokenPolicy) -> Self {
        let keys = Keys::of(keys);
        let issuer = TokenIssuer { name: ISSUER.to_owned(), keys: keys.clone() };
        let policy = change(TokenPolicy { issuers: vec![issuer], ..TokenPolicy::default() });
        let clock = Arc::new(ManualClock::new(time(NOW)));
        let layer = BearerTokenLayer::new(policy, clock.clone());
        Self { keys, clock, layer }
    }

    /// The body of the answer says who called.
    pub(super) async fn call(&self, request: Request<()>) -> Response<Bytes> {
        let inner = service_fn(async |request: Request<()>| {
            assert!(!request.headers().contains_key("authorization") || request.extensions().is_empty());
            let caller = request.extensions().get::<Caller>();
            let text = caller.map_or("nobody".to_owned(), |caller| {
                let scopes: Vec<_> = caller.scopes().iter().map(ToString::to_string).collect();
                format!("{} {}", caller.id(), scopes.join(","))
            });
            Ok::<_, Infallible>(Response::new(Bytes::from(text)))
        });
        self.layer.layer(inner).oneshot(request).await.unwrap()
    }

    pub(super) async fn with_token(&self, token: &str) -> StatusCode {
        let request = Request::get("/").header("Authorization", format!("Bearer {token}"));
        self.call(request.body(()).unwrap()).await.status()
    }

    pub(super) async fn told(&self, authorization: &str) -> String {
        let request = Request::get("/").header("Authorization", authorization);
        let response = self.call(request.body(()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{authorization}");
        String::from_utf8(response.into_body().to_vec()).unwrap()
    }
}

pub(super) fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(super) fn key(id: &str) -> TokenKey {
    TokenKey::generate(id, TokenAlgorithm::EdDsa)
}

/// Claims that are good for an hour.
pub(super) fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "user_1", "exp": NOW + 3_600 })
}

/// The same with others in their places; `null` takes one away.
pub(super) fn claims_with(mut others: Value) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().append(others.as_object_mut().unwrap());
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}
