//! What `doctor` says of a cache that answers otherwise than it is asked, and of how keys are read.

use testkit::{ClusterOptions, TlsServer, ValkeyCluster, ValkeyOptions, ValkeyServer};

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

#[tokio::test]
async fn a_replica_in_place_of_its_primary_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let primary = ValkeyServer::start().await;
    let replica = primary.start_replica().await;
    let address = replica.address().to_string();
    let (code, table) = doctor(directory.path(), &single(&address));
    assert_eq!(code, Some(64), "{table}");
    assert!(table.contains(&format!("CACHE_ADDRS: {address} is a replica")), "{table}");
}

#[tokio::test]
async fn the_second_server_of_events_is_told_by_its_own_variables() {
    let directory = tempfile::tempdir().unwrap();
    let cache = ValkeyServer::start().await;
    let first = cache.address().to_string();
    let options = ValkeyOptions { password: Some("right".to_owned()), ..ValkeyOptions::default() };
    let (guarded, encrypted) = (ValkeyServer::start_with(options).await, TlsServer::start().await);
    for (port, expected) in [
        (guarded.address().port(), "correct EVENTS_LEGACY_REDIS_PASSWORD"),
        (encrypted.address().port(), "set EVENTS_LEGACY_REDIS_TLS=true"),
    ] {
        let port = port.to_string();
        let second = [("EVENTS_LEGACY_REDIS_HOST", "127.0.0.1"), ("EVENTS_LEGACY_REDIS_PORT", &*port)];
        let (code, table) = doctor(directory.path(), &[single(&first), second.to_vec()].concat());
        assert_eq!(code, Some(64), "{table}");
        let rows: Vec<_> =
            table.lines().skip_while(|line| !line.starts_with("second events")).take(2).collect();
        let told = rows.join("\n");
        assert!(told.contains(expected) && !told.contains("CACHE_"), "{table}");
    }
}
