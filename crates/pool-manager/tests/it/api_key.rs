//! `pool-manager api-key`: keys without a service and without a key.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{shared_mongo, shared_single, unique_prefix};

use crate::support::{Process, run, text};

const KEY: &str = "an operator's key";
/// Both unseal what either sealed.
const SEALING: (&str, &str) = ("SECRETS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
/// What is promised of a revocation that Valkey does not tell of.
const BOUND: Duration = Duration::from_secs(2);

/// What the command printed, line by line; it must have ended well.
fn api_key(data_dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Vec<Value> {
    let output = run(data_dir, variables, &[&["api-key"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    let printed = text(&output.stdout);
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn refused(data_dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(data_dir, variables, &[&["api-key"], arguments].concat());
    assert_eq!(text(&output.stdout), "");
    (output.status.code(), text(&output.stderr))
}

fn field<'a>(key: &'a Value, name: &str) -> &'a str {
    key[name].as_str().unwrap_or_default()
}

const READER: &[&str] = &[
    "create",
    "--name",
    "ana",
    "--scope",
    "backoffice:tm:tenants:read",
    "--scope",
    "backoffice:tm:api-keys:*",
];

#[test]
fn keys_are_made_listed_rotated_and_revoked_where_nothing_runs() {
    let directory = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| api_key(directory.path(), &[], arguments);
    let (code, wrong) = refused(directory.path(), &[], READER);
    assert!(code == Some(64) && wrong.contains("--scope"), "{wrong}");

    let create = &[
        "create",
        "--name",
        "ana",
        "--scope",
        "backoffice:tm:*:read",
        "--expires-at",
        "2099-01-31T08:00:00Z",
    ];
    let made = command(create).remove(0);
    let (id, key) = (field(&made, "id").to_owned(), field(&made, "key").to_owned());
    assert!(key.starts_with(&format!("pm_any_{id}_")), "{made}");
    assert_eq!(made["createdBy"], "command-line");
    let listed = command(&["list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!((field(&listed[0], "id"), listed[0].get("key")), (id.as_str(), None));
    assert_eq!(listed[0]["expiresAt"], "2099-01-31T08:00:00Z");

    let rotated = command(&["rotate", &id, "--overlap-seconds", "60"]).remove(0);
    assert!(field(&rotated, "id") == id && field(&rotated, "key") != key, "{rotated}");
    assert!(rotated["formerKeyUntil"].is_string(), "{rotated}");
    let revoked = command(&["revoke", &id, "--reason", "leaked in a log"]).remove(0);
    assert_eq!((revoked["revocationReason"].as_str(), revoked.get("key")), (Some("leaked in a log"), None));
    assert_eq!(command(&["list"])[0]["revocationReason"], "leaked in a log");

    for (arguments, told) in [
        (&["revoke", &id][..], "the key is revoked"),
        (&["rotate", &id], "the key is revoked"),
        (&["revoke", "nothing"], "there is no such API key"),
        (&["revoke", "bootstrap"], "there is no such API key"),
        (&["create", "--name", "x", "--service", "ledger"], "the service ledger is not registered"),
        (&["create", "--name", "x", "--tenant", "acme"], "there is no such tenant"),
        (&["create", "--name", "x", "--expires-at", "2001-01-01T00:00:00Z"], "must be in the future"),
        (&["create", "--name", ""], "--name"),
        (&["create"], "--name"),
        (&["list", "--service", "ledger"], "the service ledger is not registered"),
        (&["rotate", &id, "--overlap-seconds", "2592001"], "2592000"),
    ] {
        let (code, errors) = refused(directory.path(), &[], arguments);
        assert!(code == Some(64) && errors.contains(told), "{arguments:?}: {code:?} {errors}");
    }
    let secret = field(&rotated, "key");
    let stored = std::fs::read(directory.path().join("records.sqlite")).unwrap();
    assert!(!stored.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

/// A cluster has no key yet, and no service has to run for the first.
#[tokio::test]
async fn the_first_key_of_a_cluster_is_made_without_another() {
    let directory = tempfile::tempdir().unwrap();
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let name = unique_prefix();
    let cache = shared_single().await.to_string();
    let variables = [
        ("DEPLOYMENT_MODE", "byoc"),
        ("ENVIRONMENT_NAME", "production"),
        ("MONGO_URI", &*uri),
        ("MONGO_NAME", &*name),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*cache),
        ("SECRETS_BACKEND", "aws"),
        ("AWS_REGION", "us-east-2"),
        SEALING,
    ];
    let made =
        api_key(directory.path(), &variables, &["create", "--name", "first", "--environment", "production"]);
    assert_eq!((field(&made[0], "environment"), made.len()), ("production", 1));
    // What else is missing is told as ever.
    let without = variables.iter().filter(|(name, _)| *name != "SECRETS_ENCRYPTION_KEY").copied();
    let (code, errors) = refused(directory.path(), &without.collect::<Vec<_>>(), &["list"]);
    assert!(code == Some(64) && errors.contains("SECRETS_ENCRYPTION_KEY"), "{errors}");
    assert!(!errors.contains("BOOTSTRAP_ADMIN_API_KEY"), "{errors}");
}

/// Two replicas that run learn from the store what the command did.
async fn replicas_learn_of_it(store: &[(&str, &str)], data_dirs: [&Path; 2]) {
    let variables = [store, &[SEALING, ("BOOTSTRAP_ADMIN_API_KEY", KEY)]].concat();
    let replicas =
        [Process::start(data_dirs[0], &variables).await, Process::start(data_dirs[1], &variables).await];
    for replica in &replicas {
        replica.wait_until_ready().await;
    }
    let command = |arguments: &[&str]| api_key(data_dirs[0], &variables, arguments).remove(0);
    let create = &["create", "--name", "ana", "--scope", "backoffice:tm:tenants:read"];
    let made = command(create);
    let (id, key) = (field(&made, "id"), field(&made, "key"));
    for replica in &replicas {
        for _ in 0..3 {
            assert_eq!(replica.get("/v1/tenants", key).await, Some(200));
        }
    }
    let rotated = command(&["rotate", id]);
    let began = Instant::now();
    for (replica, number) in replicas.iter().zip(1..) {
        while replica.get("/v1/tenants", key).await != Some(401) {
            assert!(began.elapsed() < BOUND, "replica {number} takes the old text still");
        }
        assert_eq!(replica.get("/v1/tenants", field(&rotated, "key")).await, Some(200));
    }
    command(&["revoke", id, "--reason", "leaked"]);
    let began = Instant::now();
    for (replica, number) in replicas.iter().zip(1..) {
        while replica.get("/v1/tenants", field(&rotated, "key")).await != Some(401) {
            assert!(began.elapsed() < BOUND, "replica {number} takes the revoked key still");
        }
    }
    println!("revoked from the command line: refused by both after {:?}", began.elapsed());
    let request = replicas[1].client.get(format!("{}/v1/api-keys/{id}", replicas[1].base));
    let found: Value = request.header("X-API-Key", KEY).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["revocationReason"], json!("leaked"), "{found}");
}

#[tokio::test]
async fn replicas_learn_of_it_on_mongodb() {
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let cache = shared_single().await.to_string();
    let name = unique_prefix();
    let store =
        [("MONGO_URI", &*uri), ("MONGO_NAME", &*name), ("CACHE_MODE", "single"), ("CACHE_ADDRS", &*cache)];
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    replicas_learn_of_it(&store, [directories[0].path(), directories[1].path()]).await;
}

#[tokio::test]
async fn replicas_learn_of_it_on_the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    replicas_learn_of_it(&[], [directory.path(), directory.path()]).await;
}

#[test]
fn what_only_looks_at_keys_makes_no_records() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["list"][..], &["revoke", "x"], &["rotate", "x"]] {
        let output = run(directory.path(), &[], &[&["api-key"], arguments].concat());
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(text(&output.stderr).contains("DATA_DIR: there are no records"), "{}", text(&output.stderr));
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
