//! Who does what only one may do at a time. One process uses the file, so this is for its own tasks, and for its twin.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Lease, LeaseStore, StoreUnavailable};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::SqliteStore;

#[async_trait]
impl LeaseStore for SqliteStore {
    async fn acquire_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, StoreUnavailable> {
        let (name, holder, now) = (name.to_owned(), Uuid::new_v4().to_string(), self.now());
        let until = now.after(ttl).millis();
        self.write_plainly(move |transaction| {
            let number: Option<i64> = transaction
                .prepare_cached(
                    "INSERT INTO leases (name, number, holder, until) VALUES (?1, 1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET number = number + 1, holder = ?2, until = ?3 WHERE until <= ?4
                     RETURNING number",
                )?
                .query_row(params![name, holder, until, now.millis()], |row| row.get(0))
                .optional()?;
            Ok(number.map(|number| Lease { name, number, holder }))
        })
        .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreUnavailable> {
        self.set_until(lease, self.now().after(ttl).millis()).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreUnavailable> {
        self.set_until(lease, 0).await.map(drop)
    }
}

impl SqliteStore {
    async fn set_until(&self, lease: &Lease, until: i64) -> Result<bool, StoreUnavailable> {
        let lease = lease.clone();
        self.write_plainly(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE leases SET until = ?1 WHERE name = ?2 AND holder = ?3 AND number = ?4",
            )?;
            Ok(statement.execute(params![until, lease.name, lease.holder, lease.number])? == 1)
        })
        .await
    }
}
