use async_trait::async_trait;

use super::StoreUnavailable;

/// Says whether the record store answers.
#[async_trait]
pub trait StoreHealth: Send + Sync + 'static {
    /// Asks it something that costs nothing.
    async fn ping(&self) -> Result<(), StoreUnavailable>;
}
