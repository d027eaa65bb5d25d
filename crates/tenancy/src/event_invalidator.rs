//! Forgets what an event makes outdated, before services are told.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Changed, Invalidator, StoreUnavailable, TenantEvent};

use crate::records::Records;

/// The writer of a change invalidates the caches itself. Where it died first, this does it, for whatever is older than the record.
pub(crate) struct EventInvalidator(Arc<Records>);

impl EventInvalidator {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }
}

#[async_trait]
impl Invalidator for EventInvalidator {
    async fn invalidate(&self, event: &TenantEvent) -> Result<(), StoreUnavailable> {
        let Records { parts, invalidation, fail_safe, .. } = self.0.as_ref();
        if let Some(tenant) = parts.tenants.tenant(&event.tenant_id).await? {
            fail_safe.learn(&tenant);
            invalidation.followed(&[Changed::from(&tenant)]).await;
        }
        Ok(())
    }
}
