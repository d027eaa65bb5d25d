//! The connections of a tenant to a service: what services ask for thousands of times a minute.
//!
//! Memory first, then the shared cache, where they are sealed, then the store and the secrets backend: one load at a time in a
//! process, and under a lease among processes.

mod connection;
mod load;
mod look_up;
mod sealed;
mod tenant_config;

use std::sync::Arc;
use std::time::Duration;

use cache::{CacheHandle, Held, LoadAborted, NearCache, NearCounters, NearSettings};
use domain::{KeyBinding, ServiceName, TenantId, cache_keys};
use futures::FutureExt;
use futures::future::BoxFuture;
use seal::KeyRing;
use tokio::time::timeout;

pub(crate) use connection::StoredKeptOut;
pub use connection::{Connection, Outcome, Rendered};
pub(crate) use load::kept_out;

use crate::fail_safe::FailSafe;
use crate::parts::Parts;
use crate::refusal::{Missing, Refusal};
use look_up::{Answer, LookUp};

const NEAR: NearSettings = NearSettings {
    prefix: cache_keys::TENANT_CONNECTIONS,
    max_bytes: 96 * 1024 * 1024,
    max_absent_bytes: 4 * 1024 * 1024,
    ttl: Duration::from_secs(60),
    absent_ttl: Duration::from_secs(5),
    unwatched_ttl: Duration::from_millis(1_500),
    stale_for: Duration::ZERO,
};
/// For one look-up with everything that it may have to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same while the sources are known to be away, and something was confirmed before that can be answered.
const HASTE: Duration = Duration::from_millis(250);

/// Finds connections. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Connections {
    near: NearCache<Arc<Connection>>,
    look_up: Arc<LookUp>,
}

/// Connections, and how old they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What was found; `None` when there was no such association, or none that the caller may know of.
    pub connection: Option<Arc<Connection>>,
    /// How long ago it was confirmed, where nothing answers that could confirm it now.
    pub age: Option<Duration>,
}

/// Why there are none. Cheap to clone: all who waited for one load get it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectionsError {
    /// The load was refused or failed.
    #[error(transparent)]
    Refused(Arc<Refusal>),
    /// The load took too long.
    #[error("the connections could not be read within {} s", PATIENCE.as_secs())]
    TooSlow,
    /// The load ended without a result.
    #[error(transparent)]
    Aborted(#[from] LoadAborted),
}

impl From<Refusal> for ConnectionsError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Arc::new(refusal))
    }
}

impl ConnectionsError {
    /// Whether something that was needed gave no answer.
    fn is_outage(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_outage(),
            Self::TooSlow => true,
            Self::Aborted(_) => false,
        }
    }
}

impl Connections {
    /// Kept in `cache` for `ttl`, sealed with `ring`. No two may be made for one `cache`; clones are fine.
    pub fn new(parts: Parts, cache: CacheHandle, ring: KeyRing, ttl: Duration, fail_safe: FailSafe) -> Self {
        let near = NearCache::new(&cache, NEAR);
        Self { near, look_up: Arc::new(LookUp::new(parts, cache, ring, ttl, fail_safe)) }
    }

    /// The connections of the tenant to the service. Tenants that `binding` does not see do not exist.
    pub async fn find(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        binding: &KeyBinding,
    ) -> Result<Arc<Connection>, ConnectionsError> {
        let key = cache_keys::tenant_connections(tenant, service);
        let found = self.found(&key, tenant, service, PATIENCE).await?;
        match found.filter(|connection| binding.sees(tenant, connection.environment)) {
            Some(connection) => Ok(connection),
            None => Err(Refusal::from(Missing::Association(service.clone())).into()),
        }
    }

    /// The same; when nothing answers that could say what they are now, what they were when they were last confirmed.
    pub async fn find_or_recall(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        binding: &KeyBinding,
    ) -> Result<Answered, ConnectionsError> {
        let key = cache_keys::tenant_connections(tenant, service);
        let fail_safe = &self.look_up.fail_safe;
        let is_hasty = self.look_up.is_source_away() && fail_safe.remembers(&key);
        let found = self.found(&key, tenant, service, if is_hasty { HASTE } else { PATIENCE }).await;
        let seen = |found: Option<Arc<Connection>>| {
            found.filter(|connection| binding.sees(tenant, connection.environment))
        };
        let error = match found {
            Ok(found) => return Ok(Answered { connection: seen(found), age: None }),
            Err(error) if error.is_outage() => error,
            Err(error) => return Err(error),
        };
        // It may know of a change that this process could not hear of from the store.
        if fail_safe.remembers(&key)
            && let Ok(Some(told)) = timeout(HASTE, self.look_up.told_version(&key)).await
        {
            fail_safe.was_told(&key, told);
        }
        match fail_safe.recall(&key, service) {
            Some(recalled) => {
                tracing::debug!(%error, "answered from what was confirmed before");
                let connection = recalled.connection.map(|it| self.look_up.spelled(tenant, it));
                Ok(Answered { connection: seen(connection), age: Some(recalled.age) })
            }
            None => Err(error),
        }
    }

    async fn found(
        &self,
        key: &str,
        tenant: &TenantId,
        service: &ServiceName,
        patience: Duration,
    ) -> Result<Option<Arc<Connection>>, ConnectionsError> {
        match self.near.get(key.as_bytes()) {
            Held::Fresh(connection) => Ok(Some(connection)),
            Held::Due(connection) => {
                self.near.refresh(key.as_bytes(), self.loader(key, tenant, service));
                Ok(Some(connection))
            }
            Held::Absent => Ok(None),
            Held::Stale(_) | Held::Nothing => {
                let load = self.loader(key, tenant, service);
                // The load itself goes on, for those who come later.
                timeout(patience, self.near.get_or_load(key.as_bytes(), load))
                    .await
                    .unwrap_or(Err(ConnectionsError::TooSlow))
            }
        }
    }

    /// One load. It refers to nothing, because it may go on without whoever began it.
    fn loader(
        &self,
        key: &str,
        tenant: &TenantId,
        service: &ServiceName,
    ) -> impl FnOnce() -> BoxFuture<'static, Answer> + Send + use<> {
        let look_up = Arc::clone(&self.look_up);
        let (key, tenant, service) = (key.to_owned(), tenant.clone(), service.clone());
        move || async move { look_up.run(&key, &tenant, &service).await }.boxed()
    }

    /// What the connections in memory were good for.
    pub fn counters(&self) -> NearCounters {
        self.near.counters()
    }
}
