//! The catalogue of services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    AuditAction, BaseUrl, Catalogue, Change, CommitError, Environment, Invalid, ModuleName, Registered,
    ResourceKind, Service, ServiceName, Timestamp,
};
use serde_json::json;

use crate::draft::Draft;
use crate::hosts::check_base_urls;
use crate::reach::check_reach;
use crate::records::{MAX_TRIES, Records};
use crate::refusal::{Conflict, Missing, Refusal, of_commit};
use crate::writing::Writing;

/// Keys that are looked at at once.
pub(crate) const KEYS_AT_ONCE: usize = 200;

/// Registers and finds services. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Records>);

/// A service as it is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceWish {
    /// What each module may own.
    pub modules: BTreeMap<ModuleName, BTreeSet<ResourceKind>>,
    /// Where it is reached.
    pub base_urls: BTreeMap<Environment, BaseUrl>,
}

/// What is to be changed of a service; nothing where it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServicePatch {
    /// All its modules.
    pub modules: Option<BTreeMap<ModuleName, BTreeSet<ResourceKind>>>,
    /// All its addresses.
    pub base_urls: Option<BTreeMap<Environment, BaseUrl>>,
}

/// A service with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedService {
    /// Its name.
    pub name: ServiceName,
    /// What is registered of it.
    pub service: Service,
}

/// What came of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredService {
    /// The service.
    pub named: NamedService,
    /// Whether it is new; else it was registered word for word before.
    pub is_new: bool,
}

/// What a change of the catalogue comes to.
enum Edit<T> {
    Changed(T, AuditAction),
    Same(T),
}

impl Services {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// All of them, by name.
    pub async fn list(&self) -> Result<Vec<NamedService>, Refusal> {
        let catalogue = self.0.parts.catalogue.catalogue().await?;
        Ok(catalogue.services.into_iter().map(|(name, service)| NamedService { name, service }).collect())
    }

    /// One of them.
    pub async fn get(&self, name: &ServiceName) -> Result<NamedService, Refusal> {
        let service = self.0.registered(name).await?;
        Ok(NamedService { name: name.clone(), service })
    }

    /// Registers a service. The very same again is no fault. Without a name, which is noted in the draft, nothing comes of it.
    pub async fn register(
        &self,
        name: Option<&ServiceName>,
        draft: Draft<ServiceWish>,
        writing: Writing<'_, RegisteredService>,
    ) -> Result<RegisteredService, Refusal> {
        let own = writing.actor.binding.environment;
        let service = |now| {
            let ServiceWish { modules, base_urls } = draft.wish.clone();
            Service { modules, base_urls, created_at: now, updated_at: now }
        };
        let check = |catalogue: &Catalogue, service: &Service, invalid: &mut Invalid| {
            // What is registered was checked then.
            if name.is_none_or(|name| !catalogue.services.contains_key(name)) {
                check_reach(own, None, Some(service), invalid);
                check_base_urls(self.0.parts.hosts, None, service, invalid);
                catalogue.check(name, service, invalid);
            }
        };
        let Some(name) = name.filter(|_| draft.invalid.is_empty()) else {
            let catalogue = self.0.parts.catalogue.catalogue().await?;
            let mut invalid = draft.invalid.clone();
            check(&catalogue, &service(self.0.parts.now()), &mut invalid);
            return invalid.settle(None).map_err(Into::into);
        };
        self.edit(name, writing, |catalogue, now| {
            let service = service(now);
            let mut invalid = Invalid::default();
            check(catalogue, &service, &mut invalid);
            invalid.into_result()?;
            let registered = catalogue.register(name, service)?;
            let known = catalogue.services.get(name).cloned();
            let service = known.ok_or_else(|| Missing::Service(name.clone()))?;
            let named = NamedService { name: name.clone(), service };
            Ok(match registered {
                Registered::Created => {
                    Edit::Changed(RegisteredService { named, is_new: true }, AuditAction::Create)
                }
                Registered::Identical => Edit::Same(RegisteredService { named, is_new: false }),
                Registered::Taken => return Err(Conflict::ServiceDiffers(name.clone()).into()),
            })
        })
        .await
    }

    /// Changes what is given.
    pub async fn update(
        &self,
        name: &ServiceName,
        draft: Draft<ServicePatch>,
        writing: Writing<'_, NamedService>,
    ) -> Result<NamedService, Refusal> {
        let Draft { wish: patch, invalid } = draft;
        self.change(name, invalid, writing, |service| {
            if let Some(modules) = &patch.modules {
                service.modules = modules.clone();
            }
            if let Some(base_urls) = &patch.base_urls {
                service.base_urls = base_urls.clone();
            }
            Ok(())
        })
        .await
    }

    /// Adds a module, or says what one may own.
    pub async fn put_module(
        &self,
        name: &ServiceName,
        module: &ModuleName,
        resources: Draft<BTreeSet<ResourceKind>>,
        writing: Writing<'_, NamedService>,
    ) -> Result<NamedService, Refusal> {
        let Draft { wish: resources, invalid } = resources;
        self.change(name, invalid, writing, |service| {
            service.modules.insert(module.clone(), resources.clone());
            Ok(())
        })
        .await
    }

