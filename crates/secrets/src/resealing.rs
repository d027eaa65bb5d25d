//! Seals with the new key what an old one sealed, and says when nothing needs the old one any more.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Lease, LeaseStore, SealedRow, SecretStoreError, StoreUnavailable};
use seal::KeyId;
use tokio::time::sleep;

use crate::embedded::EmbeddedSecrets;

const LEASE: &str = "reseal-secrets";
const LEASE_TIME: Duration = Duration::from_secs(60);
/// How often everything is gone through: a replica that knows the new key as its second only may seal with the old one yet.
const EVERY: Duration = Duration::from_secs(3_600);
/// How soon again when another replica is at it, or the store gives no answer.
const AGAIN: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
/// Between two pages: at most some hundred rows a second.
const REST: Duration = Duration::from_millis(200);

/// How many rows need which key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// By the name of the key.
    pub rows: BTreeMap<KeyId, u64>,
    /// Rows that are no envelopes.
    pub unsealed: u64,
}

/// Goes through the sealed rows, where no other replica does. Clones share what was counted.
#[derive(Debug, Clone)]
pub struct Resealing {
    secrets: EmbeddedSecrets,
    counted: Arc<Mutex<Option<KeyUse>>>,
}

impl Resealing {
    /// Of these secrets.
    pub fn new(secrets: EmbeddedSecrets) -> Self {
        Self { secrets, counted: Arc::default() }
    }

    /// What the last pass of this process left; `None` while it has made none.
    pub fn counted(&self) -> Option<KeyUse> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes through everything at once and then every hour, for ever.
    pub async fn run(&self, leases: Arc<dyn LeaseStore>) {
        let (mut said, mut is_away) = (None, false);
        loop {
            let pause = match self.in_turn(leases.as_ref()).await {
                Ok(Some(found)) => {
                    if said.as_ref() != Some(&found) {
                        self.say(&found);
                    }
                    said = Some(found);
                    EVERY
                }
                Ok(None) => AGAIN,
                Err(error) => {
                    if !is_away {
                        tracing::warn!(error = %error.source, "sealed secrets cannot be gone through");
                    }
                    is_away = true;
                    sleep(AGAIN).await;
                    continue;
                }
            };
            is_away = false;
            sleep(pause).await;
        }
    }

    async fn in_turn(&self, leases: &dyn LeaseStore) -> Result<Option<KeyUse>, StoreUnavailable> {
        let Some(lease) = leases.acquire_lease(LEASE, LEASE_TIME).await? else { return Ok(None) };
        let found = self.pass(Some((leases, &lease))).await;
        if let Err(error) = leases.release_lease(&lease).await {
            tracing::debug!(error = %error.source, "a lease was not given back: it ends by itself");
        }
        found
    }

    /// Goes through everything once, and says which keys are needed then; `None` when the lease was lost over it.
    ///
    /// # Errors
    /// When the store gives no answer. What was sealed anew until then stays so.
    pub async fn pass(
        &self,
        lease: Option<(&dyn LeaseStore, &Lease)>,
    ) -> Result<Option<KeyUse>, StoreUnavailable> {
        let (mut found, mut after) = (KeyUse::default(), None);
        loop {
            let page = self.secrets.page(after.as_ref(), PAGE).await?;
            let Some((position, _row)) = page.last() else { break };
            after = Some(position.clone());
            for (_position, row) in page {
                match self.renewed(&row).await? {
                    Some(key) => *found.rows.entry(key).or_default() += 1,
                    None => found.unsealed += 1,
                }
            }
            if let Some((leases, lease)) = lease {
                sleep(REST).await;
                if !leases.renew_lease(lease, LEASE_TIME).await? {
                    return Ok(None);
                }
            }
        }
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(Some(found))
    }

    /// Which key the row needs afterwards.
    async fn renewed(&self, row: &SealedRow) -> Result<Option<KeyId>, StoreUnavailable> {
        let Some(key) = KeyId::of_envelope(&row.sealed) else { return Ok(None) };
        let Some(first) = self.secrets.ring().key_ids().next().filter(|first| *first != key) else {
            return Ok(Some(key));
        };
        match self.secrets.seal_anew(row).await {
            // Where it was not replaced it was removed meanwhile, or sealed anew by another.
            Ok(_replaced) => Ok(Some(first)),
            Err(SecretStoreError::Unavailable(source)) => Err(StoreUnavailable { source }),
            Err(error) => {
                tracing::warn!(
                    path = %row.reference.path,
                    key_id = %key,
                    error = &error as &dyn Error,
                    "a sealed secret cannot be opened: is its key not in SECRETS_ENCRYPTION_KEY?"
                );
                Ok(Some(key))
            }
        }
    }

    fn say(&self, found: &KeyUse) {
        let older: Vec<KeyId> = self.secrets.ring().key_ids().skip(1).collect();
        for key in older {
            match found.rows.get(&key) {
                None => tracing::info!(
                    key_id = %key,
                    "no sealed secret needs this key any more, or yet: if it sealed before, take it out of SECRETS_ENCRYPTION_KEY \
                     the longest of a day, MULTI_TENANT_CACHE_TTL and FAILSAFE_WINDOW after the last replica that sealed with \
                     it; if it is new, make it the first"
                ),
                Some(rows) => tracing::warn!(key_id = %key, rows, "sealed secrets need this key yet"),
            }
        }
        if found.unsealed > 0 {
            tracing::warn!(rows = found.unsealed, "rows of secrets are not sealed");
        }
    }
}
