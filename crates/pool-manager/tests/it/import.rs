//! `pool-manager import` and `migrate`.

use std::fs::{self, File};
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use domain::{CatalogueStore, SystemClock};
use store::{MongoSettings, MongoStore};
use testkit::{Proxy, shared_mongo, unique_prefix};

use crate::support::{PATIENCE, Process, run, text};

const KEY: &str = "an operator's key";
/// Of the text `abc`.
const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn lines() -> String {
    let module = r#"{"onboarding":{"postgresql":{"host":"pg","port":5432,"database":"d","username":"u","password":"a marked password"}}}"#;
    [
        r#"{"type":"service","name":"ledger","modules":[{"name":"onboarding","resources":["postgresql"]}]}"#.to_owned(),
        r#"{"type":"tenant","id":"0f8fad5b-d9cb-469f-a165-70867728950e","slug":"blue-bank","name":"Blue Bank","environment":"staging","owner":{"email":"a@x"},"createdAt":"2020-01-01T00:00:00Z"}"#.to_owned(),
        r#"{"type":"tenant","id":"acme","slug":"acme","name":"Acme","environment":"staging","status":"suspended","owner":{"email":"a@x"}}"#.to_owned(),
        format!(r#"{{"type":"association","tenantId":"0f8fad5bd9cb469fa16570867728950e","service":"ledger","modules":{module}}}"#),
        String::new(),
        format!(r#"{{"type":"api-key","sha256":"{HASH}","service":"ledger","environment":"staging","name":"pods"}}"#),
    ]
    .join("\n")
}

#[tokio::test]
async fn what_another_service_registered_is_taken_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    fs::write(&file, lines()).unwrap();
    let import = |expected: &str| {
        let output = run(directory.path(), &[], &["import", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains(expected), "{}", text(&output.stdout));
    };
    import("5 taken, 0 known already, 0 refused");
    import("0 taken, 5 known already, 0 refused");

    let service = Process::start(directory.path(), &[("BOOTSTRAP_ADMIN_API_KEY", KEY)]).await;
    let get = async |path: &str, key: &str| {
        let request = service.client.get(format!("{}{path}", service.base)).header("X-API-Key", key);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let tenant = "0f8fad5bd9cb469fa16570867728950e";
    let (status, connections) =
        get(&format!("/v1/tenants/{tenant}/associations/ledger/connections"), "abc").await;
    assert!(status == 200 && connections.contains("a marked password"), "{status} {connections}");
    let (_, found) = get(&format!("/v1/tenants/{tenant}"), KEY).await;
    assert!(found.contains("\"createdAt\":\"2020-01-01T00:00:00Z\""), "{found}");
    assert!(get("/v1/tenants/acme", KEY).await.1.contains("\"status\":\"suspended\""));
    let stored = fs::read(directory.path().join("records.sqlite")).unwrap();
    assert!(!stored.windows(6).any(|window| window == b"marked"));
}

/// The lines that the documentation shows.
fn documented_lines() -> String {
    let text = include_str!("../../../../docs/IMPORT.md");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"type\":")).collect();
    lines.join("\n")
}

#[tokio::test]
async fn the_documented_lines_are_taken() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("documented.jsonl");
    let lines = documented_lines();
    for kind in ["service", "tenant", "association", "api-key"] {
        assert!(lines.contains(&format!("{{\"type\":\"{kind}\"")), "there is no example of {kind}");
    }
    fs::write(&file, lines).unwrap();
    let output = run(directory.path(), &[], &["import", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let counted = "5 taken, 0 known already, 0 refused";
    assert!(text(&output.stdout).contains(counted), "{}", text(&output.stdout));
    assert!(include_str!("../../../../docs/IMPORT.md").contains(counted));

    let service = Process::start(directory.path(), &[]).await;
    let path = "/v1/tenants/0f8fad5bd9cb469fa16570867728950e/associations/ledger/connections";
    let request = service.client.get(format!("{}{path}", service.base)).header("X-API-Key", "abc");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[test]
fn a_key_of_somebody_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    let key = |id: &str, service: &str, environment: &str| {
        format!(
            r#"{{"type":"api-key"{id},"sha256":"{HASH}","service":"{service}","environment":"{environment}","name":"pods"}}"#
        )
    };
    let tracer = r#"{"type":"service","name":"tracer"}"#;
    // Under the id of the hash, and under ids of their own.
    let other = [
        key("", "tracer", "staging"),
        key(r#","id":"own-1""#, "tracer", "staging"),
        key(r#","id":"own-2""#, "ledger", "production"),
        key(r#","id":"own-3""#, "ledger", "staging"),
    ];
    fs::write(&file, format!("{}\n{tracer}\n{}", lines(), other.join("\n"))).unwrap();
    let output = run(directory.path(), &[], &["import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("6 taken, 1 known already, 3 refused"), "{}", text(&output.stdout));
    let told = "the key is that of another service, environment or tenant";
    assert_eq!(text(&output.stderr).matches(told).count(), 3, "{}", text(&output.stderr));
}

#[test]
fn keys_of_no_service_and_of_a_tenant_are_taken_with_what_is_known_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    let key = |id: &str, hash: char, more: &str| {
        let hash = hash.to_string().repeat(64);
        format!(r#"{{"type":"api-key","id":"{id}","sha256":"{hash}","name":"{id}"{more}}}"#)
    };
    let revoked = r#","scopes":["backoffice:tm:*:read"],"revokedAt":"2021-01-01T00:00:00Z","revocationReason":"left","lastUsedAt":"2020-06-01T00:00:00Z""#;
    let keys = [
        key("ana", '1', revoked),
        key("of-acme", '2', r#","environment":"staging","tenantId":"acme""#),
        key("pods-of-acme", '3', r#","service":"ledger","environment":"staging","tenantId":"acme""#),
    ];
    let import = |keys: &[String], expected: &str| {
        fs::write(&file, format!("{}\n{}", lines(), keys.join("\n"))).unwrap();
        let output = run(directory.path(), &[], &["import", file.to_str().unwrap()]);
        assert!(text(&output.stdout).contains(expected), "{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stderr)
    };
    import(&keys, "8 taken, 0 known already, 0 refused");
    import(&keys, "0 taken, 8 known already, 0 refused");
    let list = |more: &[&str]| {
        let output = run(directory.path(), &[], &[&["api-key", "list"], more].concat());
        let printed = text(&output.stdout);
        let lines = printed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.collect::<Vec<_>>()
    };
    let own = list(&[]);
    assert_eq!(own.iter().map(|key| key["id"].as_str().unwrap()).collect::<Vec<_>>(), ["ana", "of-acme"]);
    assert_eq!((own[0].get("environment"), own[0].get("service")), (None, None));
    assert_eq!(own[0]["revocationReason"], "left");
    assert_eq!(
        (&own[0]["revokedAt"], &own[0]["lastUsedAt"]),
        (&"2021-01-01T00:00:00Z".into(), &"2020-06-01T00:00:00Z".into())
    );
    assert_eq!((&own[1]["tenantId"], &own[1]["environment"]), (&"acme".into(), &"staging".into()));
    let pods = list(&["--service", "ledger"]);
    assert_eq!(pods.iter().filter(|key| key["tenantId"] == "acme").count(), 1);

    let wrong = [
        key("a", '4', r#","environment":"production","tenantId":"acme""#),
        key("b", '5', r#","environment":"staging","tenantId":"nobody""#),
        key("of-acme", '2', r#","environment":"staging""#),
        key("c", '6', r#","service":"ledger""#),
    ];
    let errors = import(&wrong, "0 taken, 5 known already, 4 refused");
    for told in [
        "must be staging, as the tenant's",
        "there is no such tenant",
        "the key is that of another service, environment or tenant",
        "environment: is needed",
    ] {
        assert!(errors.contains(told), "{errors}");
    }
}

#[test]
fn a_line_that_is_wrong_does_not_hold_up_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    let wrong = "{\"type\":\"tenant\",\"id\":\"a:b\"}\nnope\n";
    fs::write(&file, format!("{wrong}{}", lines())).unwrap();
    let output = run(directory.path(), &[], &["import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("5 taken, 0 known already, 2 refused"), "{}", text(&output.stdout));
    let errors = text(&output.stderr);
    assert!(errors.contains("line 1: ") && errors.contains("line 2: "), "{errors}");
    let nothing = run(directory.path(), &[], &["import", "/no/such/file"]);
    assert_eq!(nothing.status.code(), Some(64));
    assert!(text(&nothing.stderr).contains("FILE: cannot read /no/such/file"));
}

#[test]
fn the_store_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = run(directory.path(), &[], &["migrate"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "the record store is up to date\n");
    }
    let away = [("MONGO_URI", "mongodb://127.0.0.1:1/")];
    let file = directory.path().join("old.jsonl");
    fs::write(&file, lines()).unwrap();
    for command in [&["migrate"][..], &["import", file.to_str().unwrap()]] {
        let output = run(directory.path(), &away, command);
        assert_eq!(output.status.code(), Some(1));
        let errors = text(&output.stderr);
        assert!(errors.contains("MONGO_URI: the record store does not answer: "), "{errors}");
        assert!(errors.contains("127.0.0.1:1") && !errors.contains("Topology"), "{errors}");
    }
}

/// The file is a pipe, so that the store can go away between two lines.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_goes_away_ends_it_and_the_lines_are_not_to_blame() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let (server, database) = (shared_mongo().await, unique_prefix());
    let proxy = Proxy::start(server).await;
    let uri = format!("mongodb://{}/", proxy.address());
    let (data_dir, path, name) = (directory.path().to_owned(), file.clone(), database.clone());
    let import = tokio::task::spawn_blocking(move || {
        let variables = [("MONGO_URI", &*uri), ("MONGO_NAME", &*name)];
        run(&data_dir, &variables, &["import", path.to_str().unwrap()])
    });
    let mut pipe =
        tokio::task::spawn_blocking(move || File::options().write(true).open(file)).await.unwrap().unwrap();
    let all = lines();
    let (first, others) = all.split_once('\n').unwrap();
    writeln!(pipe, "{first}").unwrap();
    let settings = MongoSettings::new(format!("mongodb://{server}/"), database);
    let store = MongoStore::connect(settings, Arc::new(SystemClock)).await.unwrap();
    testkit::wait_until("the first line to be taken", PATIENCE, async || {
        store.catalogue().await.is_ok_and(|catalogue| !catalogue.services.is_empty())
    })
    .await;
    // It may be in the store before its answer has come.
    loop {
        let answered = proxy.bytes_to_client();
        tokio::time::sleep(Duration::from_millis(500)).await;
        if proxy.bytes_to_client() == answered {
            break;
        }
    }
    proxy.cut().await;
    writeln!(pipe, "{others}").unwrap();
    drop(pipe);
    let output = import.await.unwrap();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(printed.contains("1 taken, 0 known already, 0 refused"), "{printed}");
    assert!(errors.contains("gave no answer at line 2; nothing is wrong with the lines"), "{errors}");
    assert!(!errors.contains("line 3") && !errors.contains("correct them"), "{errors}");
}
