use std::time::Duration;

use async_trait::async_trait;

use super::StoreUnavailable;
use crate::TenantId;
use crate::api_key_entry::ApiKeyEntry;
use crate::api_key_hash::ApiKeyHash;
use crate::environment::Environment;
use crate::service_name::ServiceName;
use crate::tenant::Tenant;

/// Tells what was changed, by whichever process: so a replica drops what it holds in memory even when the one that made the
/// change could tell nobody.
#[async_trait]
pub trait ChangeFeed: Send + Sync + 'static {
    /// Where the feed stood so long ago, or a little earlier; zero is for now.
    async fn mark_before(&self, age: Duration) -> Result<ChangeMark, StoreUnavailable>;

    /// What was committed behind `mark`, at most 1,000 changes, and where to go on. A change may be told again, and only the
    /// last state of a record that changed several times.
    async fn changes_after(&self, mark: &ChangeMark) -> Result<Changes, StoreUnavailable>;
}

/// A place in the feed, in a store's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeMark(pub i64);

/// Some changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The changes in their order.
    pub changed: Vec<Changed>,
    /// The place behind them.
    pub mark: ChangeMark,
    /// Whether there are more behind it already.
    pub has_more: bool,
}

/// A record that changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// A tenant, or anything below it.
    Tenant {
        /// Which.
        id: TenantId,
        /// Where it belongs.
        environment: Environment,
        /// Its version now.
        version: u64,
        /// All services that it has or had.
        services: Vec<ServiceName>,
    },
    /// An API key.
    ApiKey {
        /// What its texts hash to, former ones too.
        hashes: Vec<ApiKeyHash>,
        /// Its version now.
        version: u64,
        /// How long ago that was committed, by the clock of the store; zero where this process has just done it.
        age: Duration,
    },
    /// The catalogue.
    Catalogue,
}

impl From<&Tenant> for Changed {
    fn from(tenant: &Tenant) -> Self {
        Self::Tenant {
            id: tenant.id.clone(),
            environment: tenant.environment,
            version: tenant.version,
            services: tenant.known_services.iter().cloned().collect(),
        }
    }
}

impl From<&ApiKeyEntry> for Changed {
    fn from(key: &ApiKeyEntry) -> Self {
        Self::ApiKey { hashes: key.hashes().collect(), version: key.version, age: Duration::ZERO }
    }
}
