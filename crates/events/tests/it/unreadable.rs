//! A log of which one event cannot be read.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Backlog, Environment, EventLog, Release, ReleasedEvent, ReleasedRange, StoreUnavailable, TenantEvent,
    Timestamp, WaitingEvent, WaitingPosition,
};
use store::SqliteStore;

/// The store, with the first version of every tenant garbled.
pub(crate) struct Unreadable(pub(crate) Arc<SqliteStore>);

#[async_trait]
impl EventLog for Unreadable {
    async fn waiting(
        &self,
        after: Option<&WaitingPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingEvent>, StoreUnavailable> {
        let mut waiting = self.0.waiting(after, limit).await?;
        for one in &mut waiting {
            one.event = one.event.take().filter(|event| event.tenant_version > 1);
        }
        Ok(waiting)
    }

    async fn release(
        &self,
        event: &TenantEvent,
        sequence: u64,
        at: Timestamp,
    ) -> Result<Release, StoreUnavailable> {
        self.0.release(event, sequence, at).await
    }

    async fn set_aside(&self, position: &WaitingPosition) -> Result<(), StoreUnavailable> {
        self.0.set_aside(position).await
    }

    async fn released(&self, environment: Environment) -> Result<ReleasedRange, StoreUnavailable> {
        self.0.released(environment).await
    }

    async fn last_released(&self, environment: Environment) -> Result<u64, StoreUnavailable> {
        self.0.last_released(environment).await
    }

    async fn released_after(
        &self,
        environment: Environment,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<ReleasedEvent>, StoreUnavailable> {
        self.0.released_after(environment, sequence, limit).await
    }

    async fn mark(&self, target: &str, environment: Environment) -> Result<Option<u64>, StoreUnavailable> {
        self.0.mark(target, environment).await
    }

    async fn set_mark(
        &self,
        target: &str,
        environment: Environment,
        sequence: u64,
    ) -> Result<(), StoreUnavailable> {
        self.0.set_mark(target, environment, sequence).await
    }

    async fn remove_released(
        &self,
        environment: Environment,
        before: Timestamp,
        up_to: u64,
    ) -> Result<u64, StoreUnavailable> {
        self.0.remove_released(environment, before, up_to).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreUnavailable> {
        self.0.backlog().await
    }
}
