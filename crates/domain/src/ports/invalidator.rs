use async_trait::async_trait;

use super::StoreUnavailable;
use crate::event::TenantEvent;

/// Forgets what is remembered of a tenant: before services are told of a change, so that what they read then is not the old
/// state.
#[async_trait]
pub trait Invalidator: Send + Sync + 'static {
    /// Forgets all that the event makes outdated, in this process and in the shared cache. What cannot be told to the cache now
    /// is told later; fails only where the store gives no answer.
    async fn invalidate(&self, event: &TenantEvent) -> Result<(), StoreUnavailable>;
}
