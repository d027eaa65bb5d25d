//! A released event that somebody garbled.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use domain::{Environment, EventLog, ManualClock, TenantStore, Timestamp};
use store::SqliteStore;

use crate::contract::{change, tenant};

#[tokio::test]
async fn is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records");
    let store = SqliteStore::open(&path, Arc::new(ManualClock::new(UNIX_EPOCH))).unwrap();
    for slug in ["a", "b", "c"] {
        let tenant = tenant(slug);
        store.commit_tenant(change(tenant.clone(), Some(&tenant))).await.unwrap();
    }
    for (sequence, waiting) in (1..).zip(store.waiting(None, 10).await.unwrap()) {
        store.release(&waiting.event.unwrap(), sequence, Timestamp::ZERO).await.unwrap();
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let garble = "UPDATE released_events SET document = 'garbled' WHERE sequence = 2";
    assert_eq!(connection.execute(garble, []).unwrap(), 1);
    let read = store.released_after(Environment::Staging, 0, 10).await.unwrap();
    assert_eq!(read.iter().map(|released| released.sequence).collect::<Vec<_>>(), [1, 3]);
}
