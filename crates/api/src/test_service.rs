//! The whole router over the embedded cache, for the tests of this crate.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use cache::{Cache, CacheClient, CacheHandle, Expiry};
use domain::{
    ApiKey, ApiKeyHash, ApiKeyRecord, CallerId, Clock, Environment, KeyBinding, ManualClock, MemoryApiKeys,
    Scope,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use middleware::{ApiKeyLayer, IdempotencyLayer, RateLimitLayer, RateTiers, RequestIdLayer};
use seal::{KeyRing, SealingKey};
use secrets::EmbeddedSecrets;
use serde_json::Value;
use store::SqliteStore;
use tempfile::TempDir;
use tenancy::{NoRandomness, Parts, Random, UseCases};
use tower::ServiceExt;

use crate::{
    ApiState, Browsers, Guards, LeadingSlashes, Limits, MoreRoutes, Readiness, ReadinessSettings, StoreName,
    rate_tier, router, service,
};

/// Keys with both scopes, with the reading one only, and with none.
pub(crate) const WRITER: &str = "writer-key";
pub(crate) const READER: &str = "reader-key";
pub(crate) const NOBODY: &str = "nobody-key";

pub(crate) struct TestService {
    pub(crate) cache: Cache,
    pub(crate) readiness: Readiness,
    pub(crate) service: LeadingSlashes<Router>,
    _directory: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; fails when the media type says anything else.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json", "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The body of a failure, with what must hold for each of them.
    pub(crate) fn error(&self, status: StatusCode, code: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let json = self.json();
        assert_eq!(json["code"], code, "{self:?}");
        assert!(json["title"].is_string());
        assert_eq!(json["message"], json["error"]);
        assert!(json.get("status").is_none(), "`status` is for suspensions only");
        json["message"].as_str().unwrap().to_owned()
    }
}

impl TestService {
    /// Without a rate limit: it would count in the very cache whose keys the tests look at.
    pub(crate) fn new() -> Self {
        let cache = Cache::embedded();
        Self::over(&CacheHandle::connected(cache.clone()), cache, &Limits::default())
    }

    pub(crate) fn limited(limits: &Limits) -> Self {
        let cache = Cache::embedded();
        Self::over(&CacheHandle::connected(cache.clone()), cache, limits)
    }

    /// With a rate limit.
    pub(crate) fn rate_limited(tiers: RateTiers) -> Self {
        let cache = Cache::embedded();
        let handle = CacheHandle::connected(cache.clone());
        let layer = RateLimitLayer::new(handle.clone(), tiers).tier_from(rate_tier);
        Self::guarded(&handle, cache, &Limits::default(), Some(layer))
    }

    /// Over a handle that may not be connected.
    pub(crate) fn over(handle: &CacheHandle, cache: Cache, limits: &Limits) -> Self {
        Self::guarded(handle, cache, limits, None)
    }

    fn guarded(
        handle: &CacheHandle,
        cache: Cache,
        limits: &Limits,
        rate_limit: Option<RateLimitLayer>,
    ) -> Self {
        Self::guarded_by(handle, cache, limits, guards(handle, rate_limit))
    }

    /// With a rate limit, for pages of these origins.
    pub(crate) fn for_browsers(tiers: RateTiers, browsers: Browsers) -> Self {
        let cache = Cache::embedded();
        let handle = CacheHandle::connected(cache.clone());
        let layer = RateLimitLayer::new(handle.clone(), tiers).tier_from(rate_tier);
        let guards = Guards { browsers, ..guards(&handle, Some(layer)) };
        Self::guarded_by(&handle, cache, &Limits::default(), guards)
    }

    fn guarded_by(handle: &CacheHandle, cache: Cache, limits: &Limits, guards: Guards) -> Self {
        let settings = ReadinessSettings {
            version: "1.2.3".to_owned(),
            deployment_mode: "local".to_owned(),
            requires_cache: false,
            requires_store: false,
            store: StoreName::Sqlite,
            cache_mode: "embedded",
            cache_tls: false,
        };
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&directory.path().join("records.sqlite"), clock()).unwrap());
        let readiness = Readiness::new(settings, handle.clone(), store.clone());
        let use_cases = use_cases(handle, store);
        let state = ApiState::new(
            use_cases,
            Environment::Staging,
            handle.clone(),
            readiness.clone(),
            clock(),
            *limits,
        );
        let router = router(state, guards, MoreRoutes::default());
        Self { cache, readiness, service: service(router), _directory: directory }
    }

    /// The cache with these keys in it, each with a value that must not show.
    pub(crate) async fn with_keys(keys: &[&str]) -> Self {
        let service = Self::new();
        for key in keys {
            service.cache.set(key.as_bytes(), "the-value".into(), Expiry::Never).await.unwrap();
        }
        service
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Method::GET, uri, "").await
    }

    pub(crate) async fn delete(&self, uri: &str) -> Answer {
        self.send(Method::DELETE, uri, "").await
    }

    /// As the console sends it: with a media type whether there is a body or not.
    pub(crate) async fn send(&self, method: Method, uri: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(uri).header("X-API-Key", WRITER);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.call(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.into()).unwrap(),
        }
    }

    /// An answer whose body was not read.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response {
        self.service.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn exists(&self, key: &str) -> bool {
        self.cache.exists(&[key.to_owned().into()]).await.unwrap() == 1
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_767_225_600)))
}

fn use_cases(cache: &CacheHandle, store: Arc<SqliteStore>) -> UseCases {
    let ring = KeyRing::new(SealingKey::from_bytes([7; 32]), []);
    let random = Random { uuid: uuid::Uuid::new_v4, fill: |_bytes| Err(NoRandomness) };
    let parts = Parts {
        tenant_ids: domain::IdSpelling::default(),
        credential_ids: domain::IdSpelling::ALL.into_iter().collect(),
        hosts: domain::HostRules::DEPLOYED,
        tenants: store.clone(),
        catalogue: store.clone(),
        api_keys: store.clone(),
        api_key_uses: store.clone(),
        changes: store.clone(),
        events: store.clone(),
        audit: store.clone(),
        secrets: Arc::new(EmbeddedSecrets::new(store.clone(), ring.clone())),
        secret_writes: store.clone(),
        leases: store,
        clock: clock(),
        random,
    };
    UseCases::new(parts, cache.clone(), ring, Duration::from_secs(60))
}

fn guards(cache: &CacheHandle, rate_limit: Option<RateLimitLayer>) -> Guards {
    let record = |key: &str, scopes: &[Scope]| ApiKeyRecord {
        id: CallerId::from(format!("id-of-{key}").as_str()),
        hash: ApiKeyHash::of(&ApiKey::parse(key).unwrap()),
        name: "test".to_owned(),
        binding: KeyBinding::default(),
        scopes: scopes.iter().cloned().collect(),
        rate_tier: None,
        version: 1,
        expires_at: None,
    };
    let keys = MemoryApiKeys::new([
        record(WRITER, &[Scope::CACHE_READ, Scope::CACHE_WRITE]),
        record(READER, &[Scope::CACHE_READ]),
        record(NOBODY, &[]),
    ]);
    let ring = KeyRing::new(SealingKey::from_bytes([7; 32]), []);
    Guards {
        bearer_token: None,
        request_id: RequestIdLayer::new(),
        api_key: ApiKeyLayer::new(Arc::new(keys), clock()),
        refusals: Arc::new(domain::Unwatched),
        rate_limit,
        idempotency: IdempotencyLayer::new(cache.clone(), ring),
        browsers: Browsers::default(),
    }
}
