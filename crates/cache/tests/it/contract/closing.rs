//! A closed client.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cache::{
    CacheClient, CacheError, Cursor, DeleteReport, DeleteRequest, Expiry, Glob, PageRequest, TakeRequest,
};
use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::on_every_backend;
use crate::backend::Backend;

async fn a_closed_client_answers_closed_at_once(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("closed"));
    let keys = [key.clone(), backend.key("other")];
    let value = || Bytes::from_static(b"v");
    cache.set(&key, value(), Expiry::Never).await.unwrap();
    cache.close().await;
    let closed = Instant::now();
    let take = TakeRequest::new(1, Duration::from_secs(1)).unwrap();
    for outcome in [
        cache.get(&key).await.map(drop),
        cache.set(&key, value(), Expiry::Never).await,
        cache.del(&keys).await.map(drop),
        cache.exists(&keys).await.map(drop),
        cache.incr(&key).await.map(drop),
        cache.expire(&key, Duration::from_secs(1)).await.map(drop),
        cache.expire(&key, Duration::ZERO).await.map(drop),
        cache.ping().await,
        cache.set_if_absent(&key, value(), Expiry::Never).await.map(drop),
        cache.replace_if_equal(&key, value(), value(), Expiry::Never).await.map(drop),
        cache.delete_if_equal(&key, value()).await.map(drop),
        cache.set_if_newer(&key, 1, value(), Expiry::Never).await.map(drop),
        cache.take(&key, take).await.map(drop),
    ] {
        assert_eq!(outcome, Err(CacheError::Closed));
    }

    let keyspace = backend.keyspace();
    let page = PageRequest { pattern: Glob::everything(), cursor: Cursor::START, limit: 10 };
    assert_eq!(keyspace.page(&page).await, Err(CacheError::Closed));
    assert_eq!(keyspace.inspect(&key, 0).await, Err(CacheError::Closed));
    assert_eq!(keyspace.summaries(&keys).await, Err(CacheError::Closed));
    assert_eq!(keyspace.stats().await, Err(CacheError::Closed));
    let delete = DeleteRequest::matching(backend.pattern(""));
    let progress = watch::Sender::new(DeleteReport::default());
    let deleted = keyspace.delete(&delete, &progress, &CancellationToken::new()).await;
    assert_eq!(deleted, Err(CacheError::Closed));
    let streamed: Vec<_> = keyspace.stream(&Glob::everything()).collect().await;
    assert!(
        !streamed.is_empty() && streamed.iter().all(|batch| *batch == Err(CacheError::Closed)),
        "{streamed:?}"
    );
    assert!(closed.elapsed() < Duration::from_millis(250), "took {:?}", closed.elapsed());
    cache.close().await;
}
on_every_backend!(a_closed_client_answers_closed_at_once: embedded_closed, single_closed, cluster_closed);
