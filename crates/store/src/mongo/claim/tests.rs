//! Tries that are paused between their claim and their commit, and what other tries make of them.

use domain::{
    Catalogue, CatalogueStore, Change, CommitError, IdempotencyLedger, LedgerRow, Tenant, TenantQuery,
    TenantStore,
};

use super::*;
use crate::journal::Journal;
use crate::mongo::MongoSettings;
use crate::mongo::record::TENANTS;
use crate::mongo::tenants::written;
use crate::mongo::testing::{clock, empty_store, journal, next, row, settings, tenant};

mod interleavings;

/// A try that stopped after its claim.
struct Paused {
    store: MongoStore,
    tenant: Tenant,
    row: LedgerRow,
    claim: Claim,
}

impl Paused {
    async fn new(store: &MongoStore, tenant: &Tenant, key: &str) -> Self {
        let row = row(key);
        let target = Target { collection: TENANTS.to_owned(), id: tenant.id.to_string() };
        let claim = store.claim(&row, target).await.unwrap();
        Self { store: store.clone(), tenant: tenant.clone(), row, claim }
    }

    /// Goes on as the commit does.
    async fn wake(&self) -> Result<(), CommitError> {
        let journal = journal(&self.tenant, Some(self.row.clone()));
        match self.store.write(&written(&self.tenant).unwrap(), &journal, Some(&self.claim)).await {
            Err(Fault::Refused(refusal)) => Err(self.store.refused(&self.claim, refusal).await.into()),
            other => Ok(other?),
        }
    }
}

async fn commit(store: &MongoStore, tenant: &Tenant, key: &str) -> Result<(), CommitError> {
    store.commit(written(tenant).unwrap(), journal(tenant, Some(row(key)))).await
}

async fn put(store: &MongoStore, tenant: &Tenant) {
    store.commit(written(tenant).unwrap(), journal(tenant, None)).await.unwrap();
}

async fn slugs(store: &MongoStore) -> Vec<String> {
    let all = TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: 100 };
    store.tenants(&all).await.unwrap().tenants.iter().map(|tenant| tenant.slug.to_string()).collect()
}

fn is_already_committed(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::AlreadyCommitted))
}

#[tokio::test]
async fn a_paused_create_is_fenced_by_the_try_that_takes_its_place() {
    let (store, _clock) = empty_store().await;
    let paused = Paused::new(&store, &tenant("first"), "order-17").await;
    assert_eq!(store.find(&paused.row.key).await.unwrap(), None, "a claim is no commit");
    commit(&store, &tenant("second"), "order-17").await.unwrap();
    let woken = paused.wake().await;
    assert!(is_already_committed(&woken), "{woken:?}");
    assert_eq!(slugs(&store).await, ["second"]);
    assert_eq!(store.tenant(&paused.tenant.id).await.unwrap(), None, "a fence is no tenant");
    assert!(store.find(&paused.row.key).await.unwrap().is_some());
    let third = commit(&store, &tenant("third"), "order-17").await;
    assert!(is_already_committed(&third), "{third:?}");
}

#[tokio::test]
async fn a_paused_create_of_the_same_slug_does_not_hide_that_the_write_was_done() {
    let (store, _clock) = empty_store().await;
    let paused = Paused::new(&store, &tenant("first"), "order-17").await;
    commit(&store, &tenant("first"), "order-17").await.unwrap();
    let woken = paused.wake().await;
    assert!(is_already_committed(&woken), "{woken:?}");
    assert_eq!(slugs(&store).await, ["first"]);
}

#[tokio::test]
async fn a_paused_change_loses_to_another_try_on_the_same_record() {
    let (store, _clock) = empty_store().await;
    let first = tenant("first");
    put(&store, &first).await;
    let paused = Paused::new(&store, &next(&first), "order-17").await;
    commit(&store, &next(&first), "order-17").await.unwrap();
    let woken = paused.wake().await;
    assert!(is_already_committed(&woken), "{woken:?}");
    assert_eq!(store.tenant(&first.id).await.unwrap().unwrap().version, 2);

    // The other way round: the one that was taken over wakes first.
    let paused = Paused::new(&store, &next(&next(&first)), "order-18").await;
    let other = Paused::new(&store, &next(&next(&first)), "order-18").await;
    paused.wake().await.unwrap();
    let late = other.wake().await;
    assert!(is_already_committed(&late), "{late:?}");
    store.settle(100).await.unwrap();
    assert!(store.find(&paused.row.key).await.unwrap().is_some());
    assert_eq!(store.tenant(&first.id).await.unwrap().unwrap().version, 3);
}

#[tokio::test]
async fn a_paused_change_is_barred_by_a_try_on_another_record() {
    let (store, _clock) = empty_store().await;
    let (first, second) = (tenant("first"), tenant("second"));
    put(&store, &first).await;
    put(&store, &second).await;
    let paused = Paused::new(&store, &next(&first), "order-17").await;
    commit(&store, &next(&second), "order-17").await.unwrap();
    let woken = paused.wake().await;
    assert!(is_already_committed(&woken), "{woken:?}");
    assert_eq!(store.tenant(&first.id).await.unwrap().unwrap().version, 1);
    // It is this one try that is barred, and no other.
    commit(&store, &next(&first), "order-18").await.unwrap();
}

#[tokio::test]
async fn a_commit_is_found_before_and_after_it_is_settled() {
    let (store, _clock) = empty_store().await;
    let paused = Paused::new(&store, &tenant("first"), "order-17").await;
    paused.wake().await.unwrap();
    let expected = Some(paused.row.clone().committed());
    for settled in [1, 0] {
        assert_eq!(store.find(&paused.row.key).await.unwrap(), expected);
        let again = commit(&store, &tenant("second"), "order-17").await;
        assert!(is_already_committed(&again), "{again:?}");
        assert_eq!(store.settle(100).await.unwrap(), settled);
    }
    assert!(store.row(&paused.claim.write).await.unwrap().unwrap().done.is_some());
    assert_eq!(slugs(&store).await, ["first"]);
}

