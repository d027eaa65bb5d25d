//! Whom a key is for.

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::service_name::ServiceName;
use crate::tenant_id::TenantId;

/// Whose tenants a caller sees. The default binds to nothing: all services, all environments, all tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyBinding {
    /// The one service that calls with it; it may read what is that service's without a scope.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<ServiceName>,
    /// The one environment whose tenants it sees: those of the other do not exist for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Environment>,
    /// The one tenant that it sees: all others do not exist for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<TenantId>,
}

impl KeyBinding {
    /// Whether this tenant, which is of this environment, exists for it. One question, so that nobody asks half of it.
    pub fn sees(&self, tenant: &TenantId, environment: Environment) -> bool {
        self.environment.is_none_or(|own| own == environment)
            && self.tenant.as_ref().is_none_or(|own| own == tenant)
    }

    /// Whether it is this service's own.
    pub fn is_of(&self, service: &ServiceName) -> bool {
        self.service.as_ref() == Some(service)
    }

    /// Whether every tenant that `other` sees exists for it too. Of services it says nothing: to be of one allows more.
    pub fn encloses(&self, other: &Self) -> bool {
        let of_environment = self.environment.is_none() || self.environment == other.environment;
        let of_tenant = self.tenant.is_none() || self.tenant == other.tenant;
        of_environment && of_tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(environment: Option<Environment>, tenant: Option<&str>) -> KeyBinding {
        KeyBinding { service: None, environment, tenant: tenant.map(|id| id.parse().unwrap()) }
    }

    #[test]
    fn a_tenant_is_seen_by_its_id_and_its_environment() {
        let (staging, acme) = (Some(Environment::Staging), "acme".parse().unwrap());
        for (binding, is_seen) in [
            (binding(None, None), true),
            (binding(staging, None), true),
            (binding(staging, Some("acme")), true),
            (binding(None, Some("acme")), true),
            (binding(Some(Environment::Production), Some("acme")), false),
            (binding(staging, Some("other")), false),
        ] {
            assert_eq!(binding.sees(&acme, Environment::Staging), is_seen, "{binding:?}");
        }
    }

    #[test]
    fn a_binding_encloses_the_same_and_narrower_ones() {
        let (staging, production) = (Some(Environment::Staging), Some(Environment::Production));
        let all = binding(None, None);
        let own = binding(staging, Some("acme"));
        assert!(all.encloses(&own) && all.encloses(&all) && own.encloses(&own));
        assert!(binding(staging, None).encloses(&own));
        for wider in [
            all,
            binding(staging, None),
            binding(None, Some("acme")),
            binding(staging, Some("other")),
            binding(production, Some("acme")),
        ] {
            assert!(!own.encloses(&wider), "{wider:?}");
        }
    }

    #[test]
    fn what_is_not_bound_is_not_written() {
        assert_eq!(serde_json::to_string(&binding(None, None)).unwrap(), "{}");
        let own = binding(Some(Environment::Staging), Some("acme"));
        let json = serde_json::to_string(&own).unwrap();
        assert_eq!(json, r#"{"environment":"staging","tenant":"acme"}"#);
        assert_eq!(serde_json::from_str::<KeyBinding>(&json).unwrap(), own);
    }
}
