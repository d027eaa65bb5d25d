//! The backing stores of one module of an association.

use std::sync::Arc;

use domain::{
    Actor, Association, AuditAction, ConnectionSettings, EventKind, ModuleName, ModuleResources, ServiceName,
    Tenant, TenantId, Timestamp,
};
use serde_json::{Value, json};

use crate::associations::{Associations, target};
use crate::draft::Draft;
use crate::events::to_be_read_anew;
use crate::given_module::{GivenModule, Place};
use crate::records::Records;
use crate::refusal::{Missing, Refusal};
use crate::secret_writing::SecretWriting;
use crate::writing::{Story, Writing};

/// Gives modules their backing stores and limits. Cheap to clone.
#[derive(Clone)]
pub struct Modules(Associations);

/// Which module of which association of which tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePath {
    /// Whose.
    pub tenant: TenantId,
    /// Of which service.
    pub service: ServiceName,
    /// Which.
    pub module: ModuleName,
}

/// What is to be changed of the limits; nothing where it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionSettingsPatch {
    /// The most connections.
    pub max_open_conns: Option<u32>,
    /// The most idle ones.
    pub max_idle_conns: Option<u32>,
    /// How long a statement may run.
    pub statement_timeout: Option<String>,
}

impl Modules {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(Associations::new(records))
    }

    pub(crate) fn records(&self) -> &Arc<Records> {
        self.0.records()
    }

    /// What the module has, without secrets.
    pub async fn get(&self, path: &ModulePath, actor: &Actor) -> Result<ModuleResources, Refusal> {
        let view = self.0.get(&path.tenant, &path.service, actor).await?;
        let module = view.association.modules.get(&path.module).cloned();
        Ok(module.ok_or_else(|| Missing::ModuleOfAssociation(path.module.clone()))?)
    }

    /// Puts other backing stores in place of those it has.
    pub async fn put(
        &self,
        path: &ModulePath,
        draft: Draft<GivenModule>,
        writing: Writing<'_, ModuleResources>,
    ) -> Result<ModuleResources, Refusal> {
        let tenant = self.records().living(&path.tenant, writing.actor).await?;
        let association = tenant.associations.get(&path.service);
        let association = association.ok_or_else(|| Missing::Association(path.service.clone()))?;
        let registered = self.records().registered(&path.service).await?;
        let kinds = registered.modules.get(&path.module);
        let kinds = kinds.ok_or_else(|| Missing::Module(path.module.clone()))?;
        let Draft { wish: given, mut invalid } = draft;
        given.check(association.isolation, Some(kinds), "", &mut invalid);
        given.check_hosts(self.records().parts.hosts, "", &mut invalid);
        invalid.into_result()?;

        let ModulePath { service, module, .. } = path;
        let place = Place { environment: tenant.environment, tenant: &tenant.id, service, module };
        let (secrets, resources) = self.stored(&given, place).await?;
        let isolation = association.isolation;
        let edited = self.edit(path, writing, |association| {
            secrets.in_time()?;
            if association.isolation != isolation {
                // It was made anew meanwhile, and what was given was checked for the one before.
                return Err(Refusal::Contended);
            }
            let former = association.modules.insert(path.module.clone(), resources.clone());
            let mut story = Story::of(AuditAction::Update, module_target(path));
            let reason = format!("the resources of the module {} changed", path.module);
            story.events.push(to_be_read_anew(&path.service, Some(reason)));
            story.before = former.as_ref().map(facts);
            story.after = Some(facts(&resources));
            Ok(Some(story))
        });
        let edited = edited.await;
        secrets.settle(edited).await
    }

    /// Stores the secrets of what is given.
    pub(crate) async fn stored(
        &self,
        given: &GivenModule,
        place: Place<'_>,
    ) -> Result<(SecretWriting, ModuleResources), Refusal> {
        let bodies = given.secret_bodies(place)?;
        let kinds: Vec<_> = bodies.iter().map(|(kind, ..)| *kind).collect();
        let texts = bodies.into_iter().map(|(_, path, text)| (path, text)).collect();
        let (secrets, references) = SecretWriting::store(&self.records().parts, place.tenant, texts).await?;
        Ok((secrets, given.resources(&kinds.into_iter().zip(references).collect())))
    }

    /// Takes all backing stores of the module away.
    pub async fn delete(
        &self,
        path: &ModulePath,
        writing: Writing<'_, ModuleResources>,
    ) -> Result<ModuleResources, Refusal> {
        self.edit(path, writing, |association| {
            let former = association.modules.remove(&path.module);
            let former = former.ok_or_else(|| Missing::ModuleOfAssociation(path.module.clone()))?;
            let mut story = Story::of(AuditAction::Delete, module_target(path));
            let reason = format!("the module {} was removed", path.module);
            story.events.push(to_be_read_anew(&path.service, Some(reason)));
            story.before = Some(facts(&former));
            Ok(Some(story))
        })
        .await
    }

    /// Changes the limits of the module's pools.
    pub async fn limit(
        &self,
        path: &ModulePath,
        draft: Draft<ConnectionSettingsPatch>,
        writing: Writing<'_, ModuleResources>,
    ) -> Result<ModuleResources, Refusal> {
        self.edit(path, writing, |association| {
            let inherited = association.connection_settings.clone();
            let module = association.modules.get_mut(&path.module);
            let module = module.ok_or_else(|| Missing::ModuleOfAssociation(path.module.clone()))?;
            let former = module.connection_settings.clone().or(inherited);
            let next = draft.wish.applied_to(former.as_ref());
            let mut invalid = draft.invalid.clone();
            next.check("", &mut invalid);
            invalid.into_result()?;
            if module.connection_settings.as_ref() == Some(&next) {
                return Ok(None);
            }
            let mut story = Story::of(AuditAction::Update, module_target(path));
            story.events.push(EventKind::ConnectionsUpdated {
                service_name: path.service.clone(),
                module: path.module.clone(),
                max_open_conns: next.max_open_conns,
                max_idle_conns: next.max_idle_conns,
                statement_timeout: next.statement_timeout.clone(),
            });
            story.before = Some(json!({ "connectionSettings": former }));
            story.after = Some(json!({ "connectionSettings": next }));
            module.connection_settings = Some(next);
            Ok(Some(story))
        })
        .await
    }

    async fn edit(
        &self,
        path: &ModulePath,
        writing: Writing<'_, ModuleResources>,
        edit: impl Fn(&mut Association) -> Result<Option<Story>, Refusal>,
    ) -> Result<ModuleResources, Refusal> {
        let outcome = |tenant: &Tenant| {
            let association = tenant.associations.get(&path.service);
            association.and_then(|it| it.modules.get(&path.module)).cloned().unwrap_or_default()
        };
        self.edit_for(path, writing, edit, outcome).await
    }

    /// Changes the association, and answers with what `outcome` makes of the tenant.
    pub(crate) async fn edit_for<T>(
        &self,
        path: &ModulePath,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut Association) -> Result<Option<Story>, Refusal>,
        outcome: impl Fn(&Tenant) -> T,
    ) -> Result<T, Refusal> {
        let edit = |tenant: &mut Tenant, now: Timestamp| {
            let association = tenant.associations.get_mut(&path.service);
            let association = association.ok_or_else(|| Missing::Association(path.service.clone()))?;
            let story = edit(association)?;
            if story.is_some() {
                association.updated_at = now;
            }
            Ok(story)
        };
        self.records().edit_tenant(&path.tenant, writing, edit, outcome).await
    }
}

impl ConnectionSettingsPatch {
    fn applied_to(&self, former: Option<&ConnectionSettings>) -> ConnectionSettings {
        ConnectionSettings {
            max_open_conns: self.max_open_conns.or(former.map(|it| it.max_open_conns)).unwrap_or_default(),
            max_idle_conns: self.max_idle_conns.or(former.map(|it| it.max_idle_conns)).unwrap_or_default(),
            statement_timeout: self
                .statement_timeout
                .clone()
                .or_else(|| former.and_then(|it| it.statement_timeout.clone())),
        }
    }
}

pub(crate) fn module_target(path: &ModulePath) -> String {
    format!("{}/modules/{}", target(&path.service), path.module)
}

fn facts(resources: &ModuleResources) -> Value {
    json!(resources)
}
