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

    /// The rows behind a position, at most `limit`, in an order that does not change. A walk from the beginning to an empty page
    /// sees every row that is there all the while.
    async fn rows_after(
        &self,
        after: Option<&SealedRowPosition>,
        limit: usize,
    ) -> Result<Vec<(SealedRowPosition, SealedRow)>, StoreUnavailable>;

    /// Puts another envelope in place of that of `row`, if that is what stands there; `false` where it is not.
    async fn replace_envelope(&self, row: &SealedRow, envelope: &[u8]) -> Result<bool, StoreUnavailable>;
}

/// One version of a secret, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Which version of which secret.
    pub reference: SecretReference,
    /// The envelope.
    pub sealed: Vec<u8>,
}

/// Where a walk over the rows is. What it holds is the store's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRowPosition(pub String);
