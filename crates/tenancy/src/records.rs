//! Reading and writing records, with all that belongs to a write.

use std::time::Duration;

use domain::{
    Actor, AuditAction, AuditEntry, Change, CommitError, LedgerRow, Tenant, TenantEvent, TenantId,
    TenantStatus, Timestamp,
};
use serde_json::Value;

use crate::invalidation::Invalidation;
use crate::parts::Parts;
use crate::refusal::{Missing, Refusal, of_commit};
use crate::writing::{Story, Writing};

/// How often a change is made anew because somebody else was faster. With as many others at one record, most of them succeed
/// meanwhile.
pub(crate) const MAX_TRIES: u32 = 100;
/// From here on a try waits a little.
const AT_ONCE: u32 = 3;

/// The ports, and who has to be told of a write before it is answered. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) parts: Parts,
    pub(crate) invalidation: Invalidation,
}

impl Records {
    /// The tenant, if it lives and the caller may know of it.
    pub(crate) async fn living(&self, id: &TenantId, actor: &Actor) -> Result<Tenant, Refusal> {
        let found = self.parts.tenants.tenant(id).await?.filter(|tenant| {
            tenant.status != TenantStatus::Deleted && actor.binding.sees(tenant.environment)
        });
        Ok(found.ok_or(Missing::Tenant)?)
    }

    /// Changes a tenant or anything below it: reads it, lets `edit` change it, and writes it with its events, its audit row and
    /// the ledger's row, anew whenever somebody else was faster. No story is no change, and nothing is written. Answers with
    /// what `outcome` makes of the tenant as it is then.
    pub(crate) async fn edit_tenant<T>(
        &self,
        id: &TenantId,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut Tenant, Timestamp) -> Result<Option<Story>, Refusal>,
        outcome: impl Fn(&Tenant) -> T,
    ) -> Result<T, Refusal> {
        for tries in 0..MAX_TRIES {
            let mut tenant = self.living(id, writing.actor).await?;
            let now = self.parts.now();
            let Some(story) = edit(&mut tenant, now)? else { return Ok(outcome(&tenant)) };
            tenant.version += 1;
            tenant.updated_at = now;
            let outcome = outcome(&tenant);
            let change = self.told(tenant.clone(), story, writing.actor, writing.row(&outcome)?);
            match self.parts.tenants.commit_tenant(change).await {
                Ok(()) => {
                    self.invalidation.tenant(&tenant).await;
                    return Ok(outcome);
                }
                Err(CommitError::Stale) => self.pause(tries).await,
                Err(error) => return Err(of_commit(error)),
            }
        }
        Err(Refusal::Contended)
    }

    /// A changed tenant with its story.
    pub(crate) fn told(
        &self,
        tenant: Tenant,
        story: Story,
        actor: &Actor,
        ledger: Option<LedgerRow>,
    ) -> Change<Tenant> {
        let events = story.happened.into_iter().map(|happened| TenantEvent {
            event_id: self.parts.uuid(),
            at: tenant.updated_at,
            tenant_id: tenant.id.clone(),
            tenant_slug: tenant.slug.clone(),
            environment: tenant.environment,
            tenant_version: tenant.version,
            happened,
        });
        let events = events.collect();
        let below = if story.target.is_empty() { String::new() } else { format!("/{}", story.target) };
        let target = format!("tenants/{}{below}", tenant.id);
        let audit = self.audit(actor, story.action, target, story.before, story.after);
        Change { record: tenant, events, audit, ledger }
    }

    /// A row of the audit log.
    pub(crate) fn audit(
        &self,
        actor: &Actor,
        action: AuditAction,
        target: String,
        before: Option<Value>,
        after: Option<Value>,
    ) -> AuditEntry {
        AuditEntry {
            id: self.parts.uuid(),
            at: self.parts.now(),
            actor: actor.caller.to_string(),
            address: actor.address,
            request_id: actor.request_id.clone(),
            action,
            target,
            before,
            after,
        }
    }

    /// Lets others go first, a few milliseconds by chance.
    pub(crate) async fn pause(&self, tries: u32) {
        if tries < AT_ONCE {
            tokio::task::yield_now().await;
        } else {
            let millis = self.parts.uuid().as_u128() % 10;
            tokio::time::sleep(Duration::from_millis(1 + millis as u64)).await;
        }
    }
}
