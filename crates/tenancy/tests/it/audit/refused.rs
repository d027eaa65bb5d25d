//! Who was not let in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::{AuditAction, AuditEntry, RefusalWatch};

use crate::desk::Desk;

async fn rows(desk: &Desk) -> Vec<AuditEntry> {
    assert!(desk.use_cases.write_out_audit().await);
    let rows = desk.parts.audit.unchained(2_000).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.document).unwrap()).collect()
}

#[tokio::test]
async fn attempts_are_summed_up_by_address_reason_and_minute() {
    let desk = Desk::new();
    let attempts = &desk.use_cases.refused_attempts;
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    for _ in 0..3 {
        attempts.refused(address("192.0.2.1"), "unknown-key");
        attempts.refused(address("2001:db8::1"), "no-key");
        attempts.refused(address("2001:db8::2"), "no-key");
    }
    attempts.refused(None, "no-key");
    attempts.forbidden(address("192.0.2.1"), &"key-1".into());
    desk.clock.advance(Duration::from_secs(60));
    attempts.refused(address("192.0.2.1"), "unknown-key");
    let rows = rows(&desk).await;
    let summed: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| {
            assert_eq!(row.action, AuditAction::Refuse);
            let after = row.after.as_ref().unwrap();
            let address = row.address.map(|address| address.to_string()).unwrap_or_default();
            let name = format!("{} {} {address} {}", row.at.millis() / 60_000, row.actor, row.target);
            (name, after["count"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("16666 anonymous  refusals/no-key", 1),
        ("16666 anonymous 192.0.2.1 refusals/unknown-key", 3),
        ("16666 anonymous 2001:db8:: refusals/no-key", 6),
        ("16666 key-1 192.0.2.1 refusals/forbidden", 1),
        ("16667 anonymous 192.0.2.1 refusals/unknown-key", 1),
    ];
    assert_eq!(summed, expected.map(|(name, count)| (name.to_owned(), count)).into());
    let network = rows.iter().find(|row| row.address == address("2001:db8::")).unwrap();
    assert_eq!(network.after.as_ref().unwrap()["network"], "2001:db8::/64");
}

#[tokio::test]
async fn a_flood_leaves_a_thousand_rows_and_loses_no_count() {
    let desk = Desk::new();
    for number in 0..50_000_u32 {
        desk.use_cases.refused_attempts.refused(Some(number.to_be_bytes().into()), "unknown-key");
    }
    let rows = rows(&desk).await;
    assert_eq!(rows.len(), 1_001);
    let count = |row: &AuditEntry| row.after.as_ref().unwrap()["count"].as_u64().unwrap();
    assert_eq!(rows.iter().map(count).sum::<u64>(), 50_000);
}
