//! Writes with a key.

use std::sync::Arc;
use std::time::Duration;

use domain::{Change, CommitError, LedgerRow, Tenant};

use super::{Backend, change, row, tenant};

const MINUTE: Duration = Duration::from_secs(60);

async fn write(backend: &Backend, tenant: &Tenant, row: LedgerRow) -> Result<(), CommitError> {
    let change = Change { ledger: Some(row), ..change(tenant.clone(), Some(tenant)) };
    backend.tenants.commit_tenant(change).await
}

pub(crate) async fn a_write_is_committed_once_under_its_key(backend: &Backend) {
    let (first, key) = (tenant("first"), row("order-17", MINUTE).key);
    assert_eq!(backend.ledger.find(&key).await.unwrap(), None);
    write(backend, &first, row("order-17", MINUTE)).await.unwrap();
    assert_eq!(backend.ledger.find(&key).await.unwrap(), Some(row("order-17", MINUTE).committed()));

    let second = tenant("second");
    let again = write(backend, &second, row("order-17", MINUTE)).await;
    assert!(matches!(again, Err(CommitError::AlreadyCommitted)), "{again:?}");
    assert_eq!(backend.tenants.tenant(&second.id).await.unwrap(), None);
    // Also where the record was changed meanwhile, so that the try would be stale anyway.
    let stale = write(backend, &Tenant { version: 5, ..first.clone() }, row("order-17", MINUTE)).await;
    assert!(matches!(stale, Err(CommitError::AlreadyCommitted)), "{stale:?}");
    // The same words of another caller are another write.
    let mut other = row("order-17", MINUTE);
    other.key.caller = "somebody".into();
    write(backend, &second, other).await.unwrap();
    let without = LedgerRow { sealed_answer: None, ..row("large", MINUTE) };
    write(backend, &Tenant { version: 2, ..first }, without.clone()).await.unwrap();
    assert_eq!(backend.ledger.find(&without.key).await.unwrap(), Some(without.committed()));
}

pub(crate) async fn of_many_tries_of_one_write_one_is_committed(backend: &Backend) {
    let tries = (0..16).map(|number| {
        let store = Arc::clone(&backend.tenants);
        tokio::spawn(async move {
            let tenant = tenant(&format!("try-{number}"));
            let row = Some(row("order-17", MINUTE));
            let change = Change { ledger: row, ..change(tenant.clone(), Some(&tenant)) };
            match store.commit_tenant(change).await {
                Ok(()) => 1,
                Err(CommitError::AlreadyCommitted) => 0,
                Err(error) => panic!("{error:?}"),
            }
        })
    });
    let mut committed = 0;
    for one in tries.collect::<Vec<_>>() {
        committed += one.await.unwrap();
    }
    assert_eq!(committed, 1);
}

pub(crate) async fn a_row_gives_way_when_its_time_is_over(backend: &Backend) {
    let first = tenant("first");
    write(backend, &first, row("order-17", MINUTE)).await.unwrap();
    backend.clock.advance(MINUTE);
    let key = row("order-17", MINUTE).key;
    assert_eq!(backend.ledger.find(&key).await.unwrap(), None);
    write(backend, &tenant("second"), row("order-17", MINUTE)).await.unwrap();
    assert!(backend.ledger.find(&key).await.unwrap().is_some());
    let third = write(backend, &tenant("third"), row("order-17", MINUTE)).await;
    assert!(matches!(third, Err(CommitError::AlreadyCommitted)), "{third:?}");
}
