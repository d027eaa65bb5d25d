//! What tenants have of services.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{
    Actor, Association, AssociationStatus, AuditAction, ConnectionSettings, EventKind, Invalid, Isolation,
    ModuleName, ModuleResources, ServiceName, Tenant, TenantId, Timestamp,
};
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::events::{associated, reactivated, to_be_read_anew};
use crate::given_module::{GivenModule, Place};
use crate::records::Records;
use crate::refusal::{Conflict, Missing, Refusal};
use crate::secret_writing::SecretWriting;
use crate::writing::{Story, Writing};

/// Makes, changes and finds associations. Cheap to clone.
#[derive(Clone)]
pub struct Associations(Arc<Records>);

/// An association to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAssociation {
    /// How the data are kept apart; as the tenant says where it does not.
    pub isolation: Option<Isolation>,
    /// Limits of the pools, checked under the names that the caller gave them.
    pub connection_settings: Option<ConnectionSettings>,
    /// The backing stores by the name of the module, whatever it is.
    pub modules: BTreeMap<String, GivenModule>,
}

/// An association with what the tenant says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationView {
    /// Of which service.
    pub service: ServiceName,
    /// What the tenant has of it.
    pub association: Association,
}

/// An association whose secrets are stored, and which is not there yet.
pub(crate) struct Prepared {
    isolation: Isolation,
    settings: Option<ConnectionSettings>,
    modules: BTreeMap<ModuleName, ModuleResources>,
    /// What was stored for it.
    pub(crate) secrets: SecretWriting,
}

impl Prepared {
    pub(crate) fn association(&self, now: Timestamp) -> Association {
        let association = Association::new(self.isolation, self.settings.clone(), now);
        Association { modules: self.modules.clone(), ..association }
    }
}

impl Associations {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// All of a tenant, by service.
    pub async fn list(&self, tenant: &TenantId, actor: &Actor) -> Result<Vec<AssociationView>, Refusal> {
        let tenant = self.0.living(tenant, actor).await?;
        let views = tenant.associations.into_iter();
        Ok(views.map(|(service, association)| AssociationView { service, association }).collect())
    }

    /// One of them.
    pub async fn get(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        actor: &Actor,
    ) -> Result<AssociationView, Refusal> {
        let tenant = self.0.living(tenant, actor).await?;
        view(&tenant, service).ok_or_else(|| Missing::Association(service.clone()).into())
    }

    /// Gives the tenant a service. One that it has already is a conflict, be it the very same.
    pub async fn associate(
        &self,
        id: &TenantId,
        service: &ServiceName,
        draft: Draft<NewAssociation>,
        writing: Writing<'_, AssociationView>,
    ) -> Result<AssociationView, Refusal> {
        let tenant = self.0.living(id, writing.actor).await?;
        let prepared = self.prepare(&tenant, service, draft).await?;
        let outcome = |tenant: &Tenant| view_or_empty(tenant, service, prepared.isolation);
        let edit = |tenant: &mut Tenant, now: Timestamp| {
            prepared.secrets.in_time()?;
            let association = prepared.association(now);
            let mut story = Story::of(AuditAction::Create, target(service));
            story.events.push(associated(service, &association));
            story.after = Some(facts(&association));
            let mut invalid = Invalid::default();
            check_room(tenant, &mut invalid);
            invalid.into_result()?;
            if !tenant.associate(service, association) {
                return Err(Conflict::Associated(service.clone()).into());
            }
            Ok(Some(story))
        };
        let edited = self.0.edit_tenant(id, writing, edit, outcome).await;
        prepared.secrets.settle(edited).await
    }

