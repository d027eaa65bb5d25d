//! Versions of secrets that have to be looked at once more.

use async_trait::async_trait;
use domain::{SecretWrite, SecretWrites, StoreUnavailable, Timestamp};
use mongodb::bson::doc;
use uuid::Uuid;

use super::MongoStore;
use super::fault::Fault;
use crate::clamped::clamped;

const SECRET_WRITES: &str = "secret_writes";

#[async_trait]
impl SecretWrites for MongoStore {
    async fn note_secret_writes(&self, writes: &[SecretWrite]) -> Result<(), StoreUnavailable> {
        let notes = self.collection(SECRET_WRITES)?;
        for write in writes {
            let document = serde_json::to_string(write).map_err(Fault::value)?;
            let noted = doc! { "$set": { "due": write.due.millis(), "document": document } };
            self.ask(notes.update_one(doc! { "_id": write.id.to_string() }, noted).upsert(true)).await?;
        }
        Ok(())
    }

    async fn due_secret_writes(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<SecretWrite>, StoreUnavailable> {
        let notes = self.collection(SECRET_WRITES)?;
        let due = notes.find(doc! { "due": { "$lte": now.millis() } }).sort(doc! { "due": 1, "_id": 1 });
        let limit = clamped(limit);
        let found = self.all(due.limit(limit)).await?;
        let writes = found.iter().map(|document| {
            let text = document.get_str("document").map_err(Fault::value)?;
            serde_json::from_str(text).map_err(Fault::value)
        });
        Ok(writes.collect::<Result<_, Fault>>()?)
    }

    async fn forget_secret_writes(&self, ids: &[Uuid]) -> Result<(), StoreUnavailable> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let notes = self.collection(SECRET_WRITES)?;
        self.ask(notes.delete_many(doc! { "_id": { "$in": ids } })).await?;
        Ok(())
    }
}
