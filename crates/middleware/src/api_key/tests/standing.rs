//! A key that is looked at again while an answer goes on.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use cache::CacheClient;
use domain::ApiKeyRecord;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::super::KeyStanding;
use super::support::{Guarded, KEY, Mood, NOW, place_of, record_of};

async fn standing(guarded: &Guarded) -> KeyStanding {
    let service = guarded.layer.layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(Bytes::new());
        response.extensions_mut().insert(request.extensions().get::<KeyStanding>().unwrap().clone());
        Ok::<_, Infallible>(response)
    }));
    let request = Request::get("/").header("X-API-Key", KEY).body(()).unwrap();
    service.oneshot(request).await.unwrap().extensions_mut().remove().unwrap()
}

#[tokio::test]
async fn it_holds_until_the_key_is_withdrawn() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    let (looked_up, from_memory) = (standing(&guarded).await, standing(&guarded).await);
    let asked = guarded.asked();
    assert!(looked_up.holds().await && from_memory.holds().await);
    assert_eq!(guarded.asked(), asked, "it is answered from memory");

    guarded.source.remove(KEY);
    cache.invalidate(&place_of(KEY), 2, Duration::from_secs(60)).await.unwrap();
    assert!(!looked_up.holds().await && !from_memory.holds().await);
}

#[tokio::test]
async fn it_ends_with_the_key() {
    let expires_at = Some(NOW + Duration::from_secs(10));
    let (guarded, _cache) = Guarded::alone([ApiKeyRecord { expires_at, ..record_of(KEY) }]);
    let standing = standing(&guarded).await;
    assert!(standing.holds().await);
    guarded.clock.advance(Duration::from_secs(10));
    assert!(!standing.holds().await);
}

#[tokio::test]
async fn it_holds_while_nobody_can_tell() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    let standing = standing(&guarded).await;
    guarded.source.is_now(Mood::Away);
    cache.invalidate(&place_of(KEY), 2, Duration::from_secs(60)).await.unwrap();
    assert!(standing.holds().await);
}
