//! Taking over what another service registered, with its ids.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Actor, ApiKeyEntry, ApiKeyHash, ApiKeyUse, Association, AssociationStatus, AuditAction, Change,
    CommitError, DisplayName, Environment, Invalid, Isolation, KeyBinding, Owner, RateTier, RevocationReason,
    Scopes, SearchWords, ServiceName, Slug, Tenant, TenantId, TenantPosition, TenantQuery, TenantStatus,
    TextMap, Timestamp,
};

use crate::api_keys;
use crate::associations::{self, Associations, NewAssociation};
use crate::records::Records;
use crate::refusal::{Conflict, Refusal, of_commit};
use crate::services::{KEYS_AT_ONCE, ServiceWish, Services};
use crate::tenants;
use crate::writing::{Story, Writing};

const LIKE_IDS_AT_ONCE: usize = 100;

/// Takes records over, each once: what is there already stays as it is, so that the same file may be taken again. Services are
/// told nothing: they know these tenants. Cheap to clone.
#[derive(Clone)]
pub struct Import {
    records: Arc<Records>,
    services: Services,
    associations: Associations,
}

/// One record of another service.
#[derive(Debug, Clone)]
pub enum ImportedRecord {
    /// A service of the catalogue.
    Service(ServiceName, ServiceWish),
    /// A tenant, without its associations.
    Tenant(Box<ImportedTenant>),
    /// An association of a tenant that is there.
    Association {
        /// Whose.
        tenant: TenantId,
        /// With which service.
        service: ServiceName,
        /// In which state.
        status: AssociationStatus,
        /// What it has.
        association: Box<NewAssociation>,
    },
    /// An API key, of which only the hash is known.
    ApiKey(Box<ImportedKey>),
}

/// A tenant as another service had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedTenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// What it is called.
    pub name: DisplayName,
    /// Where it belongs.
    pub environment: Environment,
    /// What associations get that are made without a mode.
    pub isolation: Isolation,
    /// `active` or `suspended`.
    pub status: TenantStatus,
    /// What others keep with it.
    pub metadata: TextMap,
    /// Who it is for.
    pub owner: Owner,
    /// When it was made; now, if that is not known.
    pub created_at: Option<Timestamp>,
}

/// A key as another service had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedKey {
    /// Its id; made from the hash where it had none.
    pub id: Option<String>,
    /// What its text hashes to (SHA-256).
    pub hash: ApiKeyHash,
    /// Whose it is, and whose tenants it sees. A key of a service, or of a tenant, has an environment.
    pub binding: KeyBinding,
    /// What people call it.
    pub name: DisplayName,
    /// What it may do besides reading what is its service's.
    pub scopes: Scopes,
    /// The rate limit that it is held to.
    pub tier: Option<RateTier>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since when it is withdrawn.
    pub revoked_at: Option<Timestamp>,
    /// Why; of a key that is not withdrawn it says nothing.
    pub revocation_reason: Option<RevocationReason>,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is here now.
    Created,
    /// It was here.
    Existing,
}

