//! A MongoDB server that dies, hangs, and comes back.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{
    ApiKeyHash, ApiKeySource, ApiKeyStore, Catalogue, CatalogueStore, Change, ChangeFeed, ChangeMark,
    CommitError, Environment, EventLog, IdempotencyLedger, LeaseStore, ResourceKind, SealedRow, SealedRows,
    SecretReference, SecretVersion, StoreHealth, Tenant, TenantId, TenantQuery, TenantStore,
};
use futures::future::{BoxFuture, join_all};
use store::{ConnectError, MongoSettings, MongoStore};
use testkit::{MongoServer, scaled, wait_until};
use uuid::Uuid;

use crate::contract::{change, row, tenant};
use crate::mongo::clock;

const MINUTE: Duration = Duration::from_secs(60);
/// A call has 2.5 s; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(5);
/// For a server that goes on, beside tests that use all there is.
const BACK: Duration = Duration::from_secs(60);

fn settings(server: &MongoServer) -> MongoSettings {
    MongoSettings::new(format!("mongodb://{}/", server.address()), "records")
}

async fn connect(server: &MongoServer) -> MongoStore {
    MongoStore::connect(settings(server), clock()).await.unwrap()
}

async fn write(store: &MongoStore, tenant: &Tenant) -> Result<(), CommitError> {
    store.commit_tenant(change(tenant.clone(), Some(tenant))).await
}

/// Looks that an answer is a refusal for want of a server, and soon enough.
async fn refused<T, E: std::fmt::Debug>(
    name: &str,
    is_unavailable: impl Fn(&E) -> bool,
    call: impl Future<Output = Result<T, E>>,
) {
    let start = Instant::now();
    let answer = call.await.map(|_| ());
    let elapsed = start.elapsed();
    assert!(answer.as_ref().is_err_and(is_unavailable), "{name}: {answer:?}");
    assert!(elapsed < LIMIT, "{name} took {elapsed:?}");
}

/// An error with all its causes, as the log shows it.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

async fn every_operation_is_refused(store: &MongoStore) {
    let (known, hash) = (tenant("known"), ApiKeyHash::from_bytes([1; 32]));
    let query = TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: 5 };
    let path = ResourceKind::Postgresql.secret_path(
        Environment::Staging,
        &"acme".parse().unwrap(),
        &"onboarding".parse().unwrap(),
    );
    let reference = SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) };
    let sealed = SealedRow { reference: reference.clone(), sealed: vec![1] };
    let (service, slug) = ("ledger".parse().unwrap(), "known".parse().unwrap());
    let unavailable = |error: &CommitError| matches!(error, CommitError::Unavailable(_));
    let key = row("order-17", MINUTE).key;
    let keyed = Change { ledger: Some(row("order-17", MINUTE)), ..change(known.clone(), Some(&known)) };
    let catalogue = Catalogue { version: 1, ..Catalogue::default() };
    // At once, for each takes as long as a call may.
    let calls: Vec<BoxFuture<'_, ()>> = vec![
        Box::pin(refused("ping", |_| true, store.ping())),
        Box::pin(refused("tenant", |_| true, store.tenant(&known.id))),
        Box::pin(refused("tenant_by_slug", |_| true, store.tenant_by_slug(Environment::Staging, &slug))),
        Box::pin(refused("tenants", |_| true, store.tenants(&query))),
        Box::pin(refused("active_tenants", |_| true, store.active_tenants(&service, None))),
        Box::pin(refused("has_associations", |_| true, store.has_associations(&service))),
        Box::pin(refused("commit_tenant", unavailable, write(store, &known))),
        Box::pin(refused("a keyed write", unavailable, store.commit_tenant(keyed))),
        Box::pin(refused("catalogue", |_| true, store.catalogue())),
        Box::pin(refused("commit_catalogue", unavailable, store.commit_catalogue(change(catalogue, None)))),
        Box::pin(refused("find a key", |_| true, ApiKeySource::find(store, &hash))),
        Box::pin(refused("api_key", |_| true, store.api_key("a"))),
        Box::pin(refused("api_keys", |_| true, store.api_keys(Some(&service), None, 5))),
        Box::pin(refused("find a write", |_| true, IdempotencyLedger::find(store, &key))),
        Box::pin(refused("mark_before", |_| true, store.mark_before(Duration::ZERO))),
        Box::pin(refused("changes_after", |_| true, store.changes_after(&ChangeMark(0)))),
        Box::pin(refused("put_row", |_| true, store.put_row(&sealed))),
        Box::pin(refused("row", |_| true, store.row(&reference))),
        Box::pin(refused("make_row_current", |_| true, store.make_row_current(&reference))),
        Box::pin(refused("remove_row", |_| true, store.remove_row(&reference))),
        Box::pin(refused("settle", |_| true, store.settle(10))),
        Box::pin(refused("acquire_lease", |_| true, store.acquire_lease("relay", MINUTE))),
        Box::pin(refused("waiting", |_| true, store.waiting(None, 10))),
        Box::pin(refused("released", |_| true, store.released(Environment::Staging))),
        Box::pin(refused("last_released", |_| true, store.last_released(Environment::Staging))),
        Box::pin(refused("released_after", |_| true, store.released_after(Environment::Staging, 0, 10))),
        Box::pin(refused("mark", |_| true, store.mark("one", Environment::Staging))),
        Box::pin(refused("set_mark", |_| true, store.set_mark("one", Environment::Staging, 1))),
        Box::pin(refused("backlog", |_| true, store.backlog())),
    ];
    join_all(calls).await;
}

