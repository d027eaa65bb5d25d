//! Tenants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    Actor, AuditAction, CommitError, DisplayName, EventKind, Isolation, Slug, Tenant, TenantId, TenantPage,
    TenantQuery, TenantStatus, Timestamp,
};
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::events::reactivated;
use crate::records::Records;
use crate::refusal::{Conflict, Refusal, of_commit};
use crate::registration::{NewTenant, Registration, WishedSlug};
use crate::writing::{Story, Writing};

/// Registers, changes and finds tenants. Cheap to clone.
#[derive(Clone)]
pub struct Tenants(Arc<Records>);

/// What is to be changed of a tenant; nothing where it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantPatch {
    /// Its name.
    pub name: Option<DisplayName>,
    /// Its isolation.
    pub isolation: Option<Isolation>,
    /// Whether the owner's address is proved.
    pub email_verified: Option<bool>,
    /// Entries to be set, or with `None` to be removed (RFC 7396).
    pub metadata: BTreeMap<String, Option<String>>,
}

/// What came of a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Whether it is new; else it was registered with the same slug, environment and owner before.
    pub is_new: bool,
}

impl Tenants {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// The tenant with this id, in whatever state but deleted.
    pub async fn get(&self, id: &TenantId, actor: &Actor) -> Result<Tenant, Refusal> {
        self.0.living(id, actor).await
    }

    /// One page of those that the caller may know of.
    pub async fn list(&self, query: TenantQuery, actor: &Actor) -> Result<TenantPage, Refusal> {
        if let Some(own) = &actor.binding.tenant {
            let found = self.0.parts.tenants.tenant(own).await?;
            let seen = found.filter(|it| actor.binding.sees(&it.id, it.environment) && query.lists_only(it));
            return Ok(TenantPage { tenants: seen.into_iter().collect(), has_more: false });
        }
        let own = actor.binding.environment;
        if own.is_some() && query.environment.is_some() && own != query.environment {
            return Ok(TenantPage { tenants: Vec::new(), has_more: false });
        }
        let query = TenantQuery { environment: own.or(query.environment), ..query };
        Ok(self.0.parts.tenants.tenants(&query).await?)
    }

    /// Makes a tenant, active at once. The very same registration again makes nothing and is no fault.
    pub async fn create(
        &self,
        draft: Draft<NewTenant>,
        writing: Writing<'_, RegisteredTenant>,
    ) -> Result<RegisteredTenant, Refusal> {
        let wish = Registration::of(draft, writing.actor)?;
        let slug = match &wish.slug {
            WishedSlug::Given(slug) => slug,
            WishedSlug::Made { plain, own } => return self.create_by_name(&wish, plain, own, writing).await,
        };
        let made = self.try_slug(&wish, slug, writing).await?;
        Ok(made.ok_or_else(|| Conflict::SlugTaken(slug.clone()))?)
    }

    /// The slug is made of the name or, where somebody else has that one, of the name and the owner: so the same registration
    /// again finds its tenant, whoever has come and gone meanwhile.
    async fn create_by_name(
        &self,
        wish: &Registration,
        plain: &Slug,
        own: &Slug,
        writing: Writing<'_, RegisteredTenant>,
    ) -> Result<RegisteredTenant, Refusal> {
        if let Some(tenant) = self.0.parts.tenants.tenant_by_slug(wish.environment, own).await?
            && tenant.is_registration_of(own, wish.environment, &wish.owner)
        {
            return Ok(RegisteredTenant { tenant, is_new: false });
        }
        for slug in [plain, own] {
            if let Some(registered) = self.try_slug(wish, slug, writing).await? {
                return Ok(registered);
            }
        }
        Err(Conflict::SlugTaken(own.clone()).into())
    }

    /// `None` when somebody else has the slug.
    async fn try_slug(
        &self,
        wish: &Registration,
        slug: &Slug,
        writing: Writing<'_, RegisteredTenant>,
    ) -> Result<Option<RegisteredTenant>, Refusal> {
        for tries in 0..3 {
            if let Some(tenant) = self.0.parts.tenants.tenant_by_slug(wish.environment, slug).await? {
                let is_same = tenant.is_registration_of(slug, wish.environment, &wish.owner);
                return Ok(is_same.then_some(RegisteredTenant { tenant, is_new: false }));
            }
            let tenant = self.new_tenant(wish, slug.clone());
            let mut story = Story::of(AuditAction::Create, "");
            story.events = vec![EventKind::Created, EventKind::Activated];
            story.after = Some(facts(&tenant));
            let registered = RegisteredTenant { tenant: tenant.clone(), is_new: true };
            let change = self.0.told(tenant, story, writing.actor, writing.row(&registered)?);
            match self.0.commit_tenant(change).await {
                Ok(()) => return Ok(Some(registered)),
                // Made by somebody else since it was looked for.
                Err(CommitError::Taken) => self.0.pause(tries).await,
                Err(error) => return Err(of_commit(error)),
            }
        }
        Err(Refusal::Contended)
    }