impl Import {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        let (services, associations) = (Services::new(records.clone()), Associations::new(records.clone()));
        Self { records, services, associations }
    }

    /// Takes one record.
    pub async fn take(&self, record: ImportedRecord, actor: &Actor) -> Result<Imported, Refusal> {
        match record {
            ImportedRecord::Service(name, wish) => self.service(&name, wish, actor).await,
            ImportedRecord::Tenant(tenant) => self.tenant(*tenant, actor).await,
            ImportedRecord::Association { tenant, service, status, association } => {
                self.association(&tenant, &service, status, *association, actor).await
            }
            ImportedRecord::ApiKey(key) => self.api_key(*key, actor).await,
        }
    }

    async fn service(
        &self,
        name: &ServiceName,
        wish: ServiceWish,
        actor: &Actor,
    ) -> Result<Imported, Refusal> {
        let writing = Writing { actor, remember: &|_registered| Ok(None) };
        let registered = self.services.register(Some(name), wish.into(), writing).await?;
        Ok(if registered.is_new { Imported::Created } else { Imported::Existing })
    }

    async fn tenant(&self, imported: ImportedTenant, actor: &Actor) -> Result<Imported, Refusal> {
        if self.records.parts.tenants.tenant(&imported.id).await?.is_some() {
            return Ok(Imported::Existing);
        }
        if let Some(other) = self.with_like_id(&imported.id, imported.environment).await? {
            return Err(Conflict::IdTaken(other).into());
        }
        let slug = imported.slug.clone();
        let now = self.records.parts.now();
        let tenant = Tenant {
            id: imported.id,
            version: 1,
            slug: imported.slug,
            name: imported.name,
            environment: imported.environment,
            isolation: imported.isolation,
            status: imported.status,
            metadata: imported.metadata,
            owner: imported.owner,
            created_at: imported.created_at.unwrap_or(now),
            updated_at: now,
            associations: BTreeMap::new(),
            known_services: BTreeSet::new(),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
        };
        let mut story = Story::of(AuditAction::Import, "");
        story.after = Some(tenants::facts(&tenant));
        let change = self.records.told(tenant, story, actor, None);
        match self.records.commit_tenant(change).await {
            Ok(()) => Ok(Imported::Created),
            Err(CommitError::Taken) => Err(Conflict::SlugTaken(slug).into()),
            Err(error) => Err(of_commit(error)),
        }
    }

    /// The tenant whose id differs in dashes only. UUIDs have but one spelling here.
    async fn with_like_id(
        &self,
        id: &TenantId,
        environment: Environment,
    ) -> Result<Option<TenantId>, Refusal> {
        let dashless = id.dashless();
        if id.spellings().len() > 1 {
            return Ok(None);
        }
        let mut query = TenantQuery {
            environment: Some(environment),
            status: None,
            search: SearchWords::of(&dashless),
            after: None,
            skip: 0,
            limit: LIKE_IDS_AT_ONCE,
        };
        loop {
            let page = self.records.parts.tenants.tenants(&query).await?;
            if let Some(other) = page.tenants.iter().find(|tenant| tenant.id.dashless() == dashless) {
                return Ok(Some(other.id.clone()));
            }
            match page.tenants.last() {
                Some(last) if page.has_more => {
                    query.after = Some(TenantPosition { slug: last.slug.clone(), id: last.id.clone() });
                }
                _ => return Ok(None),
            }
        }
    }

    async fn association(
        &self,
        id: &TenantId,
        service: &ServiceName,
        status: AssociationStatus,
        wish: NewAssociation,
        actor: &Actor,
    ) -> Result<Imported, Refusal> {
        let tenant = self.records.living(id, actor).await?;
        if tenant.associations.contains_key(service) {
            return Ok(Imported::Existing);
        }
        let prepared = self.associations.prepare(&tenant, service, wish.into()).await?;
        let edit = |tenant: &mut Tenant, now: Timestamp| {
            prepared.secrets.in_time()?;
            let association = Association { status, ..prepared.association(now) };
            let mut story = Story::of(AuditAction::Import, associations::target(service));
            story.after = Some(associations::facts(&association));
            if !tenant.associate(service, association) {
                return Err(Conflict::Associated(service.clone()).into());
            }
            Ok(Some(story))
        };
        let writing = Writing { actor, remember: &|(): &()| Ok(None) };
        let edited = self.records.edit_tenant(id, writing, edit, |_tenant| ()).await;
        match prepared.secrets.settle(edited).await {
            Ok(()) => Ok(Imported::Created),
            Err(Refusal::Conflict(Conflict::Associated(_))) => Ok(Imported::Existing),
            Err(refusal) => Err(refusal),
        }
    }

    async fn api_key(&self, imported: ImportedKey, actor: &Actor) -> Result<Imported, Refusal> {
        let used = imported.last_used_at;
        let id = imported.id.clone().unwrap_or_else(|| imported.hash.to_string().chars().take(12).collect());
        let outcome = self.unused_key(id.clone(), imported, actor).await?;
        // Also of one that was here: whoever takes the file again may have been interrupted in between. But not where the text is
        // that of another id.
        if let Some(at) = used
            && self.records.parts.api_keys.api_key(&id).await?.is_some()
        {
            self.records.parts.api_key_uses.note_api_key_uses(&[ApiKeyUse { id, at }]).await?;
        }
        Ok(outcome)
    }

    async fn unused_key(
        &self,
        id: String,
        imported: ImportedKey,
        actor: &Actor,
    ) -> Result<Imported, Refusal> {
        let binding = imported.binding;
        if let Some(service) = &binding.service {
            self.records.registered(service).await?;
        }
        if let Some(known) = self.records.parts.api_keys.api_key(&id).await? {
            if known.hashes().all(|hash| hash != imported.hash) {
                return Err(Invalid::one("id", "another key has this id").into());
            }
            let is_same = known.binding == binding;
            return if is_same { Ok(Imported::Existing) } else { Err(Conflict::KeyOfAnother.into()) };
        }
        if let Some(id) = &binding.tenant {
            let tenant = self.records.living(id, actor).await?;
            if binding.environment != Some(tenant.environment) {
                let problem = format_args!("must be {}, as the tenant's", tenant.environment);
                return Err(Invalid::one("environment", problem).into());
            }
        }
        let hash = imported.hash;
        let key = ApiKeyEntry {
            id,
            version: 1,
            binding: binding.clone(),
            name: imported.name,
            hash,
            formers: Vec::new(),
            scopes: imported.scopes,
            tier: imported.tier,
            created_by: actor.caller.to_string(),
            created_at: self.records.parts.now(),
            expires_at: imported.expires_at,
            revoked_at: imported.revoked_at,
            revocation_reason: imported.revocation_reason,
        };
        let after = Some(api_keys::facts(&key));
        let audit = self.records.audit(actor, AuditAction::Import, api_keys::about(&key), None, after);
        let change = Change { record: key, events: Vec::new(), audit, ledger: None };
        match self.records.commit_api_key(change).await {
            Ok(()) => Ok(Imported::Created),
            // Another id has the very text.
            Err(CommitError::Taken) if self.is_of(&hash, &binding).await? => Ok(Imported::Existing),
            Err(CommitError::Taken) => Err(Conflict::KeyOfAnother.into()),
            Err(error) => Err(of_commit(error)),
        }
    }

    /// Whether a key with this binding has the text, now or as a former one.
    async fn is_of(&self, hash: &ApiKeyHash, binding: &KeyBinding) -> Result<bool, Refusal> {
        let mut after = None::<String>;
        loop {
            let keys = &self.records.parts.api_keys;
            let keys = keys.api_keys(binding.service.as_ref(), after.as_deref(), KEYS_AT_ONCE).await?;
            let mut own = keys.iter().filter(|key| key.binding == *binding);
            if own.any(|key| key.hashes().any(|known| known == *hash)) {
                return Ok(true);
            }
            match keys.last() {
                Some(last) if keys.len() == KEYS_AT_ONCE => after = Some(last.id.clone()),
                _ => return Ok(false),
            }
        }
    }
}
