//! SIGTERM and SIGINT.

use crate::support::{PATIENCE, Process};

#[tokio::test]
async fn sigterm_fails_readiness_first_and_then_ends() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [("READYZ_DRAIN_GRACE_SECONDS", "2"), ("BOOTSTRAP_ADMIN_API_KEY", "key")];
    let mut process = Process::start(directory.path(), &variables).await;
    assert_eq!(process.get("/readyz", "").await, Some(200));
    process.signal("TERM");
    testkit::wait_until("readiness to fail", PATIENCE, async || {
        process.get("/readyz", "").await == Some(503)
    })
    .await;
    assert_eq!(process.get("/cache", "key").await, Some(200), "requests are served in the grace");
    assert!(process.wait().await.success(), "{}", process.output());
    assert!(process.output().contains("SIGTERM") && process.output().contains("stopped"));
}

#[tokio::test]
async fn a_local_service_ends_at_once_on_ctrl_c() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path(), &[]).await;
    process.signal("INT");
    assert!(process.wait().await.success());
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_grace() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path(), &[("READYZ_DRAIN_GRACE_SECONDS", "3600")]).await;
    process.signal("TERM");
    testkit::wait_until("the first to be seen", PATIENCE, async || process.output().contains("SIGTERM"))
        .await;
    process.signal("TERM");
    assert!(process.wait().await.success());
}
