//! What is moved out is there once, whoever moves it.

use std::collections::BTreeSet;

use domain::TenantEvent;

use super::*;
use crate::mongo::record::TENANTS;
use crate::mongo::tenants::written;
use crate::mongo::testing::{documents, empty_store, journal, next, row, tenant};

#[tokio::test]
async fn several_processes_move_everything_out_once() {
    let (store, _clock) = empty_store().await;
    let mut left = Vec::new();
    for number in 0..10 {
        let first = tenant(&format!("t{number}"));
        for tenant in [first.clone(), next(&first)] {
            let journal = journal(&tenant, Some(row(&format!("{number}-{}", tenant.version))));
            left.push(journal.audit.clone());
            store.commit(written(&tenant).unwrap(), journal).await.unwrap();
        }
    }
    let settlers = (0..3).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { while store.settle(3).await.unwrap() > 0 {} })
    });
    for settler in settlers.collect::<Vec<_>>() {
        settler.await.unwrap();
    }
    assert_eq!(
        (documents(&store, WAITING_EVENTS).await.len(), documents(&store, AUDIT).await.len()),
        (40, 20)
    );
    let rows = documents(&store, "ledger").await;
    assert!(rows.len() == 20 && rows.iter().all(|row| row.contains_key("answer")));
    for tenant in documents(&store, TENANTS).await {
        let is_empty = |key: &str| tenant.get_array(key).unwrap().is_empty();
        assert!(is_empty("pending") && is_empty("pendingWrites") && !tenant.contains_key("hasPending"));
    }
    // Nothing of an audit row is lost on its way, whatever it holds.
    let kept = documents(&store, AUDIT).await;
    let mut kept: Vec<domain::AuditEntry> =
        kept.iter().map(|row| serde_json::from_str(row.get_str("document").unwrap()).unwrap()).collect();
    kept.sort_by_key(|row| row.id);
    left.sort_by_key(|row| row.id);
    assert_eq!(kept, left);
}

#[tokio::test]
async fn events_are_in_order_by_version_and_index() {
    let (store, _clock) = empty_store().await;
    let first = tenant("first");
    let mut expected = Vec::new();
    for tenant in [first.clone(), next(&first)] {
        let journal = journal(&tenant, None);
        expected.extend(journal.events.iter().map(|event| event.event_id));
        store.commit(written(&tenant).unwrap(), journal).await.unwrap();
    }
    store.settle(10).await.unwrap();
    let events = store.collection(WAITING_EVENTS).unwrap();
    let found = store.all(events.find(doc! {}).sort(doc! { "place": 1 })).await.unwrap();
    let found: Vec<TenantEvent> =
        found.iter().map(|event| serde_json::from_str(event.get_str("document").unwrap()).unwrap()).collect();
    assert_eq!(found.iter().map(|event| event.event_id).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_limit_is_kept_and_all_is_reached() {
    let (store, _clock) = empty_store().await;
    for number in 0..5 {
        let tenant = tenant(&format!("t{number}"));
        store.commit(written(&tenant).unwrap(), journal(&tenant, None)).await.unwrap();
    }
    assert_eq!(store.settle(0).await.unwrap(), 0);
    let settled =
        [store.settle(2).await.unwrap(), store.settle(2).await.unwrap(), store.settle(2).await.unwrap()];
    assert_eq!(settled, [2, 2, 1]);
    let places: BTreeSet<String> = documents(&store, WAITING_EVENTS)
        .await
        .iter()
        .map(|event| event.get_str("place").unwrap().to_owned())
        .collect();
    assert_eq!(places.len(), 10, "two events of each of five tenants");
}

#[tokio::test]
async fn a_commit_wakes_the_loop() {
    let (store, _clock) = empty_store().await;
    let cancel = CancellationToken::new();
    let settling = tokio::spawn({
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.run_settling(cancel).await }
    });
    let tenant = tenant("first");
    store.commit(written(&tenant).unwrap(), journal(&tenant, None)).await.unwrap();
    testkit::wait_until("two events", Duration::from_secs(5), || async {
        documents(&store, WAITING_EVENTS).await.len() == 2
    })
    .await;
    cancel.cancel();
    settling.await.unwrap();
}
