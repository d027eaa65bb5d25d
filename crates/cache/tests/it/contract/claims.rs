//! Claims: who stores first owns the key, and only the owner changes or releases it.

use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, CacheError, DeleteIfEqual, Expiry, ReplaceIfEqual, SetIfAbsent};
use futures::future::join_all;

use super::on_every_backend;
use crate::backend::Backend;

const MINUTE: Expiry = Expiry::After(Duration::from_secs(60));

async fn one_of_sixteen_claimants_wins(backend: &Backend) {
    for round in 0..20 {
        let key = backend.key(&format!("claim:{round}"));
        let claimants = (0..16).map(|number| {
            let (cache, key) = (backend.cache.clone(), key.clone());
            tokio::spawn(async move {
                let token = Bytes::from(format!("token-{number}"));
                (token.clone(), cache.set_if_absent(&key, token, MINUTE).await.unwrap())
            })
        });
        let outcomes: Vec<_> = join_all(claimants).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<_> =
            outcomes.iter().filter(|(_, outcome)| *outcome == SetIfAbsent::Stored).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let winner = &winners[0].0;
        let losers = outcomes.iter().filter(|(token, _)| token != winner);
        for (token, outcome) in losers {
            assert_eq!(outcome, &SetIfAbsent::Present(winner.clone()), "{token:?} sees the winner");
        }
        assert_eq!(backend.cache.get(&key).await.as_ref(), Ok(winner));
    }
}
on_every_backend!(one_of_sixteen_claimants_wins: embedded_claims, single_claims, cluster_claims);

async fn only_the_expected_value_is_replaced_or_deleted(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("lease"));
    let replace = |expected, value| cache.replace_if_equal(&key, expected, value, MINUTE);
    let (mine, yours): (Bytes, Bytes) = (Bytes::from_static(b"mine\0"), Bytes::from_static(b"yours"));

    assert_eq!(replace(mine.clone(), yours.clone()).await, Ok(ReplaceIfEqual::Missing));
    assert_eq!(cache.delete_if_equal(&key, mine.clone()).await, Ok(DeleteIfEqual::Missing));
    assert_eq!(cache.get(&key).await, Err(CacheError::Miss));

    assert_eq!(cache.set_if_absent(&key, mine.clone(), MINUTE).await, Ok(SetIfAbsent::Stored));
    assert_eq!(replace(yours.clone(), "other".into()).await, Ok(ReplaceIfEqual::Different));
    assert_eq!(cache.delete_if_equal(&key, yours.clone()).await, Ok(DeleteIfEqual::Different));
    assert_eq!(cache.get(&key).await, Ok(mine.clone()));

    assert_eq!(replace(mine.clone(), yours.clone()).await, Ok(ReplaceIfEqual::Replaced));
    assert_eq!(cache.delete_if_equal(&key, mine.clone()).await, Ok(DeleteIfEqual::Different));
    assert_eq!(cache.delete_if_equal(&key, yours).await, Ok(DeleteIfEqual::Deleted));
    assert_eq!(cache.get(&key).await, Err(CacheError::Miss));
    assert_eq!(cache.set_if_absent(&key, mine, MINUTE).await, Ok(SetIfAbsent::Stored));
}
on_every_backend!(only_the_expected_value_is_replaced_or_deleted: embedded_leases, single_leases, cluster_leases);

async fn an_empty_value_is_a_value(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("empty"));
    assert_eq!(cache.set_if_absent(&key, Bytes::new(), MINUTE).await, Ok(SetIfAbsent::Stored));
    assert_eq!(cache.set_if_absent(&key, "x".into(), MINUTE).await, Ok(SetIfAbsent::Present(Bytes::new())));
    let replaced = cache.replace_if_equal(&key, Bytes::new(), Bytes::new(), MINUTE).await;
    assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced));
    assert_eq!(cache.delete_if_equal(&key, Bytes::new()).await, Ok(DeleteIfEqual::Deleted));
}
on_every_backend!(an_empty_value_is_a_value: embedded_empty_claim, single_empty_claim, cluster_empty_claim);

async fn one_replacement_of_sixteen_wins(backend: &Backend) {
    let key = backend.key("race");
    backend.cache.set(&key, "start".into(), MINUTE).await.unwrap();
    let attempts = (0..16).map(|number| {
        let (cache, key) = (backend.cache.clone(), key.clone());
        tokio::spawn(async move {
            let value = Bytes::from(format!("value-{number}"));
            cache.replace_if_equal(&key, "start".into(), value, MINUTE).await.unwrap()
        })
    });
    let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(ReplaceIfEqual::Replaced), count(ReplaceIfEqual::Different)), (1, 15));
}
on_every_backend!(one_replacement_of_sixteen_wins: embedded_race, single_race, cluster_race);
