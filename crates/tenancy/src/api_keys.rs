//! API keys: those of services, and those of nobody but who has them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Actor, ApiKey, ApiKeyEntry, ApiKeyHash, AuditAction, Change, CommitError, DisplayName, Environment,
    Invalid, KeyBinding, RateTier, RevocationReason, Scopes, ServiceName, TenantId, Timestamp,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::draft::Draft;
use crate::granting::Granting;
use crate::records::{MAX_TRIES, Records};
use crate::refusal::{Missing, Refusal, of_commit};
use crate::services::KEYS_AT_ONCE;
use crate::writing::Writing;

/// Looks at the store for one page: whoever sees few of very many keys gets a short page, and goes on behind it.
const MAX_LOOKS: usize = 50;

/// Makes, replaces and withdraws keys. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeys(Arc<Records>);

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What people call it; needed.
    pub name: Option<DisplayName>,
    /// Whose tenants it sees. Where it is not said: that of the tenant, or that of the caller.
    pub environment: Option<Environment>,
    /// What a key of a service gets where nothing says which environment: such a key is never for both.
    pub usual_environment: Environment,
    /// The one tenant that it sees; where it is not said, that of the caller, if it has one.
    pub tenant: Option<TenantId>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// The rate limit that it is held to.
    pub tier: Option<RateTier>,
    /// What it may do besides reading what is its service's.
    pub scopes: Scopes,
}

/// Which key: by its id, among those of a service or, without one, among those of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPath<'a> {
    /// Whose.
    pub service: Option<&'a ServiceName>,
    /// Its id.
    pub id: &'a str,
}

/// A key whose text is told for the first and last time.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// What is kept of it.
    pub key: ApiKeyEntry,
    /// Its text.
    pub text: ApiKey,
}

/// A key, and when it was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// The key.
    pub key: ApiKeyEntry,
    /// When it was used last, as far as was noted: replicas note it every minute.
    pub last_used_at: Option<Timestamp>,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyPage {
    /// The keys, as far as the caller may know of them.
    pub keys: Vec<ApiKeyView>,
    /// The id behind which the next page begins; `None` on the last.
    pub next: Option<String>,
}

