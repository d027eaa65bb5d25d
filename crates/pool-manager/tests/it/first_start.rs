//! The keys of the first start.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Process, run, text};

#[tokio::test]
async fn a_key_is_made_once_printed_once_and_works_ever_after() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let file = data.join("admin-api-key");

    let first = Process::start(&data, &[]).await;
    let key = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let sealing = data.join("encryption-key");
    let sealing_key = std::fs::read_to_string(&sealing).unwrap().trim().to_owned();
    for file in [&file, &sealing] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let files = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name());
    let keys = files.filter(|name| !name.to_string_lossy().starts_with("records.sqlite"));
    assert_eq!(keys.count(), 2, "no draft stays");
    assert!(!first.output().contains(&sealing_key), "the key that seals is never printed");
    assert!(key.starts_with("pm_staging_"), "{key}");
    assert_eq!(first.output().matches(&key).count(), 1);
    assert!(first.output().contains("cache: embedded"));
    assert_eq!(first.get("/cache", &key).await, Some(200));
    assert_eq!(first.get("/cache", "another").await, Some(401));
    drop(first);

    let second = Process::start(&data, &[]).await;
    assert_eq!(second.get("/cache", &key).await, Some(200));
    assert!(!second.output().contains(&key) && second.output().contains("API key: in "));
    assert_eq!(std::fs::read_to_string(&sealing).unwrap().trim(), sealing_key);
    assert!(!second.output().contains(&sealing_key) && second.output().contains("encryption key: in "));
}

#[tokio::test]
async fn outside_local_mode_a_key_is_made_only_when_that_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("DEPLOYMENT_MODE", "saas"),
        ("ENVIRONMENT_NAME", "production"),
        ("BOOTSTRAP_ADMIN_API_KEY", ""),
        ("READYZ_DRAIN_GRACE_SECONDS", "0"),
    ];
    let refused = run(directory.path(), &variables, &["serve"]);
    let errors = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{errors}");
    for variable in ["BOOTSTRAP_ADMIN_API_KEY", "SECRETS_BACKEND", "SECRETS_ENCRYPTION_KEY"] {
        assert!(errors.contains(&format!("{variable}: missing with DEPLOYMENT_MODE=saas")), "{errors}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);

    let allowed = [&variables[..], &[("ALLOW_EMBEDDED", "true")]].concat();
    let process = Process::start(directory.path(), &allowed).await;
    let key = std::fs::read_to_string(directory.path().join("admin-api-key")).unwrap();
    assert!(key.starts_with("pm_production_"), "{key}");
    assert_eq!(process.get("/cache", key.trim()).await, Some(200));
}

#[test]
fn a_damaged_file_and_a_directory_that_cannot_be_made_are_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("admin-api-key"), "").unwrap();
    let damaged = run(directory.path(), &[("SERVER_ADDRESS", "127.0.0.1:0")], &[]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(text(&damaged.stderr).contains("DATA_DIR"), "{}", text(&damaged.stderr));

    let beneath_a_file = directory.path().join("admin-api-key").join("data");
    let refused = run(&beneath_a_file, &[("SERVER_ADDRESS", "127.0.0.1:0")], &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("BOOTSTRAP_ADMIN_API_KEY"), "{}", text(&refused.stderr));
}

#[test]
fn a_damaged_encryption_key_is_named_and_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("encryption-key");
    std::fs::write(&file, "marked-secret").unwrap();
    let variables = [("SERVER_ADDRESS", "127.0.0.1:0"), ("BOOTSTRAP_ADMIN_API_KEY", "key")];
    let damaged = run(directory.path(), &variables, &[]);
    let errors = text(&damaged.stderr);
    assert_eq!(damaged.status.code(), Some(1), "{errors}");
    assert!(errors.contains("encryption-key") && !errors.contains("marked-secret"), "{errors}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "marked-secret");
}
