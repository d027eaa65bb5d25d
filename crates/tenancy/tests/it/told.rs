//! What services and the audit log are told of each change of a tenant.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AuditAction, ConnectionSettings, Environment, Isolation, ModuleName, Mongodb, Owner, Postgresql,
    Rabbitmq, ResourceKind, SecretText, ServiceName, TenantId, TextMap,
};
use serde_json::{Value, json};
use tenancy::{
    ConnectionSettingsPatch, Given, GivenModule, ModulePath, NewAssociation, NewTenant, ServiceWish,
    TenantPatch,
};

use crate::desk::Desk;

pub(crate) fn service() -> ServiceName {
    "ledger".parse().unwrap()
}

fn module() -> ModuleName {
    "onboarding".parse().unwrap()
}

fn given<T>(settings: T) -> Option<Given<T>> {
    Some(Given { settings, password: Some(SecretText::new("marked-secret")), uri: None })
}

fn postgresql(host: &str) -> Postgresql {
    Postgresql {
        host: host.to_owned(),
        port: 5432,
        database: "bank".to_owned(),
        username: "bank".to_owned(),
        schema: None,
        sslmode: None,
        sslrootcert: None,
        sslcert: None,
        sslkey: None,
    }
}

fn everything() -> GivenModule {
    let mongodb: Mongodb = serde_json::from_value(
        json!({ "host": "mongo", "port": 27017, "database": "bank", "username": "bank" }),
    )
    .unwrap();
    let rabbitmq: Rabbitmq =
        serde_json::from_value(json!({ "host": "rabbit", "port": 5672, "vhost": "/", "username": "bank" }))
            .unwrap();
    GivenModule {
        postgresql: given(postgresql("primary")),
        postgresql_replica: given(postgresql("replica")),
        mongodb: given(mongodb),
        rabbitmq: given(rabbitmq),
        kafka: None,
        connection_settings: None,
    }
}

fn limits() -> ConnectionSettings {
    serde_json::from_value(json!({ "maxOpenConns": 10, "maxIdleConns": 2, "statementTimeout": "5s" }))
        .unwrap()
}

async fn tenant(desk: &Desk) -> TenantId {
    let wish = NewTenant {
        slug: Some("blue-bank".parse().unwrap()),
        name: Some("Blue Bank".parse().unwrap()),
        environment: Some(Environment::Staging),
        isolation: Isolation::Isolated,
        metadata: TextMap::default(),
        owner: Some(Owner {
            email: "ana@example.com".parse().unwrap(),
            email_verified: false,
            password_hash: None,
        }),
    };
    desk.use_cases.tenants.create(wish.into(), desk.writing()).await.unwrap().tenant.id
}

pub(crate) async fn associated(desk: &Desk) -> TenantId {
    let id = tenant(desk).await;
    associate(desk, &id, &service()).await;
    id
}

/// Registers a service, and associates the tenant with it.
async fn associate(desk: &Desk, id: &TenantId, service: &ServiceName) {
    let kinds: BTreeSet<ResourceKind> = ResourceKind::ALL.into_iter().collect();
    let wish = ServiceWish { modules: BTreeMap::from([(module(), kinds)]), base_urls: BTreeMap::new() };
    desk.use_cases.services.register(Some(service), wish.into(), desk.writing()).await.unwrap();
    let wish = NewAssociation {
        isolation: None,
        connection_settings: Some(limits()),
        modules: BTreeMap::from([(module().to_string(), everything())]),
    };
    desk.recorder.noted();
    desk.use_cases.associations.associate(id, service, wish.into(), desk.writing()).await.unwrap();
}

fn secret_path(id: &TenantId, kind: &str) -> Value {
    json!(format!("tenants/staging/{id}/onboarding/{kind}"))
}

