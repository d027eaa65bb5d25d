//! `cache`.

use testkit::{ValkeyOptions, ValkeyServer};

use crate::support::{run, text};

#[tokio::test]
async fn cache_commands_work_without_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let server = ValkeyServer::start().await;
    let pairs = (0..50).map(|number| (format!("m2m:t:{number}"), "hidden".to_owned()));
    server.fill(pairs.chain([("ratelimit:default:1".to_owned(), "4711".to_owned())])).await;
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
    assert!(shown.contains("\"value\":\"4711\""), "{shown}");
    server.fill([("ratelimit:default:2".to_owned(), "1".repeat(5_000))]).await;
    let (_, withheld, _) = cache(&["get", "ratelimit:default:2"]);
    assert!(withheld.contains("\"redacted\":true") && !withheld.contains("1111"), "{withheld}");
    let mut connection = server.connect().await;
    connection.command(&[b"SET".as_slice(), b"m2m:\xff", b"v"]).await;
    let (_, odd, _) = cache(&["get", "--base64", "bTJtOv8="]);
    assert!(odd.contains(r#""key":"m2m:\\xFF","keyBase64":"bTJtOv8=","exists":true"#), "{odd}");
    let (_, listed, _) = cache(&["keys", "--pattern", "m2m:?"]);
    assert!(listed.contains(r#""keyBase64":"bTJtOv8=""#), "{listed}");
    let (_, deleted, log) = cache(&["delete", "--base64", "bTJtOv8="]);
    assert!(deleted.contains("\"deleted\":1"), "{deleted}");
    // The SHA-256 of the key.
    let hash = "e37233dd8c3752eaf4e26e246e4607060f4270320908541912ba27c7bd15d724";
    assert!(log.contains("keys_sha256") && log.contains(hash) && log.contains("families"), "{log}");
    let (code, _, refused) = cache(&["get", "--base64", "%"]);
    assert_eq!((code, refused.contains("--base64")), (Some(64), true), "{refused}");
    let (_, missing, _) = cache(&["get", "nothing"]);
    assert!(missing.contains("\"exists\":false"), "{missing}");

    let (_, deleted, _) = cache(&["delete", "m2m:t:1", "m2m:t:2", "nothing"]);
    assert!(deleted.contains("\"deleted\":2"), "{deleted}");
    let (_, dry, log) = cache(&["delete", "--pattern", "m2m:*", "--dry-run"]);
    assert!(log.contains("none deleted (dry run)"), "{log}");
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
