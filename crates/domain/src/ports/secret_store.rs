use async_trait::async_trait;

use super::BoxError;
use crate::secret::{SecretPath, SecretReference, SecretText};

/// Where secrets are kept, version by version.
#[async_trait]
pub trait SecretStore: Send + Sync + 'static {
    /// Stores one more version. Nobody reads it until a record refers to it; storing it again with the same text does nothing.
    async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), SecretStoreError>;

    /// The text of this very version.
    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError>;

    /// Makes this version the one that readers get who ask for none. Of the others of its path those that are `referred` to stay
    /// as they are: services of a tenant whose modules are called alike share a path.
    async fn make_current(
        &self,
        reference: &SecretReference,
        referred: &[SecretReference],
    ) -> Result<(), SecretStoreError>;

    /// Removes a version that no record refers to; removing it again does nothing.
    async fn remove(&self, reference: &SecretReference) -> Result<(), SecretStoreError>;
}

/// Why a secret could not be stored or read. Names the path, never the text.
#[derive(Debug, thiserror::Error)]
pub enum SecretStoreError {
    /// There is no such version.
    #[error("there is no such version of the secret {path}")]
    Missing {
        /// Where it was looked for.
        path: SecretPath,
    },
    /// It is there and cannot be read: sealed with a key that is not known here, or changed.
    #[error("the secret {path} cannot be opened")]
    Unreadable {
        /// Where it is.
        path: SecretPath,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The backend gave no answer.
    #[error("the secrets backend gives no answer")]
    Unavailable(#[source] BoxError),
}