    fn new_tenant(&self, wish: &Registration, slug: Slug) -> Tenant {
        let now = self.0.parts.now();
        Tenant {
            id: TenantId::from(self.0.parts.uuid()),
            version: 1,
            slug,
            name: wish.name.clone(),
            environment: wish.environment,
            isolation: wish.isolation,
            status: TenantStatus::Active,
            metadata: wish.metadata.clone(),
            owner: wish.owner.clone(),
            created_at: now,
            updated_at: now,
            associations: BTreeMap::new(),
            known_services: BTreeSet::new(),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
        }
    }

    /// Changes what is given; where nothing differs, nothing is written and nobody told.
    pub async fn update(
        &self,
        id: &TenantId,
        draft: Draft<TenantPatch>,
        writing: Writing<'_, Tenant>,
    ) -> Result<Tenant, Refusal> {
        self.edit(id, writing, |tenant, _now| {
            let Draft { wish: patch, invalid } = &draft;
            let (former, mut invalid) = (tenant.clone(), invalid.clone());
            if let Some(name) = &patch.name {
                tenant.name = name.clone();
            }
            if let Some(isolation) = patch.isolation {
                tenant.isolation = isolation;
            }
            if let Some(is_verified) = patch.email_verified {
                tenant.owner.email_verified = is_verified;
            }
            if let Some(metadata) = tenant.metadata.patched(&patch.metadata, "metadata", &mut invalid) {
                tenant.metadata = metadata;
            }
            invalid.into_result()?;
            if *tenant == former {
                return Ok(None);
            }
            let mut story = Story::of(AuditAction::Update, "");
            story.events = vec![EventKind::Updated];
            (story.before, story.after) = (Some(facts(&former)), Some(facts(tenant)));
            Ok(Some(story))
        })
        .await
    }

    /// Keeps the tenant out of every service.
    pub async fn suspend(&self, id: &TenantId, writing: Writing<'_, Tenant>) -> Result<Tenant, Refusal> {
        self.edit(id, writing, |tenant, _now| {
            let before = facts(tenant);
            tenant.suspend()?;
            let mut story = Story::of(AuditAction::Suspend, "");
            story.events = vec![EventKind::Suspended];
            (story.before, story.after) = (Some(before), Some(facts(tenant)));
            Ok(Some(story))
        })
        .await
    }

    /// Lets it in again, with every association that is suspended.
    pub async fn reactivate(&self, id: &TenantId, writing: Writing<'_, Tenant>) -> Result<Tenant, Refusal> {
        self.edit(id, writing, |tenant, now| {
            let before = facts(tenant);
            let restored: Vec<_> =
                tenant.reactivate()?.iter().map(|one| (one.service.clone(), one.previous)).collect();
            let mut story = Story::of(AuditAction::Reactivate, "");
            story.events.push(EventKind::Activated);
            for (service, previous) in restored {
                let Some(association) = tenant.associations.get_mut(&service) else { continue };
                association.updated_at = now;
                story.events.push(reactivated(&service, association, previous));
            }
            (story.before, story.after) = (Some(before), Some(facts(tenant)));
            Ok(Some(story))
        })
        .await
    }

    /// Removes it for ever, with all that is below it.
    pub async fn delete(&self, id: &TenantId, writing: Writing<'_, Tenant>) -> Result<Tenant, Refusal> {
        self.edit(id, writing, |tenant, _now| {
            let before = facts(tenant);
            tenant.delete()?;
            let mut story = Story::of(AuditAction::Delete, "");
            story.events = vec![EventKind::Deleted];
            story.before = Some(before);
            Ok(Some(story))
        })
        .await
    }

    async fn edit(
        &self,
        id: &TenantId,
        writing: Writing<'_, Tenant>,
        edit: impl Fn(&mut Tenant, Timestamp) -> Result<Option<Story>, Refusal>,
    ) -> Result<Tenant, Refusal> {
        self.0.edit_tenant(id, writing, edit, Tenant::clone).await
    }
}

/// What the audit log shows of a tenant: no hash of a password, and nothing of what is below it.
pub(crate) fn facts(tenant: &Tenant) -> Value {
    json!({
        "slug": tenant.slug,
        "name": tenant.name,
        "environment": tenant.environment,
        "isolation": tenant.isolation,
        "status": tenant.status,
        "metadata": tenant.metadata,
        "owner": { "email": tenant.owner.email, "emailVerified": tenant.owner.email_verified },
    })
}
