//! Settles versions of secrets that were left behind, and removes what nobody needs any more.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use domain::{Lease, SecretWrite, StoreUnavailable, TenantId};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::current_versions::make_current;
use crate::parts::Parts;
use crate::refusal::Refusal;

const LEASE: &str = "secret-writes";
/// How often what is due is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Longer than one tenant may take between two renewals.
const LEASE_TIME: Duration = Duration::from_secs(90);
const PAGE: usize = 100;
/// What could not be settled is tried again so much later.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Goes through what is due once a minute, where no other replica does. Two at once would do no harm.
pub(crate) struct SecretKeeper(Parts);

/// What came of one pass.
#[derive(Default)]
struct Pass {
    settled: Vec<Uuid>,
    failed: Vec<SecretWrite>,
}

impl SecretKeeper {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(parts)
    }

    /// Keeps on for ever.
    pub(crate) async fn keep(&self) {
        let mut is_away = false;
        loop {
            sleep(LOOK_EVERY).await;
            match self.settle_in_turn().await {
                Ok(()) => is_away = false,
                Err(_still) if is_away => {}
                Err(error) => {
                    is_away = true;
                    tracing::warn!(error = %error.source, "versions of secrets cannot be settled");
                }
            }
        }
    }

    async fn settle_in_turn(&self) -> Result<(), StoreUnavailable> {
        let Some(lease) = self.0.leases.acquire_lease(LEASE, LEASE_TIME).await? else { return Ok(()) };
        let settled = self.settle_due(Some(&lease)).await;
        if let Err(error) = self.0.leases.release_lease(&lease).await {
            tracing::debug!(error = %error.source, "a lease was not given back: it ends by itself");
        }
        match settled? {
            0 => {}
            settled => tracing::info!(settled, "versions of secrets were settled that had been left"),
        }
        Ok(())
    }

    /// Goes through everything that is due, and says how much of it is settled. With a lease it ends when that is lost.
    pub(crate) async fn settle_due(&self, lease: Option<&Lease>) -> Result<usize, StoreUnavailable> {
        let (now, mut settled) = (self.0.now(), 0);
        loop {
            let due = self.0.secret_writes.due_secret_writes(now, PAGE).await?;
            if due.is_empty() {
                return Ok(settled);
            }
            let mut by_tenant: BTreeMap<TenantId, Vec<SecretWrite>> = BTreeMap::new();
            due.into_iter().for_each(|write| by_tenant.entry(write.tenant.clone()).or_default().push(write));
            for (tenant, writes) in by_tenant {
                let began = Instant::now();
                settled += self.settle_tenant(&tenant, writes).await?;
                if let Some(lease) = lease
                    && (began.elapsed() > LEASE_TIME || !self.0.leases.renew_lease(lease, LEASE_TIME).await?)
                {
                    return Ok(settled);
                }
            }
        }
    }

    async fn settle_tenant(
        &self,
        tenant: &TenantId,
        writes: Vec<SecretWrite>,
    ) -> Result<usize, StoreUnavailable> {
        let mut pass = Pass::default();
        for write in writes {
            match self.settle(tenant, &write).await {
                Ok(()) => pass.settled.push(write.id),
                // One record that cannot be read is not to stop the others; a store that is away takes no note below.
                Err(refusal) => {
                    tracing::warn!(
                        path = %write.reference.path,
                        error = &refusal as &dyn Error,
                        "a version of a secret cannot be settled: it is tried again"
                    );
                    pass.failed.push(write);
                }
            }
        }
        let due = self.0.now().after(AGAIN_AFTER);
        let later: Vec<_> = pass.failed.into_iter().map(|write| SecretWrite { due, ..write }).collect();
        self.0.secret_writes.note_secret_writes(&later).await?;
        self.0.secret_writes.forget_secret_writes(&pass.settled).await?;
        Ok(pass.settled.len())
    }

    /// The version that the record refers to becomes current, and this one goes unless it is that.
    async fn settle(&self, tenant: &TenantId, write: &SecretWrite) -> Result<(), Refusal> {
        let paths = std::slice::from_ref(&write.reference.path);
        let referred = make_current(&self.0, tenant, paths).await?;
        if !referred.contains(&write.reference) {
            self.0.secrets.remove(&write.reference).await?;
        }
        Ok(())
    }
}
