//! Secrets never show in the output, however much is logged.

use testkit::{ValkeyOptions, ValkeyServer};

use crate::support::{PATIENCE, Process};

const ENCRYPTION_KEY: &str = "bWFya2VkLXNlY3JldC02bWFya2VkLXNlY3JldC02ISE=";

#[tokio::test]
async fn no_secret_is_printed_at_any_log_level() {
    let directory = tempfile::tempdir().unwrap();
    let options = ValkeyOptions { password: Some("marked-secret-1".to_owned()), ..ValkeyOptions::default() };
    let server = ValkeyServer::start_with(options).await;
    let address = server.address().to_string();
    let variables = [
        ("LOG_LEVEL", "trace"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("CACHE_PASSWORD", "marked-secret-1"),
        ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret-2"),
        ("SECRETS_ENCRYPTION_KEY", ENCRYPTION_KEY),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    testkit::wait_until("the cache to answer", PATIENCE, async || {
        process.get("/cache", "marked-secret-2").await == Some(200)
    })
    .await;
    assert_eq!(process.get("/cache", "marked-secret-3").await, Some(401));
    assert_eq!(process.get("/cache/keys?pattern=marked-secret-4", "marked-secret-2").await, Some(200));
    assert_eq!(process.get("/nowhere?token=marked-secret-5", "marked-secret-2").await, Some(404));
    let keyed = process.client.delete(format!("{}/cache/keys/k", process.base));
    let keyed = keyed.header("X-API-Key", "marked-secret-2").header("X-Idempotency", "marked-secret-7");
    assert_eq!(keyed.send().await.unwrap().status(), 200);
    process.signal("TERM");
    assert!(process.wait().await.success());
    let output = process.output();
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| line.contains("marked-secret") || line.contains(ENCRYPTION_KEY))
        .collect();
    assert!(lines.is_empty(), "{lines:#?}");
    assert!(output.contains("listening"), "something was logged");
}