#[tokio::test]
async fn a_dead_server_is_unavailable_soon_and_back_by_itself() {
    let server = MongoServer::start().await;
    let store = connect(&server).await;
    let kept = tenant("kept");
    write(&store, &kept).await.unwrap();
    server.kill();
    every_operation_is_refused(&store).await;
    let refusal = MongoStore::connect(settings(&server), clock()).await.map(drop).unwrap_err();
    assert!(matches!(refusal, ConnectError::Unavailable(_)), "{refusal:?}");
    for text in [chain(&refusal), chain(&store.tenant(&kept.id).await.unwrap_err())] {
        let names_server = text.contains(&format!("MongoDB at {}: ", server.address()));
        assert!(names_server && !text.contains("Topology") && !text.contains("Kind:"), "{text}");
    }
    server.restart().await;
    wait_until("the store is back", BACK, || async { store.ping().await.is_ok() }).await;
    assert_eq!(store.tenant(&kept.id).await.unwrap(), Some(kept));
    write(&store, &tenant("after")).await.unwrap();
}

#[tokio::test]
async fn a_hanging_server_is_unavailable_soon_and_back_by_itself() {
    let server = MongoServer::start().await;
    let store = connect(&server).await;
    server.pause();
    every_operation_is_refused(&store).await;
    server.resume();
    wait_until("the store is back", BACK, || async { store.ping().await.is_ok() }).await;
    wait_until("it takes writes", BACK, || async {
        let tenant = tenant(&format!("t{}", &Uuid::new_v4().simple().to_string()[..8]));
        write(&store, &tenant).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_not_found_is_looked_up_again_and_a_uri_that_cannot_be_read_is_not() {
    let open = |uri: &str| MongoStore::open(MongoSettings::new(uri, "records"), clock());
    let store = open("mongodb+srv://ana:hunter2@records.example.invalid/").await.unwrap();
    for _ in 0..2 {
        let start = Instant::now();
        let refusal = store.prepare().await.unwrap_err();
        assert!(matches!(refusal, ConnectError::Unavailable(_)), "{refusal:?}");
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
        let text = chain(&refusal);
        assert!(text.contains("MongoDB at records.example.invalid: the name cannot be looked up"), "{text}");
        assert!(!text.contains("Query {") && !text.contains("hunter2"), "{text}");
    }
    every_operation_is_refused(&store).await;
    // A name that is looked up stands without a port.
    let refusal = open("mongodb+srv://ana:hunter2@records.example.invalid:1/").await.map(drop).unwrap_err();
    assert!(matches!(refusal, ConnectError::Uri), "{refusal:?}");
}

/// Keyed writes by several writers, while the server is killed again and again, and what is left is moved out.
#[tokio::test]
async fn what_was_acknowledged_survives_the_death_of_the_server() {
    let server = MongoServer::start().await;
    let store = connect(&server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let settling = tokio::spawn({
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::SeqCst) {
                drop(store.settle(10).await);
            }
        }
    });
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut acknowledged: Vec<(TenantId, domain::LedgerRow)> = Vec::new();
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (tenant, row) =
                        (tenant(&format!("w{writer}-{number}")), row(&format!("w{writer}-{number}"), MINUTE));
                    let change =
                        Change { ledger: Some(row.clone()), ..change(tenant.clone(), Some(&tenant)) };
                    match store.commit_tenant(change).await {
                        Ok(()) => acknowledged.push((tenant.id, row)),
                        Err(CommitError::Unavailable(_)) => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    for _ in 0..scaled(30) {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.kill();
        server.restart().await;
    }
    wait_until("the store is back", BACK, || async { store.ping().await.is_ok() }).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.store(true, Ordering::SeqCst);
    settling.await.unwrap();
    let mut count = 0;
    for writer in writers {
        for (id, row) in writer.await.unwrap() {
            assert!(store.tenant(&id).await.unwrap().is_some(), "{id} was acknowledged");
            let found = IdempotencyLedger::find(&store, &row.key).await.unwrap();
            assert_eq!(found, Some(row.committed()));
            count += 1;
        }
    }
    println!("{count} writes were acknowledged, and all are there");
    assert!(count > 0);
}
