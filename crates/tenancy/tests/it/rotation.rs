//! Other credentials, and the former ones for a while.

use std::time::Duration;

use domain::{ResourceKind, SecretText};
use serde_json::json;
use tenancy::{Missing, Refusal, Rotation};

use crate::dying::Mortal;
use crate::secret_writes::{module, on_every_store, only_secret};

fn rotation(kind: ResourceKind, overlap: u64) -> Rotation {
    let (password, overlap) = (Some(SecretText::new("marked-secret")), Duration::from_secs(overlap));
    Rotation { kind, username: Some("bank_2".to_owned()), password, uri: None, overlap }
}

async fn the_former_version_is_readable_for_the_overlap(mortal: Mortal) {
    let path = module(&mortal).await;
    let (cases, former) = (mortal.process(), only_secret(&mortal, &path.tenant).await);
    let rotated = cases
        .modules
        .rotate(&path, rotation(ResourceKind::Postgresql, 3_600), mortal.writing())
        .await
        .unwrap();
    let new = only_secret(&mortal, &path.tenant).await;
    assert!(new == rotated.secret && new.path == former.path && new != former);
    let body = mortal.parts.secrets.get(&new).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(body.expose()).unwrap();
    assert_eq!(
        body,
        json!({ "host": "pg", "port": 5432, "database": "bank", "username": "bank_2", "password": "marked-secret" })
    );
    assert_eq!(mortal.current(&new.path), Some(new.version));

    assert_eq!(mortal.settled_after(3_599).await, 0);
    assert!(mortal.parts.secrets.get(&former).await.is_ok(), "it is readable yet");
    assert_eq!(mortal.settled_after(2).await, 1);
    assert!(mortal.parts.secrets.get(&former).await.is_err());
    assert_eq!(mortal.kept().await, [new]);
}

async fn what_cannot_be_rotated_is_refused(mortal: Mortal) {
    let path = module(&mortal).await;
    let cases = mortal.process();
    let before = only_secret(&mortal, &path.tenant).await;
    for (overlap, uri) in [(34, false), (86_401, false), (300, true)] {
        let mut faulty = rotation(ResourceKind::Postgresql, overlap);
        faulty.uri = uri.then(|| SecretText::new("mongodb://x/"));
        let refused = cases.modules.rotate(&path, faulty, mortal.writing()).await;
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
    }
    let empty = Rotation { password: None, ..rotation(ResourceKind::Postgresql, 300) };
    let refused = cases.modules.rotate(&path, empty, mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
    let refused = cases.modules.rotate(&path, rotation(ResourceKind::Kafka, 300), mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Missing(Missing::Resource { .. }))), "{refused:?}");
    assert_eq!(mortal.kept().await, [before], "nothing was stored");
}

on_every_store!(the_former_version_is_readable_for_the_overlap, what_cannot_be_rotated_is_refused);

#[tokio::test]
async fn services_and_the_audit_log_are_told_where_and_not_what() {
    let desk = crate::desk::Desk::new();
    let tenant = crate::told::associated(&desk).await;
    let (service, module) = ("ledger".parse().unwrap(), "onboarding".parse().unwrap());
    let path = tenancy::ModulePath { tenant: tenant.clone(), service, module };
    desk.recorder.noted();
    let rotation = rotation(ResourceKind::Postgresql, 300);
    desk.use_cases.modules.rotate(&path, rotation, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&tenant);
    let secret_path = format!("tenants/staging/{tenant}/onboarding/postgres");
    assert_eq!(
        events,
        [(
            "tenant.credentials.rotated".to_owned(),
            json!({ "service_name": "ledger", "credential_type": "database", "new_secret_path": secret_path })
        )]
    );
    assert_eq!(audit.action, domain::AuditAction::Rotate);
    assert_eq!(audit.target, format!("tenants/{tenant}/associations/ledger/modules/onboarding"));
    assert_eq!(audit.after.unwrap()["secret"]["path"], secret_path);
}
