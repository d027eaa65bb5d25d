use async_trait::async_trait;

use super::StoreUnavailable;
use crate::TenantId;
use crate::change::{Change, CommitError};
use crate::display_name::DisplayName;
use crate::environment::Environment;
use crate::search::SearchWords;
use crate::service_name::ServiceName;
use crate::slug::Slug;
use crate::tenant::Tenant;
use crate::tenant_status::TenantStatus;

/// Where tenants are kept. A deleted tenant is still there, for its version: readers of one see its status, lists do not
/// show it, and its slug is free.
#[async_trait]
pub trait TenantStore: Send + Sync + 'static {
    /// The tenant with this id.
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable>;

    /// The tenant with this slug that is not deleted.
    async fn tenant_by_slug(
        &self,
        environment: Environment,
        slug: &Slug,
    ) -> Result<Option<Tenant>, StoreUnavailable>;

    /// One page of tenants, by slug. What lives through the whole walk is there once, whatever is made or deleted meanwhile.
    async fn tenants(&self, query: &TenantQuery) -> Result<TenantPage, StoreUnavailable>;

    /// The tenants that are active and have an active association with the service, by id; all of them or an error.
    async fn active_tenants(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Vec<ActiveTenant>, StoreUnavailable>;

    /// Whether any tenant has an association with the service, in whatever state.
    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable>;

    /// Writes a tenant. [`CommitError::Taken`] when another one that is not deleted has its slug in its environment.
    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError>;
}

/// Which tenants are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantQuery {
    /// Of this environment only.
    pub environment: Option<Environment>,
    /// In this state only.
    pub status: Option<TenantStatus>,
    /// With all of these words at the beginnings of words of name, slug or id.
    pub search: Option<SearchWords>,
    /// Behind this one.
    pub after: Option<TenantPosition>,
    /// Without the first so many.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
}

impl TenantQuery {
    /// Whether this tenant alone would be listed: what a caller sees that may know of no other.
    pub fn lists_only(&self, tenant: &Tenant) -> bool {
        let position = TenantPosition { slug: tenant.slug.clone(), id: tenant.id.clone() };
        tenant.status != TenantStatus::Deleted
            && self.environment.is_none_or(|wanted| wanted == tenant.environment)
            && self.status.is_none_or(|wanted| wanted == tenant.status)
            && self.search.as_ref().is_none_or(|words| words.find(tenant))
            && self.after.as_ref().is_none_or(|after| *after < position)
            && self.skip == 0
            && self.limit > 0
    }
}

/// Where a tenant stands in a list. It stays there for all its life: slugs do not change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantPosition {
    /// Its slug.
    pub slug: Slug,
    /// Its id, for the same slug in two environments.
    pub id: TenantId,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantPage {
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// Whether there are more behind the last of them.
    pub has_more: bool,
}

/// What services are told of an active tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveTenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// Its name.
    pub name: DisplayName,
}
