//! All services that are registered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::module_name::ModuleName;
use crate::service::Service;
use crate::service_name::ServiceName;

/// The services by name: one record with one version, because what one service may call its modules depends on the others.
/// There are a few dozen services, and they hardly ever change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Raised by every change.
    pub version: u64,
    /// The services.
    pub services: BTreeMap<ServiceName, Service>,
    /// How each module that ever was is written, by what is left of its name in the paths of secrets: tenants may still have it.
    #[serde(default)]
    pub module_names: BTreeMap<String, ModuleName>,
}

/// What came of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It is new.
    Created,
    /// It was there, word for word.
    Identical,
    /// Another service has the name.
    Taken,
}

impl Catalogue {
    /// The most services.
    pub const MAX_SERVICES: usize = 500;
    /// The most modules that ever were.
    pub const MAX_MODULE_NAMES: usize = 10_000;

    /// Adds a service.
    pub fn register(&mut self, name: &ServiceName, service: Service) -> Result<Registered, Invalid> {
        if let Some(known) = self.services.get(name) {
            return Ok(if known.is_same_as(&service) { Registered::Identical } else { Registered::Taken });
        }
        self.settle(name, &service)?;
        self.insert(name, service);
        Ok(Registered::Created)
    }

    /// Puts another description in place of a service's; `false` when there is no such service.
    pub fn replace(&mut self, name: &ServiceName, service: Service) -> Result<bool, Invalid> {
        if !self.services.contains_key(name) {
            return Ok(false);
        }
        self.settle(name, &service)?;
        self.insert(name, service);
        Ok(true)
    }

    fn insert(&mut self, name: &ServiceName, service: Service) {
        let names = service.modules.keys().map(|module| (module.secret_segment(), module.clone()));
        self.module_names.extend(names);
        self.services.insert(name.clone(), service);
    }

    fn settle(&self, name: &ServiceName, service: &Service) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        self.check(Some(name), service, &mut invalid);
        invalid.into_result()
    }

    /// Notes what is wrong with a service of this name, or of one that is no name. Module names that are written differently
    /// and would share one secret are refused, within the service and beside all others that ever were. The very same name
    /// may be used by two services: it means the same module.
    pub fn check(&self, name: Option<&ServiceName>, service: &Service, invalid: &mut Invalid) {
        let is_known = name.is_some_and(|name| self.services.contains_key(name));
        if self.services.len() >= Self::MAX_SERVICES && !is_known {
            invalid.add("name", format_args!("there are {} services already", Self::MAX_SERVICES));
        }
        if service.modules.len() > Service::MAX_MODULES {
            invalid.add("modules", format_args!("must have at most {} entries", Service::MAX_MODULES));
        }
        let mut own: BTreeMap<String, &ModuleName> = BTreeMap::new();
        for (index, module) in service.modules.keys().enumerate() {
            let segment = module.secret_segment();
            // What is known already is right, and what came after it is not.
            let other = self.module_names.get(&segment).or_else(|| own.get(&segment).copied());
            if let Some(other) = other.filter(|other| *other != module) {
                invalid.add(
                    format!("modules.{index}.name"),
                    format_args!("{module} would share its secrets with {other}: use that spelling"),
                );
            }
            own.insert(segment, module);
        }
        if self.module_names.len() + own.len() > Self::MAX_MODULE_NAMES {
            invalid.add("modules", format_args!("there were {} modules already", Self::MAX_MODULE_NAMES));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;
    use std::collections::BTreeSet;

    fn service(modules: &[&str]) -> Service {
        let now = Timestamp::from_millis(0);
        Service {
            modules: modules.iter().map(|name| (name.parse().unwrap(), BTreeSet::new())).collect(),
            base_urls: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        }
    }

    fn register(catalogue: &mut Catalogue, name: &str, modules: &[&str]) -> Result<Registered, Invalid> {
        catalogue.register(&name.parse().unwrap(), service(modules))
    }

    #[test]
    fn registering_again_changes_nothing() {
        let mut catalogue = Catalogue::default();
        assert_eq!(register(&mut catalogue, "ledger", &["a"]), Ok(Registered::Created));
        let before = catalogue.clone();
        assert_eq!(register(&mut catalogue, "ledger", &["a"]), Ok(Registered::Identical));
        assert_eq!(register(&mut catalogue, "ledger", &["b"]), Ok(Registered::Taken));
        assert_eq!(catalogue, before);
    }

    #[test]
    fn modules_that_would_share_a_secret_are_refused() {
        let mut catalogue = Catalogue::default();
        assert!(register(&mut catalogue, "a", &["sub-module", "submodule"]).is_err());
        register(&mut catalogue, "ledger", &["crm-api"]).unwrap();
        let refused = register(&mut catalogue, "plugin-crm", &["other", "crm_api"]).unwrap_err();
        assert_eq!(refused.problems()[0].field, "modules.0.name");
        assert_eq!(register(&mut catalogue, "plugin-crm", &["crm-api"]), Ok(Registered::Created));
        let name = "plugin-crm".parse().unwrap();
        assert!(catalogue.replace(&name, service(&["crmapi"])).is_err());
        assert_eq!(catalogue.replace(&name, service(&["crm-api", "more"])), Ok(true));
        assert_eq!(catalogue.replace(&"none".parse().unwrap(), service(&[])), Ok(false));
        // Tenants may still have what is registered no more.
        assert_eq!(catalogue.replace(&name, service(&[])), Ok(true));
        assert!(register(&mut catalogue, "late", &["mo-re"]).is_err());
    }
}
