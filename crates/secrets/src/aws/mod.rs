//! Secrets in AWS Secrets Manager.
//!
//! A record refers to one version of a secret, and readers that know no record read `AWSCURRENT`. So a version is stored
//! under a label of its own, `pm-<version>`, and `AWSCURRENT` moves to it by [`SecretStore::make_current`] alone, after the
//! record is committed. AWS makes the first version of a secret current by itself; therefore a secret is made with a
//! placeholder, the text `{}`, and what was refused is never current.
//!
//! AWS allows a secret 20 labels on all its versions together, keeps about 100 versions, and removes versions without a label
//! only when there are more, and never within their first day. So a label matters from the storing of a version until a
//! version becomes current: making one current takes our labels off all others that no record refers to: they are superseded, refused, or
//! about to become current themselves within seconds. What is not labelled any more stays readable by its version for a while.
//!
//! [`SecretStore::remove`] takes the label off. When that leaves nothing of the secret, it is scheduled for deletion, and can
//! be restored for seven days; storing a version or making one current restores it. A secret whose current version is a
//! stranger's is never deleted.
//!
//! The role needs `secretsmanager:` `GetSecretValue`, `DescribeSecret`, `CreateSecret`, `PutSecretValue`,
//! `UpdateSecretVersionStage`, `DeleteSecret` and `RestoreSecret` on `tenants/*`, and `kms:Decrypt` and
//! `kms:GenerateDataKey` on a key of one's own.

mod calls;
mod config;
mod failure;
mod labels;
mod versions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    SecretPath, SecretReference, SecretStore, SecretStoreError, SecretText, StoreCondition, StoreHealth,
    StoreUnavailable,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use calls::Calls;
pub use config::{AwsAccessKey, AwsConfig, AwsConnectError};
use failure::Failure;

/// How long an operation may take with everything it needs: its turn, its calls, their repetitions.
const OPERATION: Duration = Duration::from_secs(4);
/// How many operations are under way at once; AWS limits the rate of an account.
const CONCURRENT: usize = 64;

/// Keeps secrets in AWS Secrets Manager. Clones share connections and the limit of operations under way.
#[derive(Clone)]
pub struct AwsSecrets {
    calls: Calls,
    turns: Arc<Semaphore>,
}

impl AwsSecrets {
    /// Prepares the connection. AWS is asked for nothing but, where it is not configured, the region.
    ///
    /// # Errors
    /// When there is no region. Whatever else is wrong is told by the operations.
    pub async fn connect(config: AwsConfig) -> Result<Self, AwsConnectError> {
        let client = config::client(&config).await?;
        let turns = Arc::new(Semaphore::new(CONCURRENT));
        Ok(Self { calls: Calls::new(client, config.kms_key_id), turns })
    }

    /// Whether it answers, and lets us look: at a secret that nobody has. Changes nothing, and needs `DescribeSecret`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reach(&self) -> Result<(), SecretStoreError> {
        let path = SecretPath::of_nobody();
        match self.within_time(&path, self.calls.labels(&path)).await {
            Ok(_) | Err(SecretStoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn within_time<T>(
        &self,
        path: &SecretPath,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, SecretStoreError> {
        // The SDK's futures are large.
        let work = Box::pin(work);
        let in_turn = async {
            // It is never closed.
            let _turn = self.turns.acquire().await;
            work.await
        };
        let result = timeout(OPERATION, in_turn).await.unwrap_or_else(|_| Err(Failure::late(OPERATION)));
        result.map_err(|failure| failure.into_port_error(path))
    }
}

#[async_trait]
impl SecretStore for AwsSecrets {
    async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), SecretStoreError> {
        self.within_time(&reference.path, self.calls.store(reference, text)).await
    }

    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError> {
        self.within_time(&reference.path, self.calls.get(reference)).await
    }

    async fn make_current(
        &self,
        reference: &SecretReference,
        referred: &[SecretReference],
    ) -> Result<(), SecretStoreError> {
        self.within_time(&reference.path, self.calls.make_current(reference, referred)).await
    }

    async fn remove(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.within_time(&reference.path, self.calls.remove(reference)).await
    }
}

#[async_trait]
impl StoreHealth for AwsSecrets {
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable> {
        self.reach().await.map(|()| StoreCondition::Well).map_err(StoreUnavailable::new)
    }
}

impl fmt::Debug for AwsSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AwsSecrets").finish_non_exhaustive()
    }
}
