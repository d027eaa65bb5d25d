use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreUnavailable;
use crate::secret::SecretReference;
use crate::tenant_id::TenantId;
use crate::timestamp::Timestamp;

/// Which versions of secrets have to be looked at once more. What is noted before a version is stored is found again though
/// the process died over it, wherever it did.
#[async_trait]
pub trait SecretWrites: Send + Sync + 'static {
    /// Notes all of them, or, where the store goes away over it, some. One that is noted already gets its new time.
    async fn note_secret_writes(&self, writes: &[SecretWrite]) -> Result<(), StoreUnavailable>;

    /// Those that are due at `now`, the longest due first, and at most `limit`.
    async fn due_secret_writes(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<SecretWrite>, StoreUnavailable>;

    /// Forgets those with these ids; what is not there does no harm.
    async fn forget_secret_writes(&self, ids: &[Uuid]) -> Result<(), StoreUnavailable>;
}

/// One version of a secret that a record refers to, or not: when it is due, the version that the record refers to is made
/// current, and this one is removed unless it is that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretWrite {
    /// Names the note: one version may have several.
    pub id: Uuid,
    /// Which version of which secret.
    pub reference: SecretReference,
    /// Whose record would refer to it.
    pub tenant: TenantId,
    /// When it was noted.
    pub at: Timestamp,
    /// From when on it is looked at. Until then whoever noted it is at work, or somebody may need it yet.
    pub due: Timestamp,
}
