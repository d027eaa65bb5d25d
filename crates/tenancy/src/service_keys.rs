//! The API keys of services.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Actor, ApiKey, ApiKeyHash, AuditAction, Change, CommitError, DisplayName, Environment, RateTier, Scope,
    Scopes, ServiceKey, ServiceName, Timestamp,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::draft::Draft;
use crate::records::{MAX_TRIES, Records};
use crate::refusal::{Missing, Refusal, of_commit};
use crate::writing::Writing;

/// Makes, replaces and withdraws keys. Cheap to clone.
#[derive(Clone)]
pub struct ServiceKeys(Arc<Records>);

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServiceKey {
    /// What people call it; needed.
    pub name: Option<DisplayName>,
    /// Whose tenants it sees; needed.
    pub environment: Option<Environment>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// The rate limit that it is held to.
    pub tier: Option<RateTier>,
    /// What it may do besides reading what is its service's.
    pub scopes: Scopes,
}

/// A key whose text is told for the first and last time.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// What is kept of it.
    pub key: ServiceKey,
    /// Its text.
    pub text: ApiKey,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKeyPage {
    /// The keys, as far as the caller may know of them.
    pub keys: Vec<ServiceKey>,
    /// The id behind which the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// Who hands out what.
#[derive(Clone, Copy)]
pub struct Granting<'a>(pub &'a Scopes);

impl Granting<'_> {
    /// A key reads what is its service's, without a scope: only that service, and whoever reads the connections of all, may
    /// hand that out or take it away.
    fn check_service(self, service: &ServiceName, actor: &Actor) -> Result<(), Refusal> {
        if actor.binding.is_of(service) || self.0.allows(&Scope::CONNECTIONS_READ) {
            return Ok(());
        }
        Err(Refusal::NotGranted(Scope::CONNECTIONS_READ))
    }

    /// Nobody can be given what the giver has not.
    fn check_scopes(self, scopes: &Scopes) -> Result<(), Refusal> {
        match scopes.iter().find(|scope| !self.0.allows(scope)) {
            Some(scope) => Err(Refusal::NotGranted(scope.clone())),
            None => Ok(()),
        }
    }
}

