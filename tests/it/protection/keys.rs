//! The source of API keys is slow or away; a key is revoked.

use std::cell::Cell;
use std::time::{Duration, Instant};

use cache::{Cache, CacheClient, CacheConfig, NodeAddress};
use domain::ApiKeyHash;
use service_tests::{Pace, TestService, known_key};
use testkit::{Proxy, ValkeyServer};

use super::service::{LIMIT, Protected};
use crate::support::PATIENCE;

/// Callers who are known before anything fails, and one who comes later.
const CALLERS: usize = 20;
const NEWCOMER: usize = CALLERS;

fn single(address: std::net::SocketAddr) -> Vec<(String, String)> {
    let pairs = [("CACHE_MODE", "single".to_owned()), ("CACHE_ADDRS", address.to_string())];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Waits until so many links listen for changed keys; what is read from then on is held until it changes.
async fn wait_until_tracked(server: &ValkeyServer, links: i64) {
    testkit::wait_for("links that listen", PATIENCE, async || {
        let info = server.connect().await.command(&["INFO", "clients"]).await.text();
        let count = info.lines().find_map(|line| line.strip_prefix("tracking_clients:")).unwrap_or("0");
        if count.trim() == links.to_string() { Ok(()) } else { Err(count.to_owned()) }
    })
    .await;
}

/// What is loaded on the first round is written to the cache, which says so to all who listen; from the second on it is
/// held.
async fn all_held(service: &Protected) {
    for _ in 0..3 {
        all_known(service).await;
    }
}

async fn all_known(service: &Protected) {
    for caller in 0..CALLERS {
        let answer = service.read(caller).await;
        assert_eq!(answer.status, 200, "{caller}: {answer:?}");
        assert!(answer.took < LIMIT, "{caller}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_source_is_waited_for_half_a_second_by_those_who_need_it() {
    let server = ValkeyServer::start().await;
    let test = TestService::new(CALLERS + 1);
    let service = Protected::start(test.clone(), &single(server.address())).await;
    all_known(&service).await;

    test.source.set_pace(Pace::After(Duration::from_secs(1)));
    let began = Instant::now();
    let newcomer = service.read(NEWCOMER);
    let others = async {
        for _ in 0..5 {
            all_known(&service).await;
        }
        began.elapsed()
    };
    let (newcomer, others) = tokio::join!(newcomer, others);
    println!("a slow source: newcomer {:.1?}, 100 reads of the others {others:.1?}", newcomer.took);
    assert_eq!(newcomer.status, 503, "{newcomer:?}");
    assert!(newcomer.took < LIMIT, "{newcomer:?}");

    test.source.set_pace(Pace::After(Duration::ZERO));
    testkit::wait_for("the newcomer to be let in", PATIENCE, async || {
        let answer = service.read(NEWCOMER).await;
        if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_source_the_known_go_on_on_every_replica() {
    let server = ValkeyServer::start().await;
    let test = TestService::new(CALLERS + 1);
    let first = Protected::start(test.clone(), &single(server.address())).await;
    all_known(&first).await;

    test.source.set_pace(Pace::Down);
    // It was asked about none of them before.
    let second = Protected::start(test.clone(), &single(server.address())).await;
    all_known(&second).await;
    // Longer than a verdict is used without asking anybody, if it were not watched.
    tokio::time::sleep(Duration::from_secs(3)).await;
    all_known(&first).await;
    let newcomer = first.read(NEWCOMER).await;
    assert_eq!(newcomer.status, 503, "{newcomer:?}");

    test.source.set_pace(Pace::After(Duration::ZERO));
    testkit::wait_for("the newcomer to be let in", PATIENCE, async || {
        let answer = first.read(NEWCOMER).await;
        if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_valkey_and_source_the_answer_is_a_quick_503() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let test = TestService::new(CALLERS + 1);
    let service = Protected::start(test.clone(), &single(proxy.address())).await;
    all_known(&service).await;

    test.source.set_pace(Pace::Silent);
    proxy.half_open().await;
    let lost = Instant::now();
    // Nobody vouches for what was known.
    testkit::wait_for("a refusal", PATIENCE, async || {
        let answer = service.read(0).await;
        assert!(answer.took < LIMIT, "{answer:?}");
        if answer.status == 503 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    println!("without Valkey and source: refused {:.1?} after both were lost", lost.elapsed());
    for caller in 0..CALLERS {
        let answer = service.read(caller).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.took < LIMIT, "{answer:?}");
    }

    test.source.set_pace(Pace::After(Duration::ZERO));
    let back = Instant::now();
    testkit::wait_for("the source to be enough", PATIENCE, async || {
        let answer = service.read(0).await;
        if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    println!("the source alone came back: served after {:.1?}", back.elapsed());
    all_known(&service).await;
    proxy.pass().await;
    let back = Instant::now();
    testkit::wait_for("the cache to be used again", PATIENCE, async || {
        let answer = service.read(0).await;
        if answer.rung == "cache" { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    println!("Valkey came back: used after {:.1?}", back.elapsed());
}

/// What changes a key does: the source first, then everybody else is told through the cache.
async fn revoke(test: &TestService, cache: &Cache, number: usize) -> Instant {
    let version = test.source.revoke(number);
    let key = format!("apikey:sha256:{}", ApiKeyHash::of(&known_key(number)));
    cache.invalidate(key.as_bytes(), version, Duration::from_secs(60)).await.expect("the cache answers");
    Instant::now()
}

/// When the key was last let in, counted from its revocation.
async fn last_accepted(service: &Protected, caller: usize, revoked: Instant) -> Duration {
    let last = Cell::new(Duration::ZERO);
    testkit::wait_for("a refusal", PATIENCE, async || {
        let sent = revoked.elapsed();
        let answer = service.read(caller).await;
        if answer.status == 200 {
            last.set(sent);
        }
        if answer.status == 401 { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    last.get()
}

async fn operator(address: std::net::SocketAddr) -> Cache {
    let address = NodeAddress::new(address.ip().to_string(), address.port());
    cache::connect(CacheConfig::single(address)).await.expect("a cache")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_everywhere_within_a_second() {
    let server = ValkeyServer::start().await;
    let test = TestService::new(CALLERS + 1);
    let replicas = [
        Protected::start(test.clone(), &single(server.address())).await,
        Protected::start(test.clone(), &single(server.address())).await,
    ];
    let operator = operator(server.address()).await;
    wait_until_tracked(&server, 2).await;
    for replica in &replicas {
        all_held(replica).await;
    }
    for caller in 0..CALLERS {
        let revoked = revoke(&test, &operator, caller).await;
        for replica in &replicas {
            let last = last_accepted(replica, caller, revoked).await;
            assert!(last < Duration::from_secs(1), "{caller} was let in {last:?} after it was revoked");
        }
        if caller == 0 {
            println!("revoked with a live link: refused on both replicas after {:.1?}", revoked.elapsed());
        }
    }
    operator.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_within_two_seconds_where_nothing_is_heard() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let test = TestService::new(CALLERS + 1);
    let service = Protected::start(test.clone(), &single(proxy.address())).await;
    let operator = operator(server.address()).await;
    wait_until_tracked(&server, 1).await;
    all_held(&service).await;

    proxy.half_open().await;
    let revoked = revoke(&test, &operator, 0).await;
    let last = last_accepted(&service, 0, revoked).await;
    println!(
        "revoked while nothing is heard: last let in after {last:.1?}, refused after {:.1?}",
        revoked.elapsed()
    );
    assert!(last < Duration::from_secs(2), "let in {last:?} after it was revoked");
    // The source still vouches for the others.
    assert_eq!(service.read(1).await.status, 200);
    operator.close().await;
}
