use async_trait::async_trait;

use super::BoxError;

/// Where an issuer of tokens publishes the keys that it signs with.
#[async_trait]
pub trait KeySetSource: Send + Sync + 'static {
    /// Its JSON Web Key Set (RFC 7517, 5) as it is now, not what is remembered of it.
    async fn fetch(&self) -> Result<Vec<u8>, BoxError>;
}
