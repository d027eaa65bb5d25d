//! Secrets as sealed rows.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    BoxError, SealedRow, SealedRowPosition, SealedRows, SecretReference, SecretStore, SecretStoreError,
    SecretText, StoreUnavailable,
};
use seal::KeyRing;
use zeroize::Zeroizing;

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

impl EmbeddedSecrets {
    /// The rows behind a position, at most `limit`, as they stand.
    pub(crate) async fn page(
        &self,
        after: Option<&SealedRowPosition>,
        limit: usize,
    ) -> Result<Vec<(SealedRowPosition, SealedRow)>, StoreUnavailable> {
        self.rows.rows_after(after, limit).await
    }

    /// Seals a row with the first key in place of the one that sealed it; `false` where something else stands there by now.
    pub(crate) async fn seal_anew(&self, row: &SealedRow) -> Result<bool, SecretStoreError> {
        let text = self.opened(row)?;
        let sealed = self.sealed(&row.reference, &text)?;
        self.rows.replace_envelope(row, &sealed).await.map_err(unavailable)
    }

    /// The keys.
    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    fn sealed(&self, reference: &SecretReference, text: &[u8]) -> Result<Vec<u8>, SecretStoreError> {
        let sealed = self.ring.seal(text, &place(reference));
        sealed.map_err(|error| SecretStoreError::Unavailable(error.into()))
    }

    fn opened(&self, row: &SealedRow) -> Result<Zeroizing<Vec<u8>>, SecretStoreError> {
        let opened = self.ring.open(&row.sealed, &place(&row.reference));
        opened.map_err(|error| unreadable(&row.reference, error))
    }
}

fn unreadable(reference: &SecretReference, source: impl Into<BoxError>) -> SecretStoreError {
    SecretStoreError::Unreadable { path: reference.path.clone(), source: source.into() }
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
        let sealed = self.sealed(reference, text.expose().as_bytes())?;
        let row = SealedRow { reference: reference.clone(), sealed };
        self.rows.put_row(&row).await.map_err(unavailable)
    }

    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError> {
        let row = self.rows.row(reference).await.map_err(unavailable)?;
        let row = row.ok_or_else(|| SecretStoreError::Missing { path: reference.path.clone() })?;
        let opened = self.opened(&row)?;
        let text = std::str::from_utf8(&opened).map_err(|error| unreadable(reference, error))?;
        Ok(SecretText::new(text))
    }

    async fn make_current(
        &self,
        reference: &SecretReference,
        _referred: &[SecretReference],
    ) -> Result<(), SecretStoreError> {
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
