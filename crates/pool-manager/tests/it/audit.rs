//! `audit verify` and `audit head`: that the records of a service were set back shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Method;
use testkit::ValkeyServer;

use crate::support::{Process, run, text};

const KEY: &str = "a key of the tests";
/// Base64 of 32 bytes.
const RING: &str = "QXMgbG9uZyBhcyBpdCBtdXN0IGJlLCBub3QgbW9yZSE=";
const VARIABLES: [(&str, &str); 2] = [("BOOTSTRAP_ADMIN_API_KEY", KEY), ("SECRETS_ENCRYPTION_KEY", RING)];

/// A service that makes so many tenants and stops. Answers with what it logged.
async fn life(data_dir: &Path, first: usize, tenants: usize) -> String {
    let mut service = Process::start(data_dir, &VARIABLES).await;
    for number in first..first + tenants {
        let body = serde_json::json!({
            "name": format!("bank {number}"), "slug": format!("bank-{number}"), "environment": "staging",
            "owner": { "email": "ana@example.com" },
        });
        let request = service.client.request(Method::POST, format!("{}/v1/tenants", service.base));
        let made = request.header("X-API-Key", KEY).json(&body).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    service.signal("TERM");
    assert!(service.wait().await.success());
    service.output()
}

fn audit(data_dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(data_dir, &VARIABLES, &[&["audit"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The last head that a service told.
fn told_head(log: &str) -> String {
    let line = log.lines().rfind(|line| line.contains("head of the audit log")).expect("a head");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["head"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[tokio::test]
async fn records_that_were_set_back_show() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    life(data_dir, 0, 3).await;
    let (code, intact, errors) = audit(data_dir, &["verify"]);
    assert_eq!(code, Some(0), "{intact}{errors}");
    assert!(intact.contains("intact: 3 rows, 1 to 3") && intact.contains("note: without --head"), "{intact}");
    let kept = files(data_dir);

    let head = told_head(&life(data_dir, 3, 2).await);
    assert!(head.starts_with("5:"), "{head}");
    let (_, own, _) = audit(data_dir, &["head"]);
    assert_eq!(own.split(':').take(2).collect::<Vec<_>>(), head.split(':').take(2).collect::<Vec<_>>());
    let (code, intact, errors) = audit(data_dir, &["verify", "--head", &head]);
    assert_eq!(code, Some(0), "{intact}{errors}");
    assert!(intact.starts_with("intact: 5 rows, 1 to 5") && !intact.contains("note"), "{intact}");
    let short = head.split(':').take(2).collect::<Vec<_>>().join(":");
    assert_eq!(audit(data_dir, &["verify", "--head", &short]).0, Some(0));
    assert_eq!(audit(data_dir, &["verify", "--head", "5"]).0, Some(64));

    // The state of yesterday.
    set_back(data_dir, &kept);
    assert_eq!(audit(data_dir, &["verify"]).0, Some(0), "nothing shows it without a head");
    let (code, found, errors) = audit(data_dir, &["verify", "--head", &head]);
    assert_eq!(code, Some(1));
    assert!(found.contains("truncated: the chain ends at row 3, and had row 5"), "{found}");
    assert!(found.contains("not intact: 3 rows, 1 to 3"), "{found}");
    assert!(errors.contains("the audit log is not intact: 1 findings"), "{errors}");
    let forged = head.replacen("5:", "4:", 1);
    let (code, found, _) = audit(data_dir, &["verify", "--head", &forged]);
    assert!(code == Some(1) && found.contains("forged: the head 4"), "{found}");
}

/// The files of the records. What was written last is in the log beside the file itself.
fn files(data_dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm"];
    let paths = names.map(|name| data_dir.join(name)).into_iter().filter(|path| path.exists());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn set_back(data_dir: &Path, kept: &BTreeMap<PathBuf, Vec<u8>>) {
    files(data_dir).keys().for_each(|path| std::fs::remove_file(path).unwrap());
    kept.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
}

#[tokio::test]
async fn without_the_key_nothing_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &[], &["audit", "verify"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("DATA_DIR: there are no records"), "{}", text(&output.stderr));
    assert!(run(directory.path(), &[], &["migrate"]).status.success());
    let output = run(directory.path(), &[], &["audit", "verify"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("SECRETS_ENCRYPTION_KEY"), "{}", text(&output.stderr));
    assert!(!directory.path().join("encryption-key").exists(), "none is made");
}

#[tokio::test]
async fn a_deletion_on_the_command_line_leaves_its_rows() {
    let directory = tempfile::tempdir().unwrap();
    let server = ValkeyServer::start().await;
    server.fill([("m2m:t:1".to_owned(), String::new())]).await;
    let address = server.address().to_string();
    let valkey = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address)];
    let variables = [&VARIABLES[..], &valkey].concat();
    let deleted = run(directory.path(), &variables, &["cache", "delete", "m2m:t:1"]);
    assert_eq!(deleted.status.code(), Some(0));
    assert!(text(&deleted.stderr).contains("there is no record store here"), "{}", text(&deleted.stderr));
    assert!(!directory.path().join("records.sqlite").exists(), "none is made for it");
    assert_eq!(run(directory.path(), &variables, &["migrate"]).status.code(), Some(0));
    let deleted = run(directory.path(), &variables, &["cache", "delete", "--pattern", "m2m:*"]);
    assert_eq!(deleted.status.code(), Some(0));
    let (_, verified, _) = audit(directory.path(), &["verify"]);
    assert!(verified.contains("note: 2 rows wait"), "{verified}");
}
