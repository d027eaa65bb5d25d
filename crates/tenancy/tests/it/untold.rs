//! A change that nobody could tell the shared cache of, and whose process is gone.

use std::time::Duration;

use cache::CacheHandle;
use domain::KeyBinding;
use tenancy::{Outcome, UseCases};

use crate::desk::Desk;
use crate::told::{associated, service};

/// Lets a process live for a while.
async fn live(use_cases: &UseCases) {
    let _for_ever = tokio::time::timeout(Duration::from_millis(300), use_cases.keep_up()).await;
}

async fn is_found_by_the_next_process(somebody_followed: bool) {
    let desk = Desk::new();
    let id = associated(&desk).await;
    desk.use_cases.connections.find(&id, &service(), &KeyBinding::default()).await.unwrap();
    if somebody_followed {
        live(&desk.use_cases).await;
    }
    let cut_off = desk.elsewhere(CacheHandle::connecting(["nowhere".to_owned()]));
    cut_off.tenants.suspend(&id, desk.writing()).await.unwrap();
    drop(cut_off);
    // Longer than changes are gone through in any case, and shorter than connections live in the shared cache.
    desk.clock.advance(Duration::from_secs(700));

    let next = desk.elsewhere(CacheHandle::connected(desk.cache.current().unwrap()));
    live(&next).await;
    let found = next.connections.find(&id, &service(), &KeyBinding::default()).await.unwrap();
    assert!(matches!(found.outcome, Outcome::KeptOut(_)), "{somebody_followed}: {found:?}");
}

#[tokio::test]
async fn is_found_by_the_next_process_however_long_ago_it_was() {
    is_found_by_the_next_process(true).await;
    is_found_by_the_next_process(false).await;
}
