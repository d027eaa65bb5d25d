//! The lists of active tenants that services ask for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cache::{
    CacheHandle, Expiry, Held, LoadAborted, LoadLease, Loaded, NearCache, NearCounters, NearSettings,
};
use domain::{
    ActiveTenant, AssociationStatus, Environment, IdSpelling, KeyBinding, ServiceName, Tenant, TenantId,
    TenantStatus, cache_keys,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::time::timeout;

use crate::parts::Parts;
use crate::refusal::Refusal;

const NEAR: NearSettings = NearSettings {
    prefix: cache_keys::ACTIVE_TENANTS,
    max_bytes: 32 * 1024 * 1024,
    max_absent_bytes: 1024,
    ttl: Duration::from_secs(60),
    absent_ttl: Duration::from_secs(1),
    unwatched_ttl: Duration::from_millis(1_500),
    stale_for: Duration::ZERO,
};
const LEASE_TTL: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
/// What clients read of a body; what is longer they cut off, and fail on what is left.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// Lists the active tenants of services, as JSON. They are kept in memory and not in the shared cache, which only tells when
/// they change: a list may be megabytes long. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ActiveTenants {
    near: NearCache<Bytes>,
    parts: Parts,
    cache: CacheHandle,
}

type Answer = Result<Loaded<Bytes>, ActiveTenantsError>;

/// Why there is no list. Cheap to clone: all who waited for one load get it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActiveTenantsError {
    /// The store gave no answer.
    #[error(transparent)]
    Refused(Arc<Refusal>),
    /// The list is longer than clients read.
    #[error("the list of active tenants of the service has more than {MAX_BODY} bytes")]
    TooLong,
    /// The load took too long.
    #[error("the list could not be read within {} s", PATIENCE.as_secs())]
    TooSlow,
    /// The load ended without a result.
    #[error(transparent)]
    Aborted(#[from] LoadAborted),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_slug: Option<&'a str>,
}

impl ActiveTenants {
    /// Of these stores. No two may be made for one `cache`; clones are fine.
    pub fn new(parts: Parts, cache: CacheHandle) -> Self {
        Self { near: NearCache::new(&cache, NEAR), parts, cache }
    }

    /// The list of a service as a JSON array, as far as a caller with this binding sees it.
    pub async fn list(
        &self,
        service: &ServiceName,
        binding: &KeyBinding,
    ) -> Result<Bytes, ActiveTenantsError> {
        match &binding.tenant {
            Some(tenant) => self.only(tenant, service, binding).await,
            None => self.all(service, binding.environment).await,
        }
    }

    /// The list of one tenant, or none: it is asked for by that tenant only, and kept nowhere.
    async fn only(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        binding: &KeyBinding,
    ) -> Result<Bytes, ActiveTenantsError> {
        let found = timeout(PATIENCE, self.parts.tenants.tenant(tenant)).await;
        let found = found.map_err(|_elapsed| ActiveTenantsError::TooSlow)?;
        let found = found.map_err(|error| ActiveTenantsError::Refused(Arc::new(error.into())))?;
        let is_active = |tenant: &Tenant| {
            let association = tenant.associations.get(service);
            tenant.status == TenantStatus::Active
                && association.is_some_and(|it| it.status == AssociationStatus::Active)
        };
        let seen = found.filter(|it| binding.sees(&it.id, it.environment) && is_active(it));
        let active = seen.map(|tenant| ActiveTenant { id: tenant.id, slug: tenant.slug, name: tenant.name });
        rendered(active.as_slice(), self.parts.tenant_ids)
    }

    async fn all(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Bytes, ActiveTenantsError> {
        let key = cache_keys::active_tenants(environment, service);
        match self.near.get(key.as_bytes()) {
            Held::Fresh(list) => return Ok(list),
            Held::Due(list) => {
                self.near.refresh(key.as_bytes(), self.loader(&key, service, environment));
                return Ok(list);
            }
            Held::Absent | Held::Stale(_) | Held::Nothing => {}
        }
        let load = self.loader(&key, service, environment);
        let loaded = timeout(PATIENCE, self.near.get_or_load(key.as_bytes(), load)).await;
        let list = loaded.unwrap_or(Err(ActiveTenantsError::TooSlow))?;
        Ok(list.unwrap_or_else(|| Bytes::from_static(b"[]")))
    }

    /// One load. It refers to nothing, because it may go on without whoever began it.
    fn loader(
        &self,
        key: &str,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> impl FnOnce() -> BoxFuture<'static, Answer> + Send + use<> {
        let (this, key, service) = (self.clone(), key.to_owned(), service.clone());
        move || async move { this.load(&key, &service, environment).await }.boxed()
    }

    /// Under a lease in the shared cache, where nothing is filled in: that the lease still stands afterwards shows that no
    /// change was told meanwhile, and its replacement will tell of the next.
    async fn load(&self, key: &str, service: &ServiceName, environment: Option<Environment>) -> Answer {
        let list = Mutex::new(None);
        let read = async {
            let list_now = self.read(service, environment).await?;
            *list.lock().unwrap_or_else(PoisonError::into_inner) = Some(list_now);
            Ok::<Option<(u64, Bytes)>, ActiveTenantsError>(None)
        };
        let token = Bytes::copy_from_slice(self.parts.uuid().as_bytes());
        let lease = LoadLease { token, ttl: LEASE_TTL, expiry: Expiry::After(LEASE_TTL) };
        let load = self.cache.load_record(key.as_bytes(), lease, read).await;
        let mut is_watched = load.cache_error.is_none() && load.loaded?.is_watched();
        let mut list = list.into_inner().unwrap_or_else(PoisonError::into_inner);
        if list.is_none() {
            // Something stands under the key that is none of ours: it was taken for the list, and nobody read.
            (list, is_watched) = (Some(self.read(service, environment).await?), false);
        }
        let bytes = list.as_ref().map_or(0, Bytes::len);
        Ok(Loaded { value: list, bytes, is_watched, may_be_held: true })
    }

    async fn read(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Bytes, ActiveTenantsError> {
        let found = timeout(PATIENCE, self.parts.tenants.active_tenants(service, environment)).await;
        let found = found.map_err(|_elapsed| ActiveTenantsError::TooSlow)?;
        let found = found.map_err(|error| ActiveTenantsError::Refused(Arc::new(error.into())))?;
        rendered(&found, self.parts.tenant_ids)
    }

    /// What the lists in memory were good for.
    pub fn counters(&self) -> NearCounters {
        self.near.counters()
    }
}

/// With slugs, unless the list is too long with them: clients need only the ids.
fn rendered(tenants: &[ActiveTenant], ids: IdSpelling) -> Result<Bytes, ActiveTenantsError> {
    let rows = |with_slugs: bool| {
        let rows = tenants.iter().map(|tenant| Row {
            id: ids.of(&tenant.id),
            name: tenant.name.as_str(),
            status: "active",
            tenant_slug: with_slugs.then_some(tenant.slug.as_str()),
        });
        serde_json::to_vec(&rows.collect::<Vec<_>>())
    };
    for with_slugs in [true, false] {
        let list = rows(with_slugs).map_err(|error| ActiveTenantsError::Refused(Arc::new(error.into())))?;
        if list.len() <= MAX_BODY {
            return Ok(list.into());
        }
    }
    Err(ActiveTenantsError::TooLong)
}