#[tokio::test]
async fn a_refused_try_leaves_the_way_free() {
    let (store, _clock) = empty_store().await;
    put(&store, &tenant("taken")).await;
    for _ in 0..2 {
        let refused = commit(&store, &tenant("taken"), "order-17").await;
        assert!(matches!(refused, Err(CommitError::Taken)), "{refused:?}");
        assert_eq!(store.find(&row("order-17").key).await.unwrap(), None);
    }
    commit(&store, &tenant("free"), "order-17").await.unwrap();
}

#[tokio::test]
async fn a_fenced_try_does_not_know_how_the_other_ends() {
    let (_, clock) = empty_store().await;
    let hasty = MongoSettings { operation_time: Duration::from_secs(1), ..settings().await };
    let store = MongoStore::connect(hasty, clock).await.unwrap();
    let paused = Paused::new(&store, &tenant("first"), "order-17").await;
    let other = Paused::new(&store, &tenant("second"), "order-17").await;
    let woken = paused.wake().await;
    assert!(matches!(woken, Err(CommitError::Unavailable(_))), "{woken:?}");
    // Nor does it keep the next one out.
    commit(&store, &tenant("third"), "order-17").await.unwrap();
    let late = other.wake().await;
    assert!(is_already_committed(&late), "{late:?}");
    assert_eq!(slugs(&store).await, ["third"]);
}

#[tokio::test]
async fn a_row_whose_time_is_over_gives_way_whether_it_was_done_or_not() {
    let (store, clock) = empty_store().await;
    let paused = Paused::new(&store, &tenant("claimed"), "order-17").await;
    clock.advance(paused.row.ttl);
    commit(&store, &tenant("first"), "order-17").await.unwrap();
    store.settle(100).await.unwrap();
    clock.advance(paused.row.ttl);
    assert_eq!(store.find(&paused.row.key).await.unwrap(), None);
    commit(&store, &tenant("second"), "order-17").await.unwrap();
    assert!(store.find(&paused.row.key).await.unwrap().is_some());
    // What was left of the first is older than the row.
    store.settle(100).await.unwrap();
    let third = commit(&store, &tenant("third"), "order-17").await;
    assert!(is_already_committed(&third), "{third:?}");
    assert_eq!(slugs(&store).await, ["first", "second"]);
}

#[tokio::test]
async fn what_is_left_of_an_expired_write_does_not_keep_its_record() {
    let (store, clock) = empty_store().await;
    let first = tenant("first");
    put(&store, &first).await;
    commit(&store, &next(&first), "order-17").await.unwrap();
    clock.advance(row("order-17").ttl);
    commit(&store, &next(&next(&first)), "order-17").await.unwrap();
    store.settle(100).await.unwrap();
    assert!(store.find(&row("order-17").key).await.unwrap().is_some());
    let again = commit(&store, &next(&next(&next(&first))), "order-17").await;
    assert!(is_already_committed(&again), "{again:?}");
}

#[tokio::test]
async fn the_catalogue_is_never_fenced() {
    let (store, _clock) = empty_store().await;
    let target = Target { collection: CATALOGUE.to_owned(), id: "catalogue".to_owned() };
    store.claim(&row("order-17"), target).await.unwrap();
    commit(&store, &tenant("first"), "order-17").await.unwrap();
    assert_eq!(store.catalogue().await.unwrap(), Catalogue::default());
    let catalogue = Catalogue { version: 1, ..Catalogue::default() };
    let Journal { events, audit, ledger } = journal(&tenant("any"), None);
    store.commit_catalogue(Change { record: catalogue, events, audit, ledger }).await.unwrap();
}

/// Tries that pause for as long as it pleases them, and others that die after their claim, while two processes settle.
#[tokio::test]
async fn however_tries_pause_and_die_a_write_is_done_once() {
    let (store, _clock) = empty_store().await;
    let settling = tokio_util::sync::CancellationToken::new();
    let settlers = [store.clone(), store.clone()].map(|store| {
        let settling = settling.clone();
        tokio::spawn(async move { store.run_settling(settling).await })
    });
    for round in 0..testkit::scaled(100) {
        let key = format!("order-{round}");
        let tries = (0..6).map(|number| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move {
                let tenant = tenant(&format!("r{round}-t{number}"));
                // Any order will do that is another one each round.
                let pause = (round * 31 + number * 47) % 5;
                if number % 2 == 0 {
                    return commit(&store, &tenant, &key).await.is_ok();
                }
                let row = row(&key);
                let target = Target { collection: TENANTS.to_owned(), id: tenant.id.to_string() };
                let Ok(claim) = store.claim(&row, target).await else { return false };
                tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap() * 40)).await;
                let woken = Paused { store, tenant, row, claim };
                pause != 0 && woken.wake().await.is_ok()
            })
        });
        let mut done = 0;
        for one in tries.collect::<Vec<_>>() {
            done += usize::from(one.await.unwrap());
        }
        // All of the tries may have been fenced: the client asks again.
        let again = commit(&store, &tenant(&format!("r{round}-last")), &key).await;
        assert!(again.is_ok() || is_already_committed(&again), "{again:?}");
        let prefix = format!("r{round}-");
        let made = slugs(&store).await.iter().filter(|slug| slug.starts_with(&prefix)).count();
        assert_eq!((done + usize::from(again.is_ok()), made), (1, 1), "round {round}");
    }
    settling.cancel();
    for settler in settlers {
        settler.await.unwrap();
    }
}
