//! A feed of changes that tells of none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{ChangeFeed, ChangeMark, Changes, StoreUnavailable};

/// The feed of another store, as if nothing ever changed there: what a replica hears then, it hears from Valkey.
pub struct QuietFeed(pub Arc<dyn ChangeFeed>);

#[async_trait]
impl ChangeFeed for QuietFeed {
    async fn mark_before(&self, age: Duration) -> Result<ChangeMark, StoreUnavailable> {
        self.0.mark_before(age).await
    }

    async fn changes_after(&self, mark: &ChangeMark) -> Result<Changes, StoreUnavailable> {
        Ok(Changes { changed: Vec::new(), mark: *mark, has_more: false })
    }
}
