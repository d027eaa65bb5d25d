//! Tenants whose next read stops on its way back.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{
    ActiveTenant, Change, CommitError, Environment, ServiceName, Slug, StoreUnavailable, Tenant, TenantId,
    TenantPage, TenantQuery, TenantStore,
};
use tokio::sync::oneshot;

/// The tenants of another store; one read of them can be stopped between the store and whoever asked.
#[derive(Clone)]
pub struct PausedTenants {
    tenants: Arc<dyn TenantStore>,
    next: Arc<Mutex<Option<Pause>>>,
}

struct Pause {
    has_read: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

/// A read that is to stop, or has stopped. It goes on when this is dropped.
pub struct PausedRead {
    has_read: oneshot::Receiver<()>,
    _go_on: oneshot::Sender<()>,
}

impl PausedRead {
    /// Returns when the read has its answer and has stopped.
    pub async fn has_read(&mut self) {
        // It is told once, before it is dropped.
        let _ = (&mut self.has_read).await;
    }
}

impl PausedTenants {
    /// Round these tenants.
    pub fn new(tenants: Arc<dyn TenantStore>) -> Self {
        Self { tenants, next: Arc::default() }
    }

    /// Stops the next read.
    pub fn pause_next_read(&self) -> PausedRead {
        let (has_read, told) = oneshot::channel();
        let (release, go_on) = oneshot::channel();
        *self.next() = Some(Pause { has_read, go_on });
        PausedRead { has_read: told, _go_on: release }
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Option<Pause>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TenantStore for PausedTenants {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        let pause = self.next().take();
        let found = self.tenants.tenant(id).await;
        if let Some(Pause { has_read, go_on }) = pause {
            let _ = has_read.send(());
            let _ = go_on.await;
        }
        found
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
        let pause = self.next().take();
        let found = self.tenants.active_tenants(service, environment).await;
        if let Some(Pause { has_read, go_on }) = pause {
            let _ = has_read.send(());
            let _ = go_on.await;
        }
        found
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        self.tenants.has_associations(service).await
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        self.tenants.commit_tenant(change).await
    }
}
