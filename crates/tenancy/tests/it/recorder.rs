//! Tenants of another store; what is committed with them is noted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{
    ActiveTenant, AuditEntry, Change, CommitError, Environment, ServiceName, Slug, StoreUnavailable, Tenant,
    TenantEvent, TenantId, TenantPage, TenantQuery, TenantStore,
};

/// What came with one change.
pub(crate) struct Noted {
    pub(crate) events: Vec<TenantEvent>,
    pub(crate) audit: AuditEntry,
}

#[derive(Clone)]
pub(crate) struct Recorder {
    tenants: Arc<dyn TenantStore>,
    noted: Arc<Mutex<Vec<Noted>>>,
    reads: Arc<AtomicU64>,
}

impl Recorder {
    pub(crate) fn new(tenants: Arc<dyn TenantStore>) -> Self {
        Self { tenants, noted: Arc::default(), reads: Arc::default() }
    }

    /// How often a tenant was read.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// What was committed since this was last asked.
    pub(crate) fn noted(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TenantStore for Recorder {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.tenants.tenant(id).await
    }

    async fn tenant_by_slug(
        &self,
        environment: Environment,
        slug: &Slug,
    ) -> Result<Option<Tenant>, StoreUnavailable> {
        self.tenants.tenant_by_slug(environment, slug).await
    }

    async fn tenants(&self, query: &TenantQuery) -> Result<TenantPage, StoreUnavailable> {
        self.tenants.tenants(query).await
    }

    async fn active_tenants(
        &self,
        service: &ServiceName,
        environment: Option<Environment>,
    ) -> Result<Vec<ActiveTenant>, StoreUnavailable> {
        self.tenants.active_tenants(service, environment).await
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        self.tenants.has_associations(service).await
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        let (events, audit) = (change.events.clone(), change.audit.clone());
        self.tenants.commit_tenant(change).await?;
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).push(Noted { events, audit });
        Ok(())
    }
}
