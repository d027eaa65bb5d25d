//! Credentials with which applications call others.

use std::collections::BTreeMap;

use domain::{AuditAction, IdSpelling, SecretText};
use serde_json::{Value, json};
use tenancy::{Conflict, CredentialPath, CredentialView, ExternalSecret, M2mSecret, Missing, Refusal};

use crate::dying::{Mortal, Point};
use crate::secret_writes::{module, on_every_store};

fn client(secret: &str) -> M2mSecret {
    let client_secret = SecretText::new(secret);
    M2mSecret { client_id: "matcher-of-bank".to_owned(), client_secret, target_base_url: None }
}

/// The one body under every spelling of the tenant's id.
async fn body(mortal: &Mortal, view: &CredentialView) -> Value {
    assert_eq!(view.credential.secrets.len(), 2);
    let mut bodies = Vec::new();
    for secret in &view.credential.secrets {
        assert_eq!(mortal.current(&secret.path), Some(secret.version));
        bodies.push(mortal.parts.secrets.get(secret).await.unwrap());
    }
    assert_eq!(bodies[0], bodies[1]);
    serde_json::from_str(bodies[0].expose()).unwrap()
}

async fn a_client_is_made_replaced_rotated_and_removed(mortal: Mortal) {
    let tenant = module(&mortal).await.tenant;
    let path = CredentialPath { tenant: tenant.clone(), name: "m2m/matcher/fetcher".parse().unwrap() };
    let credentials = mortal.process().credentials;
    let made = credentials.create_m2m(&path, client("one"), mortal.writing()).await.unwrap();
    assert_eq!(body(&mortal, &made).await, json!({ "clientId": "matcher-of-bank", "clientSecret": "one" }));
    let refused = credentials.create_m2m(&path, client("two"), mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Conflict(Conflict::CredentialExists(_)))));
    assert_eq!(body(&mortal, &made).await["clientSecret"], "one", "a refused one changes nothing");

    let url = Some("https://fetcher.int".parse().unwrap());
    let two = M2mSecret { target_base_url: url, ..client("two") };
    let put = credentials.put_m2m(&path, two, mortal.writing()).await.unwrap();
    let expected = json!({ "clientId": "matcher-of-bank", "clientSecret": "two", "targetBaseUrl": "https://fetcher.int" });
    assert_eq!(body(&mortal, &put).await, expected);

    let rotated = credentials.rotate_m2m(&path, mortal.writing()).await.unwrap();
    let secret = rotated.m2m.as_ref().unwrap().client_secret.expose().to_owned();
    assert_eq!(secret.len(), 64);
    let expected = json!({ "clientId": "matcher-of-bank", "clientSecret": secret, "targetBaseUrl": "https://fetcher.int" });
    assert_eq!(body(&mortal, &rotated).await, expected);
    mortal.settled_after(301).await;
    assert_eq!(mortal.kept().await.len(), 3, "a database, and a client under two spellings");

    credentials.delete(&path, mortal.writing()).await.unwrap();
    let refused = credentials.delete(&path, mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Missing(Missing::Credential))));
    let refused = credentials.rotate_m2m(&path, mortal.writing()).await;
    assert!(matches!(refused, Err(Refusal::Missing(Missing::Credential))));
    mortal.settled_after(301).await;
    assert_eq!(mortal.kept().await.len(), 1);
}

/// A spelling that is not wished any more goes with the next write.
async fn the_spellings_are_those_of_the_setting(mut mortal: Mortal) {
    let tenant = module(&mortal).await.tenant;
    let path = CredentialPath { tenant: tenant.clone(), name: "m2m/matcher/fetcher".parse().unwrap() };
    mortal.process().credentials.create_m2m(&path, client("one"), mortal.writing()).await.unwrap();
    mortal.parts.credential_ids = [IdSpelling::Dashed].into();
    let rotated = mortal.process().credentials.rotate_m2m(&path, mortal.writing()).await.unwrap();
    assert_eq!(rotated.credential.secrets.len(), 1, "{rotated:?}");
    let secret = &rotated.credential.secrets[0];
    assert!(secret.path.as_str().contains(&IdSpelling::Dashed.of(&tenant)), "{secret:?}");
    assert_eq!(mortal.current(&secret.path), Some(secret.version));
    mortal.settled_after(301).await;
    let kept = mortal.kept().await;
    assert!(kept.len() == 2 && kept.contains(secret), "a database, and the client once: {kept:?}");
}

/// Two secrets that have to be alike, wherever the process dies.
async fn both_spellings_are_written_or_none(mortal: Mortal) {
    let tenant = module(&mortal).await.tenant;
    for point in Point::ALL {
        let name = format!("external/matcher/{point:?}").parse().unwrap();
        let path = CredentialPath { tenant: tenant.clone(), name };
        let secret = ExternalSecret(BTreeMap::from([("token".to_owned(), SecretText::new("t"))]));
        let credentials = mortal.process().credentials;
        let before = mortal.kept().await.len();
        mortal.dying(point, credentials.put_external(&path, secret, mortal.writing())).await;
        mortal.settled_after(61).await;
        let more = if point.is_committed() { 2 } else { 0 };
        assert_eq!(mortal.kept().await.len(), before + more, "{point:?}");
        for secret in mortal.referred(&tenant).await {
            assert_eq!(mortal.current(&secret.path), Some(secret.version), "{point:?}");
        }
    }
}

on_every_store!(
    a_client_is_made_replaced_rotated_and_removed,
    the_spellings_are_those_of_the_setting,
    both_spellings_are_written_or_none
);

#[tokio::test]
async fn the_audit_log_is_told_where_and_not_what() {
    let desk = crate::desk::Desk::new();
    let tenant = crate::told::associated(&desk).await;
    desk.recorder.noted();
    let path = CredentialPath { tenant: tenant.clone(), name: "m2m/matcher/fetcher".parse().unwrap() };
    let credentials = &desk.use_cases.credentials;
    let secret = client("marked-secret");
    credentials.create_m2m(&path, secret, desk.writing()).await.unwrap();
    let (events, audit) = desk.told(&tenant);
    assert_eq!((events.len(), audit.action), (0, AuditAction::Create));
    assert_eq!(audit.target, format!("tenants/{tenant}/m2m/matcher/fetcher"));
    let secret_path = format!("tenants/staging/{tenant}/matcher/m2m/fetcher/credentials");
    assert_eq!(audit.after.unwrap()["secrets"][0]["path"], secret_path);
    credentials.rotate_m2m(&path, desk.writing()).await.unwrap();
    assert_eq!(desk.told(&tenant).1.action, AuditAction::Rotate);
    credentials.delete(&path, desk.writing()).await.unwrap();
    assert_eq!(desk.told(&tenant).1.action, AuditAction::Delete);
}
