//! Reading, writing and removing values.

use bytes::Bytes;
use cache::{CacheClient, CacheError, Expiry};

use super::on_every_backend;
use crate::backend::Backend;

async fn stores_any_bytes_under_any_key(backend: &Backend) {
    let cache = &backend.cache;
    let megabyte: Vec<u8> =
        (0..1 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let values = [
        Bytes::new(),
        "text".into(),
        Bytes::from_static(b"\0\r\n\0nul\xff"),
        "12345678901234567890".into(),
        megabyte.into(),
    ];
    let key_with_nul = [backend.key("odd").as_ref(), b"\0{\r\n}\xff\0"].concat();
    for key in [backend.key("plain").as_ref(), &key_with_nul] {
        assert_eq!(cache.get(key).await, Err(CacheError::Miss));
        for value in &values {
            cache.set(key, value.clone(), Expiry::Never).await.unwrap();
            let read = cache.get(key).await.unwrap();
            assert!(read == value, "{} bytes came back as {}", value.len(), read.len());
        }
        assert_eq!(cache.exists(&[Bytes::copy_from_slice(key)]).await, Ok(1));
        assert_eq!(cache.del(&[Bytes::copy_from_slice(key)]).await, Ok(1));
        assert_eq!(cache.get(key).await, Err(CacheError::Miss));
    }
    cache.ping().await.unwrap();
}
on_every_backend!(stores_any_bytes_under_any_key: embedded_values, single_values, cluster_values);

async fn counts_and_removes_keys_of_every_shard(backend: &Backend) {
    let cache = &backend.cache;
    let keys = backend.keys("shard", 64);
    backend.fill(&keys[..40], "v").await;
    assert_eq!(cache.exists(&keys).await, Ok(40));
    let twice = [keys[0].clone(), keys[63].clone(), keys[1].clone(), keys[0].clone()];
    assert_eq!(cache.exists(&twice).await, Ok(3), "a key named twice counts twice");
    assert_eq!(cache.del(&twice).await, Ok(2), "a key is removed once");
    assert_eq!(cache.del(&keys).await, Ok(38));
    assert_eq!(cache.exists(&keys).await, Ok(0));
    assert_eq!(cache.exists(&[]).await, Ok(0));
    assert_eq!(cache.del(&[]).await, Ok(0));
}
on_every_backend!(counts_and_removes_keys_of_every_shard: embedded_shards, single_shards, cluster_shards);

async fn removes_ten_thousand_keys_in_one_call(backend: &Backend) {
    let keys = backend.keys("many", 10_000);
    backend.fill(&keys, "v").await;
    let survivor = backend.key("survivor");
    backend.fill(std::slice::from_ref(&survivor), "v").await;
    assert_eq!(backend.cache.exists(&keys).await, Ok(10_000));
    assert_eq!(backend.cache.del(&keys).await, Ok(10_000));
    assert_eq!(backend.cache.exists(&keys).await, Ok(0));
    assert_eq!(backend.cache.exists(&[survivor]).await, Ok(1));
}
on_every_backend!(removes_ten_thousand_keys_in_one_call: embedded_many_keys, single_many_keys, cluster_many_keys);

async fn reads_typed_values(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("json"));
    assert_eq!(cache.find::<Vec<u8>>(&key).await, Ok(None));
    cache.store(&key, &vec![1_u8, 2, 3], Expiry::Never).await.unwrap();
    assert_eq!(cache.find(&key).await, Ok(Some(vec![1_u8, 2, 3])));
    assert_eq!(cache.get(&key).await.unwrap(), "[1,2,3]");
    assert_eq!(cache.find::<String>(&key).await, Ok(None), "a value of another shape counts as none");
}
on_every_backend!(reads_typed_values: embedded_typed_values, single_typed_values, cluster_typed_values);
