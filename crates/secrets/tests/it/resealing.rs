//! A new key in front of the old one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Lease, LeaseStore, SealedRow, SealedRows, SecretStore, StoreUnavailable};
use seal::{KeyId, KeyRing, SealingKey};
use secrets::{EmbeddedSecrets, Resealing};
use tokio::time::sleep;

use crate::contract::{reference, text};
use crate::embedded::Rows;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes([byte; 32])
}

#[tokio::test]
async fn what_an_old_key_sealed_is_sealed_anew_until_nothing_needs_it() {
    let rows = Arc::new(Rows::default());
    let before = KeyRing::new(key(1), []);
    let old = EmbeddedSecrets::new(rows.clone(), before.clone());
    let references: Vec<_> = (0..250).map(|_| reference()).collect();
    for (number, reference) in references.iter().enumerate() {
        old.put(reference, &text(&format!("text {number}"))).await.unwrap();
    }
    let after = KeyRing::new(key(2), [key(1)]);
    let [second, first] = [&before, &after].map(|ring| ring.key_ids().next().unwrap());
    let new = EmbeddedSecrets::new(rows.clone(), after);
    new.put(&reference(), &text("new already")).await.unwrap();

    let resealing = Resealing::new(new);
    assert_eq!(resealing.counted(), None);
    let left = resealing.pass(None).await.unwrap().expect("it was not interrupted");
    assert_eq!(left.rows.into_iter().collect::<Vec<_>>(), [(first, 251)]);
    assert!(resealing.counted().is_some_and(|counted| !counted.rows.contains_key(&second)));
    let alone = EmbeddedSecrets::new(rows.clone(), KeyRing::new(key(2), []));
    for (number, reference) in references.iter().enumerate() {
        assert_eq!(alone.get(reference).await.unwrap(), text(&format!("text {number}")));
    }
}

#[tokio::test]
async fn what_cannot_be_opened_stays_and_is_counted() {
    let rows = Arc::new(Rows::default());
    let lost = KeyRing::new(key(9), []);
    EmbeddedSecrets::new(rows.clone(), lost.clone()).put(&reference(), &text("lost")).await.unwrap();
    let plain = SealedRow { reference: reference(), sealed: b"in the clear".to_vec() };
    rows.put_row(&plain).await.unwrap();
    let secrets = EmbeddedSecrets::new(rows.clone(), KeyRing::new(key(2), [key(1)]));
    let left = Resealing::new(secrets).pass(None).await.unwrap().unwrap();
    assert_eq!(left.unsealed, 1);
    let unknown = lost.key_ids().next().unwrap();
    assert_eq!(left.rows.into_iter().collect::<Vec<_>>(), [(unknown, 1)]);
    assert_eq!(rows.row(&plain.reference).await.unwrap(), Some(plain));
}

/// The turns of replicas: whose it is, how often one was taken, and whether it is lost on the way.
#[derive(Default)]
struct Turns {
    is_taken: AtomicBool,
    is_lost: AtomicBool,
    taken: AtomicU32,
}

#[async_trait]
impl LeaseStore for Turns {
    async fn acquire_lease(&self, name: &str, _ttl: Duration) -> Result<Option<Lease>, StoreUnavailable> {
        if self.is_taken.swap(true, Ordering::SeqCst) {
            return Ok(None);
        }
        let number = i64::from(self.taken.fetch_add(1, Ordering::SeqCst));
        Ok(Some(Lease { name: name.to_owned(), number, holder: number.to_string() }))
    }

    async fn renew_lease(&self, _lease: &Lease, _ttl: Duration) -> Result<bool, StoreUnavailable> {
        Ok(!self.is_lost.load(Ordering::SeqCst))
    }

    async fn release_lease(&self, _lease: &Lease) -> Result<(), StoreUnavailable> {
        self.is_taken.store(false, Ordering::SeqCst);
        Ok(())
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn one_replica_at_a_time_goes_through_everything_and_again_every_hour() {
    let (rows, turns) = (Arc::new(Rows::default()), Arc::new(Turns::default()));
    let (before, after) = (KeyRing::new(key(1), []), KeyRing::new(key(2), [key(1)]));
    let [second, first] = [&before, &after].map(|ring| ring.key_ids().next().unwrap());
    let old = EmbeddedSecrets::new(rows.clone(), before);
    old.put(&reference(), &text("of the old key")).await.unwrap();
    let replicas = [0, 1].map(|_| Resealing::new(EmbeddedSecrets::new(rows.clone(), after.clone())));
    turns.is_taken.store(true, Ordering::SeqCst);
    let running = replicas.clone().map(|replica| {
        let turns = turns.clone();
        tokio::spawn(async move { replica.run(turns).await })
    });
    sleep(MINUTE * 3).await;
    assert_eq!(needed(&rows).await, [(second, 1)], "it is another's turn");

    turns.is_taken.store(false, Ordering::SeqCst);
    sleep(MINUTE * 2).await;
    assert_eq!(needed(&rows).await, [(first, 1)]);
    assert!(replicas.iter().any(|replica| replica.counted().is_some()));
    // A replica that was not started anew yet.
    old.put(&reference(), &text("of the old key, later")).await.unwrap();
    sleep(MINUTE * 61).await;
    assert_eq!(needed(&rows).await, [(first, 2)]);
    assert!(turns.taken.load(Ordering::SeqCst) <= 4, "each twice");
    running.into_iter().for_each(|running| running.abort());
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_turn_ends_and_says_nothing() {
    let (rows, turns) = (Arc::new(Rows::default()), Arc::new(Turns::default()));
    let ring = KeyRing::new(key(2), [key(1)]);
    let old = EmbeddedSecrets::new(rows.clone(), KeyRing::new(key(1), []));
    for _ in 0..250 {
        old.put(&reference(), &text("of the old key")).await.unwrap();
    }
    let replica = Resealing::new(EmbeddedSecrets::new(rows.clone(), ring));
    turns.is_lost.store(true, Ordering::SeqCst);
    let running = tokio::spawn({
        let (replica, turns) = (replica.clone(), turns.clone());
        async move { replica.run(turns).await }
    });
    sleep(MINUTE / 2).await;
    assert_eq!(needed(&rows).await.len(), 2, "one page was gone through, and the others were not");
    assert_eq!(replica.counted(), None);

    turns.is_lost.store(false, Ordering::SeqCst);
    sleep(MINUTE).await;
    assert_eq!(needed(&rows).await.len(), 1, "in the next turn");
    running.abort();
}

/// How many rows need which key.
async fn needed(rows: &Rows) -> Vec<(KeyId, u64)> {
    let mut needed = BTreeMap::new();
    for (_position, row) in rows.rows_after(None, 1_000).await.unwrap() {
        *needed.entry(KeyId::of_envelope(&row.sealed).unwrap()).or_default() += 1;
    }
    needed.into_iter().collect()
}
