//! Who does what only one replica should do at a time.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Lease, LeaseStore, StoreUnavailable};
use mongodb::bson::doc;
use mongodb::options::ReturnDocument;
use uuid::Uuid;

use super::MongoStore;
use super::fault::{Fault, integer};
use crate::clamped::clamped;

const LEASES: &str = "leases";

#[async_trait]
impl LeaseStore for MongoStore {
    async fn acquire_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, StoreUnavailable> {
        Ok(self.take_lease(name, ttl).await?)
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreUnavailable> {
        let until = self.server_time().await?.timestamp_millis().saturating_add(millis(ttl));
        Ok(self.set_until(lease, until).await?)
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreUnavailable> {
        self.set_until(lease, 0).await?;
        Ok(())
    }
}

impl MongoStore {
    pub(super) async fn take_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, Fault> {
        let now = self.server_time().await?.timestamp_millis();
        let holder = Uuid::new_v4().to_string();
        let filter = doc! { "_id": name, "until": { "$lte": now } };
        let update = doc! {
            "$set": { "holder": &holder, "until": now.saturating_add(millis(ttl)) },
            "$inc": { "number": 1_i64 },
        };
        let leases = self.collection(LEASES)?;
        let taken =
            leases.find_one_and_update(filter, update).upsert(true).return_document(ReturnDocument::After);
        match self.ask(taken).await {
            Ok(Some(document)) => {
                Ok(Some(Lease { name: name.to_owned(), number: integer(&document, "number")?, holder }))
            }
            Ok(None) => Ok(None),
            // It is there and not over, so the filter passed it by and the insert met its id.
            Err(fault) if fault.is_duplicate() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn set_until(&self, lease: &Lease, until: i64) -> Result<bool, Fault> {
        let filter = doc! { "_id": &lease.name, "holder": &lease.holder, "number": lease.number };
        self.update(LEASES, filter, doc! { "$set": { "until": until } }).await
    }
}

fn millis(duration: Duration) -> i64 {
    clamped(duration.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mongo::testing::empty_store;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn of_many_one_takes_it() {
        let (store, _clock) = empty_store().await;
        let tries = (0..10).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.acquire_lease("relay", MINUTE).await.unwrap() })
        });
        let mut holders = 0;
        for one in tries.collect::<Vec<_>>() {
            holders += usize::from(one.await.unwrap().is_some());
        }
        assert_eq!(holders, 1);
    }
}
