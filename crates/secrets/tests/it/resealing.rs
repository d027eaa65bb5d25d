//! A new key in front of the old one.

use std::sync::Arc;

use domain::{SealedRow, SealedRows, SecretStore};
use seal::{KeyRing, SealingKey};
use secrets::{EmbeddedSecrets, Resealing};

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
