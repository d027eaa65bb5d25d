//! Counters, and values that a step cannot work on.

use bytes::Bytes;
use cache::{CacheClient, CacheError, Expiry};
use futures::future::join_all;

use super::on_every_backend;
use crate::backend::Backend;

async fn no_increment_is_lost(backend: &Backend) {
    let key = backend.key("counter");
    let workers = (0..32).map(|_| {
        let (cache, key) = (backend.cache.clone(), key.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                cache.incr(&key).await.unwrap();
            }
        })
    });
    for outcome in join_all(workers).await {
        outcome.unwrap();
    }
    assert_eq!(backend.cache.get(&key).await.unwrap(), "1600");
    assert_eq!(backend.cache.incr(&key).await, Ok(1_601));
}
on_every_backend!(no_increment_is_lost: embedded_counter, single_counter, cluster_counter);

async fn what_is_no_integer_is_left_alone(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("text"));
    for value in ["", "text", "1.5", " 1", "+1", "01", "9223372036854775807", "9223372036854775808"] {
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.incr(&key).await, Err(CacheError::WrongType), "{value:?}");
        assert_eq!(cache.get(&key).await.unwrap(), value);
    }
    for (value, sum) in
        [("-1", 0), ("0", 1), ("9223372036854775806", i64::MAX), ("-9223372036854775808", i64::MIN + 1)]
    {
        cache.set(&key, value.into(), Expiry::Never).await.unwrap();
        assert_eq!(cache.incr(&key).await, Ok(sum));
    }
}
on_every_backend!(what_is_no_integer_is_left_alone: embedded_no_integer, single_no_integer, cluster_no_integer);

async fn a_list_is_of_another_type(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("list"));
    // The embedded cache holds strings only.
    let Some(mut server) = backend.server_of(&key).await else { return };
    let pushed = server.command::<&[u8]>(&[b"RPUSH", &key, b"a", b"b"]).await;
    assert_eq!(pushed.integer(), 2);
    let value = || Bytes::from_static(b"v");
    assert_eq!(cache.get(&key).await, Err(CacheError::WrongType));
    assert_eq!(cache.incr(&key).await, Err(CacheError::WrongType));
    assert_eq!(cache.set_if_absent(&key, value(), Expiry::Never).await, Err(CacheError::WrongType));
    let replaced = cache.replace_if_equal(&key, value(), value(), Expiry::Never).await;
    assert_eq!(replaced, Err(CacheError::WrongType));
    assert_eq!(cache.delete_if_equal(&key, value()).await, Err(CacheError::WrongType));
    assert_eq!(cache.set_if_newer(&key, 1, value(), Expiry::Never).await, Err(CacheError::WrongType));

    let details = backend.details(&key).await.unwrap();
    assert_eq!((details.summary.kind.name(), details.preview), ("list", None));
    assert_eq!(cache.exists(std::slice::from_ref(&key)).await, Ok(1));
    cache.set(&key, value(), Expiry::Never).await.unwrap();
    assert_eq!(cache.get(&key).await, Ok(value()));
}
on_every_backend!(a_list_is_of_another_type: embedded_wrong_type, single_wrong_type, cluster_wrong_type);
