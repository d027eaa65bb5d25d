//! Tenants whose next read stops on its way back, or whose next commit on its way there.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{
    ActiveTenant, Change, CommitError, Environment, ServiceName, Slug, StoreUnavailable, Tenant, TenantId,
    TenantPage, TenantQuery, TenantStore,
};
use tokio::sync::oneshot;

/// The tenants of another store; one read of them can be stopped between the store and whoever asked, and one commit before
/// it.
#[derive(Clone)]
pub struct PausedTenants {
    tenants: Arc<dyn TenantStore>,
    read: Next,
    commit: Next,
}

/// What becomes of the next call.
#[derive(Clone, Default)]
struct Next(Arc<Mutex<Option<Stop>>>);

struct Stop {
    has_stopped: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

/// A call that is to stop, or has stopped. It goes on when this is dropped.
pub struct Paused {
    has_stopped: oneshot::Receiver<()>,
    _go_on: oneshot::Sender<()>,
}

impl Paused {
    /// Returns when the call has stopped; a read has its answer then.
    pub async fn has_stopped(&mut self) {
        // It is told once, before it is dropped.
        let _ = (&mut self.has_stopped).await;
    }
}

impl Next {
    fn pause(&self) -> Paused {
        let (has_stopped, told) = oneshot::channel();
        let (release, go_on) = oneshot::channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stop { has_stopped, go_on });
        Paused { has_stopped: told, _go_on: release }
    }

    fn take(&self) -> Option<Stop> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Returns when it may go on.
async fn stopped(stop: Option<Stop>) {
    if let Some(Stop { has_stopped, go_on }) = stop {
        let _ = has_stopped.send(());
        let _ = go_on.await;
    }
}

impl PausedTenants {
    /// Round these tenants.
    pub fn new(tenants: Arc<dyn TenantStore>) -> Self {
        Self { tenants, read: Next::default(), commit: Next::default() }
    }

    /// Stops the next read.
    pub fn pause_next_read(&self) -> Paused {
        self.read.pause()
    }

    /// Stops the next commit before it is made.
    pub fn pause_next_commit(&self) -> Paused {
        self.commit.pause()
    }
}

#[async_trait]
impl TenantStore for PausedTenants {
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreUnavailable> {
        let stop = self.read.take();
        let found = self.tenants.tenant(id).await;
        stopped(stop).await;
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
        let stop = self.read.take();
        let found = self.tenants.active_tenants(service, environment).await;
        stopped(stop).await;
        found
    }

    async fn has_associations(&self, service: &ServiceName) -> Result<bool, StoreUnavailable> {
        self.tenants.has_associations(service).await
    }

    async fn commit_tenant(&self, change: Change<Tenant>) -> Result<(), CommitError> {
        stopped(self.commit.take()).await;
        self.tenants.commit_tenant(change).await
    }
}
