//! A process that dies at a point of a write, and what it leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cache::{Cache, CacheHandle};
use domain::{
    ActiveTenant, Actor, ApiKeyStore, ApiKeyUses, CatalogueStore, Change, ChangeFeed, CommitError,
    Environment, KeyBinding, LeaseStore, LedgerRow, ManualClock, SealedRows, SecretPath, SecretReference,
    SecretStore, SecretStoreError, SecretText, SecretVersion, SecretWrites, ServiceName, Slug,
    StoreUnavailable, Tenant, TenantId, TenantPage, TenantQuery, TenantStore,
};
use seal::{KeyRing, SealingKey};
use secrets::EmbeddedSecrets;
use store::{MongoSettings, MongoStore, SqliteStore};
use tempfile::TempDir;
use tenancy::{Parts, Random, UseCases, Writing};
use tokio::sync::Notify;

/// Where the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    BeforePut,
    AfterPut,
    BeforeCommit,
    AfterCommit,
    BeforeCurrent,
}

impl Point {
    pub(crate) const ALL: [Self; 5] =
        [Self::BeforePut, Self::AfterPut, Self::BeforeCommit, Self::AfterCommit, Self::BeforeCurrent];

    pub(crate) fn is_committed(self) -> bool {
        matches!(self, Self::AfterCommit | Self::BeforeCurrent)
    }
}

/// Stops for ever whoever comes to the point.
#[derive(Clone, Default)]
struct Stops(Arc<(Mutex<Option<Point>>, Notify)>);

impl Stops {
    async fn pass(&self, point: Point) {
        if *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) == Some(point) {
            self.0.1.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

struct Tenants(Arc<dyn TenantStore>, Stops);

#[async_trait]
impl TenantStore for Tenants {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        self.0.tenant(id).await
    }

    async fn tenant_by_slug(
        &self,
        environment: Environment,
        slug: &Slug,
    ) -> Result<Option<Tenant>, StoreUnavailable> {
        self.0.tenant_by_slug(environment, slug).await
    }

    async fn tenants(&self, query: &TenantQuery) -> Result<TenantPage, StoreUnavailable> {
        self.0.tenants(query).await
    }

    async fn active_tenants(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Vec<ActiveTenant>, StoreUnavailable> {
        self.0.active_tenants(service, environment).await
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        self.0.has_associations(service).await
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        self.1.pass(Point::BeforeCommit).await;
        let committed = self.0.commit_tenant(change).await;
        self.1.pass(Point::AfterCommit).await;
        committed
    }
}

/// The secrets, and which of their versions were made current.
struct Secrets(EmbeddedSecrets, Stops, Current);

type Current = Arc<Mutex<HashMap<SecretPath, SecretVersion>>>;

#[async_trait]
impl SecretStore for Secrets {
    async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), SecretStoreError> {
        self.1.pass(Point::BeforePut).await;
        self.0.put(reference, text).await?;
        self.1.pass(Point::AfterPut).await;
        Ok(())
    }

    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError> {
        self.0.get(reference).await
    }

    async fn make_current(
        &self,
        reference: &SecretReference,
        referred: &[SecretReference],
    ) -> Result<(), SecretStoreError> {
        self.1.pass(Point::BeforeCurrent).await;
        self.0.make_current(reference, referred).await?;
        let mut current = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        current.insert(reference.path.clone(), reference.version);
        Ok(())
    }

    async fn remove(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.0.remove(reference).await
    }
}

/// Use cases over a store, in a process that can be made to die.
pub(crate) struct Mortal {
    pub(crate) parts: Parts,
    pub(crate) rows: Arc<dyn SealedRows>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) actor: Actor,
    current: Current,
    stops: Stops,
    _records: Option<TempDir>,
}

/// Far ahead of every server: nothing is over for it.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(4_102_444_800)))
}

fn ring() -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([1; 32]), [])
}

