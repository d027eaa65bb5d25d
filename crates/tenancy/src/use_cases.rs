//! All use cases.

use std::sync::Arc;
use std::time::Duration;

use cache::CacheHandle;
use domain::{IdSpelling, Invalidator, StoreUnavailable};
use seal::KeyRing;

use crate::active_tenants::ActiveTenants;
use crate::api_keys::ApiKeys;
use crate::associations::Associations;
use crate::audit::{AuditNotes, AuditReading, RefusedAttempts};
use crate::connections::Connections;
use crate::credentials::Credentials;
use crate::event_invalidator::EventInvalidator;
use crate::event_replay::EventReplay;
use crate::fail_safe::FailSafe;
use crate::follower::{Follower, KeyChangeLag, Told};
use crate::import::Import;
use crate::invalidation::Invalidation;
use crate::key_uses::KeyUses;
use crate::modules::Modules;
use crate::parts::Parts;
use crate::records::Records;
use crate::secret_keeper::SecretKeeper;
use crate::services::Services;
use crate::settings::Settings;
use crate::striped_locks::StripedLocks;
use crate::tenants::Tenants;

/// All use cases over the same parts. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct UseCases {
    /// Tenants.
    pub tenants: Tenants,
    /// What they have of services.
    pub associations: Associations,
    /// Backing stores, module by module.
    pub modules: Modules,
    /// Credentials with which applications call others.
    pub credentials: Credentials,
    /// Settings of tenants for services.
    pub settings: Settings,
    /// The catalogue.
    pub services: Services,
    /// API keys.
    pub api_keys: ApiKeys,
    /// When keys were used.
    pub key_uses: KeyUses,
    /// What services ask for most.
    pub connections: Connections,
    /// The lists of active tenants.
    pub active_tenants: ActiveTenants,
    /// What services were told.
    pub events: EventReplay,
    /// Who did what.
    pub audit: AuditReading,
    /// Rows of what changes no record.
    pub audit_notes: AuditNotes,
    /// Who was not let in.
    pub refused_attempts: RefusedAttempts,
    /// Taking over what another service registered.
    pub import: Import,
    /// How ids of tenants are written in answers.
    pub tenant_ids: IdSpelling,
    records: Arc<Records>,
    cache: CacheHandle,
    connections_ttl: Duration,
    key_change_lag: KeyChangeLag,
}

impl UseCases {
    /// Over these parts. What is kept of connections in `cache` is sealed with `ring` and lives for `connections_ttl`. No two
    /// may be made for one `cache`; clones are fine.
    pub fn new(parts: Parts, cache: CacheHandle, ring: KeyRing, connections_ttl: Duration) -> Self {
        Self::with_fail_safe(parts, cache, ring, connections_ttl, FailSafe::off())
    }

    /// The same; what is confirmed is remembered for the time when nothing else answers.
    pub fn with_fail_safe(
        parts: Parts,
        cache: CacheHandle,
        ring: KeyRing,
        connections_ttl: Duration,
        fail_safe: FailSafe,
    ) -> Self {
        let invalidation = Invalidation::new(cache.clone());
        let records = Arc::new(Records {
            parts: parts.clone(),
            invalidation,
            fail_safe: fail_safe.clone(),
            locks: StripedLocks::new(),
        });
        let audit_notes = AuditNotes::new(parts.audit.clone(), parts.clock.clone(), parts.random);
        Self {
            tenants: Tenants::new(records.clone()),
            associations: Associations::new(records.clone()),
            modules: Modules::new(records.clone()),
            credentials: Credentials::new(records.clone()),
            settings: Settings::new(records.clone()),
            services: Services::new(records.clone()),
            api_keys: ApiKeys::new(records.clone()),
            key_uses: KeyUses::new(parts.clone()),
            connections: Connections::new(parts.clone(), cache.clone(), ring, connections_ttl, fail_safe),
            events: EventReplay::new(parts.events.clone()),
            audit: AuditReading::new(parts.audit.clone()),
            refused_attempts: RefusedAttempts::new(parts.clone(), audit_notes.clone()),
            audit_notes,
            import: Import::new(records.clone()),
            tenant_ids: parts.tenant_ids,
            active_tenants: ActiveTenants::new(parts, cache.clone()),
            records,
            cache,
            connections_ttl,
            key_change_lag: Arc::new(|_lag| {}),
        }
    }

    /// The same; `heard` is told how long after its commit this process learnt of each change of a key from the store.
    #[must_use]
    pub fn measuring_key_changes(self, heard: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self { key_change_lag: Arc::new(heard), ..self }
    }

    /// What the relay of events forgets things with.
    pub fn invalidator(&self) -> Arc<dyn Invalidator> {
        Arc::new(EventInvalidator::new(self.records.clone()))
    }

    /// What has to run beside them for as long as they are used: hears of what others change, and repeats what could not be
    /// told; settles what was left of secrets; notes when keys were used; writes the rows of the audit log that wait. Never ends.
    pub async fn keep_up(&self) {
        let Records { parts, invalidation, fail_safe, .. } = self.records.as_ref();
        let told = Told { invalidation: invalidation.clone(), fail_safe: fail_safe.clone() };
        let (cache, horizon) = (self.cache.clone(), self.connections_ttl);
        let follower = Follower::new(parts.clone(), told, cache, horizon, self.key_change_lag.clone());
        let keeper = SecretKeeper::new(parts.clone());
        tokio::join!(
            follower.follow(),
            self.cache.repeat_announcements(),
            self.events.follow(),
            keeper.keep(),
            self.key_uses.keep(),
            self.audit_notes.keep_writing(),
            self.refused_attempts.keep_writing()
        );
    }

    /// Writes the rows of the audit log that wait, before the process ends; `false` when the store gave no answer, and they are
    /// lost but for their lines in the log.
    pub async fn write_out_audit(&self) -> bool {
        self.refused_attempts.flush();
        self.audit_notes.write_out().await
    }

    /// Settles now what is due of the versions of secrets, and says how many; [`keep_up`](Self::keep_up) does so by itself.
    pub async fn settle_secrets(&self) -> Result<usize, StoreUnavailable> {
        SecretKeeper::new(self.records.parts.clone()).settle_due(None).await
    }
}
