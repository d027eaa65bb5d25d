//! Sealed rows against the contract.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{
    SealedRow, SealedRowPosition, SealedRows, SecretPath, SecretReference, SecretStore, SecretStoreError,
    SecretVersion, StoreUnavailable,
};
use seal::{KeyRing, SealingKey};
use secrets::EmbeddedSecrets;

use crate::contract::{Backend, Kept, reference, suites, text};

/// Rows in memory.
#[derive(Default)]
pub(crate) struct Rows {
    sealed: Mutex<HashMap<SecretReference, Vec<u8>>>,
    current: Mutex<HashMap<SecretPath, SecretVersion>>,
}

#[async_trait]
impl SealedRows for Rows {
    async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable> {
        let mut sealed = self.sealed.lock().unwrap();
        sealed.entry(row.reference.clone()).or_insert_with(|| row.sealed.clone());
        Ok(())
    }

    async fn row(&self, reference: &SecretReference) -> Result<Option<SealedRow>, StoreUnavailable> {
        let sealed = self.sealed.lock().unwrap().get(reference).cloned();
        Ok(sealed.map(|sealed| SealedRow { reference: reference.clone(), sealed }))
    }

    async fn make_row_current(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        self.current.lock().unwrap().insert(reference.path.clone(), reference.version);
        Ok(())
    }

    async fn remove_row(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        self.sealed.lock().unwrap().remove(reference);
        Ok(())
    }

    async fn rows_after(
        &self,
        after: Option<&SealedRowPosition>,
        limit: usize,
    ) -> Result<Vec<(SealedRowPosition, SealedRow)>, StoreUnavailable> {
        let placed = |(reference, sealed): (&SecretReference, &Vec<u8>)| {
            let position = SealedRowPosition(format!("{} {}", reference.path, reference.version));
            (position, SealedRow { reference: reference.clone(), sealed: sealed.clone() })
        };
        let mut rows: Vec<_> = self.sealed.lock().unwrap().iter().map(placed).collect();
        rows.sort_by(|(one, _), (other, _)| one.0.cmp(&other.0));
        rows.retain(|(position, _)| after.is_none_or(|after| position.0 > after.0));
        rows.truncate(limit);
        Ok(rows)
    }

    async fn replace_envelope(&self, row: &SealedRow, envelope: &[u8]) -> Result<bool, StoreUnavailable> {
        let mut rows = self.sealed.lock().unwrap();
        let Some(standing) = rows.get_mut(&row.reference).filter(|standing| **standing == row.sealed) else {
            return Ok(false);
        };
        *standing = envelope.to_vec();
        Ok(true)
    }
}

#[async_trait]
impl Kept for Rows {
    async fn current(&self, path: &SecretPath) -> Option<SecretVersion> {
        self.current.lock().unwrap().get(path).copied()
    }

    async fn holds(&self, reference: &SecretReference) -> bool {
        self.sealed.lock().unwrap().contains_key(reference)
    }
}

fn ring(byte: u8) -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([byte; 32]), [])
}

async fn embedded() -> Backend {
    let rows = Arc::new(Rows::default());
    Backend { secrets: Arc::new(EmbeddedSecrets::new(rows.clone(), ring(1))), kept: rows }
}

suites!(embedded);

#[tokio::test]
async fn a_row_is_sealed() {
    let rows = Arc::new(Rows::default());
    let secrets = EmbeddedSecrets::new(rows.clone(), ring(1));
    let reference = reference();
    secrets.put(&reference, &text("marked-secret")).await.unwrap();
    let stored = rows.sealed.lock().unwrap()[&reference].clone();
    assert!(!stored.windows(6).any(|window| window == b"marked"));
    assert!(!format!("{secrets:?}").contains("marked"));
}

#[tokio::test]
async fn a_row_opens_in_its_own_place_and_with_its_own_key_only() {
    let rows = Arc::new(Rows::default());
    let secrets = EmbeddedSecrets::new(rows.clone(), ring(1));
    let (one, other) = (reference(), reference());
    secrets.put(&one, &text("marked-secret")).await.unwrap();
    let sealed = rows.sealed.lock().unwrap()[&one].clone();
    rows.sealed.lock().unwrap().insert(other.clone(), sealed);
    let strangers = EmbeddedSecrets::new(rows, ring(2));
    for unreadable in [secrets.get(&other).await, strangers.get(&one).await] {
        assert!(matches!(unreadable, Err(SecretStoreError::Unreadable { .. })), "{unreadable:?}");
    }
}
