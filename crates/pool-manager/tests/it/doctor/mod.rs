//! `doctor`: a table with what to do about each fault.

mod broker;
mod cache_port;
mod documents;
mod secrets;

use std::path::Path;
use std::time::Duration;

use testkit::{
    ClusterOptions, PortLease, ValkeyCluster, ValkeyOptions, ValkeyServer, shared_mongo, shared_moto,
};

use crate::support::{run, text};

const ENCRYPTION_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Exit code and table.
fn doctor(data_dir: &Path, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(data_dir, &[&[("SERVER_ADDRESS", "127.0.0.1:0")], variables].concat(), &["doctor"]);
    let table = text(&output.stdout);
    for debug in ["Os {", "Custom {", "Some(", "Refused {"] {
        assert!(!table.contains(debug), "{table}");
    }
    let faults = table.matches("FAULT").count() + table.matches("WARN").count();
    assert_eq!(faults, table.matches("fix:").count(), "{table}");
    (output.status.code(), table)
}

#[tokio::test]
async fn what_is_well_and_what_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let (code, table) = doctor(directory.path(), &[]);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("embedded") && table.contains("will be made at first start"), "{table}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left behind");

    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let (code, table) = doctor(directory.path(), &[("CACHE_MODE", "single"), ("CACHE_ADDRS", &address)]);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains(&address), "{table}");

    server.kill();
    let variables = [
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address),
    ];
    let (code, table) = doctor(directory.path(), &variables);
    assert_eq!((code, table.matches("FAULT").count()), (Some(1), 2), "{table}");
}

#[tokio::test]
async fn a_faulty_configuration_gives_the_table_and_the_rest_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let variables = [
        ("SERVER_ADDRESS", "http://x"),
        ("LOG_FORMAT", "xml"),
        ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret\n"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*address),
    ];
    let (code, table) = doctor(directory.path(), &variables);
    assert_eq!((code, table.matches("FAULT").count()), (Some(64), 3), "{table}");
    for name in ["SERVER_ADDRESS", "LOG_FORMAT", "BOOTSTRAP_ADMIN_API_KEY"] {
        assert!(table.contains(&format!("FAULT  {name}: ")), "{name} in {table}");
    }
    assert!(table.contains("nodes that answer: 1") && !table.contains("marked-secret"), "{table}");

    let (code, table) = doctor(directory.path(), &[("CACHE_MODE", "sentinel"), ("CACHE_ADDRS", "valkey")]);
    assert_eq!((code, table.matches("FAULT").count()), (Some(64), 2), "{table}");
    assert!(!table.contains("nodes that answer"), "{table}");
}

#[tokio::test]
async fn each_refusal_has_its_own_fix() {
    let directory = tempfile::tempdir().unwrap();
    let options = ValkeyOptions { password: Some("right".to_owned()), ..ValkeyOptions::default() };
    let server = ValkeyServer::start_with(options).await;
    let address = server.address().to_string();
    let variables =
        [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address), ("CACHE_PASSWORD", "marked-secret")];
    let (code, table) = doctor(directory.path(), &variables);
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains("correct CACHE_USERNAME and CACHE_PASSWORD"), "{table}");
    assert!(!table.contains("marked-secret"), "{table}");

    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let (code, table) = doctor(directory.path(), &[("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &address)]);
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains("fix:   set CACHE_MODE as the message says"), "{table}");
}

#[tokio::test]
async fn a_node_of_a_cluster_that_is_away_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let node_timeout = Duration::from_secs(60);
    let options = ClusterOptions { require_full_coverage: false, node_timeout, ..ClusterOptions::default() };
    let cluster = ValkeyCluster::start(options).await;
    let addresses = cluster.node_list();
    let variables = [("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &*addresses)];
    let (code, table) = doctor(directory.path(), &variables);
    assert_eq!(code, Some(0), "{table}");
    let masters = cluster.masters().await;
    let replica = cluster
        .addresses()
        .into_iter()
        .find(|address| masters.iter().all(|master| master.address != *address))
        .unwrap();
    cluster.kill(replica);
    let (code, table) = doctor(directory.path(), &variables);
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains(&format!("no answer from {replica}")), "{table}");
}

#[test]
fn it_says_what_serve_would_stumble_over() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, table) = doctor(directory.path(), &[("SERVER_ADDRESS", &address)]);
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains(&format!("{address} is in use")), "{table}");

    let file = directory.path().join("admin-api-key");
    std::fs::write(&file, "").unwrap();
    std::fs::write(directory.path().join("encryption-key"), "").unwrap();
    for data_dir in [directory.path(), &file.join("data")] {
        let (code, table) = doctor(data_dir, &[]);
        assert_eq!(code, Some(1), "{table}");
        assert!(table.contains("API key        FAULT  DATA_DIR: "), "{table}");
        assert!(table.contains("encryption key FAULT  DATA_DIR: "), "{table}");
        let keys = [("BOOTSTRAP_ADMIN_API_KEY", "key"), ("SECRETS_ENCRYPTION_KEY", ENCRYPTION_KEY)];
        let (code, table) = doctor(data_dir, &keys);
        // Records have no other place.
        let faults = usize::from(data_dir != directory.path());
        assert_eq!((code, table.matches("FAULT").count()), (Some(faults as i32), faults), "{table}");
    }
}

