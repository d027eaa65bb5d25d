//! Tenants one by one.

use std::sync::Arc;
use std::time::Duration;

use domain::{Change, CommitError, Environment, Tenant, TenantStatus, TenantStore};

use super::{Backend, change, row, tenant, tenant_with};

async fn write(store: &dyn TenantStore, tenant: &Tenant) -> Result<(), CommitError> {
    store.commit_tenant(change(tenant.clone(), Some(tenant))).await
}

fn next(tenant: &Tenant, edit: impl FnOnce(&mut Tenant)) -> Tenant {
    let mut next = Tenant { version: tenant.version + 1, ..tenant.clone() };
    edit(&mut next);
    next
}

pub(crate) async fn a_tenant_is_kept_as_it_was_given(backend: &Backend) {
    let store = backend.tenants.as_ref();
    let tenant = tenant_with("blue-bank", &["ledger", "tracer"]);
    assert_eq!(store.tenant(&tenant.id).await.unwrap(), None);
    write(store, &tenant).await.unwrap();
    assert_eq!(store.tenant(&tenant.id).await.unwrap().as_ref(), Some(&tenant));
    let renamed = next(&tenant, |it| it.name = "Azul".parse().unwrap());
    write(store, &renamed).await.unwrap();
    assert_eq!(store.tenant(&tenant.id).await.unwrap(), Some(renamed));
}

pub(crate) async fn a_stale_write_changes_nothing(backend: &Backend) {
    let store = backend.tenants.as_ref();
    let first = tenant("blue-bank");
    write(store, &first).await.unwrap();
    let second = next(&first, |it| it.name = "Second".parse().unwrap());
    write(store, &second).await.unwrap();
    for stale in [
        next(&first, |it| it.name = "Late".parse().unwrap()),
        Tenant { version: 9, ..second.clone() },
        Tenant { id: tenant("x").id, version: 2, slug: "other".parse().unwrap(), ..second.clone() },
    ] {
        let refused = write(store, &stale).await;
        assert!(matches!(refused, Err(CommitError::Stale)), "{refused:?}");
    }
    let again = write(store, &first).await;
    assert!(matches!(again, Err(CommitError::Taken)), "{again:?}");
    assert_eq!(store.tenant(&first.id).await.unwrap(), Some(second));
}

pub(crate) async fn of_many_writers_none_loses_what_another_wrote(backend: &Backend) {
    let first = tenant("blue-bank");
    write(backend.tenants.as_ref(), &first).await.unwrap();
    let writers = (0..32).map(|writer| {
        let (store, id) = (Arc::clone(&backend.tenants), first.id.clone());
        tokio::spawn(async move {
            loop {
                let service = format!("service-{writer}").parse().unwrap();
                let known = store.tenant(&id).await.unwrap().unwrap();
                let added = next(&known, |it| {
                    it.known_services.insert(service);
                });
                match write(store.as_ref(), &added).await {
                    Ok(()) => break,
                    Err(CommitError::Stale) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let last = backend.tenants.tenant(&first.id).await.unwrap().unwrap();
    assert_eq!((last.version, last.known_services.len()), (33, 32));
}

pub(crate) async fn a_slug_belongs_to_one_living_tenant_of_an_environment(backend: &Backend) {
    let store = backend.tenants.as_ref();
    let first = tenant("blue-bank");
    write(store, &first).await.unwrap();
    let refused = write(store, &tenant("blue-bank")).await;
    assert!(matches!(refused, Err(CommitError::Taken)), "{refused:?}");
    let elsewhere = Tenant { environment: Environment::Production, ..tenant("blue-bank") };
    write(store, &elsewhere).await.unwrap();
    let by_slug = async |environment| store.tenant_by_slug(environment, &first.slug).await.unwrap();
    assert_eq!(by_slug(Environment::Staging).await.as_ref(), Some(&first));
    assert_eq!(by_slug(Environment::Production).await, Some(elsewhere));
    let deleted = next(&first, |it| it.delete().unwrap());
    write(store, &deleted).await.unwrap();
    assert_eq!(by_slug(Environment::Staging).await, None);
    let heir = tenant("blue-bank");
    write(store, &heir).await.unwrap();
    assert_eq!(by_slug(Environment::Staging).await, Some(heir));
    let kept = store.tenant(&first.id).await.unwrap().unwrap();
    assert_eq!((kept.version, kept.status), (2, TenantStatus::Deleted), "its version is kept");
}

pub(crate) async fn a_refused_change_leaves_nothing_behind(backend: &Backend) {
    let store = backend.tenants.as_ref();
    let first = tenant("blue-bank");
    write(store, &first).await.unwrap();
    let before = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let row = row("order-17", Duration::from_secs(60));
    let stale = Tenant { version: 7, ..first.clone() };
    let stale = Change { ledger: Some(row.clone()), ..change(stale.clone(), Some(&stale)) };
    let refused = store.commit_tenant(stale).await;
    assert!(matches!(refused, Err(CommitError::Stale)), "{refused:?}");
    assert_eq!(backend.ledger.find(&row.key).await.unwrap(), None);
    let changes = backend.feed.changes_after(&before).await.unwrap();
    assert!(
        changes.changed.iter().all(|changed| matches!(changed, domain::Changed::Tenant { version: 1, .. }))
    );
}