impl ApiKeys {
    /// The longest time that an old text is good beside the new one.
    pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 86_400);

    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// A page of the keys of a service, or of those of none, by id, also of those that are of no use any more: `limit` behind
    /// `after`.
    pub async fn list(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
        actor: &Actor,
    ) -> Result<ApiKeyPage, Refusal> {
        self.check_registered(service).await?;
        let sees_all = actor.binding.encloses(&KeyBinding::default());
        let at_once = if sees_all { limit + 1 } else { KEYS_AT_ONCE };
        let mut seen: Vec<ApiKeyEntry> = Vec::new();
        let mut after = after.map(str::to_owned);
        // Who does not see all must not learn from the end of a page what there is besides.
        for look in 1.. {
            let found = self.0.parts.api_keys.api_keys(service, after.as_deref(), at_once).await?;
            let (is_last, last) = (found.len() < at_once, found.last().map(|key| key.id.clone()));
            seen.extend(found.into_iter().filter(|key| actor.binding.encloses(&key.binding)));
            if is_last || seen.len() > limit {
                break;
            }
            after = last;
            if look == MAX_LOOKS {
                return Ok(ApiKeyPage { keys: self.views(seen).await?, next: after });
            }
        }
        let has_more = seen.len() > limit;
        seen.truncate(limit);
        let next = seen.last().filter(|_| has_more).map(|key| key.id.clone());
        Ok(ApiKeyPage { keys: self.views(seen).await?, next })
    }

    /// One key.
    pub async fn get(&self, path: KeyPath<'_>, actor: &Actor) -> Result<ApiKeyView, Refusal> {
        let key = self.seen(path.id, actor).await?.filter(|key| key.binding.service.as_ref() == path.service);
        self.view(key.ok_or(Missing::ApiKey)?).await
    }

    /// One key, whosever it is.
    pub async fn find(&self, id: &str, actor: &Actor) -> Result<ApiKeyView, Refusal> {
        self.view(self.seen(id, actor).await?.ok_or(Missing::ApiKey)?).await
    }

    /// Makes a key of a service, or of none.
    pub async fn create(
        &self,
        service: Option<&ServiceName>,
        draft: Draft<NewApiKey>,
        granting: Granting<'_>,
        writing: Writing<'_, MadeKey>,
    ) -> Result<MadeKey, Refusal> {
        granting.check_owner(service, writing.actor)?;
        self.check_registered(service).await?;
        let now = self.0.parts.now();
        let Draft { wish, mut invalid } = draft;
        if wish.expires_at.is_some_and(|end| end <= now) {
            invalid.add("expiresAt", "must be in the future");
        }
        let binding = self.binding(service, &wish, writing.actor, &mut invalid).await?;
        let name = invalid.settle(wish.name)?;
        granting.check_scopes(&wish.scopes)?;

        let mut random = Zeroizing::new([0; ApiKey::RANDOM_BYTES]);
        (self.0.parts.random.fill)(random.as_mut_slice())?;
        let text = ApiKey::generate(environment_part(&binding), *random);
        let key = ApiKeyEntry {
            id: text.public_id().unwrap_or_default().to_owned(),
            version: 1,
            binding,
            name,
            hash: ApiKeyHash::of(&text),
            formers: Vec::new(),
            scopes: wish.scopes,
            tier: wish.tier,
            created_by: writing.actor.caller.to_string(),
            created_at: now,
            expires_at: wish.expires_at,
            revoked_at: None,
            revocation_reason: None,
        };
        let made = MadeKey { key, text };
        let change = Change {
            record: made.key.clone(),
            events: Vec::new(),
            audit: self.audit(writing.actor, AuditAction::Create, None, &made.key),
            ledger: writing.row(&made)?,
        };
        self.0.commit_api_key(change).await.map_err(of_commit)?;
        Ok(made)
    }

    /// Gives a key another text; the one before is good for `overlap` yet, and for no longer than the key.
    pub async fn rotate(
        &self,
        path: KeyPath<'_>,
        overlap: Duration,
        granting: Granting<'_>,
        writing: Writing<'_, MadeKey>,
    ) -> Result<MadeKey, Refusal> {
        granting.check_owner(path.service, writing.actor)?;
        self.edit(
            path,
            AuditAction::Rotate,
            writing,
            |key, now| {
                granting.check_scopes(&key.scopes)?;
                let mut random = Zeroizing::new([0; ApiKey::RANDOM_BYTES]);
                (self.0.parts.random.fill)(random.as_mut_slice())?;
                let environment = environment_part(&key.binding);
                let mut secret = Zeroizing::new([0; ApiKey::SECRET_BYTES]);
                secret.copy_from_slice(&random[ApiKey::RANDOM_BYTES - ApiKey::SECRET_BYTES..]);
                // A key that came from elsewhere has another form of id, and gets a text with a public id of its own.
                let text = ApiKey::renew(environment, path.id, *secret)
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
        path: KeyPath<'_>,
        reason: Option<RevocationReason>,
        granting: Granting<'_>,
        writing: Writing<'_, ApiKeyEntry>,
    ) -> Result<ApiKeyEntry, Refusal> {
        granting.check_owner(path.service, writing.actor)?;
        let revoke = |key: &mut ApiKeyEntry, now| Ok(key.revoke(reason.clone(), now)?);
        self.edit(path, AuditAction::Revoke, writing, revoke, |key, ()| key.clone()).await
    }

    /// Whose tenants a new key sees: nothing wider than what its maker sees.
    async fn binding(
        &self,
        service: Option<&ServiceName>,
        wish: &NewApiKey,
        actor: &Actor,
        invalid: &mut Invalid,
    ) -> Result<KeyBinding, Refusal> {
        let own = &actor.binding;
        let mut environment = wish.environment.or(own.environment);
        let tenant = wish.tenant.as_ref().or(own.tenant.as_ref());
        if let Some(id) = tenant {
            match self.0.living(id, actor).await {
                Ok(tenant) if environment.is_some_and(|wished| wished != tenant.environment) => {
                    invalid
                        .add("environment", format_args!("must be {}, as the tenant's", tenant.environment));
                }
                Ok(tenant) => environment = Some(tenant.environment),
                Err(Refusal::Missing(_)) => invalid.add("tenantId", "there is no such tenant"),
                Err(refusal) => return Err(refusal),
            }
        } else if let (Some(wished), Some(bound)) = (environment, own.environment)
            && wished != bound
        {
            invalid.add("environment", "is not the one that the caller is for");
        }
        if service.is_some() {
            environment = environment.or(Some(wish.usual_environment));
        }
        Ok(KeyBinding { service: service.cloned(), environment, tenant: tenant.cloned() })
    }

    async fn check_registered(&self, service: Option<&ServiceName>) -> Result<(), Refusal> {
        match service {
            Some(service) => self.0.registered(service).await.map(drop),
            None => Ok(()),
        }
    }

    /// The key, if the caller may know of it.
    async fn seen(&self, id: &str, actor: &Actor) -> Result<Option<ApiKeyEntry>, Refusal> {
        let found = self.0.parts.api_keys.api_key(id).await?;
        Ok(found.filter(|key| actor.binding.encloses(&key.binding)))
    }

    async fn view(&self, key: ApiKeyEntry) -> Result<ApiKeyView, Refusal> {
        let mut views = self.views(vec![key]).await?;
        Ok(views.pop().ok_or(Missing::ApiKey)?)
    }

    async fn views(&self, keys: Vec<ApiKeyEntry>) -> Result<Vec<ApiKeyView>, Refusal> {
        let ids: Vec<String> = keys.iter().map(|key| key.id.clone()).collect();
        let uses = if ids.is_empty() {
            BTreeMap::new()
        } else {
            self.0.parts.api_key_uses.api_key_uses(&ids).await?
        };
        let view = |key: ApiKeyEntry| ApiKeyView { last_used_at: uses.get(&key.id).copied(), key };
        Ok(keys.into_iter().map(view).collect())
    }

    async fn edit<E, T>(
        &self,
        path: KeyPath<'_>,
        action: AuditAction,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut ApiKeyEntry, Timestamp) -> Result<E, Refusal>,
        outcome: impl Fn(&ApiKeyEntry, E) -> T,
    ) -> Result<T, Refusal> {
        for tries in 0..MAX_TRIES {
            let found = self.seen(path.id, writing.actor).await?;
            let found = found.filter(|key| key.binding.service.as_ref() == path.service);
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
            match self.0.commit_api_key(change).await {
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
        before: Option<&ApiKeyEntry>,
        key: &ApiKeyEntry,
    ) -> domain::AuditEntry {
        self.0.audit(actor, action, about(key), before.map(facts), Some(facts(key)))
    }
}

/// What a row of the audit log is about. A key is of an environment as tenants are, unless it is of both.
pub(crate) fn about(key: &ApiKeyEntry) -> (String, Option<Environment>) {
    let target = match &key.binding.service {
        Some(service) => format!("services/{service}/api-keys/{}", key.id),
        None => format!("api-keys/{}", key.id),
    };
    (target, key.binding.environment)
}

/// What the text of a key says of where it is good.
fn environment_part(binding: &KeyBinding) -> &'static str {
    binding.environment.map_or("any", Environment::name)
}

/// What the audit log shows of a key: not even its hash.
pub(crate) fn facts(key: &ApiKeyEntry) -> Value {
    json!({
        "name": key.name,
        "environment": key.binding.environment,
        "tenant": key.binding.tenant,
        "scopes": key.scopes,
        "tier": key.tier,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "revocationReason": key.revocation_reason,
        "formersUntil": key.formers.iter().map(|former| former.until).collect::<Vec<_>>(),
    })
}
