use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache::{Cache, CacheError, CacheHandle};
use tracing_subscriber::fmt::MakeWriter;

use crate::Limits;
use crate::test_service::TestService;

/// Lines of the log of one test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn matching(&self, text: &str) -> Vec<String> {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}

/// Tests run on one thread each, so the guard sees the tasks of this test and no others.
fn capture() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn deletions_are_logged_with_caller_pattern_and_count_and_without_keys() {
    let (lines, _guard) = capture();
    let service = TestService::with_keys(&["tenant:acme:users:1", "ratelimit:a:jane@example.org"]).await;
    service.delete("/cache/pattern?pattern=users:*&tenantId=acme").await;
    service.delete("/cache?key=ratelimit:a:jane@example.org").await;
    let audit = lines.matching(" audit: ");
    assert_eq!(audit.len(), 2, "{audit:?}");
    for part in [
        "caller=id-of-writer-key",
        "request_id=",
        "pattern=\"users:*\"",
        "tenant=\"acme\"",
        "deleted=1",
        "dry_run=false",
        "took_ms=",
    ] {
        assert!(audit[0].contains(part), "{part} in {}", audit[0]);
    }
    assert!(audit[1].contains("deleted=1") && audit[1].contains("caller=id-of-writer-key"), "{}", audit[1]);
    assert!(audit[1].contains(&crate::key_name::key_hash(b"ratelimit:a:jane@example.org")));
    assert!(lines.matching("jane@example.org").is_empty());
    service.delete("/cache/pattern?pattern=users:*&dryRun=true").await;
    assert_eq!(lines.matching("cache keys deleted by pattern").len(), 1);
    assert_eq!(lines.matching("none deleted (dry run)").len(), 1);
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_cause() {
    let (lines, _guard) = capture();
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    handle
        .failed(CacheError::Unavailable { node: "h:1".to_owned(), reason: "connection refused".to_owned() });
    let service = TestService::over(&handle, Cache::embedded(), &Limits::default());
    let answer = service.get("/cache").await;
    assert!(!answer.text.contains("refused"));
    let failures = lines.matching("no answer from h:1: connection refused");
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains(answer.headers["x-request-id"].to_str().unwrap()), "{failures:?}");
    service.get("/cache/keys?limit=x").await;
    assert_eq!(
        lines.matching("request failed").len(),
        1,
        "what the caller caused is not logged as a failure"
    );
}

#[tokio::test(start_paused = true)]
async fn requests_that_fail_for_one_outage_are_one_line_in_ten_seconds() {
    let (lines, _guard) = capture();
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    let service = TestService::over(&handle, Cache::embedded(), &Limits::default());
    for _ in 0..5 {
        assert_eq!(service.get("/cache").await.status, 503);
    }
    let failures = lines.matching("request failed");
    assert!(failures.len() == 1 && failures[0].contains("left_out=0"), "{failures:?}");
    tokio::time::advance(Duration::from_secs(10)).await;
    service.get("/cache").await;
    let failures = lines.matching("request failed");
    assert!(failures.len() == 2 && failures[1].contains("left_out=4"), "{failures:?}");
}

#[tokio::test]
async fn the_access_log_has_the_route_and_not_the_key() {
    let (lines, _guard) = capture();
    let service = TestService::new();
    service.get("/v1/cache/keys/jane%40example.org").await;
    service.get("/readyz").await;
    let access = lines.matching("request answered");
    assert_eq!(access.len(), 1, "probes are quiet: {access:?}");
    for part in ["route=\"/v1/cache/keys/{key}\"", "status=200", "caller=id-of-writer-key", "request_id="] {
        assert!(access[0].contains(part), "{part} in {}", access[0]);
    }
    assert!(lines.matching("jane").is_empty());
}