#[tokio::test]
async fn of_a_tenant() {
    let desk = Desk::new();
    let id = tenant(&desk).await;
    let (events, audit) = desk.told(&id);
    assert_eq!(
        events,
        [("tenant.created".to_owned(), Value::Null), ("tenant.activated".to_owned(), Value::Null)]
    );
    assert_eq!(
        (audit.action, audit.before, audit.target),
        (AuditAction::Create, None, format!("tenants/{id}"))
    );
    assert_eq!(audit.after.unwrap()["slug"], "blue-bank");

    let tenants = &desk.use_cases.tenants;
    let patch = TenantPatch { name: Some("Green Bank".parse().unwrap()), ..TenantPatch::default() };
    tenants.update(&id, patch.into(), desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(events, [("tenant.updated".to_owned(), Value::Null)]);
    assert_eq!(
        (audit.before.unwrap()["name"].clone(), audit.after.unwrap()["name"].clone()),
        (json!("Blue Bank"), json!("Green Bank"))
    );

    tenants.suspend(&id, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(
        (events, audit.action),
        (vec![("tenant.suspended".to_owned(), Value::Null)], AuditAction::Suspend)
    );
    tenants.reactivate(&id, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(
        (events, audit.action),
        (vec![("tenant.activated".to_owned(), Value::Null)], AuditAction::Reactivate)
    );
    tenants.delete(&id, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(
        (events, audit.action),
        (vec![("tenant.deleted".to_owned(), Value::Null)], AuditAction::Delete)
    );
}

#[tokio::test]
async fn of_a_new_association() {
    let desk = Desk::new();
    let id = associated(&desk).await;
    let (events, audit) = desk.told(&id);
    let payload = json!({
        "service_name": "ledger",
        "isolation_mode": "isolated",
        "modules": ["onboarding"],
        "secret_paths": { "onboarding": {
            "postgresql_rw": secret_path(&id, "postgres"),
            "postgresql_ro": secret_path(&id, "postgres-ro"),
            "mongodb": secret_path(&id, "mongodb"),
        } },
        "messaging_config": { "rabbitmq_secret_path": secret_path(&id, "rabbitmq") },
        "connection_settings": { "max_open_conns": 10, "max_idle_conns": 2, "statement_timeout": "5s" },
    });
    assert_eq!(events, [("tenant.service.associated".to_owned(), payload)]);
    assert_eq!((audit.action, audit.before), (AuditAction::Create, None));
    assert_eq!(audit.target, format!("tenants/{id}/associations/ledger"));
    assert_eq!(audit.after.unwrap()["modules"]["onboarding"]["postgresql"]["settings"]["host"], "primary");
}

#[tokio::test]
async fn of_the_life_of_an_association() {
    let desk = Desk::new();
    let (id, service) = (associated(&desk).await, service());
    desk.recorder.noted();
    let associations = &desk.use_cases.associations;
    let name = |payload: Value| {
        let mut payload = payload;
        payload["service_name"] = json!("ledger");
        payload
    };

    associations.suspend(&id, &service, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(
        events,
        [("tenant.service.suspended".to_owned(), name(json!({ "previous_status": "active" })))]
    );
    assert_eq!(audit.action, AuditAction::Suspend);

    associations.reactivate(&id, &service, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!((events[0].0.as_str(), audit.action), ("tenant.service.reactivated", AuditAction::Reactivate));
    assert_eq!(
        (&events[0].1["previous_status"], &events[0].1["re_provisioned"]),
        (&json!("suspended"), &json!(false))
    );
    assert_eq!(events[0].1["secret_paths"]["onboarding"]["mongodb"], secret_path(&id, "mongodb"));

    associations.suspend(&id, &service, desk.writing()).await.unwrap();
    desk.recorder.noted();
    associations.purge(&id, &service, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(events, [("tenant.service.purged".to_owned(), name(json!({})))]);
    assert_eq!(
        (audit.action, audit.before.unwrap()["status"].clone()),
        (AuditAction::Purge, json!("suspended"))
    );

    let path = ModulePath { tenant: id.clone(), service: service.clone(), module: module() };
    desk.use_cases.modules.put(&path, everything().into(), desk.writing()).await.unwrap();
    desk.recorder.noted();
    associations.reactivate(&id, &service, desk.writing()).await.unwrap();
    let (events, _) = desk.told(&id);
    assert_eq!(
        (&events[0].1["previous_status"], &events[0].1["re_provisioned"]),
        (&json!("purged"), &json!(true))
    );

    associations.invalidate(&id, &service, Some("a new host".to_owned()), desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(events, [("tenant.cache.invalidate".to_owned(), name(json!({ "reason": "a new host" })))]);
    assert_eq!(audit.action, AuditAction::Invalidate);

    associations.disassociate(&id, &service, true, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(events, [("tenant.service.disassociated".to_owned(), name(json!({ "preserve_data": true })))]);
    assert_eq!((audit.action, audit.after), (AuditAction::Delete, None));
}

#[tokio::test]
async fn of_a_tenant_that_comes_back_with_its_services() {
    let desk = Desk::new();
    let id = associated(&desk).await;
    let (ledger, tracer): (ServiceName, ServiceName) = (service(), "tracer".parse().unwrap());
    associate(&desk, &id, &tracer).await;
    desk.use_cases.associations.suspend(&id, &tracer, desk.writing()).await.unwrap();
    desk.use_cases.tenants.suspend(&id, desk.writing()).await.unwrap();
    desk.recorder.noted();

    desk.use_cases.tenants.reactivate(&id, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(audit.action, AuditAction::Reactivate);
    let [(first, nothing), of_services @ ..] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((first.as_str(), nothing), ("tenant.activated", &Value::Null));
    // One that was suspended with the tenant, and one that was before.
    for (service, (event, payload)) in [ledger, tracer].iter().zip(of_services) {
        assert_eq!(
            (event.as_str(), &payload["service_name"]),
            ("tenant.service.reactivated", &json!(service))
        );
        let state = (&payload["previous_status"], &payload["re_provisioned"]);
        assert_eq!(state, (&json!("suspended"), &json!(false)), "{payload}");
        let paths = &payload["secret_paths"]["onboarding"];
        assert_eq!(paths["postgresql_rw"], secret_path(&id, "postgres"), "{payload}");
    }
    assert_eq!(of_services.len(), 2, "{of_services:?}");
}

#[tokio::test]
async fn of_a_module() {
    let desk = Desk::new();
    let id = associated(&desk).await;
    desk.recorder.noted();
    let path = ModulePath { tenant: id.clone(), service: service(), module: module() };
    let modules = &desk.use_cases.modules;

    let other = GivenModule { postgresql: given(postgresql("elsewhere")), ..everything() };
    modules.put(&path, other.into(), desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!(events[0].0, "tenant.cache.invalidate");
    assert_eq!(audit.target, format!("tenants/{id}/associations/ledger/modules/onboarding"));
    let host = |facts: Option<Value>| facts.unwrap()["postgresql"]["settings"]["host"].clone();
    assert_eq!((host(audit.before), host(audit.after)), (json!("primary"), json!("elsewhere")));

    let patch = ConnectionSettingsPatch { max_open_conns: Some(20), ..ConnectionSettingsPatch::default() };
    modules.limit(&path, patch.clone().into(), desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    let payload = json!({
        "service_name": "ledger",
        "module": "onboarding",
        "max_open_conns": 20,
        "max_idle_conns": 2,
        "statement_timeout": "5s",
    });
    assert_eq!(events, [("tenant.connections.updated".to_owned(), payload)]);
    assert_eq!(audit.before.unwrap()["connectionSettings"]["maxOpenConns"], 10);
    modules.limit(&path, patch.into(), desk.writing()).await.unwrap();
    assert!(desk.recorder.noted().is_empty(), "what changes nothing is told to nobody");

    modules.delete(&path, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&id);
    assert_eq!((events[0].0.as_str(), audit.action), ("tenant.cache.invalidate", AuditAction::Delete));
    assert_eq!(host(audit.before), json!("elsewhere"));
}
