//! Reading and writing records, with all that belongs to a write.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Actor, ApiKeyEntry, AuditAction, AuditEntry, Change, Changed, CommitError, Environment, Invalid,
    LedgerRow, SecretReference, StoreUnavailable, Tenant, TenantEvent, TenantId, TenantStatus, Timestamp,
};
use serde_json::Value;
use tracing::Instrument;

use crate::fail_safe::FailSafe;
use crate::invalidation::Invalidation;
use crate::parts::Parts;
use crate::refusal::{Missing, Refusal, of_commit};
use crate::secret_writing::{forget, note_dropped};
use crate::striped_locks::StripedLocks;
use crate::writing::{Story, Writing};

/// How often a change is made anew because somebody else was faster. With as many others at one record, most of them succeed
/// meanwhile.
pub(crate) const MAX_TRIES: u32 = 100;
/// The most that is kept of a tenant with everything below it, in bytes of JSON.
const MAX_RECORD: usize = 1024 * 1024;
/// From here on a try waits a little.
const AT_ONCE: u32 = 3;

/// The ports, and who has to be told of a write before it is answered.
pub(crate) struct Records {
    pub(crate) parts: Parts,
    pub(crate) invalidation: Invalidation,
    pub(crate) fail_safe: FailSafe,
    pub(crate) locks: StripedLocks,
}

impl Records {
    /// The tenant, if it lives and the caller may know of it.
    pub(crate) async fn living(&self, id: &TenantId, actor: &Actor) -> Result<Tenant, Refusal> {
        let found = self.parts.tenants.tenant(id).await?.filter(|tenant| {
            tenant.status != TenantStatus::Deleted && actor.binding.sees(&tenant.id, tenant.environment)
        });
        Ok(found.ok_or(Missing::Tenant)?)
    }

    /// Changes a tenant or anything below it: reads it, lets `edit` change it, and writes it with its events, its audit row and
    /// the ledger's row, anew whenever somebody else was faster. No story is no change, and nothing is written. Answers with
    /// what `outcome` makes of the tenant as it is then.
    pub(crate) async fn edit_tenant<T>(
        self: &Arc<Self>,
        id: &TenantId,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut Tenant, Timestamp) -> Result<Option<Story>, Refusal>,
        outcome: impl Fn(&Tenant) -> T,
    ) -> Result<T, Refusal> {
        // Those of one process go one after another, instead of each making the others begin anew.
        let _lock = self.locks.of(id).await;
        for tries in 0..MAX_TRIES {
            let mut tenant = self.living(id, writing.actor).await?;
            let former: Vec<SecretReference> = tenant.secrets().cloned().collect();
            let now = self.parts.now();
            let Some(story) = edit(&mut tenant, now)? else { return Ok(outcome(&tenant)) };
            let dropped = no_more_in(&tenant, former);
            tenant.version += 1;
            tenant.updated_at = now;
            check_size(&tenant)?;
            let outcome = outcome(&tenant);
            let ledger = writing.row(&outcome)?;
            let noted = note_dropped(&self.parts, id, dropped, story.overlap).await?;
            let change = self.told(tenant, story, writing.actor, ledger);
            match self.commit_tenant(change).await {
                Ok(()) => return Ok(outcome),
                Err(CommitError::Unavailable(source)) => return Err(StoreUnavailable { source }.into()),
                Err(error) => {
                    forget(&self.parts, noted).await;
                    if !matches!(error, CommitError::Stale) {
                        return Err(of_commit(error));
                    }
                    self.pause(tries).await;
                }
            }
        }
        Err(Refusal::Contended)
    }

    /// Writes a tenant and tells everybody, to the end also when whoever asked goes away over it.
    pub(crate) async fn commit_tenant(self: &Arc<Self>, change: Change<Tenant>) -> Result<(), CommitError> {
        let this = Arc::clone(self);
        let changed = Changed::from(&change.record);
        to_the_end(async move {
            let record = change.record.clone();
            let committed = this.parts.tenants.commit_tenant(change).await;
            let is_noted = committed.is_ok() && this.fail_safe.learn_own(&record);
            this.tell(&committed, &changed, is_noted).await;
            committed
        })
        .await
    }

    /// The same for a key.
    pub(crate) async fn commit_api_key(
        self: &Arc<Self>,
        change: Change<ApiKeyEntry>,
    ) -> Result<(), CommitError> {
        let this = Arc::clone(self);
        let changed = Changed::from(&change.record);
        to_the_end(async move {
            let record = change.record.clone();
            let committed = this.parts.api_keys.commit_api_key(change).await;
            let is_noted = committed.is_ok() && this.fail_safe.learn_key(&record);
            this.tell(&committed, &changed, is_noted).await;
            committed
        })
        .await
    }

    /// Makes everybody forget what was before, and brings to the disk what was noted of the change.
    async fn tell(&self, committed: &Result<(), CommitError>, changed: &Changed, is_noted: bool) {
        let persisting = async {
            if is_noted {
                self.fail_safe.persist().await;
            }
        };
        let telling = async {
            // Of a store that went away over it nobody knows whether it did.
            if matches!(committed, Ok(()) | Err(CommitError::Unavailable(_))) {
                self.invalidation.changed(changed).await;
            }
        };
        tokio::join!(persisting, telling);
    }

    /// A changed tenant with its story.
    pub(crate) fn told(
        &self,
        tenant: Tenant,
        story: Story,
        actor: &Actor,
        ledger: Option<LedgerRow>,
    ) -> Change<Tenant> {
        let events = story.events.into_iter().map(|kind| TenantEvent {
            event_id: self.parts.uuid(),
            at: tenant.updated_at,
            tenant_id: tenant.id.clone(),
            tenant_slug: tenant.slug.clone(),
            environment: tenant.environment,
            tenant_version: tenant.version,
            kind,
        });
        let events = events.collect();
        let below = if story.target.is_empty() { String::new() } else { format!("/{}", story.target) };
        let target = format!("tenants/{}{below}", tenant.id);
        let about = (target, Some(tenant.environment));
        let audit = self.audit(actor, story.action, about, story.before, story.after);
        Change { record: tenant, events, audit, ledger }
    }

    /// A row of the audit log, about a target and, where that is of one, of an environment.
    pub(crate) fn audit(
        &self,
        actor: &Actor,
        action: AuditAction,
        (target, environment): (String, Option<Environment>),
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
            environment,
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

/// Which of these versions the tenant does not refer to.
fn no_more_in(tenant: &Tenant, former: Vec<SecretReference>) -> Vec<SecretReference> {
    let kept: HashSet<&SecretReference> = tenant.secrets().collect();
    former.into_iter().filter(|secret| !kept.contains(secret)).collect()
}

/// A record is read and written as a whole, and has to fit into one document of every store.
fn check_size(tenant: &Tenant) -> Result<(), Refusal> {
    let bytes = serde_json::to_vec(tenant)?.len();
    if bytes > MAX_RECORD {
        let problem =
            format_args!("all that is kept of the tenant would have {bytes} bytes, above {MAX_RECORD}");
        return Err(Invalid::one("", problem).into());
    }
    Ok(())
}

/// Goes on when whoever waits is dropped.
async fn to_the_end(
    commit: impl Future<Output = Result<(), CommitError>> + Send + 'static,
) -> Result<(), CommitError> {
    match tokio::spawn(commit.in_current_span()).await {
        Ok(committed) => committed,
        Err(panicked) => Err(CommitError::Unavailable(panicked.into())),
    }
}