impl Mortal {
    pub(crate) fn sqlite() -> Self {
        let (records, clock) = (tempfile::tempdir().unwrap(), clock());
        let store = SqliteStore::open(&records.path().join("records"), clock.clone()).unwrap();
        Self { _records: Some(records), ..Self::over(Arc::new(store), clock) }
    }

    pub(crate) async fn mongo() -> Self {
        let uri = format!("mongodb://{}/", testkit::shared_mongo().await);
        let settings = MongoSettings {
            operation_time: Duration::from_secs(20),
            ..MongoSettings::new(uri, testkit::unique_prefix())
        };
        let clock = clock();
        let store = MongoStore::connect(settings, clock.clone()).await.unwrap();
        Self::over(Arc::new(store), clock)
    }

    fn over<S>(store: Arc<S>, clock: Arc<ManualClock>) -> Self
    where
        S: TenantStore
            + CatalogueStore
            + ApiKeyStore
            + ApiKeyUses
            + ChangeFeed
            + SecretWrites
            + LeaseStore
            + SealedRows
            + domain::EventLog
            + domain::AuditLog,
    {
        let (stops, current) = (Stops::default(), Current::default());
        let secrets = EmbeddedSecrets::new(store.clone(), ring());
        let fill = |bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        };
        let parts = Parts {
            tenants: Arc::new(Tenants(store.clone(), stops.clone())),
            catalogue: store.clone(),
            api_keys: store.clone(),
            api_key_uses: store.clone(),
            changes: store.clone(),
            events: store.clone(),
            audit: store.clone(),
            secrets: Arc::new(Secrets(secrets, stops.clone(), current.clone())),
            secret_writes: store.clone(),
            leases: store.clone(),
            tenant_ids: domain::IdSpelling::default(),
            credential_ids: domain::IdSpelling::ALL.into_iter().collect(),
            hosts: domain::HostRules::DEPLOYED,
            clock: clock.clone(),
            random: Random { uuid: uuid::Uuid::new_v4, fill },
        };
        let actor =
            Actor { caller: "ana".into(), binding: KeyBinding::default(), address: None, request_id: None };
        Self { parts, rows: store, clock, actor, current, stops, _records: None }
    }

    /// The use cases of a process.
    pub(crate) fn process(&self) -> UseCases {
        self.process_beside(Cache::embedded())
    }

    /// The same with a cache that others have, too.
    pub(crate) fn process_beside(&self, cache: Cache) -> UseCases {
        let cache = CacheHandle::connected(cache);
        UseCases::new(self.parts.clone(), cache, ring(), Duration::from_secs(1_000))
    }

    /// Does a write that dies at `point`.
    pub(crate) async fn dying<T>(&self, point: Point, write: impl Future<Output = T> + Send) {
        *self.stops.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
        tokio::select! {
            _ = write => panic!("it did not come to {point:?}"),
            () = self.stops.0.1.notified() => {}
        }
        *self.stops.0.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn writing<T>(&self) -> Writing<'_, T> {
        Writing { actor: &self.actor, remember: &|_outcome| Ok(None::<LedgerRow>) }
    }

    /// The version that readers get who ask for none.
    pub(crate) fn current(&self, path: &SecretPath) -> Option<SecretVersion> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// Every version that is kept.
    pub(crate) async fn kept(&self) -> Vec<SecretReference> {
        let rows = self.rows.rows_after(None, 1_000).await.unwrap();
        rows.into_iter().map(|(_position, row)| row.reference).collect()
    }

    /// What the record refers to.
    pub(crate) async fn referred(&self, id: &TenantId) -> Vec<SecretReference> {
        let tenant = self.parts.tenants.tenant(id).await.unwrap().unwrap();
        tenant.secrets().cloned().collect()
    }

    /// Lets time go by, and another process settle what is due.
    pub(crate) async fn settled_after(&self, seconds: u64) -> usize {
        self.clock.advance(Duration::from_secs(seconds));
        self.process().settle_secrets().await.unwrap()
    }
}
