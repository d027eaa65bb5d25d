//! Many tenants.

use std::collections::BTreeMap;

use domain::{
    AssociationStatus, Environment, SearchWords, Slug, Tenant, TenantPosition, TenantQuery, TenantStatus,
};

use super::{Backend, change, tenant, tenant_with};

async fn add(backend: &Backend, tenant: &Tenant) {
    backend.tenants.commit_tenant(change(tenant.clone(), Some(tenant))).await.unwrap();
}

fn query(limit: usize) -> TenantQuery {
    TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit }
}

async fn slugs(backend: &Backend, query: &TenantQuery) -> Vec<String> {
    let page = backend.tenants.tenants(query).await.unwrap();
    page.tenants.iter().map(|tenant| tenant.slug.to_string()).collect()
}

/// Between two pages one tenant is made before the place of the walk and one behind it, and one of each is deleted.
pub(crate) async fn a_walk_sees_everything_once_whatever_comes_and_goes(backend: &Backend) {
    let mut lived = Vec::new();
    for number in 0..25 {
        let tenant = tenant(&format!("m{number:02}"));
        add(backend, &tenant).await;
        lived.push(tenant);
    }
    let mut seen: BTreeMap<Slug, usize> = BTreeMap::new();
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = backend.tenants.tenants(&TenantQuery { after, ..query(4) }).await.unwrap();
        for tenant in &page.tenants {
            *seen.entry(tenant.slug.clone()).or_default() += 1;
        }
        pages += 1;
        let Some(last) = page.tenants.last().filter(|_| page.has_more) else { break };
        after = Some(TenantPosition { slug: last.slug.clone(), id: last.id.clone() });
        if pages == 2 {
            add(backend, &tenant("a-new-one")).await;
            add(backend, &tenant("z-new-one")).await;
            for gone in [lived.remove(20), lived.remove(0)] {
                let mut gone = Tenant { version: 2, ..gone };
                gone.delete().unwrap();
                add(backend, &gone).await;
            }
        }
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert!(lived.iter().all(|tenant| seen.contains_key(&tenant.slug)));
    assert!(!seen.contains_key(&"m20".parse().unwrap()) && seen.contains_key(&"z-new-one".parse().unwrap()));
    assert_eq!(slugs(backend, &TenantQuery { skip: 2, ..query(2) }).await, ["m02", "m03"]);
}

pub(crate) async fn filters_and_words_narrow_a_list(backend: &Backend) {
    let production = Tenant { environment: Environment::Production, ..tenant("banco-azul") };
    let suspended = Tenant { status: TenantStatus::Suspended, ..tenant("blue-bank") };
    let named = Tenant { name: "Itaú Banco".parse().unwrap(), ..tenant("itau") };
    for tenant in [&production, &suspended, &named] {
        add(backend, tenant).await;
    }
    let of = |environment, status, search: &str| TenantQuery {
        environment,
        status,
        search: SearchWords::of(search),
        ..query(10)
    };
    let staging = Some(Environment::Staging);
    for (query, expected) in [
        (of(staging, None, ""), vec!["blue-bank", "itau"]),
        (of(None, Some(TenantStatus::Suspended), ""), vec!["blue-bank"]),
        (of(staging, Some(TenantStatus::Active), ""), vec!["itau"]),
        (of(None, None, "BANCO"), vec!["banco-azul", "itau"]),
        (of(None, None, "ban"), vec!["banco-azul", "blue-bank", "itau"]),
        (of(None, None, "bank"), vec!["blue-bank"]),
        (of(None, None, "Itau ban"), vec!["itau"]),
        (of(None, None, "blue-bank"), vec!["blue-bank"]),
        (of(None, None, &production.id.to_string()[..9]), vec!["banco-azul"]),
        (of(None, None, "anco"), vec![]),
    ] {
        assert_eq!(slugs(backend, &query).await, expected, "{query:?}");
        // Who sees one tenant alone is not listed more, nor less.
        for one in [&production, &suspended, &named] {
            let is_listed = expected.contains(&one.slug.as_str());
            assert_eq!(query.lists_only(one), is_listed, "{query:?}: {}", one.slug);
        }
    }
    let renamed = Tenant { version: 2, name: "Outro".parse().unwrap(), ..named };
    add(backend, &renamed).await;
    assert_eq!(slugs(backend, &of(None, None, "banco")).await, ["banco-azul"]);
    assert_eq!(slugs(backend, &of(None, None, "outro")).await, ["itau"]);
}

pub(crate) async fn active_tenants_have_an_active_association(backend: &Backend) {
    let active = tenant_with("active", &["ledger", "tracer"]);
    let suspended = Tenant { status: TenantStatus::Suspended, ..tenant_with("suspended", &["ledger"]) };
    let mut partly = tenant_with("partly", &["ledger", "tracer"]);
    let ledger = "ledger".parse().unwrap();
    partly.associations.get_mut(&ledger).unwrap().status = AssociationStatus::Suspended;
    let elsewhere = Tenant { environment: Environment::Production, ..tenant_with("elsewhere", &["ledger"]) };
    for tenant in [&active, &suspended, &partly, &elsewhere] {
        add(backend, tenant).await;
    }
    let of = async |service: &str, environment| {
        let found = backend.tenants.active_tenants(&service.parse().unwrap(), environment).await.unwrap();
        let mut slugs: Vec<String> = found.iter().map(|tenant| tenant.slug.to_string()).collect();
        assert!(found.is_sorted_by_key(|tenant| &tenant.id));
        slugs.sort();
        slugs
    };
    assert_eq!(of("ledger", Some(Environment::Staging)).await, ["active"]);
    assert_eq!(of("ledger", None).await, ["active", "elsewhere"]);
    assert_eq!(of("tracer", Some(Environment::Staging)).await, ["active", "partly"]);
    assert_eq!(of("nobody", None).await, [] as [&str; 0]);
    let back = Tenant { version: 2, status: TenantStatus::Active, ..suspended };
    add(backend, &back).await;
    assert_eq!(of("ledger", Some(Environment::Staging)).await, ["active", "suspended"]);
    assert!(backend.tenants.has_associations(&ledger).await.unwrap());
    assert!(!backend.tenants.has_associations(&"nobody".parse().unwrap()).await.unwrap());
    let mut gone = Tenant { version: 2, ..active };
    gone.associations.clear();
    add(backend, &gone).await;
    assert_eq!(of("tracer", None).await, ["partly"]);
}
