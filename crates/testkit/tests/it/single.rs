//! One server: options, restart, replica, TLS, filling.

use std::process::Command;

use testkit::{CertificateAuthority, Reply, Resp, TlsServer, ValkeyOptions, ValkeyServer, find_program};

#[tokio::test]
async fn answers_and_keeps_what_it_is_given() {
    let server = ValkeyServer::start().await;
    let mut resp = Resp::connect(server.address()).await.expect("it listens");
    assert_eq!(resp.command(&["SET", "a", "1"]).await, Reply::Simple("OK".into()));
    assert_eq!(resp.command(&[&b"GET"[..], b"a"]).await, Reply::Bulk(b"1".to_vec()));
    assert_eq!(resp.command(&["GET", "b"]).await, Reply::Nil);
    assert!(resp.command(&["LPUSH", "a", "1"]).await.is_error());
}

#[tokio::test]
async fn a_restart_is_another_process_on_the_same_port() {
    let server = ValkeyServer::start().await;
    let (address, run_id) = (server.address(), server.run_id().await);
    server.fill([("a".to_owned(), "1".to_owned())]).await;
    server.kill();
    assert!(Resp::connect(address).await.is_err(), "a dead server listens");
    server.restart().await;
    assert_eq!(server.address(), address);
    assert_ne!(server.run_id().await, run_id);
    assert_eq!(server.connect().await.command(&["DBSIZE"]).await, Reply::Integer(0));
}

#[tokio::test]
async fn passwords_users_and_the_memory_limit_hold() {
    let server = ValkeyServer::start_with(ValkeyOptions {
        password: Some("secret".into()),
        users: vec!["reader on >read ~* &* -@all +get +ping".into()],
        max_memory: Some("3mb".into()),
        ..ValkeyOptions::default()
    })
    .await;
    let mut resp = Resp::connect(server.address()).await.expect("it listens");
    assert!(resp.command(&["PING"]).await.text().starts_with("NOAUTH"));
    resp.authenticate(Some("reader"), "read").await.expect("the user exists");
    assert!(resp.command(&["SET", "a", "1"]).await.text().starts_with("NOPERM"));
    resp.authenticate(None, "secret").await.expect("the password is set");
    let large = "x".repeat(4 << 20);
    drop(resp.command(&["SET", "a", &large]).await);
    assert!(resp.command(&["SET", "b", "1"]).await.text().starts_with("OOM"));
}

#[tokio::test]
async fn a_replica_takes_over_the_data() {
    let primary = ValkeyServer::start().await;
    primary.fill((0..6_000).map(|number| (format!("key-{number}"), "value".to_owned()))).await;
    let replica = primary.start_replica().await;
    primary.kill();
    replica.promote().await;
    let mut resp = replica.connect().await;
    assert_eq!(resp.command(&["DBSIZE"]).await, Reply::Integer(6_000));
    assert_eq!(resp.command(&["SET", "new", "1"]).await, Reply::Simple("OK".into()));
}

#[tokio::test]
async fn a_tls_server_is_known_by_its_authority_only() {
    let server = TlsServer::start().await;
    let ping = |host: &str, authority: &CertificateAuthority| {
        let output = Command::new(find_program("valkey-cli").expect("valkey-cli is on the PATH"))
            .args(["-h", host, "-p", &server.address().port().to_string(), "--tls", "--cacert"])
            .arg(authority.file())
            .arg("PING")
            .output()
            .expect("valkey-cli runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(ping("localhost", server.authority()), "PONG");
    assert_eq!(ping("127.0.0.1", server.authority()), "PONG");
    assert_ne!(ping("localhost", &CertificateAuthority::generate()), "PONG");
    assert!(server.authority().pem().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn loads_slowly_until_it_is_let_go() {
    let server = ValkeyServer::start().await;
    let value = "x".repeat(1_024);
    server.fill((0..10_000).map(|number| (format!("k{number}"), value.clone()))).await;
    server.restart_loading().await;
    let mut resp = Resp::connect(server.address()).await.expect("it listens");
    assert!(resp.command(&["GET", "k1"]).await.text().starts_with("LOADING"));
    server.finish_loading().await;
    assert_eq!(resp.command(&["GET", "k1"]).await.text(), value);
}

#[tokio::test]
async fn a_changed_password_holds_for_who_must_log_in_again() {
    let server = ValkeyServer::start().await;
    let mut old = Resp::connect(server.address()).await.expect("it listens");
    assert_eq!(old.command(&["PING"]).await.text(), "PONG");
    let mut harness = server.connect().await;
    harness.configure("requirepass", "another").await;
    assert_eq!(old.command(&["PING"]).await.text(), "PONG", "who is in stays in");
    harness.disconnect_clients().await;
    assert!(old.try_command(&["PING"]).await.is_err());
    let mut new = Resp::connect(server.address()).await.expect("it listens");
    assert!(new.command(&["PING"]).await.text().starts_with("NOAUTH"));
}