impl ServiceKeys {
    /// The longest time that an old text is good beside the new one.
    pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 86_400);

    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// A page of the keys of a service by id, also of those that are of no use any more: `limit` behind `after`.
    pub async fn list(
        &self,
        service: &ServiceName,
        after: Option<&str>,
        limit: usize,
        actor: &Actor,
    ) -> Result<ServiceKeyPage, Refusal> {
        self.0.registered(service).await?;
        let mut keys = self.0.parts.api_keys.service_keys(service, after, limit + 1).await?;
        let has_more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| has_more).map(|key| key.id.clone());
        keys.retain(|key| actor.binding.sees(key.environment));
        Ok(ServiceKeyPage { keys, next })
    }

    /// Makes a key.
    pub async fn create(
        &self,
        service: &ServiceName,
        draft: Draft<NewServiceKey>,
        granting: Granting<'_>,
        writing: Writing<'_, MadeKey>,
    ) -> Result<MadeKey, Refusal> {
        granting.check_service(service, writing.actor)?;
        self.0.registered(service).await?;
        let now = self.0.parts.now();
        let Draft { wish, mut invalid } = draft;
        if wish.expires_at.is_some_and(|end| end <= now) {
            invalid.add("expiresAt", "must be in the future");
        }
        if wish.environment.is_some_and(|environment| !writing.actor.binding.sees(environment)) {
            invalid.add("environment", "is not the one that the caller is for");
        }
        let (name, environment) = invalid.settle(wish.name.zip(wish.environment))?;
        granting.check_scopes(&wish.scopes)?;

        let mut random = Zeroizing::new([0; ApiKey::RANDOM_BYTES]);
        (self.0.parts.random.fill)(random.as_mut_slice())?;
        let text = ApiKey::generate(environment.name(), *random);
        let key = ServiceKey {
            id: text.public_id().unwrap_or_default().to_owned(),
            version: 1,
            service: service.clone(),
            environment,
            name,
            hash: ApiKeyHash::of(&text),
            formers: Vec::new(),
            scopes: wish.scopes,
            tier: wish.tier,
            created_by: writing.actor.caller.to_string(),
            created_at: now,
            expires_at: wish.expires_at,
            revoked_at: None,
        };
        let made = MadeKey { key, text };
        let change = Change {
            record: made.key.clone(),
            events: Vec::new(),
            audit: self.audit(writing.actor, AuditAction::Create, None, &made.key),
            ledger: writing.row(&made)?,
        };
        self.0.commit_service_key(change).await.map_err(of_commit)?;
        Ok(made)
    }

    /// Gives a key another text; the one before is good for `overlap` yet, and for no longer than the key.
    pub async fn rotate(
        &self,
        service: &ServiceName,
        id: &str,
        overlap: Duration,
        granting: Granting<'_>,
        writing: Writing<'_, MadeKey>,
    ) -> Result<MadeKey, Refusal> {
        granting.check_service(service, writing.actor)?;
        self.edit(
            service,
            id,
            AuditAction::Rotate,
            writing,
            |key, now| {
                granting.check_scopes(&key.scopes)?;
                let mut random = Zeroizing::new([0; ApiKey::RANDOM_BYTES]);
                (self.0.parts.random.fill)(random.as_mut_slice())?;
                let environment = key.environment.name();
                let mut secret = Zeroizing::new([0; ApiKey::SECRET_BYTES]);
                secret.copy_from_slice(&random[ApiKey::RANDOM_BYTES - ApiKey::SECRET_BYTES..]);
                // A key that came from elsewhere has another form of id, and gets a text with a public id of its own.
                let text = ApiKey::renew(environment, id, *secret)
                    .unwrap_or_else(|| ApiKey::generate(environment, *random));
                key.rotate(ApiKeyHash::of(&text), overlap, now)?;
                Ok(text)
            },
            |key, text| MadeKey { key: key.clone(), text },
        )
        .await
    }

    /// Withdraws a key, with every text it has.
    pub async fn revoke(
        &self,
        service: &ServiceName,
        id: &str,
        granting: Granting<'_>,
        writing: Writing<'_, ServiceKey>,
    ) -> Result<ServiceKey, Refusal> {
        granting.check_service(service, writing.actor)?;
        let revoke = |key: &mut ServiceKey, now| Ok(key.revoke(now)?);
        self.edit(service, id, AuditAction::Revoke, writing, revoke, |key, ()| key.clone()).await
    }

    async fn edit<E, T>(
        &self,
        service: &ServiceName,
        id: &str,
        action: AuditAction,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut ServiceKey, Timestamp) -> Result<E, Refusal>,
        outcome: impl Fn(&ServiceKey, E) -> T,
    ) -> Result<T, Refusal> {
        for tries in 0..MAX_TRIES {
            let found = self.0.parts.api_keys.service_key(id).await?;
            let found =
                found.filter(|key| key.service == *service && writing.actor.binding.sees(key.environment));
            let before = found.ok_or(Missing::ApiKey)?;
            let mut key = before.clone();
            let edited = edit(&mut key, self.0.parts.now())?;
            key.version += 1;
            let outcome = outcome(&key, edited);
            let change = Change {
                record: key.clone(),
                events: Vec::new(),
                audit: self.audit(writing.actor, action, Some(&before), &key),
                ledger: writing.row(&outcome)?,
            };
            match self.0.commit_service_key(change).await {
                Ok(()) => return Ok(outcome),
                Err(CommitError::Stale) => self.0.pause(tries).await,
                Err(error) => return Err(of_commit(error)),
            }
        }
        Err(Refusal::Contended)
    }

    fn audit(
        &self,
        actor: &Actor,
        action: AuditAction,
        before: Option<&ServiceKey>,
        key: &ServiceKey,
    ) -> domain::AuditEntry {
        let target = format!("services/{}/api-keys/{}", key.service, key.id);
        self.0.audit(actor, action, target, before.map(facts), Some(facts(key)))
    }
}

/// What the audit log shows of a key: not even its hash.
fn facts(key: &ServiceKey) -> Value {
    json!({
        "name": key.name,
        "environment": key.environment,
        "scopes": key.scopes,
        "tier": key.tier,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "formersUntil": key.formers.iter().map(|former| former.until).collect::<Vec<_>>(),
    })
}
