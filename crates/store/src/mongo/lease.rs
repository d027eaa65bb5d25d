//! Who does what only one replica should do at a time.

use std::time::Duration;

use domain::StoreUnavailable;
use mongodb::bson::doc;
use mongodb::options::ReturnDocument;
use uuid::Uuid;

use super::MongoStore;
use super::fault::{Fault, integer};

const LEASES: &str = "leases";

/// A lease that is held. It ends by itself when it is not renewed; times are those of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Its fencing number: each holder has a higher one than the holder before.
    pub number: i64,
    holder: String,
}

impl MongoStore {
    /// Takes a lease for so long; `None` while somebody else holds it.
    pub async fn acquire_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, StoreUnavailable> {
        Ok(self.take_lease(name, ttl).await?)
    }

    /// Holds a lease for so long from now on; `false` when it is lost.
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreUnavailable> {
        let until = self.server_time().await?.timestamp_millis().saturating_add(millis(ttl));
        Ok(self.set_until(lease, until).await?)
    }

    /// Gives a lease back.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreUnavailable> {
        self.set_until(lease, 0).await?;
        Ok(())
    }

    pub(super) async fn take_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, Fault> {
        let now = self.server_time().await?.timestamp_millis();
        let holder = Uuid::new_v4().to_string();
        let filter = doc! { "_id": name, "until": { "$lte": now } };
        let update = doc! {
            "$set": { "holder": &holder, "until": now.saturating_add(millis(ttl)) },
            "$inc": { "number": 1_i64 },
        };
        let leases = self.collection(LEASES);
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
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
