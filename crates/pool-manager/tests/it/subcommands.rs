//! `check` and `cache`.

use testkit::{ValkeyOptions, ValkeyServer};

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
    for pattern in ["*", "*:*", "*e*"] {
        let (code, _, refused) = cache(&["delete", "--pattern", pattern]);
        assert_eq!(code, Some(64));
        assert!(refused.contains("--confirm"), "{refused}");
    }
    let (code, _, refused) = cache(&["delete", "--pattern", "x", "--tenant", "a:b"]);
    assert_eq!((code, refused.contains("--tenant")), (Some(64), true), "{refused}");
    server
        .fill([("tenant:acme:a".to_owned(), String::new()), ("tenant:acme2:a".to_owned(), String::new())])
        .await;
    let (_, deleted, log) = cache(&["delete", "--pattern", "*", "--tenant", "acme", "--confirm"]);
    assert!(deleted.contains("\"deleted\":1"), "{deleted}");
    assert!(log.contains("audit") && log.contains("acme"), "{log}");
    let (_, deleted, _) = cache(&["delete", "--pattern", "m2m:*"]);
    assert!(deleted.contains("\"deleted\":48"), "{deleted}");
    let (code, _, refused) = cache(&["keys", "--cursor", "7"]);
    assert_eq!((code, refused.contains("--cursor")), (Some(64), true), "{refused}");
}

#[tokio::test]
async fn a_deletion_that_does_not_reach_every_key_is_logged_and_fails() {
    let directory = tempfile::tempdir().unwrap();
    let users = vec!["reader on >password ~* +@all -unlink -del".to_owned()];
    let server = ValkeyServer::start_with(ValkeyOptions { users, ..ValkeyOptions::default() }).await;
    server.fill([("m2m:t:1".to_owned(), String::new())]).await;
    let address = server.address().to_string();
    let variables = [
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("CACHE_USERNAME", "reader"),
        ("CACHE_PASSWORD", "password"),
    ];
    for arguments in [&["cache", "delete", "--pattern", "m2m:*"][..], &["cache", "delete", "m2m:t:1"]] {
        let refused = run(directory.path(), &variables, arguments);
        let (printed, errors) = (text(&refused.stdout), text(&refused.stderr));
        assert_ne!(refused.status.code(), Some(0), "{printed} {errors}");
        assert!(errors.contains("audit") && errors.contains("complete"), "{errors}");
        assert_eq!(printed.contains("\"complete\":false"), arguments.contains(&"--pattern"), "{printed}");
    }
}

#[test]
fn cache_commands_need_a_cache_outside_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &[], &["cache", "stats"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("CACHE_ADDRS"));
}