#[tokio::test]
async fn the_record_store_is_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let (code, table) = doctor(directory.path(), &[]);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("record store   ok     will be made at first start"), "{table}");
    std::fs::create_dir(directory.path().join("records.sqlite")).unwrap();
    for data_dir in [directory.path(), Path::new("/proc/nope")] {
        let (code, table) = doctor(data_dir, &[]);
        assert_eq!(code, Some(1), "{table}");
        let file = data_dir.join("records.sqlite");
        let fault = format!("record store   FAULT  DATA_DIR: cannot use {}: ", file.display());
        assert!(table.contains(&fault), "{table}");
    }

    let server = format!("mongodb://{}/", shared_mongo().await);
    let database = testkit::unique_prefix();
    let mongo = [("MONGO_URI", &*server), ("MONGO_NAME", &*database)];
    let (code, table) = doctor(directory.path(), &mongo);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("MongoDB answers") && table.contains("clock          ok"), "{table}");
    assert!(table.contains("record store   WARN   migrations are still to be applied: records, "), "{table}");
    assert!(run(directory.path(), &mongo, &["migrate"]).status.success());
    let (_, table) = doctor(directory.path(), &mongo);
    assert!(table.contains("the schema is up to date, every index is there"), "{table}");

    let nobody = PortLease::claim();
    let away = format!("mongodb://ana:marked-secret@{}/", nobody.address());
    let (code, table) = doctor(directory.path(), &[("MONGO_URI", &away)]);
    assert_eq!(code, Some(1), "{table}");
    assert!(
        table.contains("record store   FAULT  MONGO_URI: ") && !table.contains("marked-secret"),
        "{table}"
    );
    assert!(table.contains(&nobody.address().to_string()) && !table.contains("Topology"), "{table}");
}

#[tokio::test]
async fn the_secrets_backend_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", shared_moto().await);
    let aws = [
        ("SECRETS_BACKEND", "aws"),
        ("AWS_REGION", "us-east-2"),
        ("AWS_ENDPOINT_URL", &*endpoint),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "marked-secret"),
    ];
    let (code, table) = doctor(directory.path(), &aws);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("AWS Secrets Manager lets us read tenants/staging/, region us-east-2"), "{table}");

    let nobody = PortLease::claim();
    let endpoint = format!("http://{}", nobody.address());
    let away = [aws[0], aws[1], ("AWS_ENDPOINT_URL", &endpoint), aws[3], aws[4]];
    let (code, table) = doctor(directory.path(), &away);
    assert_eq!((code, table.matches("FAULT").count()), (Some(1), 1), "{table}");
    assert!(!table.contains("marked-secret"), "{table}");

    let (code, table) = doctor(directory.path(), &[aws[0]]);
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains("FAULT  AWS_REGION: missing"), "{table}");
}
