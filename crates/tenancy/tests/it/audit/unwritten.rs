//! Rows that wait for a store that is away.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::AuditAction;
use tenancy::AuditNotes;

use super::log::{Meddled, PATIENCE};
use crate::desk::Desk;

#[tokio::test]
async fn what_was_noted_in_an_outage_is_written_after_it_in_order() {
    let desk = Desk::new();
    let log = Meddled::with(desk.parts.audit.clone());
    let notes = AuditNotes::new(log.clone(), desk.parts.clock.clone(), desk.parts.random);
    log.is_away.store(true, Ordering::SeqCst);
    let entry = |number: u64| {
        let after = serde_json::json!({ "number": number });
        notes.entry(&desk.actor, AuditAction::Delete, "cache/keys", after)
    };
    let began = Instant::now();
    for number in 0..4_005 {
        assert!(!notes.note(entry(number)).await);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits for a store that is known to be away");
    let counters = notes.counters();
    assert_eq!((counters.waiting, counters.dropped), (4_000, 5), "as many as there is room for");
    assert!(!notes.write_out().await);
    log.is_away.store(false, Ordering::SeqCst);
    assert!(notes.write_out().await);
    let rows = desk.parts.audit.unchained(5_000).await.unwrap();
    assert_eq!(rows.len(), 4_000);
    for (number, row) in rows.iter().enumerate() {
        assert!(row.document.contains(&format!("\"number\":{number}}}")), "{}", row.document);
    }
    assert!(notes.note(entry(9)).await, "it is written at once again");
}

#[tokio::test]
async fn strangers_drive_nothing_out_that_operators_did() {
    let desk = Desk::new();
    let log = Meddled::with(desk.parts.audit.clone());
    let notes = AuditNotes::new(log.clone(), desk.parts.clock.clone(), desk.parts.random);
    log.is_away.store(true, Ordering::SeqCst);
    let entry = |action| notes.entry(&desk.actor, action, "x", serde_json::json!({}));
    for _ in 0..10_000 {
        notes.leave(entry(AuditAction::Refuse));
    }
    assert_eq!(notes.counters().waiting, 2_000);
    notes.leave(entry(AuditAction::Delete));
    assert_eq!((notes.counters().waiting, notes.counters().dropped), (2_001, 8_000));
}

#[tokio::test]
async fn it_is_written_without_being_asked_for() {
    let desk = Desk::new();
    let use_cases = desk.use_cases.clone();
    let keeping_up = tokio::spawn(async move { use_cases.keep_up().await });
    let notes = &desk.use_cases.audit_notes;
    notes.leave(notes.entry(&desk.actor, AuditAction::Delete, "cache/keys", serde_json::Value::Null));
    testkit::wait_until("the row", PATIENCE, async || desk.parts.audit.unchained_count().await.unwrap() == 1)
        .await;
    keeping_up.abort();
}
