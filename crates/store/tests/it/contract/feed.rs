//! What replicas follow.

use std::time::Duration;

use domain::{Catalogue, Changed, Tenant};

use super::{Backend, change, tenant, tenant_with};

fn told(tenant: &Tenant) -> Changed {
    Changed::Tenant {
        id: tenant.id.clone(),
        environment: tenant.environment,
        version: tenant.version,
        services: tenant.known_services.iter().cloned().collect(),
    }
}

async fn write(backend: &Backend, tenant: &Tenant) {
    backend.tenants.commit_tenant(change(tenant.clone(), Some(tenant))).await.unwrap();
}

pub(crate) async fn every_change_is_told_in_order(backend: &Backend) {
    write(backend, &tenant("before")).await;
    let mark = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let first = tenant_with("first", &["ledger", "tracer"]);
    write(backend, &first).await;
    let catalogue = Catalogue { version: 1, ..Catalogue::default() };
    backend.catalogue.commit_catalogue(change(catalogue, None)).await.unwrap();
    let second = tenant("second");
    write(backend, &second).await;
    let changes = backend.feed.changes_after(&mark).await.unwrap();
    let expected = vec![told(&first), Changed::Catalogue, told(&second)];
    // A store may tell more than was asked for, and never less.
    let of_us: Vec<_> = changes.changed.into_iter().filter(|one| expected.contains(one)).collect();
    assert_eq!(of_us, expected);

    let third = tenant("third");
    write(backend, &third).await;
    let later = backend.feed.changes_after(&changes.mark).await.unwrap();
    assert!(later.changed.contains(&told(&third)));
    assert!(later.mark >= changes.mark && !later.has_more);
}

pub(crate) async fn only_the_last_state_is_told(backend: &Backend) {
    let mark = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let first = tenant_with("first", &["ledger"]);
    write(backend, &first).await;
    let mut second = Tenant { version: 2, ..first.clone() };
    second.associations.clear();
    write(backend, &second).await;
    let changes = backend.feed.changes_after(&mark).await.unwrap();
    assert!(changes.changed.contains(&told(&second)), "{changes:?}");
    assert!(!changes.changed.contains(&told(&first)), "{changes:?}");
    let Changed::Tenant { services, .. } = told(&second) else { unreachable!() };
    assert_eq!(services, ["ledger".parse().unwrap()], "also those that it had");
}

pub(crate) async fn a_change_of_a_key_says_how_long_ago_it_was(backend: &Backend) {
    let mark = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let key = super::api_keys::key("a", "ledger", 1);
    backend.api_keys.commit_api_key(change(key, None)).await.unwrap();
    let age = async || {
        let changes = backend.feed.changes_after(&mark).await.unwrap();
        let mut ages = changes.changed.iter().filter_map(|changed| match changed {
            Changed::ApiKey { age, .. } => Some(*age),
            _ => None,
        });
        ages.next_back().unwrap()
    };
    let (first, later) = (age().await, Duration::from_millis(50));
    assert!(first < Duration::from_secs(5), "{first:?}");
    // Each goes by a clock of its own: the one by ours, the other by the server's.
    backend.clock.advance(later);
    tokio::time::sleep(later).await;
    let second = age().await;
    assert!(second >= first + later - Duration::from_millis(2), "{first:?}, then {second:?}");
}
