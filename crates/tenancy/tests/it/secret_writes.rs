//! Versions of secrets that a process left when it died.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{SecretReference, SecretText, TenantId, TextMap};
use serde_json::json;
use tenancy::{Given, GivenModule, ModulePath, NewAssociation, NewTenant, Refusal, ServiceWish};

use crate::dying::{Mortal, Point};

pub(crate) fn given(password: &str) -> GivenModule {
    let settings = json!({ "host": "pg", "port": 5432, "database": "bank", "username": "bank" });
    let settings = serde_json::from_value(settings).unwrap();
    let password = Some(SecretText::new(password));
    GivenModule { postgresql: Some(Given { settings, password, uri: None }), ..GivenModule::default() }
}

/// A tenant with one database.
pub(crate) async fn module(mortal: &Mortal) -> ModulePath {
    let cases = mortal.process();
    let (service, module) = ("ledger".parse().unwrap(), "onboarding".parse().unwrap());
    let kinds = domain::ResourceKind::ALL.into_iter().collect();
    let wish = ServiceWish { modules: BTreeMap::from([(module, kinds)]), base_urls: BTreeMap::new() };
    cases.services.register(Some(&service), wish.into(), mortal.writing()).await.unwrap();
    let tenant = NewTenant {
        slug: None,
        name: Some("Blue Bank".parse().unwrap()),
        environment: Some(domain::Environment::Staging),
        isolation: domain::Isolation::Isolated,
        metadata: TextMap::default(),
        owner: Some(domain::Owner {
            email: "ana@example.com".parse().unwrap(),
            email_verified: true,
            password_hash: None,
        }),
    };
    let tenant = cases.tenants.create(tenant.into(), mortal.writing()).await.unwrap().tenant;
    let module: domain::ModuleName = "onboarding".parse().unwrap();
    let modules = BTreeMap::from([(module.to_string(), given("first"))]);
    let wish = NewAssociation { modules, ..NewAssociation::default() };
    cases.associations.associate(&tenant.id, &service, wish.into(), mortal.writing()).await.unwrap();
    ModulePath { tenant: tenant.id, service, module }
}

pub(crate) async fn only_secret(mortal: &Mortal, tenant: &TenantId) -> SecretReference {
    let referred = mortal.referred(tenant).await;
    assert_eq!(referred.len(), 1);
    referred[0].clone()
}

async fn password(mortal: &Mortal, secret: &SecretReference) -> String {
    let text = mortal.parts.secrets.get(secret).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(text.expose()).unwrap();
    body["password"].as_str().unwrap().to_owned()
}

/// Wherever the process dies, two minutes later the record's version is the current one, and six minutes later no other is left.
async fn a_write_is_finished_or_undone(mortal: Mortal) {
    let path = module(&mortal).await;
    for point in Point::ALL {
        let former = only_secret(&mortal, &path.tenant).await;
        let (cases, new) = (mortal.process(), format!("{point:?}"));
        Box::pin(mortal.dying(point, cases.modules.put(&path, given(&new).into(), mortal.writing()))).await;

        assert_eq!(mortal.settled_after(55).await, 0, "{point:?}: it may be at work yet");
        assert!(mortal.settled_after(6).await >= 1, "{point:?}");
        let referred = only_secret(&mortal, &path.tenant).await;
        assert_eq!(referred != former, point.is_committed(), "{point:?}");
        assert_eq!(mortal.current(&referred.path), Some(referred.version), "{point:?}");
        let kept = mortal.kept().await;
        assert!(kept.contains(&referred), "{point:?}");
        assert!(kept.contains(&former), "{point:?}: somebody may have read of it");
        assert_eq!(kept.len(), if point.is_committed() { 2 } else { 1 }, "{point:?}");
        if point.is_committed() {
            assert_eq!(password(&mortal, &referred).await, new);
        }
        mortal.settled_after(300).await;
        assert_eq!(mortal.kept().await, std::slice::from_ref(&referred), "{point:?}");
        assert_eq!(mortal.current(&referred.path), Some(referred.version), "{point:?}");
        assert_eq!(mortal.settled_after(86_400).await, 0, "{point:?}: nothing is left to do");
    }
}

