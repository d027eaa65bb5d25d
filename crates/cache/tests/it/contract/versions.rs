//! Versioned records: a fill never replaces a newer version.

use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, Expiry, SetIfNewer};
use futures::future::join_all;

use super::on_every_backend;
use crate::backend::Backend;

const MINUTE: Expiry = Expiry::After(Duration::from_secs(60));

async fn the_newest_version_stands(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("record"));
    let set = |version, value: &'static str| cache.set_if_newer(&key, version, value.into(), MINUTE);
    let found = || async { cache.find_versioned(&key).await.unwrap().unwrap() };
    assert_eq!(cache.find_versioned(&key).await, Ok(None));

    assert_eq!(set(9, "nine").await, Ok(SetIfNewer::Stored));
    assert_eq!(
        set(10, "ten").await,
        Ok(SetIfNewer::Stored),
        "10 is newer than 9 although \"10\" sorts before"
    );
    assert_eq!(set(9, "nine again").await, Ok(SetIfNewer::NewerStands { version: 10 }));
    assert_eq!(found().await, (10, Bytes::from_static(b"ten")));
    assert_eq!(set(10, "ten: again\0").await, Ok(SetIfNewer::Stored), "the same version is stored");
    assert_eq!(found().await, (10, Bytes::from_static(b"ten: again\0")));

    // Beyond 2^53, where a double cannot tell neighbours apart.
    assert_eq!(set(u64::MAX - 1, "").await, Ok(SetIfNewer::Stored));
    assert_eq!(set(u64::MAX - 2, "old").await, Ok(SetIfNewer::NewerStands { version: u64::MAX - 1 }));
    assert_eq!(set(u64::MAX, "last").await, Ok(SetIfNewer::Stored));
    assert_eq!(set(u64::MAX - 1, "old").await, Ok(SetIfNewer::NewerStands { version: u64::MAX }));
    assert_eq!(found().await, (u64::MAX, Bytes::from_static(b"last")));
}
on_every_backend!(the_newest_version_stands: embedded_versions, single_versions, cluster_versions);

async fn a_value_without_a_version_gives_way(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("plain"));
    let foreign = [
        "",
        "plain",
        "7:x",
        "0000000000000000000x:y",
        "99999999999999999999",
        // More than a version can be.
        "99999999999999999999:y",
        "aaaaaaaaaaaaaaaaaaaa:z",
    ];
    for value in foreign {
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.find_versioned(&key).await, Ok(None), "{value}");
        assert_eq!(cache.set_if_newer(&key, 0, "r".into(), MINUTE).await, Ok(SetIfNewer::Stored), "{value}");
        assert_eq!(cache.find_versioned(&key).await, Ok(Some((0, "r".into()))));
    }
}
on_every_backend!(a_value_without_a_version_gives_way: embedded_no_version, single_no_version, cluster_no_version);

async fn the_newest_of_many_fills_stands(backend: &Backend) {
    let key = backend.key("fills");
    let fills = (0..32_u64).map(|number| {
        let (cache, key) = (backend.cache.clone(), key.clone());
        // Every version once, in no order.
        let version = number * 13 % 32;
        tokio::spawn(async move {
            cache.set_if_newer(&key, version, version.to_string().into(), MINUTE).await.unwrap()
        })
    });
    for outcome in join_all(fills).await {
        outcome.unwrap();
    }
    assert_eq!(backend.cache.find_versioned(&key).await, Ok(Some((31, "31".into()))));
}
on_every_backend!(the_newest_of_many_fills_stands: embedded_fills, single_fills, cluster_fills);
