//! What AWS answers and moto does not.

use domain::{SecretStore, SecretStoreError};

use crate::aws::secrets_at;
use crate::contract::{reference, text};
use crate::leaks::in_full;
use crate::script::{Answer, Script, done, refused};

fn labels(versions: &str) -> Answer {
    (200, format!("{{\"VersionIdsToStages\":{versions}}}"))
}

const DELETED: &str = "You can't perform this operation on the secret because it was marked for deletion.";

#[tokio::test]
async fn a_secret_that_another_makes_meanwhile_is_used() {
    let script = Script::start(|call, before| match (call, before) {
        ("PutSecretValue", 0) => refused("ResourceNotFoundException", "Secrets Manager can't find it."),
        ("CreateSecret", _) => refused("ResourceExistsException", "It already exists."),
        _ => done(),
    });
    let script = script.await;
    secrets_at(script.address).await.put(&reference(), &text("a text")).await.unwrap();
    assert_eq!(script.calls(), ["PutSecretValue", "CreateSecret", "PutSecretValue"]);
}

#[tokio::test]
async fn a_deleted_secret_is_restored_to_store_in() {
    let script = Script::start(|call, before| match (call, before) {
        ("PutSecretValue", 0) => refused("InvalidRequestException", DELETED),
        _ => done(),
    });
    let script = script.await;
    secrets_at(script.address).await.put(&reference(), &text("a text")).await.unwrap();
    assert_eq!(script.calls(), ["PutSecretValue", "RestoreSecret", "PutSecretValue"]);
}

#[tokio::test]
async fn a_deleted_secret_is_restored_when_a_version_becomes_current() {
    let reference = reference();
    let stored = format!("{{\"old\":[\"AWSCURRENT\"],\"{0}\":[\"pm-{0}\"]}}", reference.version);
    let described = (200, format!("{{\"DeletedDate\":1700000000,\"VersionIdsToStages\":{stored}}}"));
    let script =
        Script::start(move |call, _| if call == "DescribeSecret" { described.clone() } else { done() }).await;
    secrets_at(script.address).await.make_current(&reference, &[]).await.unwrap();
    assert_eq!(script.calls(), ["DescribeSecret", "RestoreSecret", "UpdateSecretVersionStage"]);
}

#[tokio::test]
async fn a_version_becomes_current_though_another_did_meanwhile() {
    let reference = reference();
    let own = format!("\"{0}\":[\"pm-{0}\"]", reference.version);
    let script = Script::start(move |call, before| match (call, before) {
        ("DescribeSecret", 0) => labels(&format!("{{\"old\":[\"AWSCURRENT\"],{own}}}")),
        ("DescribeSecret", _) => labels(&format!("{{\"new\":[\"AWSCURRENT\"],{own}}}")),
        ("UpdateSecretVersionStage", 0) => refused("InvalidParameterException", "It is attached elsewhere."),
        _ => done(),
    });
    let script = script.await;
    secrets_at(script.address).await.make_current(&reference, &[]).await.unwrap();
    let round = ["DescribeSecret", "UpdateSecretVersionStage"];
    assert_eq!(script.calls(), [round, round].concat());
}

#[tokio::test]
async fn a_version_that_is_stored_during_the_deletion_brings_the_secret_back() {
    let reference = reference();
    let purged = format!("\"{}\":[\"AWSCURRENT\"]", reference.version);
    let script = Script::start(move |call, before| match (call, before) {
        ("DescribeSecret", 0) => labels(&format!("{{{purged}}}")),
        ("DescribeSecret", _) => labels(&format!("{{{purged},\"new\":[\"pm-new\"]}}")),
        _ => done(),
    });
    let script = script.await;
    secrets_at(script.address).await.remove(&reference).await.unwrap();
    let calls =
        ["UpdateSecretVersionStage", "DescribeSecret", "DeleteSecret", "DescribeSecret", "RestoreSecret"];
    assert_eq!(script.calls(), calls);
}

#[tokio::test]
async fn what_is_there_and_no_text_is_unreadable() {
    let binary = (200, String::from("{\"SecretBinary\":\"bWFya2VkLXNlY3JldA==\"}"));
    let answers = [
        binary,
        refused("InvalidRequestException", DELETED),
        refused("DecryptionFailure", "Secrets Manager can't decrypt it."),
    ];
    for answer in answers {
        let script = Script::start(move |_, _| answer.clone()).await;
        let refusal = secrets_at(script.address).await.get(&reference()).await.unwrap_err();
        assert!(matches!(refusal, SecretStoreError::Unreadable { .. }), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_cause_and_without_the_path() {
    let reference = reference();
    let resource = format!("The role reader may not read secret:{}-AbCdEf", reference.path);
    for (code, calls) in [
        ("AccessDeniedException", 1),
        ("ExpiredTokenException", 1),
        ("LimitExceededException", 3),
        ("ThrottlingException", 3),
    ] {
        let answer = refused(code, &resource);
        let script = Script::start(move |_, _| answer.clone()).await;
        let refusal = secrets_at(script.address).await.get(&reference).await.unwrap_err();
        let told = in_full(&refusal);
        assert!(matches!(refusal, SecretStoreError::Unavailable(_)), "{refusal:?}");
        assert!(told.contains(code) && told.contains("The role reader"), "{told}");
        assert!(!told.contains(reference.path.as_str()), "{told}");
        assert_eq!(script.calls().len(), calls, "{code}: only what may pass is asked again");
    }
}