/// What is refused leaves nothing, and what is replaced or taken away goes a while later.
async fn what_nobody_needs_any_more_is_removed(mortal: Mortal) {
    let path = module(&mortal).await;
    let cases = mortal.process();
    let first = only_secret(&mortal, &path.tenant).await;
    let again = NewAssociation {
        modules: BTreeMap::from([(path.module.to_string(), given("again"))]),
        ..NewAssociation::default()
    };
    let refused =
        cases.associations.associate(&path.tenant, &path.service, again.into(), mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
    assert_eq!(mortal.kept().await, std::slice::from_ref(&first));
    assert_eq!(mortal.settled_after(86_400).await, 0);

    cases.modules.put(&path, given("second").into(), mortal.writing()).await.unwrap();
    let second = only_secret(&mortal, &path.tenant).await;
    assert_eq!((mortal.kept().await.len(), mortal.settled_after(299).await), (2, 0));
    assert_eq!(mortal.settled_after(2).await, 1);
    assert_eq!(mortal.kept().await, std::slice::from_ref(&second));

    cases.tenants.delete(&path.tenant, mortal.writing()).await.unwrap();
    assert_eq!(mortal.kept().await, [second]);
    assert_eq!(mortal.settled_after(301).await, 1);
    assert!(mortal.kept().await.is_empty(), "nothing is kept of a tenant that is gone");
}

/// Of two writes that overtake each other, the one that is committed last is current.
async fn the_last_to_commit_is_current(mortal: Mortal) {
    let path = module(&mortal).await;
    let (slow, fast) = (mortal.process(), mortal.process());
    let writing = slow.modules.put(&path, given("slow").into(), mortal.writing());
    Box::pin(mortal.dying(Point::BeforeCurrent, writing)).await;
    let slow = only_secret(&mortal, &path.tenant).await;
    fast.modules.put(&path, given("fast").into(), mortal.writing()).await.unwrap();
    let fast = only_secret(&mortal, &path.tenant).await;
    assert_eq!(mortal.current(&fast.path), Some(fast.version));
    mortal.settled_after(61).await;
    assert_eq!(mortal.current(&fast.path), Some(fast.version), "not that of {slow:?}");
}

/// Nobody calls for it, and of two processes one does it in its turn.
#[tokio::test(start_paused = true)]
async fn whoever_lives_settles_what_was_left() {
    const MINUTE: Duration = Duration::from_secs(60);
    let mortal = Mortal::sqlite();
    let path = module(&mortal).await;
    let first = only_secret(&mortal, &path.tenant).await;
    let cases = mortal.process();
    let writing = cases.modules.put(&path, given("left").into(), mortal.writing());
    Box::pin(mortal.dying(Point::AfterPut, writing)).await;
    mortal.clock.advance(MINUTE * 2);
    let elsewhere = mortal.parts.leases.acquire_lease("secret-writes", MINUTE * 90).await.unwrap().unwrap();
    let living = [mortal.process(), mortal.process()]
        .map(|process| tokio::spawn(async move { process.keep_up().await }));
    tokio::time::sleep(MINUTE * 3).await;
    assert_eq!(mortal.kept().await.len(), 2, "it is another's turn");

    mortal.parts.leases.release_lease(&elsewhere).await.unwrap();
    // Between two looks.
    tokio::time::sleep(MINUTE * 2 + MINUTE / 2).await;
    assert_eq!(mortal.kept().await, [first]);
    let again = mortal.parts.leases.acquire_lease("secret-writes", MINUTE).await.unwrap();
    assert!(again.is_some(), "it was given back");
    living.into_iter().for_each(|process| process.abort());
}

macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::dying::Mortal::sqlite()).await; })*
        }
        mod mongo {
            $(#[tokio::test] async fn $name() { super::$name(crate::dying::Mortal::mongo().await).await; })*
        }
    };
}
pub(crate) use on_every_store;

on_every_store!(
    a_write_is_finished_or_undone,
    what_nobody_needs_any_more_is_removed,
    the_last_to_commit_is_current,
);