    /// Checks what is wished for, and stores its secrets: all of them, or none.
    pub(crate) async fn prepare(
        &self,
        tenant: &Tenant,
        service: &ServiceName,
        draft: Draft<NewAssociation>,
    ) -> Result<Prepared, Refusal> {
        let registered = self.0.registered(service).await?;
        if tenant.associations.contains_key(service) {
            return Err(Conflict::Associated(service.clone()).into());
        }
        let Draft { wish, mut invalid } = draft;
        check_room(tenant, &mut invalid);
        let isolation = wish.isolation.unwrap_or(tenant.isolation);
        let mut modules = BTreeMap::new();
        for (name, given) in wish.modules {
            let field = format!("modules.{name}");
            let module = invalid.take(&field, name.parse::<ModuleName>());
            let kinds = module.as_ref().and_then(|module| registered.modules.get(module));
            if module.is_some() && kinds.is_none() {
                invalid.add(&field, "the service has no such module");
            }
            given.check(isolation, kinds, &field, &mut invalid);
            given.check_hosts(self.0.parts.hosts, &field, &mut invalid);
            modules.extend(module.map(|module| (module, given)));
        }
        invalid.into_result()?;
        let (modules, secrets) = self.store_all(tenant, service, &modules).await?;
        Ok(Prepared { isolation, settings: wish.connection_settings, modules, secrets })
    }

    /// Keeps the tenant out of the service.
    pub async fn suspend(
        &self,
        id: &TenantId,
        service: &ServiceName,
        writing: Writing<'_, AssociationView>,
    ) -> Result<AssociationView, Refusal> {
        self.edit(id, service, writing, |association| {
            let (before, previous) = (facts(association), association.status);
            association.suspend()?;
            let mut story = Story::of(AuditAction::Suspend, target(service));
            (story.before, story.after) = (Some(before), Some(facts(association)));
            story.events.push(EventKind::ServiceSuspended {
                service_name: service.clone(),
                previous_status: previous.name().to_owned(),
            });
            Ok(story)
        })
        .await
    }

    /// Lets it in again. What was purged has to be provided anew: it needs modules that were given since.
    pub async fn reactivate(
        &self,
        id: &TenantId,
        service: &ServiceName,
        writing: Writing<'_, AssociationView>,
    ) -> Result<AssociationView, Refusal> {
        let registered = self.0.registered(service).await?;
        self.edit(id, service, writing, |association| {
            let before = facts(association);
            let previous = association.reactivate()?;
            let is_bare = association.modules.is_empty() && !registered.modules.is_empty();
            if previous == AssociationStatus::Purged && is_bare {
                return Err(Conflict::NotProvided.into());
            }
            let mut story = Story::of(AuditAction::Reactivate, target(service));
            (story.before, story.after) = (Some(before), Some(facts(association)));
            story.events.push(reactivated(service, association, previous));
            Ok(story)
        })
        .await
    }

    /// Forgets the backing stores of a suspended one.
    pub async fn purge(
        &self,
        id: &TenantId,
        service: &ServiceName,
        writing: Writing<'_, AssociationView>,
    ) -> Result<AssociationView, Refusal> {
        self.edit(id, service, writing, |association| {
            let before = facts(association);
            association.purge()?;
            let mut story = Story::of(AuditAction::Purge, target(service));
            story.events.push(EventKind::ServicePurged { service_name: service.clone() });
            (story.before, story.after) = (Some(before), Some(facts(association)));
            Ok(story)
        })
        .await
    }

    /// Takes the service away. Whether its data stay is told to the services; this one has none.
    pub async fn disassociate(
        &self,
        id: &TenantId,
        service: &ServiceName,
        preserve_data: bool,
        writing: Writing<'_, ()>,
    ) -> Result<(), Refusal> {
        let edit = |tenant: &mut Tenant, _now: Timestamp| {
            let gone = tenant.associations.remove(service);
            let gone = gone.ok_or_else(|| Missing::Association(service.clone()))?;
            tenant.settings.remove(service);
            let mut story = Story::of(AuditAction::Delete, target(service));
            let disassociated =
                EventKind::ServiceDisassociated { service_name: service.clone(), preserve_data };
            story.events.push(disassociated);
            story.before = Some(facts(&gone));
            Ok(Some(story))
        };
        self.0.edit_tenant(id, writing, edit, |_tenant| ()).await
    }

