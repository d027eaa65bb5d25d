//! The server's password changes under a running client.

use std::time::{Duration, Instant};

use cache::{Cache, CacheClient, CacheConfig, CacheError, Expiry, Refusal, Secret};
use testkit::{Resp, ServerDirectory, ValkeyOptions, ValkeyServer};

use super::support::address;

/// The longest pause between two attempts to log in is two seconds.
const HEALED: Duration = Duration::from_secs(6);

async fn server() -> ValkeyServer {
    ValkeyServer::start_with(ValkeyOptions { password: Some("first".to_owned()), ..Default::default() }).await
}

/// Changes the password and ends every connection; those that live would keep their rights.
async fn change(server: &ValkeyServer, from: &str, to: &str) {
    let mut admin = Resp::connect(server.address()).await.unwrap();
    admin.authenticate(None, from).await.unwrap();
    drop(admin.command(&["CONFIG", "SET", "requirepass", to]).await.accepted("CONFIG SET"));
    drop(admin.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await);
}

async fn is_refused(cache: &Cache) {
    testkit::wait_for("the refusal to show", HEALED, || async {
        match cache.get(b"k").await {
            Err(CacheError::Refused { refusal: Refusal::Credentials, .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn heals(cache: &Cache, how: &str) {
    let began = Instant::now();
    testkit::wait_for("the cache to heal", HEALED, || async {
        cache.set(b"k", "healed".into(), Expiry::Never).await.map_err(|error| error.to_string())
    })
    .await;
    println!("password {how}: healed after {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_heals_when_the_server_takes_its_password_again() {
    let server = server().await;
    let config = CacheConfig {
        password: Some(Secret::new("first")),
        ..CacheConfig::single(address(server.address()))
    };
    let cache = cache::connect(config).await.unwrap();
    change(&server, "first", "second").await;
    is_refused(&cache).await;
    change(&server, "second", "first").await;
    heals(&cache, "set back").await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_heals_when_its_password_file_changes() {
    let server = server().await;
    let directory = ServerDirectory::create();
    let file = directory.write("password", "first\n");
    let config = CacheConfig {
        password: Some(Secret::new("first")),
        password_file: Some(file.clone()),
        ..CacheConfig::single(address(server.address()))
    };
    let cache = cache::connect(config).await.unwrap();
    change(&server, "first", "second").await;
    is_refused(&cache).await;
    // A file that is being written, or is away, is no password; the last known is tried.
    directory.write("password", "");
    is_refused(&cache).await;
    std::fs::remove_file(&file).unwrap();
    is_refused(&cache).await;
    directory.write("password", "second\n");
    heals(&cache, "file written").await;
    // The other order: the file is there before the links are cut, and nobody notices.
    directory.write("password", "third\n");
    change(&server, "second", "third").await;
    heals(&cache, "file written before").await;
    cache.close().await;
}

/// The driver writes its login as one line; a password may hold what would end that line, or begin another.
#[tokio::test(flavor = "multi_thread")]
async fn every_password_logs_in() {
    let server = server().await;
    let mut before = "first";
    for password in ["two words", " outer ", "a\"b'c\\d", "line\r\nFLUSHALL\r\n", "p\u{e4}ss", "!&#$^<>-"] {
        change(&server, before, password).await;
        let config = CacheConfig {
            password: Some(Secret::new(password)),
            ..CacheConfig::single(address(server.address()))
        };
        let cache = cache::connect(config).await.unwrap_or_else(|error| panic!("{password:?}: {error}"));
        cache.set(b"k", "v".into(), Expiry::Never).await.unwrap();
        let wrong = CacheConfig {
            password: Some(Secret::new(format!("{password}x"))),
            ..CacheConfig::single(address(server.address()))
        };
        let refused = cache::connect(wrong).await.err().expect("another password is refused");
        assert!(refused.is_misconfiguration(), "{password:?}: {refused}");
        assert_eq!(cache.get(b"k").await.unwrap(), "v");
        cache.close().await;
        before = password;
    }
}
