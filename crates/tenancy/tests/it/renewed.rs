//! Connections in the shared cache are written anew before their time is over.

use std::time::Duration;

use cache::{CacheClient, Expiry};
use domain::{KeyBinding, TenantId, cache_keys};

use crate::desk::{CONNECTIONS_TTL, Desk};
use crate::told::{associated, service};

/// Finds the connections as a replica does that holds nothing in its own memory, and says how often it read the store.
async fn reads_of_a_stranger(desk: &Desk, id: &TenantId) -> u64 {
    let key = cache_keys::tenant_connections(id, &service());
    let cache = desk.cache.current().unwrap();
    // Written again as it stands: whoever holds it is told that it changed.
    if let Ok(standing) = cache.get(key.as_bytes()).await {
        cache.set(key.as_bytes(), standing, Expiry::After(CONNECTIONS_TTL)).await.unwrap();
    }
    let before = desk.recorder.reads();
    desk.use_cases.connections.find(id, &service(), &KeyBinding::default()).await.unwrap();
    desk.recorder.reads() - before
}

#[tokio::test]
async fn in_the_last_tenth_of_their_time() {
    let desk = Desk::new();
    let id = associated(&desk).await;
    assert_eq!(reads_of_a_stranger(&desk, &id).await, 1, "nothing stands there yet");
    assert_eq!(reads_of_a_stranger(&desk, &id).await, 0);
    // Chance has taken half a tenth of the time, and leaves half of the last tenth.
    desk.clock.advance(Duration::from_secs(899));
    assert_eq!(reads_of_a_stranger(&desk, &id).await, 0);
    desk.clock.advance(Duration::from_secs(3));
    assert_eq!(reads_of_a_stranger(&desk, &id).await, 1, "it is nearly over");
    desk.clock.advance(Duration::from_secs(800));
    assert_eq!(reads_of_a_stranger(&desk, &id).await, 0, "it was written anew");
}
