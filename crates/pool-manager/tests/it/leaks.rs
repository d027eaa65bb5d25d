//! Secrets are nowhere in the clear: not in the files of the store, not in a dump of Valkey or in what it was told, not in
//! traces and metrics, not in anything that was printed. The search shows that it would find them.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Proxy, Resp, TokenAlgorithm, TokenIssuer, TokenKey, ValkeyOptions, ValkeyServer, shared_mongo,
    shared_moto, unique_prefix,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::collector::Collector;
use crate::support::{PATIENCE, Process};

const KEY: &str = "an operator's key";
/// Stored where it can be found, on purpose.
const FOUND: &str = "plain-5fd1c0a7e2";

/// Everything that is said to Valkey, as its MONITOR tells it.
async fn monitor(server: &ValkeyServer) -> Arc<Mutex<Vec<u8>>> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"MONITOR\r\n").await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            hearing.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
        }
    });
    heard
}

/// The file that Valkey writes its data to, now.
async fn dump(server: &ValkeyServer) -> Vec<u8> {
    let mut link = server.connect().await;
    link.command(&["SAVE"]).await;
    let [directory, name] = [setting(&mut link, "dir").await, setting(&mut link, "dbfilename").await];
    fs::read(Path::new(&directory).join(name)).unwrap()
}

async fn setting(link: &mut Resp, name: &str) -> String {
    let reply = link.command(&["CONFIG", "GET", name]).await;
    reply.array().last().expect("a setting").text()
}

/// The files below `directory` but those that hold keys.
fn files(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        } else if entry.file_name() != "encryption-key" {
            all.extend(fs::read(entry.path()).unwrap());
        }
    }
    all
}

/// Whether the text is there, as it is or in hex, or in base64 wherever it begins in what was encoded.
fn holds(haystack: &[u8], text: &str) -> bool {
    let mut forms = vec![text.to_owned(), text.bytes().map(|byte| format!("{byte:02x}")).collect()];
    for shift in 0..3 {
        let encoded = STANDARD_NO_PAD.encode(format!("{}{text}", "x".repeat(shift)));
        // The first and last digits depend on what stands beside it.
        forms.push(encoded[[0, 2, 3][shift]..encoded.len() - 2].to_owned());
    }
    forms.iter().any(|form| haystack.windows(form.len()).any(|window| window == form.as_bytes()))
}

