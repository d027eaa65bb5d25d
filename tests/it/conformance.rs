//! The service held against its own OpenAPI document by schemathesis: whatever it thinks up, be it right or wrong, is answered as
//! the document says, and never with a fault of ours. `tests/schemathesis.toml` names what of its checks cannot hold.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{KEY, Service, answer};

/// Requests of one run come faster than anybody may ask; what the limiter refuses is tested elsewhere.
const LIMITS: [(&str, &str); 4] = [
    ("RATE_LIMIT_MAX", "1000000"),
    ("AGGRESSIVE_RATE_LIMIT_MAX", "1000000"),
    ("RELAXED_RATE_LIMIT_MAX", "1000000"),
    ("SERVICE_RATE_LIMIT_MAX", "1000000"),
];

/// Examples of each operation at full size.
const EXAMPLES: usize = 150;
const SEED: &str = "20260101";

/// A run at full size takes a quarter of an hour.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// A program that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    let program = testkit::schemathesis_program()
        .expect("there is no schemathesis: run `cargo xtask test`, which installs it");
    let service = Service::start(&LIMITS).await;
    let directory = tempfile::tempdir().unwrap();
    register(&service, directory.path()).await;
    let configuration = directory.path().join("schemathesis.toml");
    fs::write(&configuration, include_str!("../schemathesis.toml")).unwrap();
    fs::write(directory.path().join("schemathesis.py"), include_str!("../schemathesis.py")).unwrap();
    let output = directory.path().join("output");
    let mut schemathesis = Command::new(program);
    schemathesis
        .current_dir(directory.path())
        .env("API_KEY", KEY)
        .arg("--config-file")
        .arg(&configuration)
        .arg("run")
        .arg(format!("http://{}/openapi.json", service.address()))
        .args(["--checks", "all", "--continue-on-failure", "--no-color", "--seed", SEED])
        .args(["--max-examples", &testkit::scaled(EXAMPLES).to_string()])
        .stdin(Stdio::null())
        .stdout(File::create(&output).unwrap())
        .stderr(Stdio::null());
    let mut running = Running(schemathesis.spawn().expect("schemathesis can be started"));
    let status = testkit::wait_for("the end of schemathesis", PATIENCE, || {
        let ended = running.0.try_wait().unwrap();
        async move { ended.ok_or_else(|| "it runs".to_owned()) }
    })
    .await;
    let told = fs::read_to_string(&output).unwrap();
    assert!(status.success(), "{told}");
    assert!(told.contains("Test cases:"), "it tested nothing: {told}");
    service.stop().await;
}

/// Something to look at, to change and to remove: services, tenants that have them, and the ids of those in a file.
async fn register(service: &Service, directory: &Path) {
    let post = async |path: &str, body: Value| {
        let made = answer(service.request(Method::POST, path).json(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body
    };
    let every = ["postgresql", "postgresqlReplica", "mongodb", "rabbitmq", "kafka"];
    for name in ["ledger", "matcher"] {
        let modules = json!([{ "name": "onboarding", "resources": every }, { "name": "transaction", "resources": every }]);
        let base_urls = json!({ "staging": format!("http://{name}.staging.svc:3000") });
        post("/v1/services", json!({ "name": name, "modules": modules, "baseUrls": base_urls })).await;
    }
    let mut ids = String::new();
    for number in 0..16 {
        let owner = json!({ "email": format!("ana{number}@example.com") });
        let tenant = json!({ "name": format!("Bank {number}"), "environment": "staging", "owner": owner });
        let tenant = post("/v1/tenants", tenant).await;
        let id = tenant["id"].as_str().unwrap();
        writeln!(ids, "\"{id}\"").unwrap();
        let postgresql = json!({
            "host": "pg-1.int", "port": 5432, "database": "bank", "username": "bank", "password": "s3cret"
        });
        let modules = json!({ "onboarding": { "postgresql": postgresql } });
        // Every other tenant has one service only: the run associates those with the second.
        let services = if number % 2 == 0 { ["ledger"].as_slice() } else { &["ledger", "matcher"] };
        for service in services {
            post(&format!("/v1/tenants/{id}/associations/{service}"), json!({ "modules": modules })).await;
        }
    }
    fs::write(directory.join("tenants.txt"), ids).unwrap();
}
