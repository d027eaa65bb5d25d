//! When keys were used last: one document a key, found by the key's id alone.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{ApiKeyUse, ApiKeyUses, StoreUnavailable, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use mongodb::bson::doc;

use super::MongoStore;
use super::fault::{Fault, integer, text};

const API_KEY_USES: &str = "api_key_uses";
/// Notes under way at once: nobody waits for them.
const AT_ONCE: usize = 4;

#[async_trait]
impl ApiKeyUses for MongoStore {
    async fn note_api_key_uses(&self, uses: &[ApiKeyUse]) -> Result<(), StoreUnavailable> {
        let noting = stream::iter(uses.to_vec()).map(|used| self.note_use(used));
        Ok(noting.buffer_unordered(AT_ONCE).try_collect::<()>().await?)
    }

    async fn api_key_uses(&self, ids: &[String]) -> Result<BTreeMap<String, Timestamp>, StoreUnavailable> {
        let uses = self.collection(API_KEY_USES)?;
        let found = self.all(uses.find(doc! { "_id": { "$in": ids.to_vec() } })).await?;
        let read = found.iter().map(|document| {
            let at = Timestamp::from_millis(integer(document, "lastUsedAt")?);
            Ok((text(document, "_id")?.to_owned(), at))
        });
        Ok(read.collect::<Result<_, Fault>>()?)
    }
}

impl MongoStore {
    async fn note_use(&self, used: ApiKeyUse) -> Result<(), Fault> {
        let later = doc! { "$max": { "lastUsedAt": used.at.millis() } };
        let uses = self.collection(API_KEY_USES)?;
        self.ask(uses.update_one(doc! { "_id": used.id }, later).upsert(true)).await?;
        Ok(())
    }
}
