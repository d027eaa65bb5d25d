use async_trait::async_trait;

use super::StoreUnavailable;
use crate::secret::SecretReference;

/// Where sealed secrets are kept when there is no backend for them: rows of the record store, which cannot open them.
#[async_trait]
pub trait SealedRows: Send + Sync + 'static {
    /// Stores a row; one that is there already stays as it is.
    async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable>;

    /// The sealed text of this version.
    async fn row(&self, reference: &SecretReference) -> Result<Option<SealedRow>, StoreUnavailable>;

    /// Marks this version as the current one of its path.
    async fn make_row_current(&self, reference: &SecretReference) -> Result<(), StoreUnavailable>;

    /// Removes a row, if it is there.
    async fn remove_row(&self, reference: &SecretReference) -> Result<(), StoreUnavailable>;
}

/// One version of a secret, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Which version of which secret.
    pub reference: SecretReference,
    /// The envelope.
    pub sealed: Vec<u8>,
}