    /// Asks the service to read its connections anew, and forgets what is cached of them here.
    pub async fn invalidate(
        &self,
        id: &TenantId,
        service: &ServiceName,
        reason: Option<String>,
        writing: Writing<'_, AssociationView>,
    ) -> Result<AssociationView, Refusal> {
        self.edit(id, service, writing, |_association| {
            let mut story = Story::of(AuditAction::Invalidate, target(service));
            story.after = reason.as_ref().map(|reason| json!({ "reason": reason }));
            story.events.push(to_be_read_anew(service, reason.clone()));
            Ok(story)
        })
        .await
    }

    async fn edit(
        &self,
        id: &TenantId,
        service: &ServiceName,
        writing: Writing<'_, AssociationView>,
        edit: impl Fn(&mut Association) -> Result<Story, Refusal>,
    ) -> Result<AssociationView, Refusal> {
        let edit = |tenant: &mut Tenant, now: Timestamp| {
            let association = tenant.associations.get_mut(service);
            let association = association.ok_or_else(|| Missing::Association(service.clone()))?;
            let story = edit(association)?;
            association.updated_at = now;
            Ok(Some(story))
        };
        let outcome = |tenant: &Tenant| view_or_empty(tenant, service, tenant.isolation);
        self.0.edit_tenant(id, writing, edit, outcome).await
    }

    /// Stores the secrets of all modules, or of none.
    async fn store_all(
        &self,
        tenant: &Tenant,
        service: &ServiceName,
        modules: &BTreeMap<ModuleName, GivenModule>,
    ) -> Result<(BTreeMap<ModuleName, ModuleResources>, SecretWriting), Refusal> {
        let (mut owners, mut texts) = (Vec::new(), Vec::new());
        for (module, given) in modules {
            let place = Place { environment: tenant.environment, tenant: &tenant.id, service, module };
            for (kind, path, text) in given.secret_bodies(place)? {
                owners.push((module, kind));
                texts.push((path, text));
            }
        }
        let (writing, references) = SecretWriting::store(&self.0.parts, &tenant.id, texts).await?;
        let mut secrets: BTreeMap<&ModuleName, BTreeMap<_, _>> = BTreeMap::new();
        for ((module, kind), reference) in owners.into_iter().zip(references) {
            secrets.entry(module).or_default().insert(kind, reference);
        }
        let stored = modules.iter().map(|(module, given)| {
            let secrets = secrets.remove(module).unwrap_or_default();
            (module.clone(), given.resources(&secrets))
        });
        Ok((stored.collect(), writing))
    }

    pub(crate) fn records(&self) -> &Arc<Records> {
        &self.0
    }
}

fn check_room(tenant: &Tenant, invalid: &mut Invalid) {
    let most = Tenant::MAX_ASSOCIATIONS;
    if tenant.associations.len() >= most {
        invalid.add("serviceName", format_args!("a tenant has at most {most} associations"));
    }
}

fn view(tenant: &Tenant, service: &ServiceName) -> Option<AssociationView> {
    let association = tenant.associations.get(service)?.clone();
    Some(AssociationView { service: service.clone(), association })
}

/// After an edit the association is there; were it not, this would show a new one rather than panic.
fn view_or_empty(tenant: &Tenant, service: &ServiceName, isolation: Isolation) -> AssociationView {
    view(tenant, service).unwrap_or_else(|| AssociationView {
        service: service.clone(),
        association: Association::new(isolation, None, tenant.updated_at),
    })
}

pub(crate) fn target(service: &ServiceName) -> String {
    format!("associations/{service}")
}

/// What the audit log shows of an association; a record holds no secret.
pub(crate) fn facts(association: &Association) -> Value {
    json!({
        "isolationMode": association.isolation,
        "status": association.status,
        "connectionSettings": association.connection_settings,
        "modules": association.modules,
    })
}
