use async_trait::async_trait;

use super::StoreUnavailable;

/// Says whether the record store answers.
#[async_trait]
pub trait StoreHealth: Send + Sync + 'static {
    /// Asks it something that costs nothing.
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable>;
}

/// What a store that answers can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreCondition {
    /// All of it.
    Well,
    /// It reads; its last writes failed, and so would the next.
    RefusesWrites,
}