    /// Removes a module from the catalogue. Tenants keep what they have of it.
    pub async fn remove_module(
        &self,
        name: &ServiceName,
        module: &ModuleName,
        writing: Writing<'_, NamedService>,
    ) -> Result<NamedService, Refusal> {
        self.change(name, Invalid::default(), writing, |service| {
            service
                .modules
                .remove(module)
                .map(|_kinds| ())
                .ok_or_else(|| Missing::Module(module.clone()).into())
        })
        .await
    }

    /// Removes a service that no tenant has.
    pub async fn remove(
        &self,
        name: &ServiceName,
        writing: Writing<'_, NamedService>,
    ) -> Result<NamedService, Refusal> {
        // One that is associated between this look and the removal works on: its connections are the tenant's own.
        if self.0.parts.tenants.has_associations(name).await? {
            return Err(Conflict::ServiceInUse(name.clone()).into());
        }
        if self.has_live_keys(name).await? {
            return Err(Conflict::ServiceHasKeys(name.clone()).into());
        }
        let own = writing.actor.binding.environment;
        self.edit(name, writing, |catalogue, _now| {
            let service = catalogue.services.remove(name).ok_or_else(|| Missing::Service(name.clone()))?;
            let mut invalid = Invalid::default();
            check_reach(own, Some(&service), None, &mut invalid);
            invalid.into_result()?;
            Ok(Edit::Changed(NamedService { name: name.clone(), service }, AuditAction::Delete))
        })
        .await
    }

    /// A key of a service that is not registered could not be found any more to be revoked.
    async fn has_live_keys(&self, name: &ServiceName) -> Result<bool, Refusal> {
        let (now, mut after) = (self.0.parts.now(), None::<String>);
        loop {
            let keys = self.0.parts.api_keys.api_keys(Some(name), after.as_deref(), KEYS_AT_ONCE).await?;
            if keys.iter().any(|key| key.is_live_at(now)) {
                return Ok(true);
            }
            match keys.last() {
                Some(last) if keys.len() == KEYS_AT_ONCE => after = Some(last.id.clone()),
                _ => return Ok(false),
            }
        }
    }

    async fn change(
        &self,
        name: &ServiceName,
        noted: Invalid,
        writing: Writing<'_, NamedService>,
        change: impl Fn(&mut Service) -> Result<(), Refusal>,
    ) -> Result<NamedService, Refusal> {
        let own = writing.actor.binding.environment;
        self.edit(name, writing, |catalogue, now| {
            let known = catalogue.services.get(name).ok_or_else(|| Missing::Service(name.clone()))?;
            let mut service = known.clone();
            change(&mut service)?;
            let mut invalid = noted.clone();
            check_reach(own, Some(known), Some(&service), &mut invalid);
            check_base_urls(self.0.parts.hosts, Some(known), &service, &mut invalid);
            catalogue.check(Some(name), &service, &mut invalid);
            invalid.into_result()?;
            if service == *known {
                return Ok(Edit::Same(NamedService { name: name.clone(), service }));
            }
            service.updated_at = now;
            catalogue.replace(name, service.clone())?;
            Ok(Edit::Changed(NamedService { name: name.clone(), service }, AuditAction::Update))
        })
        .await
    }

    async fn edit<T>(
        &self,
        name: &ServiceName,
        writing: Writing<'_, T>,
        edit: impl Fn(&mut Catalogue, Timestamp) -> Result<Edit<T>, Refusal>,
    ) -> Result<T, Refusal> {
        for tries in 0..MAX_TRIES {
            let mut catalogue = self.0.parts.catalogue.catalogue().await?;
            let former = catalogue.services.get(name).cloned();
            let (outcome, action) = match edit(&mut catalogue, self.0.parts.now())? {
                Edit::Same(outcome) => return Ok(outcome),
                Edit::Changed(outcome, action) => (outcome, action),
            };
            catalogue.version += 1;
            let after = catalogue.services.get(name).map(|service| json!(service));
            let before = former.map(|service| json!(service));
            let about = (format!("services/{name}"), None);
            let audit = self.0.audit(writing.actor, action, about, before, after);
            let ledger = writing.row(&outcome)?;
            let change = Change { record: catalogue, events: Vec::new(), audit, ledger };
            match self.0.parts.catalogue.commit_catalogue(change).await {
                Ok(()) => return Ok(outcome),
                Err(CommitError::Stale) => self.0.pause(tries).await,
                Err(error) => return Err(of_commit(error)),
            }
        }
        Err(Refusal::Contended)
    }
}

impl Records {
    /// What is registered of the service.
    pub(crate) async fn registered(&self, name: &ServiceName) -> Result<Service, Refusal> {
        let mut catalogue = self.parts.catalogue.catalogue().await?;
        Ok(catalogue.services.remove(name).ok_or_else(|| Missing::Service(name.clone()))?)
    }
}
