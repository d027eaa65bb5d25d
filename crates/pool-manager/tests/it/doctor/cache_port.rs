//! What `doctor` says of a cache that answers otherwise than it is asked, and of how keys are read.

use testkit::{ClusterOptions, TlsServer, ValkeyCluster, ValkeyServer};

use super::doctor;

fn single(address: &str) -> Vec<(&str, &str)> {
    vec![("CACHE_MODE", "single"), ("CACHE_ADDRS", address)]
}

#[tokio::test]
async fn tls_and_clear_text_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let plain = ValkeyServer::start().await;
    let address = plain.address().to_string();
    let with_tls = [single(&address), vec![("CACHE_TLS_ENABLED", "true")]].concat();
    let (code, table) = doctor(directory.path(), &with_tls);
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains("the port speaks clear text, and CACHE_TLS_ENABLED is set"), "{table}");

    let encrypted = TlsServer::start().await;
    let address = encrypted.address().to_string();
    let (code, table) = doctor(directory.path(), &single(&address));
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains("fix:   set CACHE_TLS_ENABLED=true"), "{table}");
}

#[tokio::test]
async fn the_self_test_of_scans_and_the_clocks_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
    let addresses = cluster.node_list();
    let (code, table) = doctor(directory.path(), &[("CACHE_MODE", "cluster"), ("CACHE_ADDRS", &addresses)]);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("scans enter slots by their number"), "{table}");
    assert!(table.contains("clock          ok     that of cache 127.0.0.1:"), "{table}");
    let first = addresses.split(',').next().unwrap();
    let (code, table) = doctor(directory.path(), &[("CACHE_MODE", "cluster"), ("CACHE_ADDRS", first)]);
    assert_eq!(code, Some(0), "a warning is no fault: {table}");
    assert!(table.contains(&format!("WARN   CACHE_ADDRS: {first} alone")), "{table}");
}
