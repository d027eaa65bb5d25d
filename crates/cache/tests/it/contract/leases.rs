//! Leases and tombstones: what a loader brings is filled in only while nothing newer is known.

use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, CacheError, Expiry, Fill, Lease, SetIfNewer};
use futures::future::join_all;
use testkit::wait_until;

use super::on_every_backend;
use crate::backend::Backend;

const LEASE: Duration = Duration::from_secs(60);
const MINUTE: Expiry = Expiry::After(LEASE);

fn found(version: u64, value: &'static str) -> Result<Lease, CacheError> {
    Ok(Lease::Found { version, value: value.into() })
}

async fn a_fill_needs_the_lease(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("record"));
    let lease = |token: &'static str| cache.lease(&key, token.into(), LEASE);
    let fill = |token: &'static str, version, value: &'static str| {
        cache.fill(&key, token.into(), version, value.into(), MINUTE)
    };
    assert_eq!(fill("mine", 1, "one").await, Ok(Fill::Refused), "there is no lease");
    assert_eq!(cache.get(&key).await, Err(CacheError::Miss), "and nothing was left behind");

    assert_eq!(lease("mine").await, Ok(Lease::Granted));
    assert_eq!(lease("mine").await, Ok(Lease::Granted), "a repeat after a lost answer");
    assert_eq!(lease("yours").await, Ok(Lease::Held));
    assert_eq!(cache.find_versioned(&key).await, Ok(None), "a lease is no record");
    for token in ["yours", "", "min", "mine2"] {
        assert_eq!(fill(token, 9, "other").await, Ok(Fill::Refused), "{token}");
    }
    assert_eq!(fill("mine", 3, "three\0:!?").await, Ok(Fill::Stored));
    assert_eq!(cache.find_versioned(&key).await, Ok(Some((3, "three\0:!?".into()))));
    assert_eq!(lease("yours").await, found(3, "three\0:!?"));
    assert_eq!(fill("mine", 4, "four").await, Ok(Fill::Refused), "the lease is used up");
    assert_eq!(cache.find_versioned(&key).await, Ok(Some((3, "three\0:!?".into()))));
}
on_every_backend!(a_fill_needs_the_lease: embedded_fill, single_fill, cluster_fill);

async fn a_change_between_lease_and_fill_refuses_what_is_older(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("record"));
    // Beyond 2^53, where a double cannot tell neighbours apart.
    let new = (1_u64 << 60) + 1;
    let fill = |token: &'static str, version| cache.fill(&key, token.into(), version, "value".into(), MINUTE);
    assert_eq!(cache.lease(&key, "slow".into(), LEASE).await, Ok(Lease::Granted));
    assert_eq!(cache.invalidate(&key, new, LEASE).await, Ok(()));
    assert_eq!(fill("slow", new - 1).await, Ok(Fill::Refused));
    assert_eq!(fill("slow", new + 1).await, Ok(Fill::Refused), "its lease is over, whatever it brings");
    assert_eq!(cache.find_versioned(&key).await, Ok(None), "a tombstone is no record");

    assert_eq!(cache.lease(&key, "late".into(), LEASE).await, Ok(Lease::Granted));
    assert_eq!(
        fill("late", new - 1).await,
        Ok(Fill::Refused),
        "the version that was announced is remembered"
    );
    assert_eq!(fill("late", new).await, Ok(Fill::Stored));
    assert_eq!(cache.find_versioned(&key).await, Ok(Some((new, "value".into()))));
}
on_every_backend!(
    a_change_between_lease_and_fill_refuses_what_is_older: embedded_refusal, single_refusal, cluster_refusal
);

async fn an_announcement_never_goes_back(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("record"));
    let lease_and_fill = |token: &'static str, version| {
        let key = &key;
        async move {
            assert_eq!(cache.lease(key, token.into(), LEASE).await, Ok(Lease::Granted), "{token}");
            cache.fill(key, token.into(), version, "value".into(), MINUTE).await
        }
    };
    // Over a record, an older announcement still drops it, and keeps its version.
    assert_eq!(lease_and_fill("a", 7).await, Ok(Fill::Stored));
    assert_eq!(cache.invalidate(&key, 5, LEASE).await, Ok(()));
    assert_eq!(cache.find_versioned(&key).await, Ok(None));
    assert_eq!(lease_and_fill("b", 6).await, Ok(Fill::Refused));
    // Over a lease that carries it.
    assert_eq!(cache.invalidate(&key, 6, LEASE).await, Ok(()));
    assert_eq!(lease_and_fill("c", 6).await, Ok(Fill::Refused));
    // Over a tombstone.
    assert_eq!(cache.invalidate(&key, 8, LEASE).await, Ok(()));
    assert_eq!(cache.invalidate(&key, 1, LEASE).await, Ok(()));
    assert_eq!(lease_and_fill("d", 7).await, Ok(Fill::Refused));
    assert_eq!(cache.invalidate(&key, 8, LEASE).await, Ok(()));
    assert_eq!(lease_and_fill("e", 8).await, Ok(Fill::Stored));
    assert_eq!(cache.find_versioned(&key).await, Ok(Some((8, "value".into()))));
}
on_every_backend!(an_announcement_never_goes_back: embedded_announced, single_announced, cluster_announced);

