//! How a store does with many tenants.

use std::time::{Duration, Instant};

use domain::{SearchWords, TenantQuery, TenantStatus};
use futures::{StreamExt, stream};
use testkit::scaled;

use super::{Backend, change, tenant_with};

/// Of the issue's own numbers.
const TENANTS: usize = 100_000;
const SERVICES: [&str; 3] = ["ledger", "cards", "payments"];
/// Writes at once.
const AT_ONCE: usize = 64;
/// The longest that a page or a search may take.
const PAGE: Duration = Duration::from_secs(1);
/// The longest that all tenants of a service may take: what callers wait for it.
const ALL: Duration = Duration::from_secs(5);
/// For a stand-in, only that it ends.
const STAND_IN: Duration = Duration::from_secs(30);

/// What an operation gave, and what it took.
async fn timed<T>(what: &str, limit: Duration, operation: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let outcome = operation.await;
    let took = began.elapsed();
    println!("{what}: {took:.1?}");
    assert!(took < limit, "{what} took {took:?}");
    outcome
}

fn query() -> TenantQuery {
    TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: 200 }
}

pub(crate) async fn many_tenants_are_listed_searched_and_served(backend: &Backend) {
    let count = scaled(TENANTS);
    let began = Instant::now();
    let writes = stream::iter(0..count).map(async |number| {
        let tenant = tenant_with(&format!("bank-{number:06}"), &SERVICES);
        backend.tenants.commit_tenant(change(tenant.clone(), Some(&tenant))).await.unwrap();
    });
    writes.buffer_unordered(AT_ONCE).collect::<()>().await;
    println!("{count} tenants with {} services each: written in {:.1?}", SERVICES.len(), began.elapsed());

    let tenants = &backend.tenants;
    let (page_limit, all_limit) = if backend.is_stand_in { (STAND_IN, STAND_IN) } else { (PAGE, ALL) };
    let page = timed("the first page", page_limit, tenants.tenants(&query())).await.unwrap();
    assert_eq!((page.tenants.len(), page.has_more), (200, count > 200));
    let middle = format!("bank-{:06}", count / 2);
    let searched = |words: &str| TenantQuery { search: SearchWords::of(words), ..query() };
    let found = timed("a search for one", page_limit, tenants.tenants(&searched(&middle))).await.unwrap();
    assert_eq!(found.tenants.iter().map(|tenant| tenant.slug.as_str()).collect::<Vec<_>>(), [&*middle]);
    let position =
        domain::TenantPosition { slug: found.tenants[0].slug.clone(), id: found.tenants[0].id.clone() };
    let behind = TenantQuery { after: Some(position), ..query() };
    let page = timed("a page in the middle", page_limit, tenants.tenants(&behind)).await.unwrap();
    assert_eq!(page.tenants[0].slug.as_str(), format!("bank-{:06}", count / 2 + 1));
    let page = timed("a search for all", page_limit, tenants.tenants(&searched("bank"))).await.unwrap();
    assert_eq!(page.tenants.len(), 200);
    let page = timed("a search for none", page_limit, tenants.tenants(&searched("nobody"))).await.unwrap();
    assert!(page.tenants.is_empty());
    let suspended = TenantQuery { status: Some(TenantStatus::Suspended), ..query() };
    let page =
        timed("those that are suspended, of which there are none", page_limit, tenants.tenants(&suspended))
            .await;
    assert!(page.unwrap().tenants.is_empty());

    let service = SERVICES[0].parse().unwrap();
    let active =
        timed("all active tenants of a service", all_limit, tenants.active_tenants(&service, None)).await;
    assert_eq!(active.unwrap().len(), count);
    let one = timed("one tenant", page_limit, tenants.tenant(&found.tenants[0].id)).await.unwrap().unwrap();
    assert_eq!(one.associations.len(), SERVICES.len());
}
