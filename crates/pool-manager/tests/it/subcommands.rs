//! `check` and `cache`.

use testkit::ValkeyServer;

use crate::support::{run, text};

#[tokio::test]
async fn check_says_what_is_well_and_how_to_mend_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let embedded = run(directory.path(), &[], &["check"]);
    assert_eq!(embedded.status.code(), Some(0), "{}", text(&embedded.stderr));
    assert!(text(&embedded.stdout).contains("embedded"));

    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let variables = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address)];
    let well = run(directory.path(), &variables, &["check"]);
    assert_eq!(well.status.code(), Some(0), "{}", text(&well.stdout));
    assert!(text(&well.stdout).contains(&address));

    server.kill();
    let variables = [
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address),
    ];
    let down = run(directory.path(), &variables, &["check"]);
    let table = text(&down.stdout);
    assert_eq!(down.status.code(), Some(1), "{table}");
    assert_eq!(table.matches("FAULT").count(), 2, "{table}");
    assert_eq!(table.matches("fix:").count(), 2, "{table}");
    assert!(text(&down.stderr).contains("2 of the checks failed"));
}

#[tokio::test]
async fn cache_commands_work_without_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let server = ValkeyServer::start().await;
    let pairs = (0..50).map(|number| (format!("m2m:t:{number}"), "hidden".to_owned()));
    server.fill(pairs.chain([("ratelimit:default:1".to_owned(), "shown".to_owned())])).await;
    let address = server.address().to_string();
    let variables = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address)];
    let cache = |arguments: &[&str]| {
        let output = run(directory.path(), &variables, &[&["cache"], arguments].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };

    let (code, stats, errors) = cache(&["stats"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(stats.contains("\"keys\":51"), "{stats}");

    let (_, keys, _) = cache(&["keys", "--pattern", "m2m:*", "--limit", "1000"]);
    assert_eq!(keys.matches("\"key\":\"m2m:").count(), 50, "{keys}");
    assert!(keys.contains("\"cursor\":\"0\""), "{keys}");

    let (_, hidden, _) = cache(&["get", "m2m:t:1"]);
    assert!(hidden.contains("\"redacted\":true") && !hidden.contains("hidden"), "{hidden}");
    let (_, shown, _) = cache(&["get", "ratelimit:default:1"]);
    assert!(shown.contains("\"value\":\"shown\""), "{shown}");
    let (_, missing, _) = cache(&["get", "nothing"]);
    assert!(missing.contains("\"exists\":false"), "{missing}");

    let (_, deleted, _) = cache(&["delete", "m2m:t:1", "m2m:t:2", "nothing"]);
    assert!(deleted.contains("\"deleted\":2"), "{deleted}");
    let (_, dry, _) = cache(&["delete", "--pattern", "m2m:*", "--dry-run"]);
    assert!(dry.contains("\"matched\":48") && dry.contains("\"deleted\":0"), "{dry}");
    let (code, _, refused) = cache(&["delete", "--pattern", "*"]);
    assert_eq!(code, Some(64));
    assert!(refused.contains("--confirm"), "{refused}");
    let (_, deleted, _) = cache(&["delete", "--pattern", "m2m:*"]);
    assert!(deleted.contains("\"deleted\":48"), "{deleted}");
    let (code, _, refused) = cache(&["keys", "--cursor", "7"]);
    assert_eq!((code, refused.contains("--cursor")), (Some(64), true), "{refused}");
}

#[test]
fn cache_commands_need_a_cache_outside_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &[], &["cache", "stats"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("CACHE_ADDRS"));
}
