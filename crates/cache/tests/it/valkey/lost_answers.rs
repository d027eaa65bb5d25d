//! The link is cut after the server executed a command and before its answer came.

use std::time::Duration;

use cache::{CacheClient, DeleteIfEqual, Expiry, ReplaceIfEqual, SetIfAbsent};
use futures::future::join_all;
use testkit::{Proxy, ValkeyServer};

use super::support::{counters, single};

/// At full scale; a tenth of it by default.
const ROUNDS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_claimants_have_exactly_one_winner_although_answers_are_lost() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let clients = join_all((0..16).map(|_| single(proxy.address()))).await;
    for round in 0..testkit::scaled(ROUNDS) {
        let key = format!("claim:{round}");
        proxy.cut_replies_to(key.as_bytes(), 1 + round % 4);
        let claims = clients.iter().enumerate().map(|(number, client)| {
            let key = key.clone();
            async move {
                client.set_if_absent(key.as_bytes(), format!("token-{number}").into(), Expiry::Never).await
            }
        });
        let claims = join_all(claims).await;
        let standing = clients[0].get(key.as_bytes()).await.unwrap();
        let winners: Vec<usize> = claims
            .iter()
            .enumerate()
            .filter(|(_, claim)| matches!(claim, Ok(SetIfAbsent::Stored)))
            .map(|(number, _)| number)
            .collect();
        assert_eq!(winners.len(), 1, "round {round}: {claims:?}");
        assert_eq!(standing, format!("token-{}", winners[0]));
        for claim in claims.iter().filter(|claim| !matches!(claim, Ok(SetIfAbsent::Stored))) {
            assert_eq!(claim, &Ok(SetIfAbsent::Present(standing.clone())), "round {round}");
        }
    }
    assert!(proxy.cuts() >= testkit::scaled(ROUNDS) as u64, "answers were cut");
    join_all(clients.iter().map(CacheClient::close)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn incr_is_never_counted_twice_by_a_repetition_of_ours() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let cache = single(proxy.address()).await;
    let (mut answered, mut unknown) = (0, 0);
    for round in 0..testkit::scaled(ROUNDS) {
        if round % 3 == 0 {
            proxy.cut_replies_to(b"counter", 1);
        }
        for _ in 0..5 {
            match cache.incr(b"counter").await {
                Ok(_) => answered += 1,
                Err(error) if error.outcome_is_unknown() => unknown += 1,
                Err(_) => {}
            }
        }
        testkit::wait_until("the link", Duration::from_secs(2), || async { cache.ping().await.is_ok() })
            .await;
    }
    let count: i64 = std::str::from_utf8(&cache.get(b"counter").await.unwrap()).unwrap().parse().unwrap();
    assert!(unknown > 0 && proxy.cuts() > 0, "answers were cut");
    assert!(
        count >= answered && count <= answered + unknown,
        "{answered} answered, {unknown} unknown, {count} counted"
    );
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_recognise_what_they_did_themselves() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let cache = single(proxy.address()).await;
    // The scripts are known to the server before answers are lost.
    cache.replace_if_equal(b"warm", "x".into(), "y".into(), Expiry::Never).await.unwrap();
    cache.delete_if_equal(b"warm", "x".into()).await.unwrap();
    for round in 0..testkit::scaled(ROUNDS) {
        let key = format!("lease:{round}");
        cache.set(key.as_bytes(), "old".into(), Expiry::Never).await.unwrap();
        proxy.cut_replies_to(key.as_bytes(), 1);
        let replaced =
            cache.replace_if_equal(key.as_bytes(), "old".into(), "new".into(), Expiry::Never).await;
        assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced), "round {round}");
        proxy.cut_replies_to(key.as_bytes(), 1);
        let deleted = cache.delete_if_equal(key.as_bytes(), "new".into()).await;
        assert_eq!(deleted, Ok(DeleteIfEqual::Deleted), "round {round}");
    }
    assert_eq!(proxy.cuts(), 2 * testkit::scaled(ROUNDS) as u64);
    assert!(counters(&cache).retries > 0);
    cache.close().await;
}
