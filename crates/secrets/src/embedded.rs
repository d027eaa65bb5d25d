//! Secrets as sealed rows.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    BoxError, SealedRow, SealedRows, SecretReference, SecretStore, SecretStoreError, SecretText,
    StoreUnavailable,
};
use seal::KeyRing;

/// Keeps secrets in the record store, each version sealed for its own place: who can write to the store can neither read one
/// nor put one in the place of another.
#[derive(Clone)]
pub struct EmbeddedSecrets {
    rows: Arc<dyn SealedRows>,
    ring: KeyRing,
}

impl EmbeddedSecrets {
    /// In these rows, sealed with the first key of `ring`.
    pub fn new(rows: Arc<dyn SealedRows>, ring: KeyRing) -> Self {
        Self { rows, ring }
    }
}

/// What a row is sealed for.
fn place(reference: &SecretReference) -> Vec<u8> {
    format!("secret:{}\n{}", reference.path, reference.version).into_bytes()
}

fn unavailable(error: StoreUnavailable) -> SecretStoreError {
    SecretStoreError::Unavailable(error.source)
}

#[async_trait]
impl SecretStore for EmbeddedSecrets {
    async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), SecretStoreError> {
        let sealed = self.ring.seal(text.expose().as_bytes(), &place(reference));
        let sealed = sealed.map_err(|error| SecretStoreError::Unavailable(error.into()))?;
        let row = SealedRow { reference: reference.clone(), sealed };
        self.rows.put_row(&row).await.map_err(unavailable)
    }

    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError> {
        let row = self.rows.row(reference).await.map_err(unavailable)?;
        let row = row.ok_or_else(|| SecretStoreError::Missing { path: reference.path.clone() })?;
        let unreadable =
            |source: BoxError| SecretStoreError::Unreadable { path: reference.path.clone(), source };
        let opened = self.ring.open(&row.sealed, &place(reference)).map_err(|it| unreadable(it.into()))?;
        let text = std::str::from_utf8(&opened).map_err(|it| unreadable(it.into()))?;
        Ok(SecretText::new(text))
    }

    async fn make_current(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.rows.make_row_current(reference).await.map_err(unavailable)
    }

    async fn remove(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.rows.remove_row(reference).await.map_err(unavailable)
    }
}

impl fmt::Debug for EmbeddedSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EmbeddedSecrets").finish_non_exhaustive()
    }
}
