//! What is old goes, and the rest stays a chain.

use std::time::Duration;

use seal::{KeyRing, SealingKey};
use tenancy::{AuditChain, Finding, GivenHead, verify};

use super::log::{DAY, Meddled, PATIENCE, Process, all_chained, leave};
use crate::desk::{Desk, ring};

/// Rows of ten days, 30 a day.
async fn ten_days(desk: &Desk) {
    for _day in 0..10 {
        leave(desk, 30).await;
        let log = desk.parts.audit.clone();
        let process = Process::start(desk, log.clone(), 100 * DAY);
        all_chained(&log).await;
        process.stop().await;
        desk.clock.advance(DAY);
    }
}

#[tokio::test]
async fn what_is_old_goes_and_the_rest_is_verified_against_what_is_left_of_it() {
    let desk = Desk::new();
    ten_days(&desk).await;
    let log = desk.parts.audit.clone();
    let chain = AuditChain::of(&ring());
    let old = log.chained_after(9, 1).await.unwrap();
    let old = GivenHead { head: domain::ChainHead::from(&old[0]), signed: None };
    let last = GivenHead { head: log.chain_head().await.unwrap(), signed: None };
    let process = Process::start(&desk, log.clone(), 3 * DAY + DAY / 2);
    testkit::wait_until("old rows to be removed", PATIENCE, async || {
        log.chained_after(0, 1).await.unwrap()[0].sequence == 211
    })
    .await;
    process.stop().await;
    let verified = verify(log.as_ref(), &chain, &[old, last]).await.unwrap();
    assert_eq!((verified.rows, verified.behind, verified.findings), (90, 210, vec![]));
    assert_eq!(verified.too_old, [10]);

    // With another key first, and the old one behind it, the beginning is signed anew.
    let keys = || [2, 1].map(|byte| SealingKey::from_bytes([byte; 32]));
    let both = AuditChain::of(&KeyRing::of(keys()).unwrap());
    let process = Process::with_chain(&desk, log.clone(), both.clone(), 3 * DAY + DAY / 2);
    let former = log.chain_anchor().await.unwrap().unwrap();
    testkit::wait_until("the beginning to be signed anew", PATIENCE, async || {
        log.chain_anchor().await.unwrap().unwrap().key != former.key
    })
    .await;
    process.stop().await;
    assert_eq!(verify(log.as_ref(), &both, &[]).await.unwrap().findings, []);
    // Once the old key is gone, the rows that it linked are told as such.
    let new = AuditChain::of(&KeyRing::of([SealingKey::from_bytes([2; 32])]).unwrap());
    let key = former.key;
    let expected = [Finding::UnknownKey { key, from: 211, to: 300 }];
    assert_eq!(verify(log.as_ref(), &new, &[]).await.unwrap().findings, expected);
}

#[tokio::test]
async fn the_last_row_stays_however_old() {
    let desk = Desk::new();
    ten_days(&desk).await;
    desk.clock.advance(1_000 * DAY);
    let log = desk.parts.audit.clone();
    let process = Process::start(&desk, log.clone(), DAY);
    testkit::wait_until("old rows to be removed", PATIENCE, async || {
        log.chained_after(0, 10).await.unwrap().len() == 1
    })
    .await;
    leave(&desk, 1).await;
    all_chained(&log).await;
    process.stop().await;
    let verified = verify(log.as_ref(), &AuditChain::of(&ring()), &[]).await.unwrap();
    assert_eq!((verified.head.sequence, verified.findings), (301, vec![]));
}

#[tokio::test]
async fn a_broken_beginning_is_not_removed() {
    let desk = Desk::new();
    ten_days(&desk).await;
    let log = Meddled::with(desk.parts.audit.clone());
    log.tamper(|rows| rows.retain(|row| row.sequence != 40));
    let process = Process::start(&desk, log.clone(), DAY);
    let rows = desk.parts.audit.clone();
    testkit::wait_until("what is whole to be removed", PATIENCE, async || {
        rows.chained_after(0, 1).await.unwrap()[0].sequence == 40
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    process.stop().await;
    let findings = verify(log.as_ref(), &AuditChain::of(&ring()), &[]).await.unwrap().findings;
    assert_eq!(findings, [Finding::Missing { from: 40, to: 40 }], "it still shows");
}