async fn leases_and_tombstones_end_by_themselves(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("record"));
    let short = Duration::from_millis(50);
    let gone = || async { cache.get(&key).await == Err(CacheError::Miss) };
    assert_eq!(cache.lease(&key, "dead".into(), short).await, Ok(Lease::Granted));
    wait_until("the lease to end", Duration::from_secs(10), gone).await;
    assert_eq!(
        cache.fill(&key, "dead".into(), 1, "v".into(), MINUTE).await,
        Ok(Fill::Refused),
        "it came too late"
    );
    assert_eq!(cache.invalidate(&key, 9, short).await, Ok(()));
    wait_until("the tombstone to end", Duration::from_secs(10), gone).await;
    assert_eq!(cache.lease(&key, "next".into(), LEASE).await, Ok(Lease::Granted));
    let fill = cache.fill(&key, "next".into(), 1, "v".into(), Expiry::After(short)).await;
    assert_eq!(fill, Ok(Fill::Stored));
    wait_until("the record to end", Duration::from_secs(10), gone).await;
    assert_eq!(cache.lease(&key, "last".into(), LEASE).await, Ok(Lease::Granted));
    assert_eq!(cache.fill(&key, "last".into(), 1, "v".into(), Expiry::Never).await, Ok(Fill::Stored));
    assert_eq!(backend.details(&key).await.unwrap().summary.ttl, cache::KeyTtl::Never);
}
on_every_backend!(leases_and_tombstones_end_by_themselves: embedded_ends, single_ends, cluster_ends);

async fn what_has_no_version_gives_way(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("plain"));
    let foreign = [
        "",
        "plain",
        "7:x",
        "7?x",
        "99999999999999999999:y",
        "99999999999999999999?y",
        "99999999999999999999!",
        "0000000000000000000x:y",
        "00000000000000000005!not a tombstone",
    ];
    for value in foreign {
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.fill(&key, "y".into(), 1, "v".into(), MINUTE).await, Ok(Fill::Refused), "{value}");
        assert_eq!(cache.lease(&key, "mine".into(), LEASE).await, Ok(Lease::Granted), "{value}");
        assert_eq!(cache.fill(&key, "mine".into(), 0, "v".into(), MINUTE).await, Ok(Fill::Stored), "{value}");
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.set_if_newer(&key, 0, "v".into(), MINUTE).await, Ok(SetIfNewer::Stored), "{value}");
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.invalidate(&key, 1, LEASE).await, Ok(()), "{value}");
        assert_eq!(cache.lease(&key, "mine".into(), LEASE).await, Ok(Lease::Granted), "{value}");
        assert_eq!(cache.fill(&key, "mine".into(), 1, "v".into(), MINUTE).await, Ok(Fill::Stored), "{value}");
    }
}
on_every_backend!(what_has_no_version_gives_way: embedded_foreign, single_foreign, cluster_foreign);

async fn of_many_loaders_one_fills(backend: &Backend) {
    for round in 0..10 {
        let key = backend.key(&format!("race:{round}"));
        let loaders = (0..16).map(|number| {
            let (cache, key) = (backend.cache.clone(), key.clone());
            tokio::spawn(async move {
                let token = Bytes::from(format!("token-{number}"));
                match cache.lease(&key, token.clone(), LEASE).await.unwrap() {
                    Lease::Granted => {
                        let value = Bytes::from(number.to_string());
                        assert_eq!(cache.fill(&key, token, 1, value, MINUTE).await, Ok(Fill::Stored));
                        1
                    }
                    Lease::Held | Lease::Found { .. } => 0,
                }
            })
        });
        let filled: u32 = join_all(loaders).await.into_iter().map(Result::unwrap).sum();
        assert_eq!(filled, 1);
    }
}
on_every_backend!(of_many_loaders_one_fills: embedded_loaders, single_loaders, cluster_loaders);
