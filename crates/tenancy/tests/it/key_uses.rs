//! When keys were used: gathered, and brought to the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use domain::{ApiKeyUse, ApiKeyUses, CallerId, StoreUnavailable, Timestamp, UsedKeys};
use tenancy::{KeyUses, Parts, UseCases};

use crate::desk::Desk;

/// A store that can be away, and counts what it is brought.
struct Uses {
    inner: Arc<dyn ApiKeyUses>,
    is_away: AtomicBool,
    noted: AtomicUsize,
}

#[async_trait]
impl ApiKeyUses for Uses {
    async fn note_api_key_uses(&self, uses: &[ApiKeyUse]) -> Result<(), StoreUnavailable> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreUnavailable::new("away"));
        }
        self.noted.fetch_add(uses.len(), Ordering::SeqCst);
        self.inner.note_api_key_uses(uses).await
    }

    async fn api_key_uses(&self, ids: &[String]) -> Result<BTreeMap<String, Timestamp>, StoreUnavailable> {
        self.inner.api_key_uses(ids).await
    }
}

fn gathering(desk: &Desk) -> (UseCases, Arc<Uses>) {
    let mut uses = None;
    let use_cases = desk.with_parts(|parts| {
        let (is_away, noted) = (AtomicBool::new(false), AtomicUsize::new(0));
        let wrapped = Arc::new(Uses { inner: parts.api_key_uses.clone(), is_away, noted });
        uses = Some(wrapped.clone());
        Parts { api_key_uses: wrapped, ..parts }
    });
    (use_cases, uses.unwrap())
}

fn second(number: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(number)
}

fn used(uses: &KeyUses, id: &str, at: u64) {
    uses.was_used(&CallerId::from(id), second(at));
}

async fn last(uses: &Uses, id: &str) -> Option<SystemTime> {
    uses.api_key_uses(&[id.to_owned()]).await.unwrap().get(id).map(|at| SystemTime::from(*at))
}

#[tokio::test]
async fn the_last_use_is_noted_once_and_none_of_the_first_operators_key() {
    let desk = Desk::new();
    let (use_cases, uses) = gathering(&desk);
    for at in [5, 9, 7] {
        used(&use_cases.key_uses, "pods", at);
        used(&use_cases.key_uses, CallerId::BOOTSTRAP, at);
    }
    use_cases.key_uses.note().await.unwrap();
    use_cases.key_uses.note().await.unwrap();
    assert_eq!(last(&uses, "pods").await, Some(second(9)));
    assert_eq!(last(&uses, CallerId::BOOTSTRAP).await, None);
    assert_eq!(uses.noted.load(Ordering::SeqCst), 1, "nothing waits any more");
}

#[tokio::test]
async fn a_store_that_is_away_loses_nothing() {
    let desk = Desk::new();
    let (use_cases, uses) = gathering(&desk);
    uses.is_away.store(true, Ordering::SeqCst);
    used(&use_cases.key_uses, "pods", 5);
    assert!(use_cases.key_uses.note().await.is_err());
    used(&use_cases.key_uses, "others", 6);
    uses.is_away.store(false, Ordering::SeqCst);
    use_cases.key_uses.note().await.unwrap();
    assert_eq!((last(&uses, "pods").await, last(&uses, "others").await), (Some(second(5)), Some(second(6))));
}

#[tokio::test]
async fn what_waits_is_bounded_and_noted_in_pieces() {
    let desk = Desk::new();
    let (use_cases, uses) = gathering(&desk);
    for number in 0..25_000 {
        used(&use_cases.key_uses, &format!("key-{number}"), 5);
    }
    // One that waits already is never left out.
    used(&use_cases.key_uses, "key-0", 6);
    use_cases.key_uses.note().await.unwrap();
    assert_eq!(uses.noted.load(Ordering::SeqCst), 20_000);
    assert_eq!(last(&uses, "key-0").await, Some(second(6)));
    used(&use_cases.key_uses, "key-24999", 7);
    use_cases.key_uses.note().await.unwrap();
    assert_eq!(last(&uses, "key-24999").await, Some(second(7)), "there is room again");
}