async fn send(process: &Process, method: Method, path: &str, body: Value) -> Value {
    let request = process.client.request(method.clone(), format!("{}{path}", process.base));
    let request = request.header("X-API-Key", KEY).header("X-Request-Id", FOUND);
    // Its answer is kept for repeats, sealed.
    let request = request.header("X-Idempotency", format!("{method}-{path}-{}", body.to_string().len()));
    let response = request.json(&body).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Writes secrets in every way that there is, and answers with all of them.
async fn write_secrets(process: &Process) -> Vec<String> {
    let mark = |number: usize| format!("marked-{number}-9c41d7b3");
    let kinds = ["postgresql", "postgresqlReplica", "mongodb", "rabbitmq", "kafka"];
    let service = json!({ "name": "ledger", "modules": [{ "name": "onboarding", "resources": kinds }] });
    send(process, Method::POST, "/v1/services", service).await;
    let tenant = json!({ "name": "Blue Bank", "environment": "staging", "metadata": { "note": FOUND },
        "owner": { "email": "ana@example.com" } });
    let tenant = send(process, Method::POST, "/v1/tenants", tenant).await["id"].as_str().unwrap().to_owned();
    let association = format!("/v1/tenants/{tenant}/associations/ledger");
    let postgresql = |number: usize| json!({ "host": "pg", "port": 5432, "database": "d", "username": "u", "password": mark(number) });
    let module = json!({ "modules": { "onboarding": { "postgresql": postgresql(1) } } });
    send(process, Method::POST, &association, module).await;
    let kafka = json!({ "brokers": ["k:9096"], "username": "u", "password": mark(2), "mechanism": "PLAIN" });
    let rabbitmq = json!({ "host": "mq", "port": 5671, "vhost": "v", "username": "u", "password": mark(3) });
    let mongodb = json!({ "database": "d", "uri": format!("mongodb://u:{}@doc/d", mark(4)) });
    let module = json!({ "postgresql": postgresql(5), "postgresqlReplica": postgresql(6), "kafka": kafka,
        "rabbitmq": rabbitmq, "mongodb": mongodb });
    send(process, Method::PUT, &format!("{association}/modules/onboarding"), module).await;
    let connections = format!("{}{association}/connections", process.base);
    for _ in 0..3 {
        let read = process.client.get(&connections).header("X-API-Key", KEY).send().await.unwrap();
        assert!(read.text().await.unwrap().contains(&mark(5)));
    }
    let rotation = json!({ "module": "onboarding", "resource": "postgresql", "password": mark(7) });
    send(process, Method::PUT, &format!("{association}/credentials/rotate"), rotation).await;
    let read = process.client.get(&connections).header("X-API-Key", KEY).send().await.unwrap();
    assert!(read.text().await.unwrap().contains(&mark(7)));

    let m2m = format!("/v1/tenants/{tenant}/m2m/matcher/fetcher?reveal=true");
    let client = json!({ "clientId": "c", "clientSecret": mark(8) });
    assert_eq!(send(process, Method::POST, &m2m, client).await["clientSecret"], mark(8));
    let rotated = send(process, Method::PUT, &m2m, json!({ "rotate": true })).await;
    let external = format!("/v1/tenants/{tenant}/external/matcher/erp");
    send(process, Method::POST, &external, json!({ "token": mark(9) })).await;
    let made = rotated["clientSecret"].as_str().unwrap().to_owned();
    (1..=9).map(mark).chain([made]).collect()
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_clear() {
    let directory = tempfile::tempdir().unwrap();
    let lines = vec!["rdbcompression no".to_owned()];
    let server = ValkeyServer::start_with(ValkeyOptions { lines, ..ValkeyOptions::default() }).await;
    let heard = monitor(&server).await;
    let address = server.address().to_string();
    let (collector, telemetry) = Collector::start().await;
    let variables = [
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*telemetry),
        ("LOG_LEVEL", "trace"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("READYZ_DRAIN_GRACE_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    process.wait_until_ready().await;
    let secrets = write_secrets(&process).await;
    server.connect().await.command(&["SET", "found", FOUND]).await;
    let (dump, live) = (dump(&server).await, files(directory.path()));
    testkit::wait_until("MONITOR to tell", PATIENCE, async || {
        // The last that it was told.
        holds(&heard.lock().unwrap_or_else(PoisonError::into_inner), FOUND)
    })
    .await;
    process.signal("TERM");
    assert!(process.wait().await.success());
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let places = [
        ("the store, in use", live),
        ("the store, at rest", files(directory.path())),
        ("the dump of Valkey", dump),
        ("what Valkey was told", heard),
        ("the output", process.output().into_bytes()),
    ];
    assert_unsent(&collector, &secrets);
    assert_nowhere(&secrets, &places);
    assert!(holds(&places[2].1, "tenant-connections"), "connections were cached");
}

#[tokio::test]
async fn nor_in_what_mongodb_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let mongo = Proxy::start(shared_mongo().await).await;
    mongo.keep_requests();
    let (uri, name) = (format!("mongodb://{}/", mongo.address()), unique_prefix());
    let variables = [
        ("LOG_LEVEL", "trace"),
        ("MONGO_URI", &*uri),
        ("MONGO_NAME", &*name),
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("READYZ_DRAIN_GRACE_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    process.wait_until_ready().await;
    let secrets = write_secrets(&process).await;
    process.signal("TERM");
    assert!(process.wait().await.success());
    let places =
        [("what MongoDB was told", mongo.kept_requests()), ("the output", process.output().into_bytes())];
    assert_nowhere(&secrets, &places);
    let kept = files(directory.path());
    assert!(secrets.iter().all(|secret| !holds(&kept, secret)), "what is remembered on the disk");
}

/// Nor what requests to AWS are signed with.
#[tokio::test]
async fn nor_in_what_is_printed_of_aws() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", shared_moto().await);
    let (access_key, token) = ("marked-aws-secret-key-41", "marked-aws-session-token-87");
    let variables = [
        ("LOG_LEVEL", "trace"),
        ("SECRETS_BACKEND", "aws"),
        ("AWS_REGION", "us-east-2"),
        ("AWS_ENDPOINT_URL", &*endpoint),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", access_key),
        ("AWS_SESSION_TOKEN", token),
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("READYZ_DRAIN_GRACE_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    process.wait_until_ready().await;
    let mut secrets = write_secrets(&process).await;
    process.signal("TERM");
    assert!(process.wait().await.success());
    secrets.extend([access_key, token, "Signature=", "X-Amz-Security-Token"].map(str::to_owned));
    assert_nowhere(&secrets, &[("the output", process.output().into_bytes())]);
}

/// Nor what callers show: keys and tokens, good and bad.
#[tokio::test]
async fn nor_is_what_callers_show() {
    let directory = tempfile::tempdir().unwrap();
    let lines = vec!["rdbcompression no".to_owned()];
    let server = ValkeyServer::start_with(ValkeyOptions { lines, ..ValkeyOptions::default() }).await;
    let (address, issuer) = (server.address().to_string(), TokenIssuer::start().await);
    let (collector, telemetry) = Collector::start().await;
    let variables = [
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*telemetry),
        ("LOG_LEVEL", "trace"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("AUTH_ISSUER", issuer.url()),
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("READYZ_DRAIN_GRACE_SECONDS", "0"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    process.wait_until_ready().await;
    send(&process, Method::POST, "/v1/services", json!({ "name": "ledger" })).await;
    let made = send(&process, Method::POST, "/v1/services/ledger/api-keys", json!({ "name": "pods" })).await;
    let id = made["id"].as_str().unwrap();
    let rotate = format!("/v1/services/ledger/api-keys/{id}/rotate");
    let rotated = send(&process, Method::POST, &rotate, json!({ "overlapSeconds": 60 })).await;
    let keys = [&made, &rotated].map(|key| key["key"].as_str().unwrap().to_owned());
    let permissions = ["backoffice:tm:tenants:read"];
    let mut expired = issuer.claims("user_1", &permissions);
    expired["exp"] = json!(1);
    let stranger = TokenKey::generate("EdDSA", TokenAlgorithm::EdDsa);
    let tokens = [
        issuer.token("user_1", &permissions),
        issuer.sign(&expired),
        stranger.token(&issuer.claims("user_1", &permissions)),
    ];
    let wrong = "no-key-of-ours-2b6f10";
    for text in keys.iter().chain(&tokens).map(String::as_str).chain([wrong]) {
        for (header, value) in [
            ("Authorization", format!("Bearer {text}")),
            ("Authorization", text.to_owned()),
            ("X-API-Key", text.to_owned()),
        ] {
            for path in ["/v1/tenants/active?service=ledger", "/v1/tenants", "/nothing"] {
                let request = process.client.get(format!("{}{path}", process.base)).header(header, &value);
                assert!(request.header("X-Request-Id", FOUND).send().await.unwrap().status().as_u16() < 500);
            }
        }
    }
    server.connect().await.command(&["SET", "found", FOUND]).await;
    let dump = dump(&server).await;
    process.signal("TERM");
    assert!(process.wait().await.success());
    // What is behind the public id of a key, and the signature and claims of a token.
    let parts = keys.iter().map(|key| key.rsplit('_').next().unwrap());
    let parts = parts.chain(tokens.iter().flat_map(|token| token.split('.').skip(1))).chain([wrong, KEY]);
    let secrets: Vec<_> = parts.map(str::to_owned).collect();
    let places = [
        ("the store", files(directory.path())),
        ("the dump of Valkey", dump),
        ("the output", process.output().into_bytes()),
    ];
    assert_unsent(&collector, &secrets);
    assert_nowhere(&secrets, &places);
}

/// The telemetry tells of requests, and holds none of the secrets.
fn assert_unsent(collector: &Collector, secrets: &[String]) {
    let sent = collector.received();
    assert!(sent.contains("/v1/services"), "no request was told of: {sent}");
    let found: Vec<_> = secrets.iter().filter(|secret| holds(sent.as_bytes(), secret)).collect();
    assert!(found.is_empty(), "the telemetry holds {found:?}");
}

/// Each place holds what can be found, and none of the secrets.
fn assert_nowhere(secrets: &[String], places: &[(&str, Vec<u8>)]) {
    for (place, bytes) in places {
        assert!(holds(bytes, FOUND), "{place}: the search finds nothing");
        let found: Vec<_> = secrets.iter().filter(|secret| holds(bytes, secret)).collect();
        assert!(found.is_empty(), "{place} holds {found:?}");
    }
}

#[test]
fn the_search_finds_what_is_encoded() {
    let text = "marked-1-9c41d7b3";
    for shift in 0..7 {
        let encoded = STANDARD_NO_PAD.encode(format!("{}{text} and more", "y".repeat(shift)));
        assert!(holds(encoded.as_bytes(), text), "{shift}");
    }
    assert!(!holds(b"marked-1-9c41d7b", text));
}
